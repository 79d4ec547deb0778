"""Reloads: nobody is refused, dropped or forgotten, whatever the new program
or configuration is like."""

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from lib import (Notified, alive, children, finish, free_port, ip, title,
                 two_networks, wait_for)

RELOADS = 200
CLIENTS = 3


class Logins(threading.Thread):
    """A client that logs in again and again; failures is what went wrong."""

    def __init__(self, server, number):
        super().__init__(daemon=True)
        self.server = server
        self.word = b"in %d" % number
        self.over = threading.Event()
        self.done = 0
        self.failures = []

    def run(self):
        while not self.over.is_set():
            r = self.server.ssh("echo " + self.word.decode())
            if r.returncode != 0 or r.stdout != self.word + b"\n":
                self.failures.append((r.returncode, r.stdout, r.stderr))
            self.done += 1


def test_nobody_is_refused_in_200_reloads(env):
    """Clients log in all the time, while the configuration is reloaded 200
    times: none fails. So do connections that are silent meanwhile, and one
    session that exchanges its keys anew after each."""
    n = Notified(env)
    s = env.server("MaxStartups 100", environment=n.environment)
    session = s.ssh_popen("cat", options=("-o", "RekeyLimit=64K"))
    s.session_of(session)
    silent = [s.connect() for _ in range(5)]
    for c in silent:
        c.recv(100)
    clients = [Logins(s, i) for i in range(CLIENTS)]
    for c in clients:
        c.start()
    data = b"x" * 99999 + b"\n"
    for i in range(RELOADS):
        n.reload(s)
        if i % 20 == 0:
            session.stdin.write(data)
            session.stdin.flush()
            assert session.stdout.readline() == data, i
    for c in clients:
        c.over.set()
    for c in clients:
        c.join(60)
    failures = [f for c in clients for f in c.failures]
    assert not failures, (len(failures), failures[0], s.log()[-3000:])
    assert sum(c.done for c in clients) >= CLIENTS * 5
    for c in silent:
        c.sendall(b"SSH-2.0-late\r\n")
        c.settimeout(20)
        assert len(c.recv(1000)) > 0  # KEXINIT
        c.close()
    session.stdin.close()
    assert session.wait(20) == 0
    finish(session)
    # what serves is one listener, one keeper, the usual spawners
    wait_for(lambda: len(children(s.pid)) <= 3, 20, "the old ones' end")


def test_a_handshake_goes_on_over_a_reload(env):
    """A client in the midst of its handshake, or before its password, is let
    in by the processes of before."""
    n = Notified(env)
    s = env.server("PasswordAuthentication yes", environment=n.environment)
    t = s.paramiko(auth=False)  # keys are exchanged, nobody is known yet
    half = s.connect()
    half.recv(100)
    half.sendall(b"SSH-2.0-half\r\n")
    half.settimeout(20)
    assert len(half.recv(1000)) > 0
    for _ in range(3):
        n.reload(s)
    import paramiko
    t.auth_publickey(env.user, paramiko.Ed25519Key(
        filename=os.path.join(env.keys, "user_ed25519")))
    channel = t.open_session(timeout=20)
    channel.exec_command("echo in")
    assert channel.makefile().read() == b"in\n"
    t.close()
    half.sendall(b"no packet at all, that is longer than nothing")
    half.close()


def test_old_sessions_rekey_after_reload_and_end(env):
    """The keeper of a session's configuration lives as long as the session:
    after a reload, and after SIGTERM."""
    n = Notified(env)
    s = env.server(environment=n.environment)
    client = s.ssh_popen("cat", options=("-o", "RekeyLimit=64K"))
    s.session_of(client)
    data = b"y" * 299999 + b"\n"

    def echoes():
        client.stdin.write(data)
        client.stdin.flush()
        assert client.stdout.readline() == data
    for _ in range(2):
        n.reload(s)
        echoes()
    os.kill(s.pid, signal.SIGTERM)
    assert s.process.wait(20) == 0
    echoes()
    client.stdin.close()
    assert client.wait(20) == 0
    finish(client)


def bad_programs(s, env):
    """Ways in which a new program may be no good: (what the log says, what
    to put there)."""
    def text(content, mode=0o755):
        def put(path):
            with open(path, "w") as f:
                f.write(content)
            os.chmod(path, mode)
        return put

    def copied(source):
        return lambda path: shutil.copy(source, path)
    return (
        (r"Permission denied", text("#!/bin/sh\nexit 0\n", 0o644)),
        (r"Exec format error", text("this is no program\n")),
        (r"the new configuration is bad \(status 3\)",
         text("#!/bin/sh\nexit 3\n")),
        (r"isn't a Sallyport that could take over",
         text("#!/bin/sh\nexit 0\n")),
        (r"isn't a Sallyport that could take over", copied("/bin/true")),
        (r"the new program was killed by signal 11",
         text("#!/bin/sh\nkill -SEGV $$\n")),
        (r"No such file or directory", lambda path: None),
    )


def test_a_program_that_cant_run_changes_nothing(env):
    """Not executable, no program, ends at once, crashes: the old one serves
    on, with those who wait, and says why."""
    n = Notified(env)
    s = env.server(start=False, environment=n.environment)
    s.program = os.path.join(s.dir, "sallyportd")
    shutil.copy(env.program, s.program)
    s.start()
    silent = s.connect()
    silent.recv(100)
    for words, put in bad_programs(s, env):
        new = s.program + ".new"
        put(new)
        if os.path.exists(new):
            os.rename(new, s.program)
        else:
            os.unlink(s.program)
        before = len(s.log())
        n.reload(s)
        said = s.log()[before:]
        assert re.search(words, said), (words, said)
        assert "serving on" in said, said
        s.login_works()
    assert "the last reload failed" in n.wait("STATUS=.*the last reload")
    # a good one again
    shutil.copy(env.program, s.program + ".new")
    os.rename(s.program + ".new", s.program)
    n.reload(s)
    s.wait_log("Received SIGHUP; restarting.")
    s.login_works()
    silent.sendall(b"SSH-2.0-late\r\n")
    silent.settimeout(20)
    assert len(silent.recv(1000)) > 0
    silent.close()


def test_one_that_cant_serve_goes_back(env):
    """A new program that passes -t but can't serve: the former one, with the
    former configuration, takes over again."""
    n = Notified(env)
    s = env.server(start=False, environment=n.environment)
    s.program = os.path.join(s.dir, "sallyportd")
    shutil.copy(env.program, s.program)
    key = os.path.join(s.dir, "key")
    shutil.copy(os.path.join(env.keys, "host_ed25519"), key)
    s.base = [x for x in s.base if not x.startswith("HostKey")]
    s.write_config(["HostKey " + key])
    s.start()
    silent = s.connect()
    silent.recv(100)
    # -t finds a key; what is executed then finds none
    new = s.program + ".new"
    with open(new, "w") as f:
        f.write("""#!/bin/sh
case " $* " in
*' -te '*) exec %s "$@" ;;
esac
mv %s %s.away
exec %s "$@"
""" % (env.program, key, key, env.program))
    os.chmod(new, 0o755)
    os.rename(new, s.program)
    os.kill(s.pid, signal.SIGHUP)
    s.wait_log("the new configuration can't be served: going back to the "
               "former program and configuration")
    # that has no keys, either; it goes on looking for them
    s.wait_log("no hostkeys available; trying again")
    os.rename(key + ".away", key)
    wait_for(lambda: s.ssh("true").returncode == 0, 20, "a login")
    silent.sendall(b"SSH-2.0-late\r\n")
    silent.settimeout(20)
    assert len(silent.recv(1000)) > 0
    silent.close()


def test_what_was_tried_is_served(env):
    """The file is read once: what is written to it after the try waits for
    the next reload."""
    n = Notified(env)
    s = env.server("ForceCommand echo first", start=False,
                   environment=n.environment)
    s.program = os.path.join(s.dir, "sallyportd")
    shutil.copy(env.program, s.program)
    s.start()
    s.write_config(["ForceCommand echo second"])
    # between the try and the exec the file becomes bad
    with open(s.program + ".new", "w") as f:
        f.write("""#!/bin/sh
case " $* " in
*' -te '*) exec %s "$@" ;;
esac
echo NoSuchKeyword >>%s
exec %s "$@"
""" % (env.program, s.config, env.program))
    os.chmod(s.program + ".new", 0o755)
    os.rename(s.program + ".new", s.program)
    n.reload(s)
    assert s.ssh("x").stdout == b"second\n", s.log()[-2000:]


def test_a_reload_asked_for_twice_is_done_twice(env):
    """Who changes the file while it is tried, and asks again, isn't
    forgotten."""
    n = Notified(env)
    s = env.server("ForceCommand echo 0", environment=n.environment)
    for i in range(1, 4):
        s.write_config(["ForceCommand echo %d" % (10 * i)])
        os.kill(s.pid, signal.SIGHUP)
        wait_for(lambda: any("-te" in title(p) for p in children(s.pid)) or
                 "STOP", 1)
        s.write_config(["ForceCommand echo %d" % i])
        os.kill(s.pid, signal.SIGHUP)
        wait_for(lambda: s.ssh("x").stdout == b"%d\n" % i, 20,
                 "the newest file")


def test_addresses_that_stay_are_never_closed(env):
    """Ports come and go; the one that stays has the same socket, and who had
    connected to one that goes is served."""
    n = Notified(env)
    s = env.server(environment=n.environment)

    def inode(port):
        with open("/proc/net/tcp") as f:
            for line in f:
                part = line.split()
                if part[3] == "0A" and part[1].endswith(":%04X" % port):
                    return part[9]
        return None
    first = inode(s.port)
    other = free_port()
    s.base.insert(0, "Port %d" % other)
    s.write_config([])
    n.reload(s)
    assert inode(s.port) == first and inode(other) is not None
    # it sits in the socket's queue: the listener is stopped
    os.kill(s.pid, signal.SIGSTOP)
    waiting = socket.create_connection(("127.0.0.1", other), timeout=20)
    s.base.pop(0)
    s.write_config([])
    os.kill(s.pid, signal.SIGHUP)
    seen = n.count("READY=1")
    os.kill(s.pid, signal.SIGCONT)
    wait_for(lambda: n.count("READY=1") > seen, 20, "the reload")
    assert inode(s.port) == first and inode(other) is None
    waiting.settimeout(20)
    assert waiting.recv(100).startswith(b"SSH-2.0-Sallyport")
    waiting.sendall(b"SSH-2.0-late\r\n")
    assert len(waiting.recv(1000)) > 0
    waiting.close()
    s.login_works()


def test_a_busy_port_leaves_the_old_one(env):
    """A configuration whose port is another's: the error names it, and the
    old address is kept."""
    n = Notified(env)
    s = env.server(environment=n.environment)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        busy = other.getsockname()[1]
        old, s.base[0] = s.base[0], "Port %d" % busy
        s.write_config([])
        n.reload(s)
        s.wait_log(r"Bind to port %d on 127.0.0.1 failed: Address already in "
                   r"use\." % busy)
        s.login_works()
    s.base[0] = old


def test_a_busy_port_at_the_start(env):
    """It is told once, with port and address; another address is enough to
    start."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        busy = other.getsockname()[1]
        line = "Bind to port %d on 127.0.0.1 failed: Address already in use." \
            % busy
        s = env.server("Port %d" % busy)
        assert s.log().count(line) == 1, s.log()
        s.login_works()
        s.stop()
        s = env.server(start=False)
        s.base[0] = "Port %d" % busy
        s.write_config([])
        r = subprocess.run([env.program, "-D", "-e", "-f", s.config],
                           capture_output=True, text=True, timeout=30,
                           stdin=subprocess.DEVNULL)
        assert r.returncode == 255, r
        assert line in r.stderr and "Cannot bind any address." in r.stderr, r


def test_a_routing_domain(env):
    """ListenAddress with rdomain binds to it; the domain is in the log, is what
    Match RDomain compares with, and stays through a reload."""
    env.need_root()
    n = Notified(env)
    s = env.server("Match RDomain lo", "  ForceCommand echo by lo",
                   start=False, environment=n.environment)
    s.base = [x for x in s.base if not x.startswith(("Port", "Listen"))]
    s.base.insert(0, "ListenAddress 127.0.0.1:%d rdomain lo" % s.port)
    s.write_config(["Match RDomain lo", "  ForceCommand echo by lo"])
    s.start()
    for _ in range(2):
        assert s.ssh("x").stdout == b"by lo\n", s.log()[-2000:]
        n.reload(s)
    assert s.log().count("Server listening on 127.0.0.1 port %d rdomain lo." %
                         s.port) == 1, s.log()
    s.wait_log(r'Connection from 127.0.0.1 port \d+ on 127.0.0.1 port %d '
               'rdomain "lo"' % s.port)


def test_who_comes_by_another_interface_isnt_heard(env):
    """The same address, inside the routing domain and beside it."""
    env.need_root()
    with two_networks() as (near, far):
        s = env.server("Match RDomain v0", "  ForceCommand echo by v0",
                       start=False, wrap=("ip", "netns", "exec", near))
        s.base = [x for x in s.base if not x.startswith(("Port", "Listen"))]
        s.base.insert(0, "ListenAddress 10.9.8.1:%d rdomain v0" % s.port)
        s.write_config(["Match RDomain v0", "  ForceCommand echo by v0"])
        s.start()

        def ssh():
            return subprocess.run(
                ["ip", "netns", "exec", far] + s.ssh_args(
                    "-o", "HostName=10.9.8.1", "-o", "HostKeyAlias=[127.0.0.1]"
                    ":%d" % s.port) + ["x"], capture_output=True, timeout=30,
                stdin=subprocess.DEVNULL)
        r = ssh()
        assert r.stdout == b"by v0\n", (r, s.log()[-2000:])
        # now there is another way to it
        ip("-n", near, "link", "add", "v1", "type", "veth", "peer", "name",
           "v1", "netns", far)
        for name, last in (near, 1), (far, 2):
            ip("-n", name, "addr", "add", "10.9.9.%d/24" % last, "dev", "v1")
            ip("-n", name, "link", "set", "v1", "up")
        ip("-n", far, "route", "add", "10.9.8.1/32", "via", "10.9.9.1")
        r = ssh()
        assert r.returncode == 255 and b"refused" in r.stderr, r


def test_addresses_in_every_form(env):
    """Names with several addresses, brackets, either family, -4 and -6; a
    name that nobody knows is told, the others are served."""
    for lines, flags, wanted in (
            (["ListenAddress localhost:%d"], [], ("127.0.0.1",)),
            (["ListenAddress [::1]:%d", "ListenAddress 127.0.0.1"], [],
             ("::1", "127.0.0.1")),
            (["ListenAddress *:%d", "AddressFamily inet"], [], ("0.0.0.0",)),
            (["ListenAddress *:%d"], ["-6"], ("::",)),
            (["ListenAddress no.such.name.invalid:%d",
              "ListenAddress 127.0.0.1"], [], ("127.0.0.1",))):
        s = env.server(start=False, flags=flags)
        s.base = [x for x in s.base if not x.startswith("Listen")]
        s.write_config([x % s.port if "%" in x else x for x in lines])
        try:
            s.start()
        except AssertionError as why:
            if "Address family not supported" in str(why) or \
                    "Cannot assign" in str(why):
                continue  # no IPv6 here
            raise
        for ip in wanted:
            if ":" in ip and "on %s port" % ip not in s.log():
                continue
            assert "Server listening on %s port %d." % (ip, s.port) in \
                s.log(), (lines, s.log())
        if "name" in lines[0]:
            assert "bad addr or host: no.such.name.invalid" in s.log()
        s.stop()


def test_a_queued_client_keeps_its_grace_time(env):
    """Who has spoken and waits for a spawner while a reload comes is ended
    when its LoginGraceTime is over, not later."""
    n = Notified(env)
    s = env.server("LoginGraceTime 4", environment=n.environment)
    spawners = wait_for(lambda: len(s.spawners()) == 2 and s.spawners(), 10,
                        "the spawners")
    # nobody forks: the client waits in the queue or on its way
    for pid in spawners:
        os.kill(pid, signal.SIGSTOP)
    c = s.connect()
    begin = time.monotonic()
    c.recv(100)
    c.sendall(b"SSH-2.0-queued\r\n")
    os.kill(s.pid, signal.SIGHUP)
    c.settimeout(30)
    try:
        while c.recv(10000):
            pass
    except ConnectionError:
        pass
    took = time.monotonic() - begin
    assert took < 9, took
    s.wait_log("Timeout before authentication for connection from 127.0.0.1")
    for pid in spawners:
        if alive(pid):
            os.kill(pid, signal.SIGCONT)
    wait_for(lambda: s.ssh("true").returncode == 0, 30, "a login")


def test_counts_and_penalties_cross(env):
    """MaxStartups goes on counting those of before, and a penalised address
    is still refused."""
    n = Notified(env)
    s = env.server("MaxStartups 2:100:2", "PerSourcePenalties authfail:60s",
                   environment=n.environment)
    held = []
    for _ in range(2):
        c = s.connect()
        c.recv(100)
        c.sendall(b"SSH-2.0-held\r\n")
        c.settimeout(20)
        assert len(c.recv(1000)) > 0
        held.append(c)
    n.reload(s)
    c = s.connect()
    c.settimeout(20)
    assert c.recv(100) == b"Not allowed at this time\r\n"
    for x in held:
        x.close()
    wait_for(lambda: s.ssh("true").returncode == 0, 20, "a place")
    assert s.ssh("true", key="stranger").returncode == 255

    def refused():
        with s.connect() as c:
            c.settimeout(20)
            return b"Not allowed" in c.recv(100)
    wait_for(refused, 20, "the penalty")
    n.reload(s)
    assert refused()


def test_a_log_file_may_be_rotated(env):
    """-E's file is opened anew by SIGHUP, by the listener and for new
    connections; also where the new configuration is bad."""
    n = Notified(env)
    s = env.server(start=False, environment=n.environment)
    log = os.path.join(s.dir, "file")
    s.flags = ["-E", log]
    s.start()
    for i, lines in enumerate(([], ["NoSuchKeyword yes"])):
        os.rename(log, log + ".%d" % i)
        s.write_config(lines)
        n.reload(s)

        def told():
            s.login_works()
            with open(log) as f:
                return "Accepted publickey" in f.read()
        wait_for(told, 20, "the new file")
    with open(log) as f:
        assert "the new configuration is bad" in f.read()


def test_a_relative_log_file_stays_where_it_was(env):
    """-E with a relative name means that of the start, also when it is opened
    anew; nothing appears in the root directory."""
    n = Notified(env)
    s = env.server(start=False, environment=n.environment)
    name = os.path.basename(env.dir) + "-relative"
    log = os.path.join(s.dir, name)
    s.wrap = ["sh", "-c", 'cd "$0" && exec "$@"', s.dir]
    s.flags = ["-E", name]
    s.start()
    os.rename(log, log + ".0")
    n.reload(s)
    s.login_works()
    assert not os.path.exists("/" + name)
    with open(log) as f:
        text = f.read()
    assert "Received SIGHUP; restarting." in text, text
    assert "Accepted publickey" in text, text


def test_a_relative_configuration_file_is_found_again(env):
    """-f with a relative name means that of the start, also in a reload."""
    n = Notified(env)
    s = env.server("ForceCommand echo old", start=False,
                   environment=n.environment)
    command = ["sh", "-c", 'cd "$1" && exec "$2" -D -e -f sshd_config 2>>log',
               "sh", s.dir, env.program]
    s.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                 env=s.environment, start_new_session=True)
    wait_for(lambda: n.count("READY=1") > 0, 20, "the start")
    s.write_config(["ForceCommand echo new"])
    n.reload(s)
    assert s.ssh("x").stdout == b"new\n", s.log()[-2000:]


def test_a_pid_file_that_moves(env):
    """The old one goes, the new one comes."""
    n = Notified(env)
    s = env.server(environment=n.environment)
    old, s.pidfile = s.pidfile, os.path.join(s.dir, "other.pid")
    s.base = [x for x in s.base if not x.startswith("PidFile")]
    s.write_config(["PidFile " + s.pidfile])
    n.reload(s)
    with open(s.pidfile) as f:
        assert int(f.read()) == s.pid
    assert not os.path.exists(old)
    s.write_config(["PidFile none"])
    n.reload(s)
    assert not os.path.exists(s.pidfile)


def test_a_crash_is_told_once(env):
    """With its addresses, by the monitor."""
    s = env.server()
    c = s.connect()
    c.recv(100)
    c.sendall(b"SSH-2.0-test\r\n")
    monitor = wait_for(lambda: next(iter(s.monitors()), None), 10, "a monitor")
    gate = wait_for(lambda: s.roles(monitor).get("gate"), 10, "a gate")
    os.kill(gate, signal.SIGABRT)  # a sanitizer has no handler for it
    wait_for(lambda: not alive(monitor), 10, "the monitor's end")
    s.wait_log("generation \\d+ retired after a crash")
    assert s.log().count("unpriv child crash for connection from 127.0.0.1 "
                         "to 127.0.0.1") == 1, s.log()
    c.close()
