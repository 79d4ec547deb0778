"""Keys: where they are looked for, who may own the files, what a line's
options do."""

import os
import stat
import time

from lib import wait_for


def line(env, options="", key="user_ed25519"):
    return (options + " " if options else "") + env.public(key)


def asks(env, server, command="echo in", **how):
    r = server.ssh(command, **how)
    return r.stdout.decode(), r


def test_options_of_a_line(env):
    """command, from, expiry-time, environment, restrict and their kin; one
    line each, in one file: the first that fits its key counts."""
    for options, command, expected, more in (
            ('command="echo [$SSH_ORIGINAL_COMMAND]"', "id", "[id]\n", ()),
            ('command="echo \\"a b\\""', "id", "a b\n", ()),
            ('from="127.0.0.0/8,192.0.2.1"', "echo in", "in\n", ()),
            ('from="192.0.2.*"', "echo in", None, ()),
            ('from="*,!127.0.0.1"', "echo in", None, ()),
            ('expiry-time="20200101"', "echo in", None, ()),
            ('expiry-time="20990101Z"', "echo in", "in\n", ()),
            ('expiry-time="20200101",expiry-time="20990101"', "echo in",
             None, ()),
            ('environment="FOO=bar baz"', "echo [$FOO]", "[bar baz]\n",
             ("PermitUserEnvironment yes",)),
            ('environment="FOO=bar"', "echo [$FOO]", "[]\n", ()),
            ('environment="FOO=bar",environment="BAR=x"',
             "echo [$FOO$BAR]", "[x]\n", ("PermitUserEnvironment BA*",)),
            ('restrict', "echo in", "in\n", ()),
            ('no-such-option', "echo in", None, ()),
            ('command="unclosed', "echo in", None, ()),
            ('cert-authority', "echo in", None, ()),
            ('principals="x"', "echo in", None, ()),
            (' ', "echo in", "in\n", ())):
        s = env.server(*more, authorized=line(env, options))
        got, r = asks(env, s, command)
        if expected is None:
            assert r.returncode == 255 and got == "", (options, r)
        else:
            assert got == expected, (options, r, s.log()[-2000:])
        s.stop()


def test_from_is_told(env):
    """A right key from a wrong place is refused with the reason."""
    s = env.server(authorized=line(env, 'from="192.0.2.1"'))
    assert s.ssh("true").returncode == 255
    s.wait_log(r"authorized_keys:1: Authentication tried for %s with correct "
               r"key but not from a permitted host \(host=127.0.0.1, "
               r"ip=127.0.0.1, required=192.0.2.1\)" % env.user)


def test_terminal_as_permitted(env):
    """no-pty and restrict refuse a terminal, pty gives it back."""
    for options, terminal in (("no-pty", False), ("restrict", False),
                              ("restrict,pty", True), ("no-pty,pty", True),
                              ("", True)):
        s = env.server(authorized=line(env, options))
        r = s.ssh("tty", options=("-tt", "-o", "LogLevel=INFO"))
        assert r.stdout.startswith(b"/dev/pts/") == terminal, (options, r)
        assert (b"PTY allocation request failed" in r.stderr) != terminal, r
        s.stop()


def test_lines_are_searched_to_the_last(env):
    """Comments, blank and broken lines, other keys and CR LF before it do no
    harm; the log names file and line."""
    text = ("# a comment\n\n   \n" + "ssh-ed25519 AAAAbroken nobody\n" +
            "no-such-option " + env.public("stranger") +
            env.public("user_rsa") * 300 +
            "  \t" + env.public("user_ed25519").rstrip("\n") + "\r\n")
    s = env.server(authorized=text)
    s.login_works()
    s.wait_log(r"Accepted key ED25519 SHA256:\S+ found at \S+:306")
    assert s.ssh("true", key="stranger").returncode == 255


def test_first_line_of_a_key_counts(env):
    """The same key twice: the first line's options hold; a line that refuses
    gives the next one a chance."""
    s = env.server(authorized=line(env, 'command="echo one"') +
                   line(env, 'command="echo two"'))
    assert asks(env, s)[0] == "one\n"
    s.stop()
    s = env.server(authorized=line(env, 'from="192.0.2.1"') +
                   line(env, 'command="echo two"'))
    assert asks(env, s)[0] == "two\n"


def test_several_files_with_tokens(env):
    """AuthorizedKeysFile: a list, %u, %h, %U, relative to the home; missing
    ones are passed over; none means none."""
    for token in ("%u", "%U"):
        s = env.server(start=False)
        name = {"%u": env.user, "%U": str(env.account.pw_uid)}[token]
        with open(os.path.join(s.dir, "keys-" + name), "w") as f:
            f.write(line(env))
        s.write_config(["AuthorizedKeysFile %s/missing %s/keys-%s" %
                        (s.dir, s.dir, token)])
        s.start()
        s.login_works()
        s.stop()
    s = env.server("AuthorizedKeysFile none")
    assert s.ssh("true").returncode == 255


def home(env, world, name="homely"):
    """An account whose ~/.ssh/authorized_keys is its own."""
    path = world.add_user(name)
    uid = world.uid
    ssh = os.path.join(path, ".ssh")
    os.mkdir(ssh, 0o700)
    keys = os.path.join(ssh, "authorized_keys")
    with open(keys, "w") as f:
        f.write(line(env))
    os.chmod(keys, 0o600)
    for p in (ssh, keys):
        os.chown(p, uid, uid)
    return path, keys, uid


def test_the_usual_place_is_strict(env):
    """~/.ssh/authorized_keys: refused with the path where others may write
    to file, folder or home; StrictModes no doesn't mind."""
    w = env.world()
    path, keys, uid = home(env, w)
    # world's folder is below one that anybody may write to: the home is the
    # last that is looked at
    s = env.server("AuthorizedKeysFile .ssh/authorized_keys", "StrictModes yes",
                   "UsePAM no", world=w)
    s.login_works(user="homely")
    for what, kind in ((keys, "file"), (os.path.dirname(keys), "directory"),
                       (path, "directory")):
        mode = stat.S_IMODE(os.stat(what).st_mode)
        os.chmod(what, mode | 0o020)
        assert s.ssh("true", user="homely").returncode == 255, what
        s.wait_log("Authentication refused: bad ownership or modes for %s %s"
                   % (kind, what))
        os.chmod(what, mode)
    os.chown(keys, 61999, uid)
    os.chmod(keys, 0o644)
    assert s.ssh("true", user="homely").returncode == 255
    os.chown(keys, uid, uid)
    s.login_works(user="homely")
    s.stop()
    os.chmod(keys, 0o666)
    s = env.server("AuthorizedKeysFile %h/.ssh/authorized_keys", "UsePAM no",
                   world=w)
    s.login_works(user="homely")


def test_a_root_only_file_is_not_read(env):
    """Key files are opened with the user's rights: what only root may read
    lets nobody in, however it is reached."""
    w = env.world()
    path, keys, uid = home(env, w)
    secret = w.path("secret")
    with open(secret, "w") as f:
        f.write(line(env))
    os.chmod(secret, 0o600)
    s = env.server("AuthorizedKeysFile %s" % secret, "UsePAM no", world=w)
    assert s.ssh("true", user="homely").returncode == 255
    s.wait_log("Could not open user 'homely' authorized keys '%s': "
               "Permission denied" % secret)
    s.stop()
    os.unlink(keys)
    os.symlink(secret, keys)
    s = env.server("AuthorizedKeysFile .ssh/authorized_keys", "UsePAM no",
                   world=w)
    assert s.ssh("true", user="homely").returncode == 255
    os.chown(secret, uid, uid)
    s.login_works(user="homely")
    os.chmod(os.path.dirname(keys), 0)  # the user's own, closed to root? no
    assert s.ssh("true", user="homely").returncode == 255


def test_what_is_no_file_is_not_read(env):
    """A FIFO, a device or a folder in the place of a key file hold nobody
    up."""
    s = env.server(start=False)
    fifo = os.path.join(s.dir, "fifo")
    os.mkfifo(fifo, 0o644)
    s.write_config(["AuthorizedKeysFile %s /dev/zero %s %s" %
                    (fifo, s.dir, env.authorized)])
    s.start()
    begin = time.monotonic()
    s.login_works()
    assert time.monotonic() - begin < 15
    s.wait_log("User '%s' authorized keys '%s' is not a regular file" %
               (env.user, fifo))


def test_a_changed_file_acts_at_once(env):
    """The file is read at each login."""
    s = env.server(authorized=line(env))
    s.login_works()
    path = os.path.join(s.dir, "authorized_keys")
    with open(path, "w") as f:
        f.write(line(env, key="user_rsa"))
    assert s.ssh("true").returncode == 255
    s.login_works(key="user_rsa")


def test_signature_algorithms_as_configured(env):
    """PubkeyAcceptedAlgorithms binds the algorithm, not just the type."""
    s = env.server("PubkeyAcceptedAlgorithms rsa-sha2-512,ssh-ed25519")
    s.login_works(key="user_rsa", options=(
        "-o", "PubkeyAcceptedAlgorithms=rsa-sha2-512"))
    r = s.ssh("true", key="user_rsa", options=(
        "-o", "PubkeyAcceptedAlgorithms=rsa-sha2-256"))
    assert r.returncode == 255, r
    assert s.ssh("true", key="user_ecdsa").returncode == 255
    s.login_works()


def test_what_any_block_allows_is_told(env):
    """server-sig-algs comes before anybody has a name: it tells what some
    Match block may allow, so that a client tries its key."""
    s = env.server("PubkeyAcceptedAlgorithms ssh-ed25519", "Match User nobody",
                   "PubkeyAcceptedAlgorithms ecdsa-sha2-nistp521",
                   "Match User " + env.user,
                   "PubkeyAcceptedAlgorithms rsa-sha2-512,"
                   "rsa-sha2-256-cert-v01@openssh.com")
    # ssh_args' own LogLevel comes later, and the first one counts
    r = s.ssh("echo in", key="user_rsa", options=("-o", "LogLevel=DEBUG1"))
    assert r.stdout == b"in\n", r
    told = next(line for line in r.stderr.decode().splitlines()
                if "server-sig-algs=<" in line)
    names = told.split("<")[1].split(">")[0].split(",")
    assert sorted(names) == ["ecdsa-sha2-nistp521", "rsa-sha2-256",
                             "rsa-sha2-512", "ssh-ed25519"], told
    assert s.ssh("true").returncode == 255


def test_small_rsa_keys(env):
    """RequiredRSASize refuses smaller ones."""
    s = env.server("RequiredRSASize 3072")
    assert s.ssh("true", key="user_rsa").returncode == 255
    s.login_works()


def test_exposed_auth_info(env):
    """ExposeAuthInfo: the session can read what let it in, and the file goes
    with it."""
    s = env.server("ExposeAuthInfo yes")
    r = s.ssh("cat $SSH_USER_AUTH; echo $SSH_USER_AUTH")
    text = r.stdout.decode().split("\n")
    key = " ".join(env.public("user_ed25519").split()[:2])
    assert text[0] == "publickey " + key, (r, s.log()[-2000:])
    assert text[1].startswith("/tmp/sshauth."), r
    wait_for(lambda: not os.path.exists(text[1]), 5, "the file's end")


def test_user_environment_file(env):
    """~/.ssh/environment is read where permitted."""
    w = env.world()
    path, keys, uid = home(env, w)
    with open(os.path.join(path, ".ssh/environment"), "w") as f:
        f.write("# mine\nFOO=from file\nLD_PRELOAD=/x\n")
    for value, expected in (("yes", b"from file\n"), ("no", b"\n"),
                            ("BAR", b"\n"), ("F*", b"from file\n")):
        s = env.server("PermitUserEnvironment " + value, "UsePAM no", world=w)
        r = s.ssh("echo $FOO", user="homely")
        assert r.stdout == expected, (value, r)
        s.stop()
