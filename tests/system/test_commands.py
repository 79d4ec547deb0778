"""AuthorizedKeysCommand and AuthorizedPrincipalsCommand: what they are told,
as whom they run, what becomes of what they print."""

import base64
import hashlib
import os
import re
import shutil
import tempfile
import time

from lib import descriptors, finish, wait_for
from test_certs import Authority, tries


class Program:
    """A shell script where only root can write."""

    def __init__(self, env, text, mode=0o755):
        env.need_root()
        # every folder above it has to be root's alone, which /tmp isn't
        self.dir = tempfile.mkdtemp(prefix="sallyport-test-", dir="/run")
        os.chmod(self.dir, 0o755)
        self.path = self.dir + "/program"
        self.write(text, mode)

    def write(self, text, mode=0o755):
        with open(self.path, "w") as f:
            f.write("#!/bin/sh\n" + text)
        os.chmod(self.path, mode)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        shutil.rmtree(self.dir)


def keys(env, line, *lines, user=None):
    return env.server("AuthorizedKeysCommand " + line,
                      "AuthorizedKeysCommandUser " + (user or env.user), *lines,
                      authorized="#\n")


def test_keys_of_a_program(env):
    """Its lines count as those of a file, options and CAs too; asked once a
    key, and after the files."""
    with Program(env, "echo x >>%s/asked\ncat %s/lines\n" % (
            env.dir, env.dir)) as p:
        def prints(text):
            with open(env.dir + "/lines", "w") as f:
                f.write(text)
            with open(env.dir + "/asked", "w"):
                pass
            os.chmod(env.dir + "/asked", 0o666)

        s = keys(env, p.path)
        prints(env.public("user_ed25519"))
        s.login_works()
        s.wait_log("Accepted key ED25519 SHA256:\\S+ found at %s:1" % p.path)
        with open(env.dir + "/asked") as f:
            assert f.read() == "x\n"  # for the offer and for the signature
        assert s.ssh("true", key="user_rsa").returncode == 255
        prints("# x\n\ncommand=\"echo forced\" " + env.public("user_ed25519"))
        assert s.ssh("true").stdout == b"forced\n"
        prints("nonsense " + env.public("user_ed25519"))
        assert s.ssh("true").returncode == 255
        ca = Authority(env)
        prints("cert-authority " + ca.public())
        assert tries(s, ca.sign()) == "in\n"
        prints("")
        assert s.ssh("true").returncode == 255
        s.stop()
        s = env.server("AuthorizedKeysCommand " + p.path,
                       "AuthorizedKeysCommandUser " + env.user)
        s.login_works()
        with open(env.dir + "/asked") as f:
            assert f.read() == "x\n"


def test_tokens_of_keys(env):
    """Each argument is what its letter says; quotes make one argument of
    several words; without arguments it is the user's name."""
    out = env.dir + "/argv"
    with Program(env, 'for a in "$@"; do echo "<$a>"; done >%s\ncat %s\n' % (
            out, env.keys + "/user_ed25519.pub")) as p:
        with open(out, "w"):
            pass
        os.chmod(out, 0o666)

        def arguments(line):
            s = keys(env, line)
            s.login_works()
            s.stop()
            with open(out) as f:
                return f.read().splitlines(), s.port

        kind, text = env.public("user_ed25519").split()[:2]
        finger = base64.b64encode(hashlib.sha256(
            base64.b64decode(text)).digest()).decode().rstrip("=")
        got, port = arguments(p.path + ' %u %U %h %t %k %f %% "a %u" \'b c\' '
                              "%C #x %D-")
        ends = got.pop(9)
        assert got == ["<%s>" % a for a in (
            env.user, env.account.pw_uid, env.account.pw_dir, kind, text,
            "SHA256:" + finger, "%", "a " + env.user, "b c", "#x", "-")], got
        assert re.fullmatch(r"<127.0.0.1 \d+ 127.0.0.1 %d>" % port, ends), ends
        assert arguments(p.path)[0] == ["<%s>" % env.user]
    for bad in ("%i", "%K", "%q"):
        s = keys(env, "/bin/echo " + bad)
        assert s.ssh("true").returncode == 255
        s.wait_log("AuthorizedKeysCommand /bin/echo %s: unknown token" % bad)
        s.stop()


def test_a_program_has_nothing_of_ours(env):
    """Its account and groups, a clean environment, three descriptors, no
    capability, no blocked signal, the root directory."""
    out = env.dir + "/look"
    with open(out, "w"):
        pass
    os.chmod(out, 0o666)
    script = ("exec >%s\nid -u; id -G; env | sort; pwd; ls -l /proc/self/fd; "
              "grep -E 'Cap(Eff|Prm|Inh|Amb)|Sig(Blk|Ign)' /proc/self/status\n"
              % out)
    w = env.world()
    w.add_user("runner")
    runner = w.uid
    w.add_group("keyreaders", 61900, "runner")
    with Program(env, script) as p:
        shutil.copy(p.path, w.path("etc/program"))
        os.chmod(w.path("etc/program"), 0o755)
        s = env.server("AuthorizedKeysCommand /etc/program",
                       "AuthorizedKeysCommandUser runner", "UsePAM no",
                       authorized="#\n", world=w, environment={
                           "SECRET": "x", "LANG": "C.UTF-8"})
        assert s.ssh("true").returncode == 255
    with open(out) as f:
        got = f.read()
    lines = got.splitlines()
    assert lines[0] == str(runner), got
    assert set(lines[1].split()) == {str(runner), "61900"}, got
    env_of = {line.split("=")[0] for line in lines if re.match(r"^\w+=", line)}
    assert env_of - {"PWD", "SHLVL", "_", "OLDPWD"} == {
        "PATH", "USER", "LOGNAME", "HOME", "LANG"}, got
    assert "/" in lines and "SECRET" not in got, got
    descriptors = {m.group(1) for m in re.finditer(r" (\d+) -> (?!/proc/)", got)}
    assert descriptors == {"0", "1", "2"}, got
    for word in ("CapEff", "CapPrm", "CapInh", "CapAmb", "SigBlk", "SigIgn"):
        assert re.search(r"%s:\s0+$" % word, got, re.M), (word, got)


def test_programs_that_fail(env):
    """A status but 0, a death, too much output, a hanging one: nothing that
    was printed counts, and the log says why."""
    key = env.public("user_ed25519").strip()
    with Program(env, "") as p:
        for text, options, why in (
                ("echo '%s'; exit 3" % key, "", "%s failed, status 3"),
                ("echo '%s'; kill -9 $$" % key, "",
                 "%s killed by signal 9"),
                ("echo '%s'; exec sleep 600" % key, "timeout=1 ",
                 "%s timed out after 1 seconds"),
                ("echo '%s'; exec cat /dev/zero" % key, "",
                 "%s printed more than 4194304 octets"),
                ("#", "", None)):
            p.write(text + "\n")
            s = keys(env, options + p.path)
            begin = time.monotonic()
            assert s.ssh("true").returncode == 255, text
            assert time.monotonic() - begin < 30
            if why:
                s.wait_log("AuthorizedKeysCommand " + why % p.path)
            s.stop()
        # what it leaves behind doesn't hold the login up
        p.write("sleep 600 & echo '%s'\n" % key)
        s = keys(env, p.path)
        s.login_works()


def sleepers(seconds):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                if f.read() == b"sleep\0%d\0" % seconds:
                    found.append(pid)
        except OSError:
            pass
    return found


def test_no_program_outlives_its_login(env):
    """LoginGraceTime ends a hanging program and what it started."""
    number = 70000 + os.getpid() % 1000
    with Program(env, "sleep %d\n" % number) as p:
        s = keys(env, p.path, "LoginGraceTime 3")
        popen = s.ssh_popen("true")
        wait_for(lambda: sleepers(number), 10, "the program's start")
        wait_for(lambda: not sleepers(number), 20, "the program's end")
        popen.communicate(timeout=20)
        s.wait_log("AuthorizedKeysCommand \\S+ timed out")


def test_programs_that_others_could_write(env):
    """Owned by root, with all folders above, writable by nobody else; there,
    and a program."""
    with Program(env, "cat %s/user_ed25519.pub\n" % env.keys) as p:
        s = keys(env, p.path)
        s.login_works()
        for what, kind in ((p.path, "file"), (p.dir, "directory")):
            os.chmod(what, 0o775)
            assert s.ssh("true").returncode == 255
            s.wait_log('Unsafe AuthorizedKeysCommand "%s": bad ownership or '
                       "modes for %s %s" % (p.path, kind, what))
            os.chmod(what, 0o755)
        os.chown(p.path, env.account.pw_uid, 0)
        assert s.ssh("true").returncode == 255
        os.unlink(p.path)
        assert s.ssh("true").returncode == 255
        s.wait_log('Could not stat AuthorizedKeysCommand "%s": No such file'
                   % p.path)
        os.mkdir(p.path)
        assert s.ssh("true").returncode == 255
        s.wait_log('Unsafe AuthorizedKeysCommand "%s": not a regular file'
                   % p.path)
        s.stop()
        s = keys(env, "/bin/true", user="no-such-account")
        assert s.ssh("true").returncode == 255
        s.wait_log('AuthorizedKeysCommandUser "no-such-account" not found')


def test_several_programs_in_order(env):
    """Lines add up: the first that lets in wins, one that fails is passed
    over; those of a Match block stand in place of the others; none ends."""
    key = env.public("user_ed25519")
    with Program(env, "exit 1\n") as broken, \
            Program(env, "echo 'command=\"echo two\" %s'\n" % key.strip()) \
            as two, Program(env, "echo 'command=\"echo three\" %s'\n" %
                            key.strip()) as three:
        user = "AuthorizedKeysCommandUser " + env.user
        for lines, expected in (
                ((broken, two, three), b"two\n"),
                ((three, two), b"three\n"),
                ((broken,), b""),
                (("none", two), b"")):
            s = env.server(*["AuthorizedKeysCommand " + (
                line if isinstance(line, str) else "timeout=20s " + line.path)
                for line in lines], user, authorized="#\n")
            assert s.ssh("true").stdout == expected, lines
            s.stop()
        s = env.server("AuthorizedKeysCommand " + two.path, user,
                       "Match user " + env.user,
                       "AuthorizedKeysCommand " + three.path, authorized="#\n")
        assert s.ssh("true").stdout == b"three\n"


def test_what_was_printed_serves_again(env):
    """cache=: the next logins of the same generation with the same arguments
    don't run the program, others do; a failure isn't kept; nothing of it
    stays open in a session."""
    out = env.dir + "/runs"
    key = env.public("user_ed25519").strip()
    with open(out, "w"):
        pass
    os.chmod(out, 0o666)

    def runs():
        with open(out) as f:
            return len(f.read().split())

    with Program(env, "echo $1 >>%s; echo '%s'; echo '%s'\n" % (
            out, key, env.public("user_rsa").strip())) as p:
        s = keys(env, "cache=1h %s %%u" % p.path)
        s.login_works()
        assert runs() == 1
        for _ in range(3):
            s.login_works()
            s.login_works(key="user_rsa")
        assert runs() == 1, s.log()[-2000:]
        popen = s.ssh_popen("echo in; cat")
        assert popen.stdout.readline() == b"in\n"
        monitor, session = s.session_of(popen)
        for pid in (monitor, session):
            assert not [f for f in descriptors(pid).values()
                        if "memfd:output" in f], descriptors(pid)
        finish(popen)
        s.stop()
        s = keys(env, "cache=1h %s %%u %%k" % p.path)
        s.login_works()
        s.login_works(key="user_rsa")
        assert runs() == 3
        s.stop()
        s = keys(env, "cache=1s %s %%u" % p.path)
        s.login_works()
        time.sleep(1.1)
        s.login_works()
        assert runs() == 5
        s.stop()
        p.write("echo x >>%s; exit 1\n" % out)
        s = keys(env, "cache=1h %s %%u" % p.path)
        for n in (6, 7):
            assert s.ssh("true").returncode == 255
            assert runs() == n


def test_nobody_is_asked_about_strangers(env):
    """A name that doesn't exist reaches no program."""
    out = env.dir + "/asked-for"
    with open(out, "w"):
        pass
    os.chmod(out, 0o666)
    with Program(env, "echo $1 >>%s\n" % out) as p:
        s = keys(env, p.path)
        assert s.ssh("true", user="no-such-user").returncode == 255
        assert s.ssh("true").returncode == 255
        with open(out) as f:
            assert f.read() == env.user + "\n"


def test_principals_of_a_program(env):
    """It is told of certificate and CA, and prints lines as in the file, which
    comes first; a key id may hold anything but control characters."""
    out = env.dir + "/told"
    ca = Authority(env)
    with open(out, "w"):
        pass
    os.chmod(out, 0o666)
    with Program(env, 'for a in "$@"; do echo "<$a>"; done >%s\n'
                 "echo 'command=\"echo forced\" ops'\n" % out) as p:
        s = env.server("TrustedUserCAKeys " + ca.path(),
                       "AuthorizedPrincipalsFile %s/names" % ca.dir,
                       "AuthorizedPrincipalsCommand %s %%u %%t %%T %%i %%s %%F "
                       "%%f %%k %%K" % p.path,
                       "AuthorizedPrincipalsCommandUser " + env.user,
                       authorized="#\n")
        key = ca.sign("-z", "77", names="ops", id="Jo's $(id) \u00e4")
        assert tries(s, key) == "forced\n", s.log()[-2000:]
        with open(out) as f:
            got = f.read().splitlines()
        with open(key + "-cert.pub") as f:
            kind, text = f.read().split()[:2]

        def finger(text):
            return "SHA256:" + base64.b64encode(hashlib.sha256(
                base64.b64decode(text)).digest()).decode().rstrip("=")

        plain = env.public("user_ed25519").split()[1]
        authority = ca.public().split()
        assert got == ["<%s>" % a for a in (
            env.user, kind, authority[0], "Jo's $(id) \u00e4", 77,
            finger(authority[1]), finger(plain), text, authority[1])], got
        assert tries(s, ca.sign(names="other")) is None
        s.wait_log("Certificate does not contain an authorized principal")
        assert tries(s, ca.sign(names="ops", id="a\tb")) is None
        s.wait_log("AuthorizedPrincipalsCommand: %i of this key can't be an "
                   "argument")
        with open(ca.dir + "/names", "w") as f:
            f.write("ops\n")
        assert tries(s, key) == "in\n"
        os.unlink(ca.dir + "/names")
        p.write("echo ops; exit 1\n")
        assert tries(s, key) is None
        s.wait_log("AuthorizedPrincipalsCommand %s .* failed, status 1" % p.path)
        assert tries(s, Authority(env).sign(names="ops")) is None
