"""SFTP and scp by real clients: what is kept, what is refused, and a root
directory that nobody gets out of."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile

from lib import Server, Skip, descendants, title, wait_for

ODD = ("blank s", "quote'\"", "-dash", "star*[x]?", "ümlaut", "back\\slash")


def internal(env, options="", *lines):
    return Server(env, "Subsystem sftp internal-sftp " + options,
                  "LogLevel VERBOSE", *lines)


def program(env, options=""):
    path = os.path.join(os.path.dirname(env.program), "sftp-server")
    if not os.path.exists(path):
        raise Skip("sftp-server isn't built")
    return Server(env, "Subsystem sftp %s %s" % (path, options))


def client(server, name="sftp", *options):
    """The client's words up to where it is to go, and that."""
    args = server.ssh_args(*options)
    args[args.index("-p")] = "-P"
    return [name] + args[1:-1], args[-1]


def sftp(server, *lines, timeout=60):
    """Run a batch: it stops at the first command that fails, but for those
    that begin with "-"."""
    args, to = client(server)
    return subprocess.run(args + ["-b", "-", to], input="\n".join(lines) + "\n",
                          capture_output=True, text=True, timeout=timeout,
                          cwd=server.dir)


def works(server, *lines):
    r = sftp(server, *lines)
    assert r.returncode == 0, (lines, r, server.log()[-2000:])
    return r.stdout


def fails(server, line, why):
    r = sftp(server, line)
    assert r.returncode != 0 and why in r.stderr, (line, why, r)


def quoted(name):
    """In quotes nothing is a wildcard."""
    return '"%s"' % re.sub(r'(["\\])', r"\\\1", name)


def folder(env, mode=0o755):
    """A folder of the account's."""
    path = tempfile.mkdtemp(prefix="sftp-", dir=env.dir)
    os.chmod(path, mode)
    os.chown(path, env.account.pw_uid, env.account.pw_gid)
    return path


def write(path, data, env=None):
    with open(path, "wb") as f:
        f.write(data)
    if env:
        os.chown(path, env.account.pw_uid, env.account.pw_gid)


def read(path):
    with open(path, "rb") as f:
        return f.read()


@contextlib.contextmanager
def jail(env):
    """A root directory that may be one: not below /tmp, which is anybody's.
    "up" in it belongs to the account."""
    env.need_root()
    path = tempfile.mkdtemp(prefix="sallyport-jail-", dir="/var")
    os.chmod(path, 0o755)
    up = os.path.join(path, "up")
    os.mkdir(up, 0o755)
    os.chown(up, env.account.pw_uid, env.account.pw_gid)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def jailed(env, path, command="internal-sftp -l VERBOSE -d /up"):
    return internal(env, "", "Match User " + env.user,
                    "    ChrootDirectory " + path,
                    "    ForceCommand " + command)


# ---- files come and go --------------------------------------------------------


def round_trip(env, server):
    there, data = folder(env), os.urandom(3 << 20)
    write(server.dir + "/data", data)
    works(server, "cd " + there, "put -p data a", "rename a b", "mkdir d",
          "put data d/c", "symlink b s", "ln b h", "get s back", "rm h",
          "chmod 600 b", "df")
    assert read(server.dir + "/back") == data
    assert sorted(os.listdir(there)) == ["b", "d", "s"]
    assert os.readlink(there + "/s") == "b"
    assert os.stat(there + "/b").st_mode & 0o777 == 0o600
    assert int(os.stat(there + "/b").st_mtime) == int(
        os.stat(server.dir + "/data").st_mtime)
    fails(server, "rmdir %s/d" % there, "Failure")
    fails(server, "get %s/none" % there, "not found")
    works(server, "rm %s/d/c" % there, "rmdir %s/d" % there)
    return there, data


def test_what_is_put_comes_back(env):
    """put, get, rename, links, modes, times: internal-sftp."""
    round_trip(env, internal(env))


def test_sftp_server_is_the_same(env):
    """The same by the program of its own."""
    round_trip(env, program(env))


def test_a_transfer_is_resumed(env):
    """reput and reget go on where a file ends."""
    s, there, data = internal(env), folder(env), os.urandom(1 << 20)
    write(s.dir + "/data", data)
    write(there + "/part", data[:300001], env)
    write(s.dir + "/local", data[:123])
    works(s, "reput data %s/part" % there, "reget %s/part local" % there)
    assert read(there + "/part") == data
    assert read(s.dir + "/local") == data


def test_odd_names(env):
    """Names are octets: those with blanks, quotes, wildcards come and go."""
    s, there = internal(env), folder(env)
    write(s.dir + "/data", b"odd")
    for name in ODD:
        works(s, "cd " + there, "put data %s" % quoted("./" + name),
              "get %s out" % quoted("./" + name))
        assert read(s.dir + "/out") == b"odd", name
        os.unlink(s.dir + "/out")
    write(os.fsencode(there) + b"/latin\xe9", b"x", env)
    assert sorted(os.fsdecode(n) for n in os.listdir(os.fsencode(there))) == \
        sorted(list(ODD) + [os.fsdecode(b"latin\xe9")])
    shown = works(s, "ls -1 " + there)
    assert len(shown.splitlines()) == len(ODD) + 2, shown


def test_ten_thousand_entries(env):
    """A large folder is listed whole, each name once."""
    s, there = internal(env), folder(env)
    names = ["file%05d" % i for i in range(10000)]
    for name in names:
        write(os.path.join(there, name), b"")
    shown = works(s, "cd " + there, "ls -1").splitlines()
    assert [n for n in shown if n.startswith("file")] == names


def test_scp_in_both_modes(env):
    """scp by SFTP and by its old protocol, and a tree of files."""
    s, there, data = internal(env), folder(env), os.urandom(1 << 20)
    os.makedirs(s.dir + "/tree/deep")
    write(s.dir + "/tree/deep/data", data)
    for mode in ("-s", "-O"):
        args, to = client(s, "scp")
        for words in (["-r", s.dir + "/tree", to + ":" + there + "/" + mode],
                      ["-p", to + ":" + there + "/%s/deep/data" % mode,
                       s.dir + "/back" + mode]):
            r = subprocess.run(args + [mode] + words, capture_output=True,
                               timeout=60)
            assert r.returncode == 0, (mode, words, r)
        assert read(s.dir + "/back" + mode) == data


# ---- what options refuse -----------------------------------------------------------


def test_read_only(env):
    """-R: nothing changes, by no request and no extension."""
    s, there = internal(env, "-R"), folder(env)
    write(there + "/a", b"a", env)
    write(s.dir + "/data", b"d")
    for line in ("put data b", "rm a", "rename a b", "mkdir d", "chmod 600 a",
                 "symlink a b", "put data a"):
        fails(s, "-cd %s\n%s" % (there, line), "ermission denied")
    # what isn't offered a client doesn't ask for
    fails(s, "-cd %s\nln a b" % there, "not support hardlink")
    works(s, "get %s/a out" % there, "df " + there)
    assert os.listdir(there) == ["a"] and read(there + "/a") == b"a"


def test_lists_of_requests(env):
    """-P refuses these, -p all others."""
    there = folder(env)
    s = internal(env, "-P mkdir,posix-rename,rename")
    fails(s, "mkdir %s/d" % there, "ermission denied")
    write(there + "/a", b"a", env)
    fails(s, "rename %s/a %s/b" % (there, there), "ermission denied")
    works(s, "rm %s/a" % there)
    s.stop()
    s = internal(env, "-p realpath,stat,lstat,mkdir")
    works(s, "mkdir %s/d" % there)
    fails(s, "rmdir %s/d" % there, "ermission denied")


def test_umask(env):
    """-u holds for what is made."""
    s, there = internal(env, "-u 027"), folder(env)
    write(s.dir + "/data", b"d")
    os.chmod(s.dir + "/data", 0o666)
    works(s, "put data %s/f" % there, "mkdir %s/d" % there)
    assert os.stat(there + "/f").st_mode & 0o777 == 0o640
    assert os.stat(there + "/d").st_mode & 0o777 == 0o750


# ---- its own process --------------------------------------------------------------------


def test_the_server_shows_nothing_of_itself(env):
    """Its memory, its descriptors: not by /proc/self, not by a number, not by
    a link. Other files of /proc are files."""
    s, there = internal(env), folder(env)
    os.symlink("/proc/self", there + "/me")
    for name in ("maps", "mem", "auxv", "environ", "stat"):
        for path in ("/proc/self/", there + "/me/", "/proc/thread-self/"):
            r = sftp(s, "get %s%s out" % (path, name))
            assert r.returncode != 0, (path, name, r)
            assert not os.path.exists(s.dir + "/out") or \
                read(s.dir + "/out") == b"", (path, name)
    works(s, "get /proc/version out")
    assert b"Linux" in read(s.dir + "/out")


# ---- a root directory of its own ------------------------------------------------------------


def test_a_root_directory_in_a_match_block(env):
    """ForceCommand internal-sftp and ChrootDirectory: nothing is in there, not
    even /dev/log, and the log has every line."""
    with jail(env) as path:
        s = jailed(env, path)
        write(s.dir + "/data", b"d" * 1000)
        shown = works(s, "pwd", "put data f", "ls -1 /", "get /up/f back")
        assert "Remote working directory: /up" in shown
        assert "\n/up\n" in shown, shown
        assert read(path + "/up/f") == b"d" * 1000
        assert read(s.dir + "/back") == b"d" * 1000
        for line in ('Changed root directory to "%s"' % path,
                     "Starting session: forced-command (config) "
                     "'internal-sftp -l VERBOSE -d /up' for " + env.user,
                     "internal-sftp: session opened for local user " + env.user,
                     'internal-sftp: open "/up/f" flags WRITE,CREATE',
                     'internal-sftp: close "/up/f" bytes read 0 written 1000',
                     "internal-sftp: session closed for local user"):
            m = s.wait_log(re.escape(line) + ".*")
            assert m.group(0).endswith(" [postauth]"), m.group(0)
            assert m.group(0).count("[postauth]") == 1, m.group(0)
        # a shell was asked for, and a command: it is the same server
        r = s.ssh("id")
        assert b"uid=" not in r.stdout, r


def test_tokens_of_the_root_directory(env):
    """%u, %U, %%"""
    with jail(env) as path:
        name = "%s-%d-%%" % (env.user, env.account.pw_uid)
        os.mkdir(os.path.join(path, name))
        s = internal(env, "", "ChrootDirectory %s/%%u-%%U-%%%%" % path)
        assert "Remote working directory: /" in works(s, "pwd")
        s.wait_log(re.escape('Changed root directory to "%s/%s"' % (path, name)))


def test_nobody_gets_out(env):
    """"..", links and absolute paths end at the root; no process of the
    session has a directory of outside open."""
    with jail(env) as path:
        s = jailed(env, path)
        os.mkdir(path + "/etc")
        write(path + "/etc/passwd", b"inside\n")
        os.symlink("../../../../../../etc/passwd", path + "/up/dots")
        os.symlink("/etc/passwd", path + "/up/absolute")
        for name in ("/up/dots", "/up/absolute", "/../../etc/passwd",
                     "../../../etc/passwd"):
            works(s, "get %s out" % name)
            assert read(s.dir + "/out") == b"inside\n", name
        works(s, "symlink /etc/shadow mine", "symlink / root")
        for line in ("get mine out", "get root/etc/shadow out",
                     "get /proc/self/root/etc/passwd out", "ls /proc/1/root",
                     "cd %s" % env.dir):
            assert sftp(s, line).returncode != 0, line
        args, to = client(s)
        held = subprocess.Popen(args + [to], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        monitor, session = s.session_of(held)
        wait_for(lambda: descendants(session), what="internal-sftp")
        for pid in [session] + descendants(session):
            assert os.readlink("/proc/%d/root" % pid) == path, title(pid)
            assert os.readlink("/proc/%d/cwd" % pid).startswith(path)
            for fd in os.listdir("/proc/%d/fd" % pid):
                with contextlib.suppress(OSError):
                    assert not os.path.isdir("/proc/%d/fd/%s" % (pid, fd))
        held.kill()
        held.communicate()


def with_shell(path):
    libs = subprocess.run(["ldd", "/bin/sh"], capture_output=True, text=True,
                          check=True).stdout
    for name in re.findall(r"(/\S+)", libs) + ["/bin/sh"]:
        os.makedirs(os.path.dirname(path + name), exist_ok=True)
        shutil.copy(name, path + name)


def test_a_shell_in_a_root_directory(env):
    """Shells and commands run in it, on a terminal, too, though no /dev is
    there; a home that isn't there is the root."""
    with jail(env) as path:
        with_shell(path)
        s = Server(env, "ChrootDirectory " + path, "LogLevel VERBOSE")
        r = s.ssh("echo $PWD; echo /u*; cd ..; echo ./u*; : </etc/passwd")
        assert r.stdout == b"/\n/up\n./up\n", r
        assert b"Could not chdir" not in r.stderr, r
        r = s.ssh("test -t 0 && echo terminal", options=("-tt",))
        assert r.stdout.strip() == b"terminal", (r, s.log()[-2000:])


def test_an_agent_in_a_root_directory(env):
    """Its socket is made in there, and goes with the session; without a /tmp
    there is none, and all else works."""
    with jail(env) as path:
        with_shell(path)
        s = Server(env, "ChrootDirectory " + path)
        agent = os.path.join(s.dir, "agent")
        p = subprocess.Popen(["ssh-agent", "-D", "-a", agent],
                             stdout=subprocess.DEVNULL)
        try:
            wait_for(lambda: os.path.exists(agent), 10, "the agent")
            args = [a.replace("IdentityAgent=none", "IdentityAgent=" + agent)
                    for a in s.ssh_args("-A")]
            ask = ["echo x$SSH_AUTH_SOCK; test -S $SSH_AUTH_SOCK; echo $?"]

            def said():
                r = subprocess.run(args + ask, capture_output=True, text=True,
                                   timeout=30, stdin=subprocess.DEVNULL)
                assert r.returncode == 0, (r, s.log()[-2000:])
                return r.stdout.split()

            assert said()[0] == "x"
            os.mkdir(path + "/tmp")
            os.chmod(path + "/tmp", 0o1777)
            name, there = said()
            assert name.startswith("x/tmp/") and there == "0", (name, there)
            wait_for(lambda: not os.listdir(path + "/tmp"), 10, "its removal")
        finally:
            p.kill()
            p.wait()


def test_without_root_nobody_gets_in(env):
    """A server of a user's own has no right to change the root directory: it
    doesn't serve without."""
    env.need_root()
    a = env.account
    who = ["setpriv", "--reuid=%d" % a.pw_uid, "--regid=%d" % a.pw_gid,
           "--clear-groups"]
    if subprocess.run(who + ["test", "-x", env.program]).returncode != 0:
        raise Skip("the program can't be run by the account")
    s = Server(env, "ChrootDirectory /", start=False, wrap=who)
    keys = os.path.join(s.dir, "keys")
    shutil.copytree(env.keys, keys)
    with open(s.config) as f:
        text = f.read().replace("HostKey " + env.keys, "HostKey " + keys)
    with open(s.config, "w") as f:
        f.write(text)
    for name in [s.dir, keys] + [os.path.join(keys, k)
                                 for k in os.listdir(keys)]:
        os.chown(name, a.pw_uid, a.pw_gid)
    s.start()
    assert s.ssh("echo in").stdout == b""
    s.wait_log("server lacks privileges to chroot to ChrootDirectory")


def test_a_root_directory_that_others_may_change(env):
    """Such a login ends, and the log says which folder it is."""
    with jail(env) as path:
        inner = path + "/up/in"
        os.mkdir(inner)
        link = path + "/link"
        os.symlink("up/in", link)
        os.mkdir(path + "/loose")
        os.chmod(path + "/loose", 0o775)
        write(path + "/file", b"")
        for root, line in (
                (path + "/up", '"%s/up"' % path),
                (inner, 'component "%s/up/"' % path),
                (link, 'component "%s/up/"' % path),
                (path + "/loose", '"%s/loose"' % path)):
            bad = jailed(env, root)
            r = sftp(bad, "ls")
            assert r.returncode != 0, (root, r)
            bad.wait_log("bad ownership or modes for chroot directory " +
                         re.escape(line))
            bad.stop()
        for root, line in ((path + "/none", "No such file"),
                           (path + "/file", "Not a directory"),
                           ("var", "chroot path does not begin at root")):
            bad = jailed(env, root)
            assert sftp(bad, "ls").returncode != 0, root
            bad.wait_log(line)
            bad.stop()


def test_none_is_no_root_directory(env):
    """A block's "none" goes before what holds for others."""
    with jail(env) as path:
        s = internal(env, "", "Match User " + env.user,
                     "    ChrootDirectory none",
                     "Match User *", "    ChrootDirectory " + path)
        works(s, "ls /etc/passwd")


# ---- a root that needs no root --------------------------------------------------------------


def rooted(env, *lines, options=""):
    """The folder that the account's SFTP is confined to, and its server."""
    there = folder(env)
    return there, internal(env, "", "Match User " + env.user,
                           "    SftpRoot " + there,
                           "    ForceCommand internal-sftp " + options,
                           *["    " + line for line in lines])


def test_a_root_that_belongs_to_the_user(env):
    """SftpRoot: it is "/", nothing else is to be had, and it may be anybody's
    below /tmp. A shell, a command: the same server."""
    there, s = rooted(env)
    beside = folder(env)
    write(beside + "/secret", b"outside")
    os.symlink(beside, there + "/link")
    os.symlink("../" + os.path.basename(beside), there + "/dots")
    write(s.dir + "/data", b"d" * 1000)
    shown = works(s, "pwd", "put data f", "mkdir d", "rename f d/g", "ls -1 /",
                  "get /d/g back", "cd d", "cd ..", "cd ..", "pwd", "df /")
    assert "Remote working directory: /\n" in shown, shown
    assert "/d\n" in shown and beside not in shown, shown
    assert read(there + "/d/g") == read(s.dir + "/back") == b"d" * 1000
    for line in ("get link/secret out", "get dots/secret out",
                 "get %s/secret out" % beside, "ls link/", "ls " + env.dir,
                 "put data dots/new", "rename d/g dots/g", "rm dots/secret",
                 "symlink %s/secret s" % beside, "ln dots/secret s",
                 "get /proc/self/root/etc/passwd out", "chmod 777 link"):
        assert sftp(s, line).returncode != 0, line
    assert os.listdir(beside) == ["secret"]
    assert not os.path.exists(there + "/s")
    r = s.ssh("id")
    assert b"uid=" not in r.stdout, r


def test_tokens_and_faults_of_such_a_root(env):
    """%u, %U, %h, %%; -d below it, in quotes; without the folder nothing."""
    there = folder(env)
    inner = "%s/%s-%d-%%" % (there, env.user, env.account.pw_uid)
    os.makedirs(inner + "/a b")
    s = internal(env, "-d '/a b'", "SftpRoot %s/%%u-%%U-%%%%" % there)
    assert "Remote working directory: /a b\n" in works(s, "pwd")
    s.stop()
    for root, options, line in (
            (there + "/none", "", "No such file"),
            (there, "-d /none", "start directory can't be entered"),
            (there + "/%x", "", "unknown token"),
            ("var", "", "does not begin at root")):
        s = internal(env, "", "Match User *", "    SftpRoot " + root,
                     "    ForceCommand internal-sftp " + options)
        assert sftp(s, "ls").returncode != 0, root
        s.wait_log(line)
        s.stop()


def test_a_root_within_a_root_directory(env):
    """SftpRoot is looked for in ChrootDirectory; no procfs is needed."""
    with jail(env) as path:
        s = internal(env, "", "ChrootDirectory " + path, "SftpRoot /up",
                     "SftpFileMode 0640")
        write(s.dir + "/data", b"d")
        works(s, "put data f", "chmod 777 f", "chmod 700 .")
        assert os.stat(path + "/up/f").st_mode & 0o7777 == 0o640
        assert os.stat(path + "/up").st_mode & 0o7777 == 0o700


def test_modes_quota_and_whole_files(env):
    """What an administrator decides, real clients can't change: modes, how
    much is stored, and that what is there is whole."""
    there, s = rooted(env, "SftpFileMode 0640", "SftpDirMode 02750",
                      "SftpQuota 1M", "SftpAtomicUpload yes")
    data = os.urandom(600 << 10)
    write(s.dir + "/data", data)
    os.chmod(s.dir + "/data", 0o777)
    works(s, "mkdir d", "put -p data d/f", "chmod 777 d/f", "chmod 777 d")
    assert os.stat(there + "/d/f").st_mode & 0o7777 == 0o640
    assert os.stat(there + "/d").st_mode & 0o7777 == 0o2750
    fails(s, "put data d/g", "ailure")
    assert os.listdir(there + "/d") == ["f"]
    works(s, "rm d/f", "put data d/g", "ls d/g")
    assert read(there + "/d/g") == data
    args, to = client(s, "scp")
    r = subprocess.run(args + ["-s", s.dir + "/data", to + ":d/g"],
                       capture_output=True, timeout=60)
    assert r.returncode == 0, r
    with open(there + "/d/g", "ab") as f:
        f.truncate(1000)
    works(s, "reput data d/g")
    assert read(there + "/d/g") == data


def test_a_killed_upload_leaves_the_old_file(env):
    """SftpAtomicUpload: whoever dies in the middle, client or server, what was
    there is whole."""
    there, s = rooted(env, "SftpAtomicUpload yes")
    write(there + "/f", b"old", env)
    write(s.dir + "/data", os.urandom(16 << 20))
    for kill_server in (False, True):
        args, to = client(s)
        p = subprocess.Popen(args + ["-l", "16000", "-b", "-", to],
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, cwd=s.dir,
                             start_new_session=True)
        p.stdin.write(b"put data f\n")
        p.stdin.flush()

        def part():
            names = [n for n in os.listdir(there) if n.startswith(".upload-")]
            return names and os.stat(there + "/" + names[0]).st_size > 1 << 20

        wait_for(part, what="some of it")
        if kill_server:
            session = s.session_of(p)[1]
            os.kill(descendants(session)[0], signal.SIGKILL)
        else:
            os.killpg(p.pid, signal.SIGKILL)
        p.wait()
        p.stdin.close()
        assert read(there + "/f") == b"old"
        if not kill_server:
            wait_for(lambda: os.listdir(there) == ["f"], what="its removal")


# ---- a client that dies ---------------------------------------------------------------------


def test_a_killed_client_leaves_what_was_acknowledged(env):
    """kill -9 in the middle of a put: the file is the beginning of what was
    sent, as long as the log says."""
    with jail(env) as path:
        s, data = jailed(env, path), os.urandom(16 << 20)
        write(s.dir + "/data", data)
        args, to = client(s)
        p = subprocess.Popen(args + ["-l", "16000", "-b", "-", to],
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, cwd=s.dir,
                             start_new_session=True)
        p.stdin.write(b"put data f\n")
        p.stdin.flush()
        f = path + "/up/f"
        wait_for(lambda: os.path.exists(f) and os.stat(f).st_size > 1 << 20,
                 what="some of it")
        os.killpg(p.pid, signal.SIGKILL)
        p.wait()
        p.stdin.close()
        m = s.wait_log(r'forced close "/up/f" bytes read 0 written (\d+)')
        kept = read(f)
        assert len(kept) == int(m.group(1)) < len(data), (len(kept), m)
        assert kept == data[:len(kept)]
        s.wait_log("internal-sftp: session closed for local user")
