"""PAM: passwords, dialogues, accounts, sessions, with services of the test's
own in a world of its own."""

import os
import re
import signal
import subprocess
import time

from lib import Skip, alive, finish, status, wait_for

UNIX = ("auth required pam_unix.so nodelay", "account required pam_unix.so",
        "session required pam_permit.so", "password required pam_unix.so")
KBDINT = ("-o", "PreferredAuthentications=keyboard-interactive")


def pam_world(env, *service, users=(("anna", "annas word"),), **how):
    """A world with a service and accounts: (world, configuration lines)."""
    w = env.world(**how)
    for name, word in users:
        w.add_user(name, word)
    r = subprocess.run([env.program, "-G", "-f", "none", "-o", "UsePAM=yes"],
                       capture_output=True, text=True)
    if not re.search("(?im)^usepam yes$", r.stdout):
        raise Skip("built without PAM")
    return w, ("UsePAM yes", w.service(*(service or UNIX)))


def test_passwords_and_prompts(env):
    """Both methods ask PAM; the log names them and who failed."""
    w, lines = pam_world(env)
    s = env.server(*lines, world=w)
    assert s.password("annas word", user="anna"), s.log()[-3000:]
    s.wait_log(r"Accepted password for anna from 127.0.0.1 port \d+ ssh2")
    r = s.answer(["wrong", "annas word"], "echo in", user="anna",
                 options=KBDINT)
    assert r.stdout == b"in\n", (r, s.log()[-3000:])
    assert [("assword" in p) for p in r.prompts] == [True, True], r.prompts
    s.wait_log(r"PAM: Authentication failure for anna from 127.0.0.1")
    s.wait_log(r"Accepted keyboard-interactive/pam for anna from 127.0.0.1")
    assert not s.password("wrong", user="anna")
    assert not s.password("x", user="nosuchuser")
    s.wait_log(r"Failed password for invalid user nosuchuser from 127.0.0.1")
    s.wait_log(r"PAM: .* for illegal user nosuchuser from 127.0.0.1")
    s.login_works(user="anna")  # by key: account and session alone


def test_an_expired_password_is_changed(env):
    """keyboard-interactive leads through the change; by password method or
    key such an account stays out."""
    w, lines = pam_world(env, users=())
    w.add_user("stale", "Old-pass-1word", shadow=":0:0:99999:7:::")
    s = env.server(*lines, world=w)
    assert s.ssh("echo in", user="stale").returncode == 255
    s.wait_log("Access denied for user stale by PAM account configuration")
    assert not s.password("Old-pass-1word", user="stale")
    r = s.answer(["Old-pass-1word", "Old-pass-1word", "Correct-2horse-battery",
                  "Correct-2horse-battery"], "echo in", user="stale",
                 options=KBDINT + ("-o", "NumberOfPasswordPrompts=1"))
    assert r.stdout == b"in\n", (r, r.prompts, s.log()[-3000:])
    assert s.password("Correct-2horse-battery", user="stale")


def test_account_management_decides(env):
    """Whatever let them in, PAM's account step may refuse."""
    w, lines = pam_world(env, "auth required pam_unix.so nodelay",
                         "account required pam_succeed_if.so quiet user != anna",
                         "session required pam_permit.so",
                         users=(("anna", "annas word"), ("bert", "berts word")))
    s = env.server(*lines, world=w)
    s.login_works(user="bert")
    r = s.ssh("echo in", user="anna")
    assert r.returncode == 255 and r.stdout == b"", r
    s.wait_log(r"(?m)^Access denied for user anna by PAM account configuration "
               r"\[preauth\]$")
    assert not s.password("annas word", user="anna")
    assert not s.password("annas word", user="anna",
                          method="keyboard-interactive")


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
    s.session_of(p)
    assert len(notes()) == 3
    p.kill()
    finish(p)
    wait_for(lambda: notes() == wanted * 2, 10, "both: %r" % notes())
    p = s.ssh_popen("cat", user="anna")
    monitor, session = s.session_of(p)
    os.kill(monitor, signal.SIGTERM)
    finish(p)
    wait_for(lambda: notes() == wanted * 3, 10, "both: %r" % notes())


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


def test_a_changed_service_acts_on_the_next_login(env):
    """Modules are kept mapped, their configuration isn't kept."""
    w, lines = pam_world(env, *UNIX[:2], "session required pam_permit.so")
    s = env.server(*lines, world=w)
    s.login_works(user="anna")
    spawners = s.spawners()
    w.service("auth required pam_deny.so", "account required pam_deny.so",
              "session required pam_permit.so")
    assert s.ssh("true", user="anna").returncode == 255
    w.service(*UNIX)
    s.login_works(user="anna")
    assert set(spawners) & set(s.spawners()), "another generation"


def test_a_client_that_leaves_a_prompt(env):
    """Gone in the middle of a dialogue: monitor, gate and keycheck end."""
    w, lines = pam_world(env)
    s = env.server(*lines, world=w)
    import paramiko
    t = s.paramiko(auth=False)
    started = []

    def handler(title, instructions, prompts):
        started.append(prompts)
        s.monitor_seen = wait_for(s.monitors, 10)[0]
        s.roles_seen = s.roles(s.monitor_seen)
        t.sock.close()
        return ["x"]
    try:
        t.auth_interactive("anna", handler)
    except (paramiko.SSHException, EOFError, OSError):
        pass
    assert started
    for pid in [s.monitor_seen] + list(s.roles_seen.values()):
        wait_for(lambda: not alive(pid), 10, "the end")
    t.close()
    s.login_works(user="anna")


def test_another_request_ends_a_dialogue(env):
    """A password request while a prompt is open gives the dialogue up and is
    heard."""
    w, lines = pam_world(env)
    s = env.server(*lines, world=w)
    import paramiko
    t = s.paramiko(auth=False)
    seen = []

    class Silent:
        """Nothing but the numbers of what the server says."""
        username = "anna"

        def is_authenticated(self):
            return False

        def abort(self):
            pass
    t.auth_handler = Silent()
    t.auth_handler._handler_table = {
        n: lambda self, m, n=n: seen.append(n) for n in range(4, 80)}

    def send(number, *fields):
        m = paramiko.Message()
        m.add_byte(bytes([number]))
        for x in fields:
            (m.add_boolean if isinstance(x, bool) else m.add_string)(x)
        t._send_message(m)
    send(5, "ssh-userauth")
    for method, rest in (("keyboard-interactive", ("", "")),
                         ("password", (False, "annas word"))):
        send(50, "anna", "ssh-connection", method, *rest)
    s.wait_log("Accepted password for anna from 127.0.0.1", 20)
    t.close()


def test_a_module_that_hangs_ends_with_the_grace_time(env):
    """A helper of a module that sleeps holds nobody beyond LoginGraceTime."""
    w, lines = pam_world(env, "auth required pam_exec.so /bin/sleep 6", *UNIX)
    s = env.server(*lines, "LoginGraceTime 2", world=w)
    begin = time.monotonic()
    assert not s.password("annas word", user="anna")
    assert time.monotonic() - begin < 5.5
    s.wait_log("Timeout before authentication for connection from 127.0.0.1")
    assert not s.monitors()


def test_submethods_of_authentication_methods(env):
    """publickey,keyboard-interactive:pam; a device that isn't there lets
    nobody in."""
    w, lines = pam_world(env)
    s = env.server(*lines, "AuthenticationMethods "
                   "publickey,keyboard-interactive:pam", world=w)
    assert not s.password("annas word", user="anna",
                          method="keyboard-interactive")
    r = s.answer(["annas word"], "echo in", user="anna", key="user_ed25519",
                 options=("-o", "PreferredAuthentications="
                          "publickey,keyboard-interactive"))
    assert r.stdout == b"in\n", (r, s.log()[-3000:])
    s.stop()
    s = env.server(*lines, "AuthenticationMethods keyboard-interactive:bsdauth",
                   world=w)
    assert not s.password("annas word", user="anna",
                          method="keyboard-interactive")


def test_roots_password_as_permitted(env):
    """prohibit-password: the right word of root lets nobody in through PAM
    either."""
    w, lines = pam_world(env, users=())
    w.add_user("toor", "roots word", uid=0, gid=0)
    s = env.server(*lines, "PermitRootLogin prohibit-password", world=w)
    for method in ("password", "keyboard-interactive"):
        assert not s.password("roots word", user="toor", method=method)
    s.login_works(user="toor")
    s.stop()
    s = env.server(*lines, "PermitRootLogin yes", world=w)
    for method in ("password", "keyboard-interactive"):
        assert s.password("roots word", user="toor", method=method), s.log()


def test_empty_passwords(env):
    """Only where PermitEmptyPasswords says so, whatever the module thinks."""
    w, lines = pam_world(env, "auth required pam_unix.so nullok nodelay", *UNIX[1:],
                         users=(("open", ""),))
    s = env.server(*lines, world=w)
    assert not s.password("", user="open")
    s.stop()
    s = env.server(*lines, "PermitEmptyPasswords yes", world=w)
    assert s.password("", user="open") or \
        s.ssh("echo in", user="open", key=None).stdout == b"in\n", s.log()


def test_modules_of_this_machine(env):
    """The machine's own sshd service, as an administrator has it: login,
    terminal and logout."""
    if not os.path.exists("/etc/pam.d/sshd"):
        raise Skip("no PAM service sshd")
    w, lines = pam_world(env)
    s = env.server("UsePAM yes", world=w)
    assert s.password("annas word", user="anna"), s.log()[-3000:]
    r = s.ssh("echo in; exit 3", user="anna", options=("-tt",))
    assert r.returncode == 3 and b"in" in r.stdout, (r, s.log()[-3000:])


def test_modules_write_their_own_lines(env):
    """pam_unix's lines in syslog have the names that filters look for."""
    w, lines = pam_world(env, device_log=True)
    w.write("etc/pam.d/sshd", "\n".join(
        UNIX[:2] + ("session required pam_unix.so",)) + "\n")
    s = env.server("UsePAM yes", "PAMServiceName sshd", world=w)
    assert not s.password("wrong", user="anna")
    assert s.password("annas word", user="anna")
    wait_for(lambda: not s.monitors(), 10, "the end")
    text = b"\n".join(w.syslog()).decode()
    assert re.search(r"pam_unix\(sshd:auth\): authentication failure; logname= "
                     r"uid=0 euid=0 tty=ssh ruser= rhost=127.0.0.1  user=anna",
                     text), text
    assert re.search(r"sshd\[\d+\]: pam_unix\(sshd:session\): session opened "
                     r"for user anna\(uid=\d+\) by \(uid=0\)", text), text
    assert "session closed for user anna" in text, text
