"""PAM: who comes in, by which credentials, and what modules may not do."""

import os
import re
import subprocess
import time

from lib import Skip, finish, wait_for
from pams import KBDINT, UNIX, pam_world, probe, probe_world
from talk import Talk
from test_secrets import memory


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
