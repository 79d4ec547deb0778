"""Linux audit: the records that the kernel takes from us, as auditd hears
them."""

import os
import re
import socket
import struct

from lib import Skip, alive, wait_for
from pams import UNIX, pam_world
from talk import Talk, Terminal

NETLINK_AUDIT = 9
GET, SET, ADD_RULE, ACK = 1000, 1001, 1011, 2
READLOG = 1  # the multicast group
TYPES = {1100: "USER_AUTH", 1105: "USER_START", 1106: "USER_END",
         1112: "USER_LOGIN", 2404: "CRYPTO_KEY_USER"}


class Audit:
    """The kernel's audit, switched on for the time of a test: records(pids)
    are (type, text) of those processes.

    Where it was off, a rule "task,never" goes before: once audit was on, the
    kernel keeps an account of every new process's system calls, else, until
    the next boot. Distributions have the same rule.
    """

    def __init__(self, env):
        env.need_root()
        env.need_feature("AUDIT")
        try:
            self.asker = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                       NETLINK_AUDIT)
            self.hearer = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                        NETLINK_AUDIT)
            self.hearer.bind((0, 1 << (READLOG - 1)))
        except OSError as why:
            raise Skip("no audit: %s" % why.strerror)
        self.hearer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.hearer.setblocking(False)
        self.asker.settimeout(5)
        self.found = []
        self.was = self._enabled()
        if self.was == 0:
            self._ask(ADD_RULE, struct.pack("III64I192II", 1, 0, 0, *(
                [0xffffffff] * 64 + [0] * 193)), (0, 17))  # EEXIST
            self._set(1)
            if self._enabled() != 1:
                raise Skip("audit can't be switched on")

    def _ask(self, kind, payload=b"", fine=(0,)):
        try:
            self.asker.send(struct.pack("IHHII", 16 + len(payload), kind, 1 | 4,
                                        1, 0) + payload)
        except OSError as why:
            raise Skip("no audit for us: %s" % why.strerror)
        while True:
            answer = self.asker.recv(65536)
            if struct.unpack_from("IH", answer)[1] == ACK:
                error = -struct.unpack_from("i", answer, 16)[0]
                if error not in fine:
                    raise Skip("no audit for us: %s" % os.strerror(error))
                return

    def _enabled(self):
        self._ask(GET)
        answer = self.asker.recv(65536)
        return struct.unpack_from("II", answer, 16)[1]

    def _set(self, enabled):
        self._ask(SET, struct.pack("II", 1, enabled) + bytes(40))

    def records(self, pids):
        while True:
            try:
                record = self.hearer.recv(65536)
            except BlockingIOError:
                break
            kind = struct.unpack_from("IH", record)[1]
            text = record[16:].rstrip(b"\0\n").decode("utf-8", "replace")
            m = re.match(r"audit\([\d.]+:\d+\): pid=(\d+) .*? msg='(.*)'?$",
                         text, re.S)
            if kind in TYPES and m:
                self.found.append((int(m[1]), TYPES[kind], m[2].rstrip("'")))
        return [(kind, text) for pid, kind, text in self.found if pid in pids]

    def close(self):
        if self.was == 0:
            self._set(0)
        self.asker.close()
        self.hearer.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def has(records, kind, pattern):
    return [text for k, text in records if k == kind and re.search(pattern, text)]


def tail(s, terminal="ssh", good=True):
    return (r' exe="%s" hostname=127\.0\.0\.1 addr=127\.0\.0\.1 terminal=%s '
            r"res=%s$" % (re.escape(os.path.realpath(s.program)), terminal,
                          "success" if good else "failed"))


def test_a_login_by_key_and_its_terminal(env):
    """Without PAM: the key, the login, the session with its terminal, and the
    end of the keys; each once."""
    with Audit(env) as audit:
        s = env.server("UsePAM no")
        t = Terminal(s.ssh_args("-tt"))
        monitor, session = s.session_of(None)
        t.expect(r"[$#] ?")
        t.type("exit")
        assert t.wait() == 0
        wait_for(lambda: has(audit.records([monitor]), "CRYPTO_KEY_USER",
                             "op=destroy"), 10, "the end's record")
        records = audit.records([monitor])
    uid = "op=login id=%d" % env.account.pw_uid
    acct = 'acct="%s"' % env.user
    fp = os.popen("ssh-keygen -lf %s/user_ed25519.pub" % env.keys).read().split()[1]
    kinds = [kind for kind, _ in records]
    assert kinds == ["USER_AUTH", "CRYPTO_KEY_USER", "USER_LOGIN", "USER_START",
                     "USER_START", "USER_END", "USER_END",
                     "CRYPTO_KEY_USER"], records
    wanted = ["op=pubkey_auth grantors=auth-key " + acct + tail(s),
              r"op=negotiate kind=auth-key fp=%s rport=\d+ %s" % (
                  re.escape(fp), acct) + tail(s),
              uid + tail(s), uid + tail(s), uid + tail(s, r"/dev/pts/\d+"),
              uid + tail(s, r"/dev/pts/\d+"), uid + tail(s),
              r"op=destroy kind=session fp=\? direction=both spid=%d suid=%d "
              r"rport=\d+ laddr=127\.0\.0\.1 lport=%d" % (
                  session, env.account.pw_uid, s.port) + tail(s)]
    for (kind, text), pattern in zip(records, wanted):
        assert re.match(pattern, text), (kind, text, pattern)


def test_failed_attempts(env):
    """A wrong password of somebody's; of an unknown name not even that."""
    with Audit(env) as audit:
        s = env.server("UsePAM no")
        pids = []
        for user in (env.user, "no-such user"):
            t = Talk(s)
            t.failure(user, "none")
            pids.append(s.monitors()[0])
            t.failure(user, "password", False, "wrong")
            t.failure(user, "publickey", False, "ssh-ed25519", "x")
            t.close()
            wait_for(lambda: has(audit.records(pids[-1:]), "CRYPTO_KEY_USER",
                                 "op=destroy"), 10, "the end's record")
        known, unknown = (audit.records([pid]) for pid in pids)
    # "(invalid user)"
    for records, acct in ((known, '"%s"' % env.user),
                          (unknown, "28696E76616C6964207573657229")):
        assert [kind for kind, _ in records] == [
            "USER_AUTH", "USER_LOGIN", "USER_LOGIN", "CRYPTO_KEY_USER"], records
        assert re.match("op=password grantors=shadow acct=%s" % acct +
                        tail(s, good=False), records[0][1]), records
        for _, text in records[1:3]:
            assert re.match("op=login acct=%s" % acct + tail(s, good=False),
                            text), records
        assert "such" not in str(records), records


def test_modules_record_their_part_themselves(env):
    """With PAM libpam tells of passwords and sessions: we don't do it again."""
    w, lines = pam_world(env, *UNIX)
    with Audit(env) as audit:
        s = env.server(*lines, world=w)
        t = Talk(s)
        t.failure("anna", "none")
        monitor = s.monitors()[0]
        assert t.request("anna", "password", False, "annas word")[0] == 52
        t.close()
        wait_for(lambda: has(audit.records([monitor]), "CRYPTO_KEY_USER",
                             "op=destroy"), 10, "the end's record")
        wait_for(lambda: not alive(monitor), 10, "the end")
        records = audit.records([monitor])
    if not has(records, "USER_AUTH", "op=PAM:"):
        raise Skip("this libpam doesn't know audit")
    for kind, n in (("USER_AUTH", 1), ("USER_LOGIN", 1), ("USER_START", 1),
                    ("USER_END", 1), ("CRYPTO_KEY_USER", 1)):
        assert len(has(records, kind, "")) == n, (kind, records)
    assert has(records, "USER_START", "op=PAM:session_open"), records
    assert has(records, "USER_LOGIN", "op=login id=%d" % w.uid + tail(s)), records
