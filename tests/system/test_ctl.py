"""sallyportctl, the control socket, MetricsListen."""

import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import threading
import time

from lib import Skip, alive, children, finish, free_port, status, title, wait_for


def ctl_program(env):
    program = os.path.join(os.path.dirname(env.program), "sallyportctl")
    if not os.access(program, os.X_OK):
        raise Skip("sallyportctl isn't beside the daemon")
    return program


class Desk:
    """A daemon with a control socket, and sallyportctl for it."""

    def __init__(self, env, *lines, **how):
        self.program = ctl_program(env)
        self.env = env
        server = env.server(*lines, start=False, **how)
        self.server = server
        self.lines = list(lines)
        self.path = os.path.join(server.dir, "control", "socket")
        self.reconfigure(*lines)
        server.start()

    def reconfigure(self, *lines):
        self.server.write_config(["ControlSocket " + self.path] + list(lines))

    def run(self, *words, timeout=60):
        return subprocess.run([self.program, "-s", self.path] + list(words),
                              capture_output=True, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL)

    def ok(self, *words):
        r = self.run(*words)
        assert r.returncode == 0, (words, r, self.server.log()[-2000:])
        return r.stdout

    def json(self, *words):
        return json.loads(self.ok(*words, "--json"))

    def sessions(self):
        return self.json("sessions")


# ---- the socket ------------------------------------------------------------


def test_the_socket_is_for_its_owner_alone(env):
    """A folder and a socket that nobody else may enter; another user is sent
    away even where the modes would let him in."""
    d = Desk(env)
    assert stat.S_IMODE(os.stat(os.path.dirname(d.path)).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(d.path).st_mode) == 0o600
    env.need_root()
    os.chmod(os.path.dirname(d.path), 0o755)
    os.chmod(d.path, 0o666)
    script = ("import socket,sys; s = socket.socket(socket.AF_UNIX, "
              "socket.SOCK_SEQPACKET); s.settimeout(10); s.connect(%r); "
              "sys.stdout.write(repr(s.recv(10)))" % d.path)
    r = subprocess.run(["setpriv", "--reuid=%d" % env.account.pw_uid,
                        "--regid=%d" % env.account.pw_gid, "--clear-groups",
                        "/usr/bin/python3", "-c", script],
                       capture_output=True, text=True, timeout=30)
    assert r.stdout == "b''" or "ConnectionReset" in r.stderr, r
    d.server.wait_log(r"user id %d may not use it" % env.account.pw_uid)
    assert d.json("status")["pid"] == d.server.pid


def test_a_folder_that_others_write_to_is_refused(env):
    """No socket in it, and the daemon serves without."""
    d = Desk(env, "LogLevel INFO")
    d.server.stop()
    os.chmod(os.path.dirname(d.path), 0o777)
    env.servers.append(d.server)  # stop() took it off
    d.server.start()
    d.server.wait_log("writable by nobody else")
    d.server.login_works()
    assert not os.path.exists(d.path)


def test_nonsense_ends_the_visit_not_the_daemon(env):
    """Records that are no request, and visitors who stay."""
    d = Desk(env)
    records = [b"\0", b"\0" * 8, b"\0" * 9 + b"x", struct.pack(">II", 0, 0),
               struct.pack(">II", 999, 0) + b"\0",
               struct.pack(">II", 0, 1) + b"\0",
               struct.pack(">II", 1, 0) + b"\0\0\0\0",
               struct.pack(">II", 4, 0) + struct.pack(">I", 9999) + b"a",
               os.urandom(60000)]
    for record in records:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(10)
            s.connect(d.path)
            s.send(record)
            with contextlib.suppress(ConnectionResetError):
                assert s.recv(100) == b"", record
    stay = []
    for _ in range(20):  # more than are let in at a time: they wait
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            s.connect(d.path)
        stay.append(s)
    d.server.login_works()
    for s in stay:
        s.close()
    assert d.json("status")["pid"] == d.server.pid


def test_a_second_daemon_leaves_the_socket_alone(env):
    """Who serves the path goes on to; what a dead one left is replaced."""
    d = Desk(env)
    second = env.server("ControlSocket " + d.path)
    second.wait_log("served by another process")
    assert d.json("status")["pid"] == d.server.pid
    second.stop()
    assert d.json("status")["pid"] == d.server.pid
    os.kill(d.server.pid, signal.SIGKILL)
    d.server.process.wait()
    assert d.run("status").returncode == 3
    os.unlink(d.server.pidfile)
    d.server.start()
    assert d.json("status")["pid"] == d.server.pid


# ---- status, sessions ----------------------------------------------------------


def test_status_tells_what_is_there(env):
    """Keeper, generations, listening addresses, counts before and after."""
    d = Desk(env)
    with d.server.connect() as silent:
        silent.recv(1)
        p = d.server.ssh_popen("echo in; cat")
        assert p.stdout.readline() == b"in\n"
        s = d.json("status")
        assert s["listening"] == ["127.0.0.1:%d" % d.server.port]
        assert s["keeper_pid"] == d.server.keeper()
        assert s["silent"] == 1 and s["sessions"] == 1 and s["speaking"] == 0
        assert s["connections"] == 2 and s["reloads"] == 0
        assert any("takes connections" in g for g in s["generations"])
        assert "1 logged in" in d.ok("status")
        finish(p)


def test_sessions_are_asked_when_somebody_asks(env):
    """User, address, channels, octets; idle time grows, and data ends it."""
    d = Desk(env)
    p = d.server.ssh_popen("echo in; cat")
    assert p.stdout.readline() == b"in\n"
    s = wait_for(lambda: [s for s in d.sessions() if "channels" in s])[0]
    assert s["user"] == env.user and s["address"] == "127.0.0.1"
    assert s["channels"] == 1 and s["forwards"] == 0
    wait_for(lambda: d.sessions()[0]["idle_seconds"] >= 2)
    p.stdin.write(b"x" * 100000 + b"\n")
    p.stdin.flush()
    p.stdout.readline()

    def counted():
        s2 = d.sessions()[0]
        return s2.get("received_bytes", 0) > s["received_bytes"] + 90000 and \
            s2["idle_seconds"] < 2
    wait_for(counted)
    assert env.user in d.ok("sessions")
    finish(p)
    wait_for(lambda: d.sessions() == [])


def test_a_stopped_session_holds_nobody_up(env):
    """It isn't told about, the others are; and it can be killed."""
    d = Desk(env)
    stopped = d.server.ssh_popen("echo in; cat")
    assert stopped.stdout.readline() == b"in\n"
    _, session = d.server.session_of(stopped)
    lively = d.server.ssh_popen("echo in; cat")
    assert lively.stdout.readline() == b"in\n"
    os.kill(session, signal.SIGSTOP)
    for _ in range(3):
        time.sleep(1.5)  # an answer of before is no longer as good as new
        told = ["channels" in s for s in d.sessions()]
    assert told == [False, True], told
    os.kill(session, signal.SIGSTOP)
    d.ok("kill", str(d.sessions()[0]["id"]))
    wait_for(lambda: not alive(session), 20)
    stopped.wait(20)
    assert [s["user"] for s in d.sessions()] == [env.user]
    finish(lively)


def test_a_session_that_does_not_end_is_killed(env):
    """Held in the kernel it sees no SIGTERM; after a while it is killed, and
    its monitor ends."""
    env.need_root()
    d = Desk(env)
    p = d.server.ssh_popen("echo in; cat")
    assert p.stdout.readline() == b"in\n"
    monitor, session = d.server.session_of(p)
    attach, wall = 16, 0x40000000  # PTRACE_ATTACH, __WALL
    if ctypes.CDLL(None).ptrace(attach, session, None, None) != 0:
        raise Skip("no process can be traced here")
    os.waitpid(session, wall)
    d.ok("kill", str(d.sessions()[0]["id"]))

    def killed():
        pid, how = os.waitpid(session, wall | os.WNOHANG)
        return pid and (os.WIFSIGNALED(how) and
                        os.WTERMSIG(how) == signal.SIGKILL)
    wait_for(killed, 30, "the session's end")
    wait_for(lambda: not alive(monitor))
    finish(p)


def test_kill_closes_a_session_in_order(env):
    """The client gets a word, the program its hang-up; a silent connection is
    just closed, and a number that isn't there is an error."""
    d = Desk(env)
    p = d.server.ssh_popen("echo in; cat", options=("-o", "LogLevel=INFO"))
    assert p.stdout.readline() == b"in\n"
    monitor, _ = d.server.session_of(p)
    d.ok("kill", str(d.sessions()[0]["id"]))
    p.wait(20)
    wait_for(lambda: not alive(monitor))
    d.server.wait_log("the session was terminated")
    with d.server.connect() as silent:
        silent.recv(100)
        number = [s["id"] for s in d.json("sessions", "--all")
                  if s["state"] == "silent"]
        d.ok("kill", str(number[0]))
        assert silent.recv(100) == b""
    assert d.run("kill", "4000000000").returncode == 1
    assert d.run("kill", "x").returncode == 2


def test_more_than_a_page_of_connections(env):
    """Lists come in pages, each entry once."""
    d = Desk(env, "MaxStartups 300:30:400", "PerSourceMaxStartups none")
    held = [d.server.connect() for _ in range(150)]
    wait_for(lambda: d.json("status")["silent"] == 150)
    numbers = [s["id"] for s in d.json("sessions", "--all")]
    assert len(numbers) == len(set(numbers)) == 150
    assert d.sessions() == []
    for s in held:
        s.close()


# ---- penalties -------------------------------------------------------------------


def test_penalties_are_listed_and_cleared(env):
    """Who is kept out is told, and comes in after the clearing."""
    d = Desk(env, "PerSourcePenalties authfail:600s min:1s",
             "MaxAuthTries 1")
    d.server.ssh("true", key="stranger")
    wait_for(lambda: d.json("penalties"))
    p = d.json("penalties")[0]
    assert p["block"] == "127.0.0.1/32" and p["enforced"] and p["seconds"] > 500
    assert "127.0.0.1/32" in d.ok("penalties")
    assert d.server.ssh("true").returncode != 0
    assert d.run("penalties", "clear", "nonsense").returncode == 1
    assert "1 cleared" in d.ok("penalties", "clear", "127.0.0.0/8")
    assert d.json("penalties") == []
    d.server.login_works()


# ---- reload --------------------------------------------------------------------------


def test_reload_waits_until_the_new_configuration_serves(env):
    """Counts and sessions survive; a bad file is told, line and all."""
    d = Desk(env, "Banner none")
    p = d.server.ssh_popen("echo in; cat")
    assert p.stdout.readline() == b"in\n"
    before = d.json("status")
    d.reconfigure("MaxAuthTries 4")
    assert "reloaded" in d.ok("reload")
    after = d.json("status")
    assert after["reloads"] == 1 and after["pid"] == before["pid"]
    assert after["started"] == before["started"]
    assert after["connections"] == 1
    assert d.sessions()[0]["user"] == env.user
    assert "channels" in d.sessions()[0]
    d.reconfigure("MaxAuthTries four")
    r = d.run("reload")
    assert r.returncode == 1 and "line" in r.stderr, r
    assert d.json("status")["reloads"] == 1
    finish(p)


def test_what_is_not_confirmed_comes_back(env):
    """Nobody confirms: the configuration of before serves again, though the
    files still say the other."""
    d = Desk(env, "DenyUsers nobody")
    d.server.login_works()
    d.reconfigure("DenyUsers *")
    d.ok("reload", "--confirm", "3")
    assert d.json("status")["confirm_seconds"] is not None
    assert d.server.ssh("true").returncode != 0
    wait_for(lambda: d.json("status")["reloads"] == 2, 20)
    assert d.json("status")["confirm_seconds"] is None
    d.server.wait_log("wasn't confirmed in time")
    d.server.login_works()
    d.ok("reload")  # the files again
    assert d.server.ssh("true").returncode != 0


def test_what_is_confirmed_stays(env):
    """Another reload meanwhile doesn't make it forget what was confirmed
    last."""
    d = Desk(env, "DenyUsers nobody")
    d.reconfigure("DenyUsers nobody", "MaxAuthTries 4")
    d.ok("reload", "--confirm", "3600")
    d.reconfigure("DenyUsers nobody", "MaxAuthTries 5")
    d.ok("reload")
    assert d.json("status")["confirm_seconds"] > 3500
    d.ok("confirm")
    assert d.json("status")["confirm_seconds"] is None
    assert d.run("confirm").returncode == 1
    # a bad file: nothing waits for it
    d.reconfigure("Bogus yes")
    assert d.run("reload", "--confirm", "60").returncode == 1
    assert d.json("status")["confirm_seconds"] is None


# ---- explain -----------------------------------------------------------------------------


def test_explain_says_what_the_daemon_does(env):
    """The same cases, explained and tried: one verdict, and the rule with its
    line."""
    env.need_root()
    cases = [
        ((), True, None),
        (("DenyUsers x %s" % env.user,), False, "DenyUsers"),
        (("DenyUsers !%s *" % env.user,), False, "DenyUsers"),
        (("AllowUsers nobody", "AllowUsers %s@127.0.0.0/8" % env.user), True,
         "AllowUsers"),
        (("AllowUsers %s@192.0.2.0/24" % env.user,), False, "AllowUsers"),
        (("AllowUsers !%s *" % env.user,), False, "AllowUsers"),
        (("DenyGroups %s*" % env.user[:3],), False, "DenyGroups"),
        (("AllowGroups nogroup",), False, "AllowGroups"),
        (("PubkeyAuthentication no",), False, "PubkeyAuthentication"),
        (("PubkeyAcceptedAlgorithms ssh-rsa",), False,
         "PubkeyAcceptedAlgorithms"),
        (("RefuseConnection no", "Match Address 127.0.0.1",
          "DenyUsers %s" % env.user), False, "DenyUsers"),
        (("RefuseConnection no", "Match User %s" % env.user,
          "RefuseConnection yes"), False, "RefuseConnection"),
        (("StrictModes no", "Match User nobody", "DenyUsers *"), True, None),
    ]
    d = Desk(env, "PerSourcePenalties no")
    key = os.path.join(env.keys, "user_ed25519.pub")
    for lines, let_in, rule in cases:
        d.reconfigure("PerSourcePenalties no", *lines)
        d.ok("reload")
        r = d.run("explain", "--user", env.user, "--addr", "127.0.0.1",
                  "--key", key, "--lport", str(d.server.port))
        said = (lines, r.stdout, r.stderr)
        assert (r.returncode == 0) == let_in, said
        assert (d.server.ssh("true").returncode == 0) == let_in, said
        if rule:
            mark = "yes" if let_in else "no"
            line = re.search(r"^%s +.*\b%s\b.* \(%s line (\d+)\)$" % (
                mark, re.escape(rule), re.escape(d.server.config)), r.stdout,
                re.M)
            assert line, said
            with open(d.server.config) as f:
                there = f.read().split("\n")[int(line.group(1)) - 1]
            assert there.startswith(rule), (said, there)
        if any(line.startswith("Match") for line in lines):
            assert ("Match holds (%s line " % d.server.config in r.stdout) == (
                "nobody" not in lines[1]), said


def test_explain_tells_the_line_of_a_key(env):
    """File, line and what its options mean; not the line itself."""
    env.need_root()
    public = env.public("user_ed25519").strip()
    for options, let_in, words in [
            ('from="192.0.2.0/24" ', False, "doesn't name 127.0.0.1"),
            ('from="127.0.0.0/8",command="echo hi" ', True, "command: echo hi"),
            ('expiry-time="20200101" ', False, "option expiry-time of"),
            ("restrict ", True, "no pty"),
            ("bogus-option ", False, "bad options")]:
        d = Desk(env, "PerSourcePenalties no", authorized="# x\n\n" + options +
                 public + "\n")
        r = d.run("explain", "--user", env.user, "--addr", "127.0.0.1", "--key",
                  os.path.join(env.keys, "user_ed25519.pub"))
        assert (r.returncode == 0) == let_in, r
        assert words in r.stdout and "authorized_keys:3" in r.stdout, r
        assert (d.server.ssh("true").returncode == 0) == let_in, r
        d.server.stop()


def test_explain_reads_a_file_without_a_daemon(env):
    """-f; and what is missing or wrong is told."""
    env.need_root()
    program = ctl_program(env)
    path = os.path.join(env.dir, "explained")
    with open(path, "w") as f:
        f.write("DenyUsers root\n")
    r = subprocess.run([program, "explain", "-f", path, "--user", "root",
                        "--addr", "2001:db8::1"], capture_output=True,
                       text=True)
    assert r.returncode == 1 and "DenyUsers root (%s line 1)" % path in r.stdout, r
    r = subprocess.run([program, "explain", "-f", path, "--user", "a\nb",
                        "--addr", "192.0.2.1"], capture_output=True, text=True)
    assert r.returncode == 1 and "a\\nb" in r.stdout, r
    # of an ordinary user's own server
    home = os.path.join(env.dir, "nobodys")
    os.mkdir(home, 0o755)
    shutil.copy(path, home)
    r = subprocess.run(["setpriv", "--reuid", "nobody", "--clear-groups",
                        program, "explain", "-f", home + "/explained",
                        "--user", "root", "--addr", "192.0.2.1"],
                       capture_output=True, text=True, cwd="/")
    assert r.returncode == 1 and "another ordinary user" in r.stdout, r
    for words in (["explain"], ["explain", "--user", "x", "--addr", "y"], [],
                  ["status", "extra"], ["status", "--all"], ["nonsense"]):
        r = subprocess.run([program] + words, capture_output=True, text=True)
        assert r.returncode == 2, (words, r)


def explained(d, key="user_ed25519.pub", user=None, addr="127.0.0.1"):
    return d.run("explain", "--user", user or d.env.user, "--addr", addr,
                 "--key", os.path.join(d.env.keys, key))


def test_explain_judges_a_certificate(env):
    """The authority, principals, validity and options as a login would, and
    what is revoked, too short or told by a program; none of it is copied."""
    env.need_root()
    ca, key = (os.path.join(env.dir, "explained-" + n) for n in ("ca", "key"))
    for path in (ca, key):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                        path], check=True)
    shutil.copy(ca + ".pub", ca + ".trusted")
    principals = os.path.join(env.dir, "explained-principals")
    with open(principals, "w") as f:
        f.write("web\n")
    trust = "TrustedUserCAKeys " + ca + ".trusted"
    d = Desk(env, "PerSourcePenalties no", authorized="")
    for lines, options, let_in, words in (
            ((trust,), ["-n", env.user], True, "listed at " + ca),
            ((trust,), ["-n", "web"], False, "not a listed principal"),
            ((trust, "AuthorizedPrincipalsFile " + principals), ["-n", "web"],
             True, "AuthorizedPrincipalsFile " + principals),
            ((trust,), ["-n", env.user, "-V", "20200101:20200102"], False,
             "Certificate invalid: expired"),
            ((trust,), ["-n", env.user, "-O", "source-address=192.0.2.0/24"],
             False, "not from a permitted source address"),
            ((trust,), ["-n", env.user, "-O", "force-command=echo hi"], True,
             "command: echo hi"),
            ((trust, "RevokedKeys " + key + ".pub"), ["-n", env.user], False,
             "revoked (%s line " % d.server.config),
            ((trust, "CASignatureAlgorithms rsa-sha2-512"), ["-n", env.user],
             False, "CASignatureAlgorithms (%s line " % d.server.config),
            ((), ["-n", env.user], False, "isn't listed")):
        subprocess.run(["ssh-keygen", "-q", "-s", ca, "-I", "me", *options,
                        key + ".pub"], check=True, capture_output=True)
        d.reconfigure("PerSourcePenalties no", *lines)
        d.ok("reload")
        r = explained(d, key + "-cert.pub")
        said = (lines, options, r.stdout, r.stderr)
        assert (r.returncode == 0) == let_in and words in r.stdout, said
        shutil.copy(key, os.path.join(env.keys, "explained"))
        shutil.copy(key + "-cert.pub",
                    os.path.join(env.keys, "explained-cert.pub"))
        login = d.server.ssh("true", key="explained")
        assert (login.returncode == 0) == let_in, (said, login)


def test_explain_asks_programs_and_tells_what_is_left(env):
    """AuthorizedKeysCommand is run as its account; a short key is told with
    its rule; after the key another method may be due; PAM's service."""
    env.need_root()
    rsa = os.path.join(env.keys, "explained_rsa")
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "",
                    "-f", rsa], check=True)
    d = Desk(env, "PerSourcePenalties no",
             'AuthorizedKeysCommand /usr/bin/printf "%%s %%s\\n" %t %k',
             "AuthorizedKeysCommandUser nobody", "RequiredRSASize 3072",
             "AuthenticationMethods publickey,password", authorized="")
    r = explained(d)
    assert r.returncode == 0 and "listed at /usr/bin/printf:1" in r.stdout, r
    assert "then due: password" in r.stdout, r
    r = explained(d, "explained_rsa.pub")
    assert r.returncode == 1 and re.search(
        r"^no +key refused: .*RequiredRSASize is 3072 \(%s line \d+\)$" %
        re.escape(d.server.config), r.stdout, re.M), r


def test_explain_tells_penalties_and_load(env):
    """What keeps the address out at this moment, and who isn't."""
    env.need_root()
    d = Desk(env, "PerSourcePenalties authfail:60s min:10s",
             "PerSourceMaxStartups 2", "MaxStartups 10:30:100")
    r = explained(d)
    assert r.returncode == 0 and re.search(
        r"^yes +PerSourcePenalties: none", r.stdout, re.M), r
    assert "0 of 100 newcomers" in r.stdout, r
    held = [d.server.connect() for _ in range(2)]
    for c in held:
        c.recv(8)
    r = explained(d)
    assert r.returncode == 1 and re.search(
        r"^no +PerSourceMaxStartups 2: 2 from its block \(%s line " %
        re.escape(d.server.config), r.stdout, re.M), r
    for c in held:
        c.close()
    wait_for(lambda: explained(d).returncode == 0, 10, "room")
    d.server.ssh("true", key="stranger")
    wait_for(lambda: explained(d).returncode == 1, 10, "a penalty")
    r = explained(d)
    assert re.search(r"^no +penalty: failed authentication, .* left \(",
                     r.stdout, re.M) and r.stdout.endswith("refused\n"), r
    assert explained(d, addr="192.0.2.1").returncode == 0


# ---- metrics ---------------------------------------------------------------------------------


def open_metrics(text):
    """A strict reader of OpenMetrics 1.0: {(name, labels): value}."""
    name = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
    label = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
    sample = re.compile(r"(%s)(?:\{(%s(?:,%s)*)\})? (\S+)$" % (
        name, label, label))
    ends = {"counter": ("_total", "_created"), "gauge": ("",),
            "histogram": ("_bucket", "_sum", "_count"), "info": ("_info",)}
    assert text.endswith("\n# EOF\n"), text[-200:]
    values, kinds, family, seen_sample = {}, {}, None, False
    for line in text[:-len("# EOF\n")].splitlines():
        if line.startswith("# "):
            _, what, base, rest = line.split(" ", 3)
            assert what in ("HELP", "TYPE", "UNIT"), line
            if base != family:
                assert base not in kinds, "family twice: " + line
                family, kinds[base], seen_sample = base, {}, False
            assert not seen_sample, "after its samples: " + line
            assert what not in kinds[base], "twice: " + line
            kinds[base][what] = rest
            if what == "UNIT":
                assert base.endswith("_" + rest), line
            continue
        m = sample.match(line)
        assert m, "no sample: %r" % line
        kind = kinds[family]["TYPE"]
        assert kinds[family]["HELP"]
        assert any(m[1] == family + end for end in ends[kind]), line
        labels = tuple(sorted(re.findall(label, m[2] or "")))
        assert len({one.split("=")[0] for one in labels}) == len(labels), line
        assert (m[1], labels) not in values, "twice: " + line
        values[m[1], labels] = float(m[3])
        assert values[m[1], labels] >= 0, line
        seen_sample = True
    for base, facts in kinds.items():
        if facts["TYPE"] == "histogram":
            check_histogram(base, values)
    return values


def check_histogram(base, values):
    """Buckets rise to +Inf, which is the count."""
    rows = {}
    for (name, labels), value in values.items():
        if name == base + "_bucket":
            le = [one for one in labels if one.startswith("le=")][0]
            rest = tuple(one for one in labels if one != le)
            rows.setdefault(rest, []).append((float(le[4:-1]), value))
    assert rows
    for rest, buckets in rows.items():
        assert buckets == sorted(buckets), buckets
        assert [v for _, v in buckets] == sorted(v for _, v in buckets)
        assert buckets[-1] == (float("inf"), values[base + "_count", rest])
        assert (base + "_sum", rest) in values


def get(port, request=None, family=socket.AF_INET, path=None):
    """One answer over HTTP: (status, header, body)."""
    with socket.socket(family) as s:
        s.settimeout(20)
        s.connect(path or ("127.0.0.1", port))
        s.sendall(request or b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: "
                  b"application/openmetrics-text; version=1.0.0\r\n\r\n")
        data = b""
        while True:
            more = s.recv(65536)
            if not more:
                break
            data += more
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), body.decode()


def metrics_process(server):
    found = [p for p in children(server.pid) if "[metrics]" in title(p)]
    return found[0] if found else None


def test_metrics_are_open_metrics(env):
    """A strict reader takes both ways to the text, and finds what was done."""
    port = free_port()
    d = Desk(env, "MetricsListen 127.0.0.1:%d" % port, "PerSourcePenalties no",
             "DenyUsers nobody")
    d.server.login_works()
    d.server.ssh("true", key="stranger")
    d.server.ssh("true", user="nobody")

    def counted():
        v = open_metrics(d.ok("metrics"))
        return v.get(("sallyport_ended_connections_total",
                      ('outcome="session"',))) == 1 and v.get((
                          "sallyport_refused_accounts_total",
                          ('reason="deny_users"',))) == 1 and v
    v = wait_for(counted, 20)
    assert v["sallyport_logins_total", (
        'method="publickey"', 'result="accepted"')] == 1
    assert v["sallyport_logins_total", (
        'method="publickey"', 'result="failed"')] >= 2
    assert v["sallyport_session_bytes_total", ('direction="sent"',)] > 1000
    assert v["sallyport_login_phase_seconds_count",
             ('phase="authentication"',)] == 1
    for kind in ("kex", "cipher", "hostkey"):
        assert sum(n for (name, labels), n in v.items()
                   if name == "sallyport_handshakes_total" and
                   'kind="%s"' % kind in labels) == 3, v
    time.sleep(1.1)  # a text is served for a second
    code, head, body = get(port)
    assert code == 200 and "application/openmetrics-text" in head
    served = open_metrics(body)
    assert served["sallyport_connections_total", ()] == \
        v["sallyport_connections_total", ()]
    assert d.ok("metrics", "--prometheus").count("# TYPE") == \
        body.count("# TYPE")


def strings_in(value):
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, str):
        return [value]
    return [one for v in value for one in strings_in(v)] \
        if not isinstance(value, (int, float, type(None))) else []


def test_the_dashboard_asks_for_what_is_there(env):
    """Every figure that Grafana's dashboard names is served, in the form that
    Prometheus reads it."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "../../contrib/grafana/sallyport.json")
    with open(path) as f:
        asked = {name for text in strings_in(json.load(f))
                 for name in re.findall(r"\bsallyport_\w+", text)}
    d = Desk(env)
    d.server.login_works()
    text = d.ok("metrics")
    served = set(re.findall(r"^(sallyport_\w+)", text, re.M))
    # a counter by reasons has no line before the first
    served |= {name + "_total" for name in re.findall(
        r"^# TYPE (sallyport_\w+) counter", text, re.M)}
    assert len(asked) > 10 and asked <= served, asked - served


def test_promtool_finds_nothing(env):
    """promtool check metrics, where it is installed."""
    if not shutil.which("promtool"):
        raise Skip("needs promtool")
    d = Desk(env)
    d.server.login_works()
    r = subprocess.run(["promtool", "check", "metrics"], text=True,
                       input=d.ok("metrics", "--prometheus"),
                       capture_output=True)
    assert r.returncode == 0 and r.stdout + r.stderr == "", r


def test_figures_survive_a_reload(env):
    """Counters go on, and the port answers all the time."""
    port = free_port()
    lines = ("MetricsListen 127.0.0.1:%d" % port,)
    d = Desk(env, *lines)
    d.server.login_works()
    stop, wrong = threading.Event(), []

    def ask():
        while not stop.is_set():
            try:
                if get(port)[0] != 200:
                    wrong.append("no figures")
            except (OSError, IndexError) as e: # no answer, or no whole one
                wrong.append(repr(e))
    asker = threading.Thread(target=ask)
    asker.start()
    for _ in range(3):
        d.ok("reload")
    stop.set()
    asker.join()
    # a request that the old process had taken may be lost with it
    assert len(wrong) <= 3, wrong
    v = open_metrics(d.ok("metrics"))
    assert v["sallyport_reloads_total", ()] == 3
    assert v["sallyport_logins_total", (
        'method="publickey"', 'result="accepted"')] == 1
    assert sum('[metrics]' in title(p) for p in children(d.server.pid)) == 1


def test_the_metrics_process_has_no_privilege(env):
    """Nobody's, filtered, in an empty root; a dead one is replaced."""
    port = free_port()
    d = Desk(env, "MetricsListen 127.0.0.1:%d" % port)
    pid = wait_for(lambda: metrics_process(d.server))
    assert get(port)[0] == 200
    s = status(pid)
    assert s["Seccomp"].strip() == "2" and s["NoNewPrivs"].strip() == "1"
    assert int(s["CapEff"], 16) == 0 and int(s["CapBnd"], 16) == 0 or \
        not env.root
    if env.root:
        assert s["Uid"].split()[0] != "0"
        assert os.listdir("/proc/%d/root" % pid) == []
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: metrics_process(d.server) not in (None, pid), 20)
    wait_for(lambda: get(port)[0] == 200)
    d.server.login_works()


def test_http_is_bounded(env):
    """What is no request is refused; those who stay don't shut others out for
    long."""
    port = free_port()
    d = Desk(env, "MetricsListen 127.0.0.1:%d" % port)
    wait_for(lambda: metrics_process(d.server))
    for request, code in ((b"GET / HTTP/1.1\r\n\r\n", 404),
                          (b"POST /metrics HTTP/1.1\r\n\r\n", 405),
                          (b"GET /metrics HTTP/3.0\r\n\r\n", 505),
                          (b"\x16\x03\x01\r\n\r\n", 400),
                          (b"GET /metrics HTTP/1.1\r\n" + b"A" * 8192, 400)):
        assert get(port, request)[0] == code, request
    code, head, body = get(port, b"HEAD /metrics HTTP/1.1\r\n\r\n")
    assert code == 200 and body == "" and "Content-Length" in head
    stay = []
    for _ in range(16):
        s = socket.create_connection(("127.0.0.1", port))
        s.send(b"GET /met")
        stay.append(s)
    assert get(port)[0] == 200  # within the time of theirs
    d.server.login_works()
    for s in stay:
        s.close()


def test_metrics_over_a_unix_socket(env):
    """A path instead of an address; and nothing but the loopback."""
    where = os.path.join(env.dir, "figures", "socket")
    d = Desk(env, "MetricsListen " + where)
    wait_for(lambda: metrics_process(d.server))
    assert get(None, family=socket.AF_UNIX, path=where)[0] == 200
    assert stat.S_IMODE(os.stat(where).st_mode) == 0o600
    d.server.stop()
    assert not os.path.exists(where)
    for value in ("0.0.0.0:9822", "192.0.2.1:9822", "[::]:9822",
                  "127.0.0.1", "localhost:9822", "[fe80::1%lo]:9822"):
        d.reconfigure("MetricsListen " + value)
        r = subprocess.run([env.program, "-t", "-f", d.server.config],
                           capture_output=True, text=True)
        assert r.returncode == 255 and "MetricsListen" in r.stderr, (value, r)
