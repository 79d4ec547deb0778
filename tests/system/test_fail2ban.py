"""fail2ban's own filter for sshd blames whom it would blame by OpenSSH's log.

Needs OpenSSH's sshd and fail2ban, whose package may be unpacked anywhere:
SALLYPORT_FAIL2BAN names the folder.
"""

import collections
import contextlib
import os
import re
import shutil
import socket
import struct
import subprocess

from lib import Skip, wait_for

SSHD = "/usr/sbin/sshd"
# What OpenSSH 9.2 writes from two of its processes, one of them too many
TWICE = {"root's key": 1}
MODES = ("normal", "ddos", "extra", "aggressive")


class Fail2ban:
    """fail2ban-regex with the filter as Debian ships it."""

    def __init__(self):
        root = os.environ.get("SALLYPORT_FAIL2BAN", "/")
        self.program = os.path.join(root, "usr/bin/fail2ban-regex")
        self.config = os.path.join(root, "etc/fail2ban")
        self.path = os.path.join(root, "usr/lib/python3/dist-packages")
        if not os.path.exists(self.program):
            raise Skip("needs fail2ban")

    def blames(self, logfile, mode):
        """{address: failures}"""
        r = subprocess.run(
            ["/usr/bin/python3", self.program, "-c", self.config, "-o", "ip",
             logfile, "%s/filter.d/sshd.conf[mode=%s]" % (self.config, mode)],
            capture_output=True, text=True,
            env=dict(os.environ, PYTHONPATH=self.path))
        assert r.returncode == 0, r
        return collections.Counter(r.stdout.split())


class Attacks:
    """One address for each way to be a nuisance: 127.1.0.N."""

    def __init__(self, s):
        self.s = s
        self.last = 0
        self.names = {}

    def address(self, name):
        self.last += 1
        address = "127.1.0.%d" % self.last
        self.names[address] = name
        return address

    def connect(self, name):
        c = socket.create_connection(("127.0.0.1", self.s.port), timeout=20,
                                     source_address=(self.address(name), 0))
        assert c.recv(100).startswith(b"SSH-2.0-")
        return c

    def passwords(self, name, user, words, method="password"):
        at = self.address(name)
        self.s.answer(words, "true", user=user, options=(
            "-b", at, "-o", "PreferredAuthentications=" + method,
            "-o", "PubkeyAuthentication=no"))

    def key(self, name, user, key="stranger", *options):
        self.s.ssh("true", user=user, key=key,
                   options=("-b", self.address(name)) + options)

    def say(self, name, octets):
        c = self.connect(name)
        c.sendall(octets)
        with contextlib.suppress(OSError):
            while c.recv(1000):
                pass
        c.close()

    def logins(self, user, pam):
        self.passwords("wrong password", user, ["x"])
        self.passwords("wrong passwords", user, ["x", "y"])
        self.passwords("invalid user", "nosuchuser", ["x"])
        self.passwords("root", "root", ["x"])
        self.passwords("too many", user, ["x"] * 5)
        self.passwords("too many of nobody", "nosuchuser", ["x"] * 5)
        self.passwords("denied user", "mallory", ["open"])
        self.passwords("denied group", "oscar", ["open"])
        self.passwords("locked", "lock", ["open"])
        if pam: # OpenSSH has no dialogue without
            self.passwords("dialogue", user, ["x"], "keyboard-interactive")
            self.passwords("dialogue of nobody", "nosuchuser", ["x"],
                           "keyboard-interactive")
        self.passwords("forged name", "root from 192.0.2.1 port 22 ssh2", ["x"])
        self.passwords("forged key", "a from 192.0.2.2 port 1: RSA", ["x"])
        self.key("stranger's key", user)
        self.key("stranger's key, nobody", "nosuchuser")
        self.key("root's key", "root", "user_ed25519")
        self.key("good", user, "user_ed25519")

    def strangers(self):
        self.connect("silent").close()
        self.say("web", b"GET / HTTP/1.0\r\n\r\n")
        self.say("version 1", b"SSH-1.5-old\r\n")
        c = self.connect("left")
        c.sendall(b"SSH-2.0-x\r\n")
        c.recv(10)
        c.close()
        c = self.connect("reset")
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack("ii", 1, 0))
        c.close()
        self.key("no cipher", "x", "stranger", "-o", "Ciphers=aes256-cbc")
        self.key("no kex", "x", "stranger", "-o",
                 "KexAlgorithms=diffie-hellman-group1-sha1")


def run(env, program, pam, level):
    """All of it against one server; its log as a syslog file, and who did
    what."""
    w = env.world(device_log=True)
    for name in ("mallory", "oscar"):
        w.add_user(name, "open")
    w.add_user("lock", hash="!$6$x")
    w.add_group("thieves", 61950, "oscar")
    service = w.service("auth required pam_unix.so", "account required "
                        "pam_unix.so", "session optional pam_permit.so",
                        name="sshd")
    assert service
    s = env.server(start=False, world=w)
    with open(s.config, "w") as f:
        f.write("\n".join([
            "Port %d" % s.port, "ListenAddress 127.0.0.1",
            "PidFile " + s.pidfile, "HostKey %s/host_ed25519" % env.keys,
            "AuthorizedKeysFile " + env.authorized, "StrictModes no",
            "LogLevel " + level, "UsePAM " + pam, "MaxAuthTries 3",
            "PermitRootLogin no", "KbdInteractiveAuthentication yes",
            "DenyUsers mallory", "DenyGroups thieves",
            "MaxStartups 100"] +
            ([] if program == SSHD else ["PerSourcePenalties no"])) + "\n")
    s.process = subprocess.Popen(
        w.wrap([program, "-D", "-f", s.config]), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_for(lambda: os.path.exists(s.pidfile), 20, "the start")
    a = Attacks(s)
    a.logins(env.user, pam == "yes")
    a.strangers()
    # the last one's last line: then all of them have come
    wait_for(lambda: any(b"Unable to negotiate" in r and
                         b"127.1.0.%d " % a.last in r for r in w.syslog()),
             20, "the last record")
    s.stop()
    s.process.stderr.close()
    path = os.path.join(s.dir, "auth.log")
    with open(path, "w") as f:
        for record in w.syslog():
            m = re.match(rb"<\d+>(\w{3} [ \d]\d \d\d:\d\d:\d\d) (.*?)[\n\0]*$",
                         record, re.S)
            # OpenSSH's service is called sshd as ours is
            f.write("%s host %s\n" % (m.group(1).decode(), m.group(2).decode(
                "utf-8", "replace").replace("\n", " ")))
    return path, a.names


def compare(env, pam, level):
    f2b = Fail2ban()
    env.need_root()
    if not os.path.exists(SSHD):
        raise Skip("needs OpenSSH's sshd")
    theirs, names = run(env, SSHD, pam, level)
    ours, again = run(env, env.program, pam, level)
    assert names == again
    keep = os.environ.get("SALLYPORT_FAIL2BAN_LOGS")
    if keep:
        shutil.copy(theirs, "%s/theirs-%s-%s" % (keep, pam, level))
        shutil.copy(ours, "%s/ours-%s-%s" % (keep, pam, level))
    wrong = []
    for mode in MODES:
        a, b = f2b.blames(theirs, mode), f2b.blames(ours, mode)
        assert sum(a.values()) > 10, "the filter doesn't read OpenSSH's log"
        for address in sorted(set(a) | set(b)):
            who = names.get(address, "NOBODY at " + address)
            if a[address] - TWICE.get(who, 0) != b[address]:
                wrong.append("%s: %s: %d times by OpenSSH's log, %d by ours" %
                             (mode, who, a[address], b[address]))
            if address not in names or who == "good":
                wrong.append("%s: %s is blamed" % (mode, who))
    assert not wrong, "; ".join(wrong)


def test_blames_whom_it_would_by_openssh(env):
    """Wrong passwords and keys, users who don't exist or may not, scanners:
    in every mode of the filter the same addresses, as often."""
    compare(env, "no", "VERBOSE")


def test_blames_whom_it_would_with_pam(env):
    """The same with PAM, whose module writes lines of its own."""
    compare(env, "yes", "VERBOSE")
