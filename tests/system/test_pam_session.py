"""PAM: sessions, and what modules do to monitor and shell."""

import os
import re
import signal

from lib import Skip, finish, status, wait_for
from pams import UNIX, pam_world, probe
from talk import Terminal


def test_a_session_that_is_refused(env):
    """pam_open_session says no: nobody runs a program."""
    w, lines = pam_world(env, *UNIX[:2], "session required pam_deny.so")
    s = env.server(*lines, world=w)
    r = s.ssh("echo in", user="anna")
    assert r.returncode == 255 and r.stdout == b"", r
    s.wait_log(r"PAM: pam_open_session\(\): ")
    wait_for(lambda: not s.monitors(), 5, "the end")


def test_sessions_are_opened_and_closed(env):
    """Once each, as root, with the items that modules expect; also when the
    client is killed."""
    w, lines = pam_world(env, *UNIX[:2],
                         "session required pam_exec.so seteuid /etc/note")
    w.write("etc/note", "#!/bin/sh\necho $PAM_TYPE $PAM_USER $PAM_RHOST "
            "$PAM_TTY $PAM_SERVICE $(id -u) >>%s\n" % w.path("notes"), 0o755)
    s = env.server(*lines, world=w)
    wanted = ["%s anna 127.0.0.1 ssh sallyport-test 0" % t
              for t in ("open_session", "close_session")]

    def notes():
        try:
            with open(w.path("notes")) as f:
                return f.read().splitlines()
        except OSError:
            return []
    s.login_works(user="anna")
    wait_for(lambda: len(notes()) == 2, 10, "both")
    assert notes() == wanted, notes()
    p = s.ssh_popen("cat", user="anna")
    # a module's program looks like a session
    wait_for(lambda: len(notes()) == 3, 10, "the third")
    p.kill()
    finish(p)
    wait_for(lambda: notes() == wanted * 2, 10, "both: %r" % notes())
    p = s.ssh_popen("cat", user="anna")
    wait_for(lambda: len(notes()) == 5, 10, "the fifth")
    monitor, session = s.session_of(p)
    os.kill(monitor, signal.SIGTERM)
    finish(p)
    wait_for(lambda: notes() == wanted * 3, 10, "both: %r" % notes())


def test_a_module_that_hangs_at_the_end(env):
    """Neither opening nor closing a session keeps a monitor for ever: modules
    have LoginGraceTime for each."""
    for how, line in (("hang", r"monitor \d+ of anna from 127\.0\.0\.1 port \d+ "
                               "was killed"),
                      ("close-hang", r"PAM: the session of anna from 127\.0\.0\.1 "
                       r"port \d+ wasn't closed: monitor \d+ was killed, or a "
                       "module took longer than LoginGraceTime")):
        w, lines = pam_world(env, *UNIX[:2],
                             "session required %s alarm %s" % (probe(env), how))
        s = env.server(*lines, "LoginGraceTime 2", world=w)
        r = s.ssh("echo in", user="anna")
        assert r.stdout == (b"" if how == "hang" else b"in\n"), r
        s.wait_log("(?m)^%s$" % line)
        wait_for(lambda: not s.monitors(), 5, "the end")
        s.stop()


def test_limits_reach_the_shell(env):
    """pam_limits binds the user's programs and leaves the monitor as it
    was."""
    w, lines = pam_world(env, *UNIX[:2],
                         "session required pam_limits.so conf=/etc/limits.test")
    w.write("etc/limits.test", "anna hard nofile 333\nanna soft nofile 222\n"
            "anna - core 0\nanna - fsize 100\nanna soft cpu 7\n")
    s = env.server(*lines, world=w)
    r = s.ssh("ulimit -Hn; ulimit -Sn; ulimit -c; ulimit -t", user="anna")
    assert r.stdout.split() == [b"333", b"222", b"0", b"420"], r
    p = s.ssh_popen("cat", user="anna")
    monitor, session = s.session_of(p)

    def limit(pid, name):
        with open("/proc/%d/limits" % pid) as f:
            return re.search(r"%s\s+(\S+)\s+(\S+)" % name, f.read()).groups()
    assert limit(session, "Max open files") == ("222", "333")
    # a hard limit can't be raised again without CAP_SYS_RESOURCE
    may = int(status(monitor)["CapEff"], 16) >> 24 & 1
    own = [limit(s.spawners()[0], name) for name in
           ("Max open files", "Max cpu time")]
    wait_for(lambda: limit(monitor, "Max cpu time")[0] == own[1][0], 5,
             "the monitor's own limits")
    assert limit(monitor, "Max open files")[0] == own[0][0] if may else "333"
    finish(p)


def test_environment_of_modules(env):
    """pam_env reaches the shell, but for what loaders and shells read and what
    we alone say."""
    w, lines = pam_world(env, *UNIX[:2], "session required pam_env.so "
                         "conffile=/etc/env.test envfile=/etc/env.file")
    w.write("etc/env.test", "FROM_PAM DEFAULT=yes\nLD_PRELOAD DEFAULT=/x.so\n"
            "BASH_ENV DEFAULT=/x\nSSH_CONNECTION DEFAULT=lie\nBOTH DEFAULT=pam\n")
    w.write("etc/env.file", "")
    s = env.server(*lines, "SetEnv BOTH=config", world=w)
    r = s.ssh("echo $FROM_PAM $BOTH; echo [$LD_PRELOAD$BASH_ENV]; "
              "echo $SSH_CONNECTION", user="anna")
    lines = r.stdout.decode().splitlines()
    assert lines[:2] == ["yes config", "[]"], r
    assert lines[2].startswith("127.0.0.1 "), r


def test_groups_of_modules_stay(env):
    """What pam_group adds is in the session's list."""
    w, lines = pam_world(env, "auth optional pam_group.so", *UNIX)
    w.add_group("extras", 61990)
    w.write("etc/security/group.conf", "*;*;anna;Al0000-2400;extras\n")
    s = env.server(*lines, world=w)
    r = s.ssh("id -G", user="anna")
    assert b"61990" in r.stdout.split(), (r, s.log()[-2000:])


def test_messages_of_modules(env):
    """What PAM has to say is shown at an interactive login, before the shell;
    not to a command."""
    w, lines = pam_world(env, *UNIX[:2], "session optional pam_echo.so hello %u")
    s = env.server(*lines, world=w)
    r = s.ssh(input=b"exit\n", options=("-tt",), user="anna")
    assert b"hello anna" in r.stdout, r
    r = s.ssh("echo in", user="anna")
    assert b"hello" not in r.stdout, r


def test_programs_of_modules_start_clean(env):
    """pam_exec's children have no blocked and no ignored signals, and no
    descriptor of ours."""
    w, lines = pam_world(env, "auth optional pam_exec.so /etc/tell", *UNIX[:2],
                         "session optional pam_exec.so /etc/tell")
    w.write("etc/tell", "#!/bin/sh\n(grep Sig /proc/self/status; "
            "ls -l /proc/self/fd) >%s.$PAM_TYPE 2>&1\n" % w.path("told"), 0o755)
    s = env.server(*lines, world=w)
    assert s.password("annas word", user="anna")
    wait_for(lambda: os.path.exists(w.path("told.close_session")), 10)
    wait_for(lambda: not s.monitors(), 10, "the end")
    for kind in ("auth", "open_session", "close_session"):
        with open(w.path("told." + kind)) as f:
            told = f.read()
        masks = dict(re.findall(r"(Sig\w+):\s*(\w+)", told))
        for which in ("SigBlk", "SigIgn"):
            assert int(masks[which], 16) == 0, (kind, which, told)
        assert "socket:" not in told and "memfd:" not in told, (kind, told)


def test_login_uid_and_keyring(env):
    """pam_loginuid marks the session, pam_keyinit gives it a keyring of its
    own, which isn't the monitor's creator's."""
    w, lines = pam_world(env, *UNIX[:2],
                         "session optional pam_keyinit.so force revoke",
                         "session optional pam_loginuid.so")
    s = env.server(*lines, world=w)
    r = s.ssh("cat /proc/self/loginuid; echo; id -u; cat /proc/keys", user="anna")
    lines = r.stdout.decode().splitlines()
    if r.returncode != 0 or len(lines) < 3:
        raise Skip("no keyrings here")
    if lines[0] == "4294967295":
        raise Skip("no login uids here")
    assert lines[0] == lines[1], lines
    assert any("_ses" in line for line in lines[2:]), lines


def test_an_expired_password_at_a_key_login(env):
    """passwd on the terminal, and nothing else: no command, no file transfer,
    no forwarding, until it is changed."""
    w, lines = pam_world(env, users=())
    w.add_user("stale", "Old-pass-1word", shadow=":0:0:99999:7:::")
    s = env.server(*lines, "AllowTcpForwarding yes", "Subsystem sftp /bin/cat",
                   world=w)
    for how in ({}, {"options": ("-s",)}):
        r = s.ssh("sftp" if how else "echo in", user="stale", **how)
        assert r.returncode == 1 and b"in\n" not in r.stdout, r
        assert b"no TTY available" in r.stderr, r
    r = s.ssh(user="stale", options=("-W", "127.0.0.1:%d" % s.port))
    assert b"SSH-2.0" not in r.stdout, r
    t = Terminal(s.ssh_args("-tt", user="stale"))
    t.expect("WARNING: Your password has expired")
    t.expect("(?i)current password: ?")
    t.type("Old-pass-1word")
    t.expect("(?i)new password: ?")
    t.type("Correct-2horse-battery")
    t.expect("(?i)new password: ?")
    t.type("Correct-2horse-battery")
    assert t.wait() == 0
    s.login_works(user="stale")
    assert s.password("Correct-2horse-battery", user="stale")
