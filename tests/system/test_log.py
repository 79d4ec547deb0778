"""The log: one record a line whatever a peer sends, in the words that
filters read, on every sink."""

import os
import re
import signal
import subprocess
import time

from lib import wait_for

NASTY = ("a\nAccepted password for root from 192.0.2.1 port 22 ssh2",
         "b\r\nFailed password for root from 192.0.2.1 port 22 ssh2",
         "root from 192.0.2.1 port 22 ssh2",
         "c\x1b[2J\x1b[31m", "%n%s%x", "caf\xe9\xff", "d" * 1000,
         "tab\there", "quote\"'`$(id)")


def try_names(server, names, method):
    """Each name once, refused; what the log then holds of them."""
    import paramiko
    for name in names:
        t = server.paramiko(auth=False)
        try:
            if method == "password":
                t.auth_password(name, "x", fallback=False)
            else:
                t.auth_none(name)
        except paramiko.SSHException:
            pass
        t.close()


def own_record(line):
    """A line that this program began; everything else is a peer's text."""
    return re.match(r"(Server listening|debug\d: |Connection (from|closed by|"
                    r"reset by) |Invalid user |Failed |Disconnect|Received |"
                    r"Could not get shadow |maximum auth|error: |Postponed |"
                    r"Bad |banner exchange|kex_exchange|Unable to )", line)


def test_a_name_stays_in_its_record(env):
    """Newlines, escapes, blanks, formats and 8-bit octets in a user name make
    no line of their own, and the tail names the real peer."""
    env.need_root()
    s = env.server("UsePAM no", "LogLevel VERBOSE")
    try_names(s, NASTY, "password")
    wait_for(lambda: s.log().count("Invalid user ") == len(NASTY), 10,
             "all names:\n" + s.log())
    text = open(s.logfile, "rb").read()
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f-\xff]", text), text
    for line in text.decode().splitlines():
        assert own_record(line), line
        m = re.match(r"(Invalid user|Failed \S+ for).* from (\S+) port (\d+)"
                     r"( ssh2.*)?$", line)
        if line.startswith(("Invalid user", "Failed")):
            assert m and m.group(2) == "127.0.0.1", line
        assert len(line) < 1200, line
    assert "Accepted" not in re.sub(r"(?m)^(Invalid|Failed|Conn|debug|Disc).*$",
                                    "", text.decode()), text


def test_syslog_has_one_record_each(env):
    """By syslog: a datagram a line, tag and facility, no newline inside."""
    w = env.world(device_log=True)
    s = env.server("UsePAM no", "LogLevel VERBOSE", "SyslogFacility LOCAL3",
                   world=w, start=False)
    s.process = subprocess.Popen(
        w.wrap([env.program, "-D", "-f", s.config]),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE)
    wait_for(lambda: os.path.exists(s.pidfile), 20, "the start")
    try_names(s, NASTY, "password")
    s.login_works()
    wait_for(lambda: any(b"Close session" in r for r in w.syslog()), 10,
             "the records")
    records = w.syslog()
    for r in records:
        m = re.match(rb"<(\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d sshd\[\d+\]: (.*)$",
                     r.rstrip(b"\n\0"), re.S)
        assert m, r
        assert int(m.group(1)) >> 3 == 19, r  # local3
        assert not re.search(rb"[\x00-\x1f\x7f-\xff]", m.group(2)), r
    assert sum(b"Invalid user" in r for r in records) == len(NASTY), records
    assert any(re.search(rb"Accepted publickey for %s from 127.0.0.1 port \d+ "
                         rb"ssh2: ED25519 SHA256:" % env.user.encode(), r)
               for r in records), records
    # filters tell connections apart by the process that writes of them
    pid = re.search(rb"sshd\[(\d+)\]: Accepted", b"\n".join(records)).group(1)
    assert any(b"sshd[%s]: Connection from 127.0.0.1 port " % pid in r
               for r in records), records
    s.stop()
    assert s.process.stderr.read() == b""
    s.process.stderr.close()


def test_a_log_file_takes_all(env):
    """-E: everything goes there and not an octet to standard error, also with
    a warning of the configuration."""
    s = env.server("X11Forwarding yes", "KeyRegenerationInterval 5",
                   start=False)
    path = os.path.join(s.dir, "own-%p")
    p = subprocess.Popen([env.program, "-D", "-E", path, "-f", s.config],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    try:
        wait_for(lambda: os.path.exists(s.pidfile), 20, "the start")
        s.login_works()
        s.ssh("true", key="stranger")
    finally:
        p.terminate()
        out, err = p.communicate(timeout=20)
    assert out == b"" and err == b"", (out, err)
    with open(path.replace("%p", str(p.pid))) as f:
        text = f.read()
    assert "Server listening on 127.0.0.1 port %d." % s.port in text
    assert "Accepted publickey for" in text and "terminating." in text, text


def test_lines_of_a_login(env):
    """From accept to logout, at VERBOSE, as filters and logwatch read them."""
    s = env.server("LogLevel VERBOSE")
    s.login_works()
    s.wait_log("Close session")
    me, at = env.user, r"127\.0\.0\.1 port \d+"
    for pattern in (
            "Connection from %s on 127.0.0.1 port %d" % (at, s.port),
            "Accepted key ED25519 SHA256:\\S+ found at %s:1" % env.authorized,
            "Postponed publickey for %s from %s ssh2: ED25519 SHA256:\\S+" %
            (me, at),
            "Accepted publickey for %s from %s ssh2: ED25519 SHA256:\\S+" %
            (me, at),
            r"User child is on pid \d+",
            "Starting session: command for %s from %s id 0" % (me, at),
            "Close session: user %s from %s id 0" % (me, at),
            "Received disconnect from %s:11: disconnected by user" % at,
            "Disconnected from user %s %s" % (me, at)):
        s.wait_log("(?m)^%s( \\[preauth\\])?$" % pattern)
    s.stop()
    s = env.server("LogLevel VERBOSE")
    s.ssh("tty", options=("-tt",))
    s.wait_log(r"(?m)^Starting session: command on pts/\d+ for %s from %s id 0$"
               % (me, at))


def test_lines_of_a_stranger(env):
    """What scanners leave: each with its line."""
    s = env.server("LogLevel VERBOSE")
    at = r"127\.0\.0\.1 port \d+"
    c = s.connect()
    c.recv(100)
    c.sendall(b"GET / HTTP/1.0\r\n\r\n")
    s.wait_log(r"(?m)^banner exchange: Connection from %s: invalid format"
               r"( \[preauth\])?$" % at)
    s.wait_log(r'(?m)^kex_exchange_identification: client sent invalid protocol '
               r'identifier "GET / HTTP/1.0"( \[preauth\])?$')
    c.close()
    c = s.connect()
    c.recv(100)
    c.sendall(b"SSH-2.0-x\r\n")
    c.recv(10)
    c.close()
    s.wait_log(r"(?m)^Connection (closed|reset) by %s \[preauth\]$" % at)
    r = s.ssh("true", options=("-o", "Ciphers=aes256-cbc"))
    assert r.returncode == 255
    s.wait_log(r"(?m)^Unable to negotiate with %s: no matching cipher found. "
               r"Their offer: aes256-cbc \[preauth\]$" % at)
    s.ssh("true", user="nosuchuser")
    s.wait_log(r"(?m)^Invalid user nosuchuser from %s$" % at)
    s.wait_log(r"(?m)^Connection closed by invalid user nosuchuser %s "
               r"\[preauth\]$" % at)
    s.ssh("true", key="stranger")
    s.wait_log(r"(?m)^Connection closed by authenticating user %s %s "
               r"\[preauth\]$" % (env.user, at))


def test_levels(env):
    """QUIET tells nothing, ERROR and FATAL no logins, INFO no sessions; a
    Match block may raise it."""
    for level, logged, told in (("QUIET", False, False),
                                ("ERROR", False, False),
                                ("INFO", True, False),
                                ("VERBOSE", True, True)):
        s = env.server("LogLevel " + level)
        s.login_works()
        wait_for(lambda: not s.monitors(), 10, "the end")
        assert ("Accepted publickey" in s.log()) == logged, (level, s.log())
        assert ("Starting session" in s.log()) == told, (level, s.log())
        assert "debug1" not in s.log(), level
        s.stop()
    s = env.server("LogLevel INFO", "Match User " + env.user,
                   "LogLevel DEBUG2")
    s.login_works()
    s.wait_log("Starting session")


def test_failed_lines_get_louder(env):
    """Failed keys are told from half of MaxAuthTries on; passwords always."""
    s = env.server("LogLevel INFO", "MaxAuthTries 4")
    s.ssh("true", key="stranger")
    assert "Failed publickey" not in s.log(), s.log()
    s.ssh("true", key="stranger", options=(
        "-i", os.path.join(env.keys, "host_ecdsa"),
        "-i", os.path.join(env.keys, "host_rsa")))
    s.wait_log(r"(?m)^Failed publickey for %s from 127.0.0.1 port \d+ ssh2: \S+ "
               r"SHA256:\S+$" % env.user)


def test_a_flood_before_login_is_bounded(env):
    """A peer that makes a line with each packet fills no log."""
    s = env.server("LogLevel VERBOSE")
    import paramiko
    t = s.paramiko(auth=False)
    for i in range(5000):
        m = paramiko.Message()
        m.add_byte(b"\xc8")  # a number that means nothing
        try:
            t._send_message(m)
        except (OSError, EOFError, paramiko.SSHException):
            break
    s.ssh("true")
    t.close()
    wait_for(lambda: not s.monitors(), 10, "the end")
    assert len(s.log().splitlines()) < 2500, len(s.log().splitlines())


def test_journald_has_fields(env):
    """Where journald is, its records carry the facts beside the text; syslog's
    socket gets nothing. A certificate's id and a name of newlines stay whole."""
    w = env.world(device_log=True)
    journal = w.journal()
    s = env.server("UsePAM no", "LogLevel VERBOSE", world=w, start=False)
    s.process = subprocess.Popen(
        w.wrap([env.program, "-D", "-f", s.config]),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    wait_for(lambda: os.path.exists(s.pidfile), 20, "the start")
    try_names(s, ["eve\nMESSAGE=faked", "mallory"], "password")
    s.login_works()

    def entry(text):
        return next((e for e in journal() if text in e["MESSAGE"]), None)
    wait_for(lambda: entry("Close session"), 10, "the entries")
    for e in journal():
        assert e["SYSLOG_IDENTIFIER"] == "sshd" and e["PRIORITY"] in "0123456", e
        assert int(e["SYSLOG_FACILITY"]) == 4 and int(e["SYSLOG_PID"]) > 1, e
    with open(os.path.join(env.keys, "user_ed25519.pub")) as f:
        finger = subprocess.run(["ssh-keygen", "-lf", "-"], stdin=f,
                                capture_output=True, text=True,
                                check=True).stdout.split()[1]
    for text in ("Accepted publickey", "Starting session"):
        e = entry(text)
        assert e["SALLYPORT_USER"] == env.user, e
        assert e["SALLYPORT_ADDRESS"] == "127.0.0.1", e
        assert e["SALLYPORT_METHOD"] == "publickey", e
        assert e["SALLYPORT_FINGERPRINT"] == finger, e
        assert e["SALLYPORT_PORT"] in e["MESSAGE"], e
    assert entry("Starting session")["SALLYPORT_CONNECTION"] == \
        entry("Accepted publickey")["SALLYPORT_CONNECTION"] != \
        entry("mallory")["SALLYPORT_CONNECTION"]
    e = entry("Invalid user eve")
    assert e["SALLYPORT_USER"] == "eve\\nMESSAGE=faked", e
    assert entry("Failed password")["SALLYPORT_METHOD"] == "password"
    assert "SALLYPORT_FINGERPRINT" not in entry("Failed password")
    assert w.syslog() == [], w.syslog()


def test_places_are_written_at_any_level(env):
    """LogVerbose: lines of the places that it names, of each process, with the
    place before them; others obey the level, and Match decides as usual."""
    s = env.server("LogLevel ERROR",
                   "LogVerbose gate.c:*,!*:*:0 *:verdict_give:*,spawner.c:*",
                   "Match User nobody", "LogVerbose none")
    s.login_works()
    s.wait_log(r"(?m)^(debug1: )?gate\.c:greet\(\):\d+: client's identification: "
               r"SSH-2.0-.* \[preauth\]$")
    assert "Accepted publickey" not in s.log(), s.log()
    s.stop()
    s = env.server("LogLevel QUIET", "Match User " + env.user,
                   "LogVerbose result_line:* verdict.c:*,run.c:log_start:*")
    s.login_works()
    s.wait_log(r"(?m)^run\.c:log_start\(\):\d+: Starting session: command for")
    s.wait_log(r"(?m)^verdict\.c:\w+\(\):\d+: Accepted publickey for ")
    for line in s.log().splitlines():
        assert re.match(r"(debug1: )?(verdict|run)\.c:", line), line


def test_a_level_in_match_is_the_gates_too(env):
    """What gate and session have to say of a user follows that user's level."""
    s = env.server("LogLevel VERBOSE", "Match User nosuchuser,%s" % env.user,
                   "LogLevel QUIET")
    s.ssh("true", user="nosuchuser")
    s.login_works()
    s.ssh("true", user="other")
    s.wait_log(r"Connection closed by invalid user other")
    assert "nosuchuser" not in s.log() and "Accepted" not in s.log(), s.log()
    assert "Close session" not in s.log(), s.log()


def test_phases_of_a_login(env):
    """One VERBOSE line tells how long each took; silence counts as waiting."""
    s = env.server("LogLevel VERBOSE")
    c = s.connect()
    line = c.recv(100)
    time.sleep(0.3)
    import paramiko
    t = paramiko.Transport(Rest(c, line))
    t.start_client(timeout=20)
    t.auth_publickey(env.user, paramiko.Ed25519Key(
        filename=os.path.join(env.keys, "user_ed25519")))
    m = s.wait_log(
        r"(?m)^Login phases of %s from 127\.0\.0\.1 port \d+: fork (\d+) ms, "
        r"version (\d+) ms, key exchange (\d+) ms, authentication (\d+) ms, "
        r"session (\d+) ms$" % env.user)
    t.close()
    phases = [int(n) for n in m.groups()]
    assert phases[0] >= 290 and sum(phases) < 20000, phases
    s.stop()
    s = env.server("LogLevel INFO")
    s.login_works()
    s.wait_log("Accepted publickey")
    assert "Login phases" not in s.log()


class Rest:
    """A connection of which something was read already."""

    def __init__(self, c, first):
        self.c = c
        self.first = first

    def recv(self, n):
        if not self.first:
            return self.c.recv(n)
        out, self.first = self.first[:n], self.first[n:]
        return out

    def __getattr__(self, name):
        return getattr(self.c, name)


def test_a_log_file_is_opened_anew(env):
    """-E appends; rotated, the file is made anew on SIGHUP, and one that can't
    be made leaves the old one in use."""
    s = env.server(start=False)
    path = os.path.join(s.dir, "own")
    with open(path, "w") as f:
        f.write("of before\n")
    s.process = subprocess.Popen([env.program, "-D", "-E", path, "-f", s.config],
                                 stdin=subprocess.DEVNULL)
    s.logfile = path
    wait_for(lambda: os.path.exists(s.pidfile), 20, "the start")
    s.login_works()
    s.wait_log("Accepted publickey")
    assert s.log().startswith("of before\n")
    os.rename(path, path + ".1")
    os.unlink(s.pidfile)
    s.process.send_signal(signal.SIGHUP)
    wait_for(lambda: os.path.exists(path), 20, "the new file")
    wait_for(lambda: os.path.exists(s.pidfile), 20, "the end of the reload")
    s.login_works()
    s.wait_log("Accepted publickey")
    with open(path + ".1") as f:
        assert f.read().count("Accepted publickey") == 1
    os.rename(path, path + ".2")
    os.mkdir(path)
    s.process.send_signal(signal.SIGHUP)
    s.logfile = path + ".2"
    s.wait_log("Couldn't open logfile", 20)
    before = s.log().count("Accepted publickey")
    s.login_works()
    wait_for(lambda: s.log().count("Accepted publickey") > before, 10, s.log())
