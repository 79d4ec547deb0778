"""PAM: prompts and answers, with modules that ask for much."""

import base64
import glob
import hashlib
import hmac
import os
import struct
import time

from lib import Skip, alive, hashed, wait_for
from pams import KBDINT, UNIX, dialogue, pam_world, probe_world
from talk import Talk


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
