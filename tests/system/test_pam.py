"""PAM: passwords, dialogues, accounts, sessions, with services of the test's
own in a world of its own."""

import base64
import glob
import hashlib
import hmac
import os
import re
import signal
import struct
import subprocess
import time

from lib import Skip, alive, finish, hashed, status, wait_for
from talk import Talk, Terminal
from test_secrets import memory

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
    key such an account gets nothing but the change."""
    w, lines = pam_world(env, users=())
    w.add_user("stale", "Old-pass-1word", shadow=":0:0:99999:7:::")
    s = env.server(*lines, world=w)
    assert s.ssh("echo in", user="stale").returncode == 1
    s.wait_log("User stale must change the password before anything else")
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


# ---- with a module of our own ----------------------------------------------

def probe(env):
    """Where pam_probe.c was built, as a PAM service names it."""
    module = os.path.join(env.dir, "pam_probe.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                          "pam_probe.c")
    if not os.path.exists(module):
        try:
            r = subprocess.run(["cc", "-shared", "-fPIC", "-o", module, source,
                                "-lpam"],
                               capture_output=True)
        except OSError:
            raise Skip("no compiler")
        if r.returncode != 0:
            raise Skip("no headers of PAM")
        os.chmod(module, 0o755)
    return module


def probe_world(env, auth, *more, **how):
    """Like pam_world: a service whose auth part is our module's."""
    return pam_world(env, "auth required %s %s" % (probe(env), auth),
                     *(more or UNIX[1:]), **how)


def dialogue(t, user="anna"):
    """Begin one: what the server asks first."""
    n, m = t.request(user, "keyboard-interactive", "", "")
    assert n == 60, n
    return t.prompts(m)


def test_many_prompts_at_once(env):
    """All prompts of one call in one question, each with its echo, under what
    was said before."""
    w, lines = probe_world(env, "info=hello error=careful prompts=3")
    s = env.server(*lines, world=w)
    for last, verdict in (("x", 51), ("a3", 52)):
        t = Talk(s)
        said, asked = dialogue(t)
        assert said == "hello\ncareful\n", said
        assert asked == [("question 1: ", False), ("question 2: ", True),
                         ("question 3: ", False)], asked
        assert t.answer("a1", "a2", last)[0] == verdict, s.log()[-2000:]
        t.close()


def test_a_hundred_prompts_and_no_more(env):
    """A hundred are passed on; a module that asks for more gets nothing."""
    for n, first in ((100, 60), (101, 51)):
        w, lines = probe_world(env, "prompts=%d" % n)
        s = env.server(*lines, world=w)
        t = Talk(s)
        got, m = t.request("anna", "keyboard-interactive", "", "")
        assert got == first, got
        if first == 60:
            assert t.answer(*["a%d" % (i + 1) for i in range(n)])[0] == 52
        t.close()
        s.stop()


def test_last_words_of_a_dialogue(env):
    """What a module says after its last prompt is shown, too, whether it lets
    in or not: a question without a prompt."""
    for end, verdict in (("", 52), (" fail", 51)):
        w, lines = probe_world(env, "prompts=1 error=sorry" + end)
        s = env.server(*lines, world=w)
        t = Talk(s)
        dialogue(t)
        n, m = t.answer("a1")
        assert n == 60 and t.prompts(m) == ("sorry\n", []), n
        assert t.answer()[0] == verdict
        t.close()
        r = s.answer(["a1"], "echo in", user="anna", options=KBDINT)
        assert (r.stdout == b"in\n") == (verdict == 52), r
        s.stop()


def test_answers_are_the_clients_alone(env):
    """Whoever is denied may type what is right: PAM doesn't hear it."""
    w, lines = pam_world(
        env, UNIX[0], "auth optional pam_exec.so expose_authtok /etc/hear",
        *UNIX[1:], users=(("anna", "annas word"), ("bert", "berts word")))
    w.write("etc/hear", "#!/bin/sh\n(echo $PAM_USER; cat; echo) | tr -d '\\0' >>%s\n" %
            w.path("heard"), 0o755)
    s = env.server(*lines, "DenyUsers bert", world=w)
    for method in ("password", "keyboard-interactive"):
        assert s.password("annas word", user="anna", method=method)
        assert not s.password("berts word", user="bert", method=method)
    with open(w.path("heard"), errors="replace") as f:
        heard = f.read()
    assert heard.count("anna\nannas word\n") == 2, heard
    assert "berts word" not in heard, heard


def test_a_module_that_crashes(env):
    """Its connection ends, the others and the daemon go on."""
    w, lines = pam_world(env, users=(("anna", "annas word"),
                                     ("bert", "berts word")))
    w.service("auth required %s crash" % probe(env), *UNIX[1:], name="crash")
    s = env.server(*lines, "Match User bert", "PAMServiceName crash", world=w)
    p = s.ssh_popen("cat", user="anna")
    s.session_of(p)
    assert not s.password("berts word", user="bert")
    assert not s.password("berts word", user="bert",
                          method="keyboard-interactive")
    s.login_works(user="anna")
    assert finish(p)[0] == b"" and p.returncode == 0, p
    assert s.password("annas word", user="anna")


def test_a_module_that_hangs_in_a_dialogue(env):
    """Not even one that takes the alarm clock outlives LoginGraceTime."""
    w, lines = probe_world(env, "alarm prompts=1 hang")
    s = env.server(*lines, "LoginGraceTime 3", world=w)
    t = Talk(s)
    dialogue(t)
    t.send(61, 1, "a1")
    wait_for(lambda: not s.monitors(), 15, "the end")
    s.wait_log("Timeout before authentication for connection from 127.0.0.1")
    t.close()


def test_delays_hold_up_nobody_else(env):
    """pam_fail_delay: that connection waits, and not once its client left."""
    w, lines = pam_world(env, users=(("anna", "annas word"),
                                     ("bert", "berts word")))
    w.service("auth required %s delay=9000000 fail" % probe(env), *UNIX[1:],
              name="slow")
    s = env.server(*lines, "Match User bert", "PAMServiceName slow", world=w)
    t = Talk(s)
    t.failure("bert", "none")
    begin = time.monotonic()
    t.send(50, "bert", "ssh-connection", "password", False, "x")
    s.wait_log("userauth-request for user bert service ssh-connection method "
               "password")
    assert s.password("annas word", user="anna")
    if time.monotonic() - begin < 8:  # else too slow a machine to tell
        assert t.came.empty()
        t.close()
        wait_for(lambda: not s.monitors(), 8, "the end of the one who left")
    t.close()


def test_a_module_that_has_enough(env):
    """After PAM_MAXTRIES only methods that don't ask it are left."""
    w, lines = probe_world(env, "maxtries")
    s = env.server(*lines, world=w)
    for user in ("anna", "nosuchuser"):
        t = Talk(s)
        assert t.failure(user, "none") == (
            "publickey,password,keyboard-interactive", False)
        assert t.failure(user, "password", False, "x") == ("publickey", False)
        assert t.failure(user, "keyboard-interactive", "", "") == (
            "publickey", False)
        t.close()


def test_a_module_cannot_change_the_user(env):
    """PAM_USER is what it was, or nobody comes in (SEC-41)."""
    w, lines = probe_world(env, "user=bert", users=(
        ("anna", "annas word"), ("bert", "berts word")))
    s = env.server(*lines, world=w)
    assert not s.password("annas word", user="anna")
    assert not s.password("annas word", user="anna",
                          method="keyboard-interactive")
    s.wait_log("PAM: user name changed by a module: refused")


def test_a_refusal_of_the_account_is_explained(env):
    """What account management says goes to the client before the end: for all
    methods, and only to those who proved who they are."""
    w, lines = pam_world(env, UNIX[0], "account required pam_nologin.so",
                         *UNIX[1:])
    w.write("etc/nologin", "back at noon\n")
    s = env.server(*lines, world=w)
    loud = ("-o", "LogLevel=INFO")
    for r in (s.ssh("echo in", user="anna", options=loud),
              s.answer(["annas word"], "echo in", user="anna", options=loud + (
                  "-o", "PreferredAuthentications=password"))):
        assert r.returncode == 255 and b"back at noon" in r.stderr, r
    t = Talk(s)
    assert t.request("anna", "password", False, "wrong")[0] == 51
    assert not t.banners
    assert t.request("anna", "password", False, "annas word")[0] is None
    assert "".join(t.banners) == "back at noon\n", t.banners
    t.close()
    s.wait_log("Access denied for user anna by PAM account configuration")


# ---- steps -------------------------------------------------------------------

def test_modules_hear_of_the_steps_before(env):
    """SSH_AUTH_INFO_0 names what was passed, SSH_CONNECTION who is there;
    the session's own environment isn't PAM's."""
    w, lines = pam_world(env, "auth optional pam_exec.so /etc/hear", *UNIX,
                         "account optional pam_exec.so /etc/hear")
    w.write("etc/hear", "#!/bin/sh\necho $PAM_TYPE $SSH_AUTH_INFO_0 / "
            "$SSH_CONNECTION >>%s\n" % w.path("heard"), 0o755)
    s = env.server(*lines, "AuthenticationMethods publickey,password", world=w)
    r = s.answer(["annas word"], "echo $SSH_AUTH_INFO_0; env", user="anna",
                 key="user_ed25519", options=(
                     "-o", "PreferredAuthentications=publickey,password"))
    assert r.returncode == 0 and b"SSH_AUTH_INFO" not in r.stdout, r
    with open(w.path("heard")) as f:
        heard = f.read().splitlines()
    key = " ".join(env.public("user_ed25519").split()[:2])
    assert re.match(r"auth publickey %s / 127.0.0.1 \d+ 127.0.0.1 %d$" % (
        re.escape(key), s.port), heard[0]), heard
    assert heard[1].startswith("account publickey %s password / " % key), heard


def test_a_key_after_a_password(env):
    """It is decided by a process that was there before the password came, and
    hasn't seen it."""
    word = "annas-very-own-word"
    w, lines = pam_world(env, users=(("anna", word),))
    s = env.server(*lines, "AuthenticationMethods password,publickey", world=w)
    t = Talk(s)
    assert t.failure("anna", "none") == ("password", False)
    before = s.roles(s.monitors()[0])["keycheck"]
    assert t.failure("anna", "password", False, word) == ("publickey", True)
    assert s.roles(s.monitors()[0])["keycheck"] == before
    for line, data in memory(before):
        assert word.encode() not in data, line
    t.close()
    r = s.answer([word], "echo in", user="anna", key="user_ed25519", options=(
        "-o", "PreferredAuthentications=password,publickey"))
    assert r.stdout == b"in\n", (r, s.log()[-2000:])


def totp(secret):
    """RFC 6238, 30 s, six digits."""
    digest = hmac.new(secret, struct.pack(">Q", int(time.time()) // 30),
                      hashlib.sha1).digest()
    at = digest[-1] & 15
    return "%06d" % ((struct.unpack(">I", digest[at:at + 4])[0] & 0x7fffffff)
                     % 1000000)


def second_factor(w, secret):
    """A service's line for a module of the distribution's, or None."""
    places = [os.environ.get("SALLYPORT_PAM_DIR", ""), "/lib/*/security",
              "/lib64/security", "/lib/security", "/usr/lib*/security"]
    for place in places:
        for path in glob.glob(place + "/pam_google_authenticator.so"):
            os.mkdir(w.path("etc/totp"), 0o700)
            w.write("etc/totp/anna", base64.b32encode(secret).decode() +
                    '\n" TOTP_AUTH\n', 0o400)
            return path + " secret=/etc/totp/${USER} user=root"
        for path in glob.glob(place + "/pam_oath.so"):
            w.write("etc/users.oath", "HOTP/T30 anna - %s\n" % secret.hex(),
                    0o600)
            return path + " usersfile=/etc/users.oath"
    raise Skip("neither libpam-google-authenticator nor libpam-oath")


def test_a_code_of_the_minute(env):
    """A password, then a TOTP code: both in one dialogue, either alone
    fails."""
    secret = os.urandom(20)
    w, lines = pam_world(env)
    w.service(UNIX[0], "auth required " + second_factor(w, secret), *UNIX[1:])
    s = env.server(*lines, "AuthenticationMethods keyboard-interactive:pam",
                   world=w)
    for word, code, good in (("annas word", "000000", False),
                             ("wrong", totp(secret), False),
                             ("annas word", None, True)):
        t = Talk(s)
        assert [echo for _, echo in dialogue(t)[1]] == [False]
        n, m = t.answer(word)
        assert n == 60 and len(t.prompts(m)[1]) == 1
        n, m = t.answer(code or totp(secret))
        if n == 60:  # last words
            n, m = t.answer()
        assert n == (52 if good else 51), (n, good, s.log()[-2000:])
        t.close()


# ---- expired -----------------------------------------------------------------

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


# ---- what modules do to the process --------------------------------------------

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


# ---- onlookers -----------------------------------------------------------------

def test_refusals_cost_a_hash_whoever_asks(env):
    """Unknown, locked and denied users take at least as long as the hash of
    one who may come in (SEC-36)."""
    rounds = 80000
    import ctypes
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.restype = ctypes.c_char_p
    costs = []
    for _ in range(4):
        begin = time.process_time()
        hash = crypt(b"annas word", b"$6$rounds=%d$sallyport$" % rounds)
        costs.append(time.process_time() - begin)
    hash, cost = hash.decode(), min(costs)
    w, lines = pam_world(env, users=())
    for name, its in (("anna", hash), ("denied", hash), ("locked", "!" + hash),
                      ("star", "*")):
        w.add_user(name, hash=its)
    subprocess.run(["sed", "-i", "s|^root:[^:]*|root:%s|" % hash,
                    w.path("etc/shadow")], check=True)
    s = env.server(*lines, "DenyUsers denied", world=w)
    for method, rest in (("password", (False, "wrong")),):
        for user in ("anna", "nosuchuser", "locked", "star", "denied"):
            t = Talk(s)
            methods, _ = t.failure(user, "none")
            times = []
            for _ in range(2):
                begin = time.monotonic()
                assert t.failure(user, method, *rest) == (methods, False)
                times.append(time.monotonic() - begin)
            assert min(times) > cost * 0.7, (user, times, cost)
            t.close()


def test_onlookers_see_the_same_dialogue(env):
    """Valid, unknown, locked, denied and expired: the same methods, prompts,
    and answers."""
    w, lines = pam_world(env, users=(("anna", "annas word"),
                                     ("denied", "its word")))
    w.add_user("locked", hash="!" + hashed("word"))
    w.add_user("over", "word", shadow=":19000:0:99999:7::19001:")
    s = env.server(*lines, "DenyUsers denied", world=w)
    seen = {}
    for user in ("anna", "nosuchuser", "denied", "locked", "over"):
        t = Talk(s)
        log = [t.failure(user, "none")]
        log.append(dialogue(t, user))
        n, m = t.answer("its word" if user == "denied" else "wrong")
        log.append((n, m.get_text(), m.get_boolean()))
        log.append(t.failure(user, "password", False, "its word" if
                             user == "denied" else "wrong"))
        log.append(t.failure(user, "publickey", False, "ssh-ed25519", "x"))
        log.append(t.failure(user, "nosuchmethod"))
        seen[user] = log
        t.close()
    for user, log in seen.items():
        assert log == seen["anna"], (user, log, seen["anna"])
