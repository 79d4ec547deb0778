"""What systemd does with a daemon: readiness, sockets, the descriptor store,
units; and that no shell inherits anything of it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time

from lib import (Notified, Skip, children, descendants, finish, free_port,
                 wait_for)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
UNITS = os.path.join(ROOT, "contrib", "systemd")

# All that our units set; whatever else there is in systemd.exec(5) is
# inherited by users' shells.
ALLOWED = {
    "Unit": {"Description", "Documentation", "After", "Before"},
    "Service": {"Type", "EnvironmentFile", "Environment", "ExecStart",
                "ExecReload", "KillMode", "Restart", "RestartPreventExitStatus",
                "WatchdogSec", "FileDescriptorStoreMax", "StandardInput",
                "StandardError"},
    "Socket": {"ListenStream", "Accept"},
    "Install": {"WantedBy"},
}

# What a shell has inherited. Its signals are looked at in a child: while it forks
# it has them blocked.
LOOK = r"""
grep -E '^(Cap|Seccomp|NoNewPrivs|SigBlk|SigIgn|SigCgt|Groups)' /proc/self/status
cat /proc/$$/limits /proc/$$/oom_score_adj /proc/$$/personality 2>/dev/null
for n in /proc/$$/ns/*; do echo "$n $(readlink $n)" | sed 's/[0-9]*\/ns/ns/'; done
readlink /proc/$$/root; umask; nice
"""


def need(program):
    if shutil.which(program) is None:
        raise Skip("needs " + program)


def test_readiness_reload_and_end_are_told(env):
    """READY with the pid, RELOADING with a time on the monotonic clock, READY
    again, STOPPING; over a path and an abstract name."""
    for abstract in (False, True):
        n = Notified(env, abstract)
        s = env.server(environment=n.environment)
        assert "MAINPID=%d" % s.pid in n.wait("READY=1")
        before = time.monotonic_ns() // 1000
        n.reload(s)
        at = int(re.search(r"MONOTONIC_USEC=(\d+)",
                           n.wait("RELOADING=1")).group(1))
        assert before <= at <= time.monotonic_ns() // 1000
        os.kill(s.pid, signal.SIGTERM)
        n.wait("STOPPING=1")
        assert s.process.wait(20) == 0
        order = [m.split("\n")[0] for m in n.messages
                 if not m.startswith("STATUS")]
        assert order == ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]
        s.stop()


def test_a_failed_reload_is_over_too(env):
    """A bad configuration: RELOADING, then READY, and STATUS says why."""
    n = Notified(env)
    s = env.server(environment=n.environment)
    s.write_config(["NoSuchKeyword yes"])
    before = time.monotonic_ns() // 1000
    n.reload(s)
    n.wait("STATUS=.*the last reload failed: .*NoSuchKeyword")
    # in this order, and the reason with the message that it is over
    begin, over = [m for m in n.messages if "RELOADING" in m or
                   m.startswith("READY=1")][-2:]
    at = int(re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", begin)[1])
    assert before <= at <= time.monotonic_ns() // 1000, begin
    assert re.fullmatch("READY=1\nSTATUS=.*; the last reload failed: .*"
                        "NoSuchKeyword.*", over), over
    s.write_config([])
    n.reload(s)
    wait_for(lambda: "failed" not in [m for m in n.messages
                                      if "STATUS=" in m][-1], 20,
             "a status without it")


def test_the_status_counts(env):
    """STATUS follows who is in and who isn't yet."""
    n = Notified(env)
    s = env.server(environment=n.environment)
    client = s.ssh_popen("cat")
    s.session_of(client)
    c = s.connect()
    n.wait("STATUS=1 logged in, 0 before login, 1 silent")
    c.close()
    client.kill()
    finish(client)
    wait_for(lambda: n.messages[-1].startswith(
        "STATUS=0 logged in, 0 before login, 0 silent"), 20, "nobody")


def test_the_watchdog_is_fed_by_the_loop(env):
    """WATCHDOG=1 at least twice in the time; none while the loop stands."""
    n = Notified(env, WATCHDOG_USEC="600000")
    s = env.server(environment=n.environment)
    wait_for(lambda: n.count("WATCHDOG=1") >= 4, 20, "beats")
    n.reload(s)
    seen = n.count("WATCHDOG=1")
    wait_for(lambda: n.count("WATCHDOG=1") >= seen + 2, 20, "after a reload")
    os.kill(s.pid, signal.SIGSTOP)
    time.sleep(0.1)
    seen = n.count("WATCHDOG=1")
    time.sleep(1)
    assert n.count("WATCHDOG=1") == seen
    os.kill(s.pid, signal.SIGCONT)
    # another's
    n = Notified(env, WATCHDOG_USEC="100000", WATCHDOG_PID="1")
    s = env.server(environment=n.environment)
    s.login_works()
    assert n.count("WATCHDOG=1") == 0


def test_nobody_inherits_the_variables(env):
    """Neither spawner nor monitor nor shell has NOTIFY_SOCKET and its kin, after
    a reload neither; -i as well."""
    names = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS",
             "LISTEN_PID", "LISTEN_FDNAMES", "FDSTORE", "SALLYPORT_RELOAD",
             "SALLYPORT_PROBE")
    n = Notified(env, WATCHDOG_USEC="600000000", LISTEN_FDS="1", LISTEN_PID="1",
                 LISTEN_FDNAMES="x", FDSTORE="10")
    s = env.server(environment=n.environment)
    for _ in range(2):
        client = s.ssh_popen("env; echo over; cat")
        s.session_of(client)
        lines = iter(client.stdout.readline, b"over\n")
        shell = {line.split(b"=")[0].decode() for line in lines}
        assert not shell & set(names), shell
        if env.root:
            for pid in descendants(s.pid):
                with open("/proc/%d/environ" % pid, "rb") as f:
                    text = f.read().decode("utf-8", "replace")
                found = {v.split("=")[0] for v in text.split("\0")}
                assert not found & set(names), (pid, found)
        finish(client)
        n.reload(s)
    proxy = "ProxyCommand=env NOTIFY_SOCKET=@nowhere %s -i -f %s -E%s" % (
        env.program, s.config, s.logfile)
    r = s.ssh("env", options=("-o", proxy, "-o", "StrictHostKeyChecking=no"))
    assert r.returncode == 0 and b"NOTIFY_SOCKET" not in r.stdout, r


class Activated:
    """A daemon that gets sockets as systemd passes them: descriptors 3 and up,
    named, for the pid that runs it."""

    def __init__(self, s, sockets, names=None, flags=("-D", "-e")):
        self.s = s
        fds = [x.fileno() for x in sockets]

        def place():
            high = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)
        script = "LISTEN_PID=$$ exec \"$@\""
        log = open(s.logfile, "ab")
        extra = {"LISTEN_FDS": str(len(fds))}
        if names:
            extra["LISTEN_FDNAMES"] = names
        s.process = subprocess.Popen(
            ["sh", "-c", "export LISTEN_PID; " + script, "sh", s.program,
             *flags, "-f", s.config],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env=dict(s.environment, **extra), preexec_fn=place,
            close_fds=False, start_new_session=True)
        log.close()


def listening(port=0):
    x = socket.socket()
    x.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    x.bind(("127.0.0.1", port))
    x.listen(64)
    return x


def test_sockets_of_a_unit(env):
    """Accept=no: they are served, through reloads, and Port has no effect,
    which is told once."""
    n = Notified(env)
    s = env.server(start=False, environment=n.environment)
    other = listening()
    configured, s.port = s.port, other.getsockname()[1]
    s.know_hosts()
    Activated(s, [other], "sallyportd.socket")
    other.close()
    n.wait("READY=1")
    for _ in range(2):
        s.login_works()
        with socket.socket() as c:
            assert c.connect_ex(("127.0.0.1", configured)) != 0
        n.reload(s)
    assert s.log().count("Port and ListenAddress have no effect") == 1, s.log()
    s.login_works()


def test_a_connection_of_a_unit(env):
    """Accept=yes: the connection on descriptor 3 is served, then the daemon
    ends."""
    s = env.server(start=False)
    with listening(s.port) as x:
        client = s.ssh_popen("echo in")
        conn, _ = x.accept()
        Activated(s, [conn], "connection", flags=("-e",))
        conn.close()
        assert client.stdout.read() == b"in\n", s.log()[-2000:]
        assert client.wait(20) == 0
        finish(client)
    assert s.process.wait(20) == 0


def test_socket_activate(env):
    """systemd-socket-activate, in both ways and with -i."""
    need("systemd-socket-activate")
    for how, flags in ((["--fdname=ssh"], ["-D", "-e"]), (["-a"], ["-e"]),
                       (["-a", "--inetd"], ["-i"])):
        s = env.server(start=False)
        log = open(s.logfile, "ab")
        s.process = subprocess.Popen(
            ["systemd-socket-activate", "-l", "127.0.0.1:%d" % s.port, *how,
             s.program, *flags, "-f", s.config],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env=s.environment, start_new_session=True)
        log.close()
        s.wait_log("Listening on ")
        for _ in range(2):
            r = s.ssh("echo in; ls -l /proc/self/fd")
            assert r.stdout.startswith(b"in\n"), (how, r, s.log()[-2000:])
            assert b"socket:" not in r.stdout, (how, r)
        s.stop()


def test_the_descriptor_store(env):
    """Listening sockets are kept over a restart, and over a kill: who connects
    meanwhile is served, none is refused. An address that the configuration
    has no more isn't served."""
    n = Notified(env, FDSTORE="10")
    s = env.server(environment=n.environment)
    extra = free_port()
    s.base.insert(0, "Port %d" % extra)
    s.write_config([])
    n.reload(s)
    wait_for(lambda: len(n.stored) == 2, 10, "two stored sockets")
    assert n.wait("FDSTORE=1") == "FDSTORE=1\nFDNAME=listen"
    for signo in (signal.SIGTERM, signal.SIGKILL):
        session = s.ssh_popen("cat")
        s.session_of(session)
        os.kill(s.pid, signo)
        s.process.wait(20)
        early = s.ssh_popen("echo in")  # nobody serves at this moment
        held = [socket.socket(fileno=os.dup(fd)) for fd in n.stored]
        ready = n.count("READY=1")
        Activated(s, held, ":".join(["listen"] * len(held)))
        for x in held:
            x.close()
        wait_for(lambda: n.count("READY=1") > ready, 20, "the next start")
        assert early.stdout.read() == b"in\n", s.log()[-3000:]
        finish(early)
        session.stdin.write(b"here\n")
        session.stdin.close()
        assert session.stdout.read() == b"here\n"
        finish(session)
    s.base.pop(0)
    s.write_config([])
    n.reload(s)
    wait_for(lambda: len(n.stored) == 1, 10, "one stored socket")
    with socket.socket() as c:
        assert c.connect_ex(("127.0.0.1", extra)) == 0  # the store's copy
    s.login_works()


def unit_files():
    for folder, _, files in os.walk(UNITS):
        for name in sorted(files):
            if name.endswith((".in", ".socket", ".conf")):
                yield os.path.join(folder, name)


def test_units_set_nothing_that_a_shell_inherits(env):
    """Every setting of ours is one of few that act on the daemon alone."""
    seen = set()
    for path in unit_files():
        section = None
        with open(path) as f:
            for line in f:
                line = line.strip()
                if line.startswith("["):
                    section = line.strip("[]")
                elif line and line[0] not in "#;":
                    name = line.split("=")[0]
                    assert name in ALLOWED[section], (path, line)
                    seen.add(name)
    assert {"ExecStart", "ListenStream", "KillMode"} <= seen
    with open(os.path.join(UNITS, "sallyportd.service.in")) as f:
        assert "\nKillMode=process\n" in f.read()


def test_units_verify(env):
    """systemd-analyze finds nothing to say about them."""
    need("systemd-analyze")
    room = os.path.join(env.dir, "units")
    os.makedirs(os.path.join(room, "bin"))
    shutil.copy(env.program, os.path.join(room, "bin", "sallyportd"))
    os.chmod(room, 0o755)
    made = []
    for path in unit_files():
        if path.endswith(".conf"):
            continue
        name = os.path.basename(path)
        name = name[:-3] if name.endswith(".in") else name
        with open(path) as f:
            text = f.read().replace("@sbindir@", os.path.join(room, "bin"))
        with open(os.path.join(room, name), "w") as f:
            f.write(text)
        made.append(os.path.join(room, name))
    r = subprocess.run(["systemd-analyze", "verify", "--man=no", *made],
                       capture_output=True, text=True, timeout=60)
    if "Failed to" in r.stderr and "sallyport" not in r.stderr:
        raise Skip(r.stderr.strip()[:100])
    assert r.returncode == 0 and "sallyport" not in r.stderr, r


def test_a_shell_inherits_what_it_does_from_openssh(env):
    """Namespaces, capabilities, limits, filters, signals, umask of a shell
    under our daemon are those under OpenSSH's, started the same way."""
    env.need_root()
    theirs = "/usr/sbin/sshd"
    if not os.access(theirs, os.X_OK):
        raise Skip("needs OpenSSH's sshd")
    n = Notified(env, WATCHDOG_USEC="60000000", FDSTORE="10")
    views = []
    for program, how in ((env.program, dict(environment=n.environment)),
                         (theirs, {})):
        s = env.server(start=False, program=program, **how)
        # what an old one doesn't know
        s.base = [x for x in s.base if not x.startswith(
            ("ControlSocket", "PerSource"))]
        s.write_config(["UsePAM no"])
        s.start()
        r = s.ssh(LOOK)
        assert r.returncode == 0, (r, s.log()[-2000:])
        views.append(r.stdout.decode().split("\n"))
        s.stop()
    different = [pair for pair in zip(*views) if pair[0] != pair[1]]
    assert len(views[0]) == len(views[1]) and not different, different
    assert any(line.startswith("Seccomp:\t0") for line in views[0]), views[0]
