"""The process model: who dies with whom, what each may do and hold."""

import contextlib
import copy
import os
import pty
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import time

from lib import (Skip, alive, children, descendants, descriptors, finish,
                 free_port, status, title, wait_for)

CASCADE = 3  # seconds; the promise is one, the machine may be busy


class Prompted:
    """An ssh that has reached its password prompt: gate, keycheck, monitor."""

    def __init__(self, server, user=None, method="password", command=None):
        self.server = server
        before = set(server.monitors())
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            args = server.ssh_args(
                "-o", "NumberOfPasswordPrompts=3",
                "-o", "PreferredAuthentications=publickey," + method,
                key="stranger", user=user, batch=False)
            os.execvp(args[0], args + ([command] if command else []))
        self.output = b""
        self.wait_for(b"assword:")
        self.monitor = wait_for(
            lambda: next(iter(set(server.monitors()) - before), None), 5)
        self.roles = wait_for(self._both, 5, "gate and keycheck")

    def _both(self):
        roles = self.server.roles(self.monitor)
        return roles if {"gate", "keycheck"} <= set(roles) else None

    def wait_for(self, text, seconds=20):
        end = time.monotonic() + seconds
        while text not in self.output:
            left = end - time.monotonic()
            assert left > 0, self.output
            if select.select([self.fd], [], [], left)[0]:
                try:
                    self.output += os.read(self.fd, 4096)
                except OSError:
                    raise AssertionError(self.output)

    def write(self, text):
        os.write(self.fd, text.encode())

    def close(self):
        os.close(self.fd)
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (OSError, ChildProcessError):
            pass


def spoken(server):
    """A connection that has spoken and waits: (socket, monitor, gate)."""
    before = set(server.monitors())
    c = server.connect()
    c.recv(100)
    c.sendall(b"SSH-2.0-test\r\n")
    monitor = wait_for(
        lambda: next(iter(set(server.monitors()) - before), None), 10)
    gate = wait_for(lambda: server.roles(monitor).get("gate"), 10, "a gate")
    return c, monitor, gate


def test_killing_one_before_login_ends_all(env):
    """SIGKILL of monitor, gate or keycheck ends the other two and the
    connection."""
    s = env.server("PasswordAuthentication yes")
    for victim in ("monitor", "gate", "keycheck"):
        p = Prompted(s)
        try:
            all_three = dict(p.roles, monitor=p.monitor)
            os.kill(all_three[victim], signal.SIGKILL)
            for name, pid in all_three.items():
                wait_for(lambda: not alive(pid), CASCADE,
                         "%s's end after %s's" % (name, victim))
        finally:
            p.close()
    s.login_works()


def test_killing_one_after_login_ends_all(env):
    """SIGKILL of monitor or session ends the other, and the command sees its
    pipes close."""
    s = env.server()
    for victim in ("monitor", "session"):
        client = s.ssh_popen("cat; sleep 30 & wait")
        monitor, session = s.session_of(client)
        os.kill({"monitor": monitor, "session": session}[victim],
                signal.SIGKILL)
        for pid in (monitor, session):
            wait_for(lambda: not alive(pid), CASCADE, "the cascade")
        client.wait(10)
        assert client.returncode == 255


def test_a_terminals_shell_gets_sighup(env):
    """Whoever of the connection dies, a program on the terminal gets
    SIGHUP."""
    s = env.server()
    for victim in ("monitor", "session", "client"):
        mark = os.path.join(s.dir, "hup-%s" % victim)
        with open(mark, "w"):
            pass
        os.chmod(mark, 0o666)
        client = s.ssh_popen(
            "trap 'echo hup >%s; exit' HUP; echo ready; "
            "while :; do sleep 0.05; done" % mark, options=("-tt",))
        assert b"ready" in client.stdout.readline()
        monitor, session = s.session_of(client)
        pid = {"monitor": monitor, "session": session,
               "client": client.pid}[victim]
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: "hup" in open(mark).read(), CASCADE,
                 "SIGHUP after the %s's end" % victim)
        for pid in (monitor, session):
            wait_for(lambda: not alive(pid), CASCADE, "the cascade")
        client.kill()
        client.wait()


def test_killed_spawner_and_keeper_end_no_session(env):
    """A killed spawner or keeper ends no session that is logged in, and new
    logins succeed."""
    s = env.server()
    client = s.ssh_popen("cat")
    s.session_of(client)
    for name in ("spawners", "keeper"):
        victims = s.spawners() if name == "spawners" else [s.keeper()]
        assert victims and None not in victims, name
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        for pid in victims:
            wait_for(lambda: not alive(pid), 5, "the victim's end")
        s.login_works()
        client.stdin.write(b"still here\n")
        client.stdin.flush()
        assert client.stdout.readline() == b"still here\n"
    client.stdin.close()
    assert client.wait(10) == 0


def test_a_stopped_process_cannot_outlive_the_grace_time(env):
    """A stopped monitor or gate is gone when LoginGraceTime is over."""
    s = env.server("LoginGraceTime 2")
    for which in ("monitor", "gate"):
        c, monitor, gate = spoken(s)
        os.kill(monitor if which == "monitor" else gate, signal.SIGSTOP)
        for pid in (monitor, gate):
            wait_for(lambda: not alive(pid), 8, "the end of the grace time")
        c.close()
    s.wait_log(r"Timeout before authentication for connection from 127.0.0.1 "
               r"to 127.0.0.1, pid = \d+")


def test_grace_time_counts_from_accept(env):
    """Silent or not, a connection without a login is closed; traffic puts
    nothing off."""
    s = env.server("LoginGraceTime 2")
    silent = s.connect()
    busy, _, _ = spoken(s)
    begin = time.monotonic()
    silent.settimeout(10)
    silent.recv(100)
    assert silent.recv(100) == b""
    busy.settimeout(0.2)
    while time.monotonic() - begin < 10:
        try:
            busy.sendall(b"")
            if busy.recv(100000) == b"":
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    else:
        raise AssertionError("the busy one lives")
    assert len(re.findall("Timeout before authentication", s.log())) == 2 or \
        s.wait_log(r"(?s)Timeout before.*Timeout before", 5)


def test_no_zombie_stays(env):
    """After logins and refusals nobody is left unreaped."""
    s = env.server()
    for _ in range(5):
        s.login_works()
        s.ssh("true", key="stranger")
    def clean():
        everyone = descendants(s.pid)
        return all(alive(p) for p in everyone) and not s.monitors()
    wait_for(clean, 5, "no zombie and no monitor left")


def test_gate_is_confined(env):
    """The gate: filter, no new privileges, no capability, own account, empty
    root directory, small limits."""
    s = env.server()
    c, monitor, gate = spoken(s)
    st = status(gate)
    assert st["Seccomp"].strip() == "2", st
    assert st["NoNewPrivs"].strip() == "1", st
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(st[name], 16) == 0, (name, st[name])
    with open("/proc/%d/limits" % gate) as f:
        limits = f.read()
    assert re.search(r"Max core file size\s+0\s+0", limits), limits
    if env.root:
        uid = pwd.getpwnam("sshd").pw_uid
        assert set(st["Uid"].split()) == {str(uid)}, st["Uid"]
        assert st["Groups"].strip() == "", st["Groups"]
        assert int(st["CapBnd"], 16) == 0, st["CapBnd"]
        root = os.readlink("/proc/%d/root" % gate)
        assert root != "/" and os.listdir("/proc/%d/root/" % gate) == [], root
        assert re.search(r"Max processes\s+0\s+0", limits), limits
    c.close()


def test_keycheck_is_confined_as_the_gate_is(env):
    """keycheck has given up everything when it reads."""
    s = env.server("PasswordAuthentication yes")
    p = Prompted(s)
    try:
        st = status(p.roles["keycheck"])
        assert st["Seccomp"].strip() == "2" and st["NoNewPrivs"].strip() == "1"
        assert int(st["CapEff"], 16) == 0
        if env.root:
            assert set(st["Uid"].split()) == {
                str(pwd.getpwnam("sshd").pw_uid)}
            assert os.readlink("/proc/%d/root" % p.roles["keycheck"]) != "/"
    finally:
        p.close()


def kinds(pid):
    """What a process holds beyond 0 to 2, without the sockets' numbers."""
    return sorted(re.sub(r":\[\d+\]", "", what)
                  for number, what in descriptors(pid).items() if number > 2)


def test_no_descriptor_that_is_not_needed(env):
    """Gate: connection and monitor; keycheck: monitor and key files; the
    user's program: 0 to 2."""
    env.need_root()  # they can't be looked into by their own user
    s = env.server("PasswordAuthentication yes")
    p = Prompted(s)
    try:
        gate, keycheck = kinds(p.roles["gate"]), kinds(p.roles["keycheck"])
        assert gate.count("socket") == 2, gate
        assert all(k == "socket" or k.startswith("anon_inode")
                   for k in gate), gate
        assert keycheck.count("socket") == 1, keycheck
        assert all(k == "socket" or "authorized_keys" in k or
                   k.startswith("anon_inode") for k in keycheck), keycheck
    finally:
        p.close()
    r = s.ssh("ls -l /proc/self/fd")
    numbers = re.findall(rb" (\d+) -> ", r.stdout)
    assert set(numbers) <= {b"0", b"1", b"2", b"3"}, r.stdout  # 3: ls's own


def test_nobody_but_the_keeper_has_a_key_file(env):
    """No process has a host key's file open once it serves."""
    s = env.server()
    client = s.ssh_popen("cat")
    s.session_of(client)
    for pid in [s.pid] + descendants(s.pid):
        for what in descriptors(pid).values():
            assert "host_" not in what, (title(pid), what)
    client.kill()
    client.wait()


def test_hup_keeps_sockets_and_sessions(env):
    """SIGHUP re-executes: the pid stays, the pid file comes back, sessions
    live on, silent connections are kept."""
    s = env.server()
    client = s.ssh_popen("cat")
    s.session_of(client)
    silent = s.connect()
    silent.recv(100)
    os.unlink(s.pidfile)
    os.kill(s.pid, signal.SIGHUP)
    wait_for(lambda: os.path.exists(s.pidfile), 10, "the pid file")
    s.wait_log("Received SIGHUP; restarting.")
    assert s.process.poll() is None
    s.login_works()
    client.stdin.write(b"here\n")
    client.stdin.flush()
    assert client.stdout.readline() == b"here\n"
    client.stdin.close()
    assert client.wait(10) == 0
    silent.sendall(b"SSH-2.0-late\r\n")
    silent.settimeout(10)
    assert len(silent.recv(1000)) > 0  # KEXINIT
    silent.close()


def test_no_zombie_stays_after_hup(env):
    """The new image reaps what the old one had started. Stopped meanwhile, its
    children can't end before the new one serves."""
    s = env.server()
    s.login_works()
    before = children(s.pid)
    for pid in before:
        os.kill(pid, signal.SIGSTOP)
    os.unlink(s.pidfile)
    os.kill(s.pid, signal.SIGHUP)
    wait_for(lambda: os.path.exists(s.pidfile), 10, "the pid file")
    for pid in before:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: not set(before) & set(children(s.pid)), 10,
             "the end of the old image's children")
    s.login_works()


def test_an_ignored_sigchld_is_put_right(env):
    """Whoever starts the daemon may ignore SIGCHLD, which exec keeps: then no
    child's end could be seen."""
    careless = copy.copy(env)
    careless.program = os.path.join(env.dir, "careless")
    with open(careless.program, "w") as f:
        f.write("#!/bin/sh\ntrap '' CHLD\nexec %s \"$@\"\n" % env.program)
    os.chmod(careless.program, 0o755)
    s = careless.server()
    s.login_works()
    ignored = int(status(s.pid)["SigIgn"], 16)
    assert not ignored >> (signal.SIGCHLD - 1) & 1, hex(ignored)
    r = s.ssh("exit 7")
    assert r.returncode == 7, r


def test_hup_with_a_bad_file_serves_on(env):
    """A bad new configuration leaves the old one serving and says why."""
    s = env.server()
    with open(s.config, "a") as f:
        f.write("NoSuchKeyword yes\n")
    os.kill(s.pid, signal.SIGHUP)
    s.wait_log("NoSuchKeyword")
    s.login_works()


def test_term_ends_the_listener_alone(env):
    """SIGTERM ends the listener; a session lives on and can re-exchange its
    keys."""
    s = env.server()
    client = s.ssh_popen("cat", options=("-o", "RekeyLimit=100K"))
    monitor, session = s.session_of(client)
    os.kill(s.pid, signal.SIGTERM)
    assert s.process.wait(10) == 0
    s.wait_log("Received signal 15; terminating.")
    assert not os.path.exists(s.pidfile)
    data = os.urandom(300000).hex().encode() + b"\n"
    import threading
    t = threading.Thread(target=lambda: (client.stdin.write(data),
                                         client.stdin.close()))
    t.start()
    assert client.stdout.read() == data
    t.join()
    assert client.wait(10) == 0
    wait_for(lambda: not alive(session) and not alive(monitor), 10, "the end")


def test_a_crash_retires_the_generation(env):
    """A gate that dies of a signal ends its generation: those before login go
    with it, those after stay."""
    s = env.server()
    client = s.ssh_popen("cat")
    s.session_of(client)
    other, other_monitor, _ = spoken(s)
    c, monitor, gate = spoken(s)
    before = set(s.spawners())
    os.kill(gate, signal.SIGABRT)
    wait_for(lambda: not alive(monitor), CASCADE, "the monitor's end")
    wait_for(lambda: not alive(other_monitor), CASCADE,
             "the end of the other one before login")
    s.wait_log(r"Session process \d+ unpriv child crash for connection from "
               r"127.0.0.1 to 127.0.0.1")
    client.stdin.write(b"here\n")
    client.stdin.flush()
    assert client.stdout.readline() == b"here\n"
    s.login_works()
    wait_for(lambda: set(s.spawners()) != before, 5, "another spawner")
    client.kill()
    client.wait()


def test_a_retired_spawner_leaves_with_its_last_connection(env):
    """Generations whose connections before login have gone don't linger."""
    s = env.server("SpawnerGeneration 1")
    held = [spoken(s)[0] for _ in range(6)]
    assert len(s.spawners()) >= 6
    for c in held:
        c.close()
    wait_for(lambda: len(s.spawners()) <= 2, 5, "the retired spawners' end")
    s.login_works()


def test_generations_are_fresh_images(env):
    """SpawnerGeneration 1: every connection has its own layout; within one
    generation it is shared."""
    env.need_root()  # an ordinary user can't read a monitor's maps
    def layout(server):
        c, monitor, gate = spoken(server)
        with open("/proc/%d/maps" % monitor) as f:
            # the program's: a sanitizer's shadow has its own place
            first = next(line.split("-")[0] for line in f
                         if line.rstrip().endswith("/sallyportd"))
        c.close()
        wait_for(lambda: not alive(monitor), 5)
        return first
    s = env.server("SpawnerGeneration 1")
    assert len({layout(s) for _ in range(4)}) == 4
    s.stop()
    s = env.server("SpawnerGeneration 64")
    assert len({layout(s) for _ in range(4)}) == 1


def test_maxstartups_refuses_with_a_text(env):
    """Beyond MaxStartups a newcomer gets a text line and the log a line;
    silent ones don't count."""
    s = env.server("MaxStartups 2:100:2")
    silent = [s.connect() for _ in range(10)]
    s.login_works()
    held = [spoken(s)[0] for _ in range(2)]
    c = s.connect()
    c.settimeout(10)
    assert c.recv(100) == b"Not allowed at this time\r\n"
    s.wait_log(r"drop connection #\d+ from \[127.0.0.1\]:\d+ on "
               r"\[127.0.0.1\]:\d+ Maxstartups")
    for x in held:
        x.close()
    wait_for(lambda: not s.monitors(), 5, "the held ones' end")
    s.login_works()
    for x in silent:
        x.close()


def test_thousands_of_silent_ones_shut_nobody_out(env):
    """Far more silent connections than MaxStartups: logins succeed, and no
    process is made for the silent."""
    s = env.server()
    silent = [s.connect() for _ in range(400)]
    assert len(s.monitors()) == 0
    for _ in range(5):
        s.login_works()
    for x in silent:
        x.close()


def test_foreground_ctrl_c_spares_sessions(env):
    """Sessions of a daemon in the foreground have a session of their own:
    its terminal's Ctrl-C doesn't reach them."""
    s = env.server()
    client = s.ssh_popen("cat")
    monitor, session = s.session_of(client)
    assert os.getsid(monitor) != os.getsid(s.pid)
    client.kill()
    client.wait()


def test_closing_without_a_word_costs_no_process(env):
    """Who connects and goes leaves a line in the log; a generation of one
    connection would be used up by anybody who was handed on."""
    s = env.server("SpawnerGeneration 1")
    wait_for(lambda: len(s.spawners()) == 2, 10, "the one ahead")
    before = set(s.spawners())
    for _ in range(20):
        s.connect().close()
    wait_for(lambda: len(re.findall(r"(?m)^Connection closed by 127.0.0.1 port "
                                    r"\d+$", s.log())) == 20, 10, "the lines")
    assert set(s.spawners()) == before
    s.login_works()
    wait_for(lambda: set(s.spawners()) != before, 10, "a generation's end")


def test_a_deleted_program_serves_on(env):
    """The image is held open: spawners, keeper and errands are made of it
    when its file is gone or another."""
    s = env.server("SpawnerGeneration 1", start=False)
    s.program = os.path.join(s.dir, "sallyportd")
    shutil.copy(env.program, s.program)
    s.start()
    os.unlink(s.program)
    for _ in range(3):
        s.login_works()
    os.kill(s.keeper(), signal.SIGKILL)
    s.wait_log("the keeper of the host keys ended; starting another")
    s.login_works()
    os.kill(s.pid, signal.SIGHUP)  # nothing to restart with: serves on
    s.wait_log("the new configuration is bad|No such file")
    s.login_works()
    with open(s.program, "w") as f:
        f.write("#!/bin/sh\nexit 3\n")
    os.chmod(s.program, 0o755)
    os.kill(s.pid, signal.SIGHUP)
    s.wait_log("the new configuration is bad .status 3.")
    s.login_works()


def test_a_new_program_takes_over(env):
    """SIGHUP runs what lies at the path of the start: an upgrade keeps
    sessions and sockets."""
    s = env.server(start=False)
    s.program = os.path.join(s.dir, "sallyportd")
    shutil.copy(env.program, s.program)
    s.start()
    client = s.ssh_popen("cat")
    s.session_of(client)
    new = s.program + ".new"
    shutil.copy(env.program, new)
    os.rename(new, s.program)
    os.unlink(s.pidfile)
    os.kill(s.pid, signal.SIGHUP)
    wait_for(lambda: os.path.exists(s.pidfile), 10, "the new one")
    if env.root:  # nobody else may look at what can't be dumped
        assert os.readlink("/proc/%d/exe" % s.pid) == s.program
    s.login_works()
    client.stdin.write(b"here\n")
    client.stdin.close()
    assert client.stdout.read() == b"here\n"
    finish(client)


def test_comm_is_sshd(env):
    """Every process is called sshd, for journald and fail2ban; ps tells which
    is which."""
    s = env.server("PasswordAuthentication yes")
    p = Prompted(s)
    client = s.ssh_popen("cat")
    monitor, session = s.session_of(client)
    titles = []
    try:
        for pid in [s.pid] + s.spawners() + [s.keeper(), p.monitor, monitor,
                                             session] + list(p.roles.values()):
            with open("/proc/%d/comm" % pid) as f:
                assert f.read() == "sshd\n", title(pid)
            titles.append(title(pid))
    finally:
        p.close()
    finish(client)
    for words in (r"sallyportd \[listener\]$", "^sshd: spawner", r"^sshd: \[keeper\]$",
                  r"^sshd: %s \[priv\]$" % env.user,
                  "^sshd: %s@notty$" % env.user):
        assert any(re.search(words, t) for t in titles), (words, titles)


def test_a_keeper_that_cant_come_back_is_tried_again(env):
    """The host keys are gone for a while: the daemon serves again when they
    are back."""
    s = env.server(start=False)
    key = os.path.join(s.dir, "key")
    shutil.copy(os.path.join(env.keys, "host_ed25519"), key)
    s.base = [x for x in s.base if not x.startswith("HostKey")]
    s.write_config(["HostKey " + key])
    s.start()
    os.rename(key, key + ".away")
    os.kill(s.keeper(), signal.SIGKILL)
    s.wait_log("no hostkeys available|Unable to load host key")
    os.rename(key + ".away", key)
    wait_for(lambda: s.ssh("true").returncode == 0, 20, "a login")


def loading_keeper(s):
    """A new keeper, stopped before it has told its keys; or None."""
    tasks = "/proc/%d/task/%d/children" % (s.pid, s.pid)
    told = s.log().count("host key #2: ")
    os.kill(s.keeper(), signal.SIGKILL)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with open(tasks) as f:
            found = [int(p) for p in f.read().split()]
        for p in found:
            if title(p) != "sshd @keeper":
                continue  # it names itself otherwise once it serves
            with contextlib.suppress(OSError):
                os.kill(p, signal.SIGSTOP)
                # the last key isn't loaded yet, so nothing is told
                if s.log().count("host key #2: ") == told:
                    return p
                os.kill(p, signal.SIGCONT)
                return None
    return None


def test_a_keeper_that_loads_holds_up_no_accept(env):
    """The keeper died, and the next one takes its time: connections are
    accepted and greeted meanwhile, and logins wait for it."""
    s = env.server()
    for _ in range(20):
        keeper = loading_keeper(s)
        if keeper is not None:
            break
        wait_for(lambda: s.ssh("true").returncode == 0, 20, "a login")
    assert keeper is not None
    try:
        for _ in range(5):
            c = s.connect()
            c.settimeout(5)
            assert c.recv(8) == b"SSH-2.0-"
            c.close()
        client = s.ssh_popen("echo in")
        with s.connect() as c:  # after it, which is on its way by now
            c.settimeout(5)
            assert c.recv(8) == b"SSH-2.0-"
    finally:
        os.kill(keeper, signal.SIGCONT)
    assert client.stdout.read() == b"in\n", s.log()[-2000:]
    finish(client)


def test_sessions_of_a_dead_keeper_end_with_a_line(env):
    """A session whose keeper died ends at its next re-exchange, and the log
    says why."""
    s = env.server()
    client = s.ssh_popen("cat", options=("-o", "RekeyLimit=100K"))
    s.session_of(client)
    os.kill(s.keeper(), signal.SIGKILL)
    try:
        client.stdin.write(b"x" * 300000)
        client.stdin.flush()
    except OSError:
        pass
    s.wait_log("the keeper of the host keys is gone: no signature for "
               "127.0.0.1")
    assert client.wait(20) == 255
    finish(client)
    s.login_works()


def test_quit_and_interrupt_end_the_listener(env):
    """SIGQUIT and SIGINT as SIGTERM."""
    for signo in (signal.SIGQUIT, signal.SIGINT):
        s = env.server()
        os.kill(s.pid, signo)
        assert s.process.wait(10) == 0
        s.wait_log("Received signal %d; terminating." % signo)
        s.stop()


def test_a_changed_configuration_acts_after_hup(env):
    """Also another port: the old one is closed, the new one served; sessions
    keep the configuration that they began with."""
    s = env.server("ForceCommand echo old; cat")
    client = s.ssh_popen("x")
    assert client.stdout.readline() == b"old\n"
    old = s.port
    s.port = free_port()
    s.base[0] = "Port %d" % s.port
    s.write_config(["ForceCommand echo new"])
    os.unlink(s.pidfile)
    os.kill(s.pid, signal.SIGHUP)
    wait_for(lambda: os.path.exists(s.pidfile), 10, "the reload")
    s.know_hosts()
    r = s.ssh("x")
    assert r.stdout == b"new\n", (r, s.log()[-2000:])
    with socket.socket() as c:
        assert c.connect_ex(("127.0.0.1", old)) != 0
    client.stdin.write(b"here\n")
    client.stdin.close()
    assert client.stdout.read() == b"here\n"
    finish(client)


def test_per_source_bound(env):
    """PerSourceMaxStartups counts silent and speaking ones of an address."""
    s = env.server("PerSourceMaxStartups 3")
    silent = [s.connect() for _ in range(2)]
    held = spoken(s)[0]
    c = s.connect()
    c.settimeout(10)
    assert c.recv(100) == b"Not allowed at this time\r\n"
    s.wait_log("PerSourceMaxStartups")
    for x in silent + [held]:
        x.close()
    wait_for(lambda: s.ssh("true").returncode == 0, 10, "a place")


def test_the_background(env):
    """Without -D the start returns when it serves, with the daemon's log in
    its file; a start that fails is told."""
    s = env.server(start=False)
    log = os.path.join(s.dir, "file")
    r = subprocess.run([env.program, "-f", s.config, "-E", log],
                       capture_output=True, timeout=30,
                       stdin=subprocess.DEVNULL)
    assert r.returncode == 0 and r.stdout == r.stderr == b"", r
    with open(s.pidfile) as f:
        pid = int(f.read())
    try:
        assert os.getsid(pid) == os.getpgid(pid) != os.getsid(0)
        if env.root:
            assert os.readlink("/proc/%d/cwd" % pid) == "/"
        s.login_works()
        again = subprocess.run([env.program, "-f", s.config],
                               capture_output=True, timeout=30, text=True)
        assert again.returncode == 255, again
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not alive(pid), 10, "the end")
    with open(log) as f:
        assert "Server listening on 127.0.0.1 port %d." % s.port in f.read()


def test_debug_mode_serves_one(env):
    """-d: one connection in the foreground, then the end; it says what it
    does."""
    s = env.server(start=False)
    with open(s.logfile, "wb") as log:
        p = subprocess.Popen([env.program, "-d", "-f", s.config], stderr=log,
                             stdin=subprocess.DEVNULL)
    s.wait_log("Server listening on 127.0.0.1 port %d" % s.port)
    assert s.ssh("echo in").stdout == b"in\n", s.log()[-3000:]
    assert p.wait(10) is not None
    assert "debug1: " in s.log()


def test_inetd_mode_on_two_pipes(env):
    """-i speaks SSH on two pipes; the peer is UNKNOWN port 65535."""
    s = env.server(start=False)
    proxy = "ProxyCommand=%s -i -f %s -E%s" % (env.program, s.config,
                                               s.logfile)
    r = s.ssh("echo $SSH_CONNECTION",
              options=("-o", proxy, "-o", "StrictHostKeyChecking=no"))
    assert r.stdout == b"UNKNOWN 65535 UNKNOWN 65535\n", (r, s.log())
    assert r.stderr == b"", r.stderr


def test_inetd_mode_identifies_itself_at_eof(env):
    """-i with standard input at its end still writes its line first."""
    s = env.server(start=False)
    r = subprocess.run([env.program, "-i", "-f", s.config],
                       stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=20)
    assert r.stdout.startswith(b"SSH-2.0-Sallyport_"), r


def test_protocol_one_is_refused(env):
    """An SSH-1.5 peer is refused with exit status 255."""
    s = env.server(start=False)
    r = subprocess.run([env.program, "-i", "-f", s.config],
                       input=b"SSH-1.5-old\r\n", capture_output=True,
                       timeout=20)
    assert r.returncode == 255, r


def test_first_start_makes_host_keys(env):
    """Without a configuration and without keys the daemon makes them: 0600,
    readable by ssh-keygen. What is off by default only where it is named."""
    env.need_root()
    _first_start(env, "", 0)


def test_first_start_makes_what_is_named(env):
    """With ML-DSA's name in HostKeyAlgorithms there is such a key, too."""
    env.need_root()
    _first_start(env, "-o HostKeyAlgorithms=+ssh-mldsa44-ed25519@openssh.com",
                 2)


def _first_start(env, option, mldsa):
    script = r"""
    set -e
    mount -t tmpfs none /usr/local/etc
    %s -D -e -p %d -o 'ListenAddress 127.0.0.1' -o 'PidFile %s/p' %s &
    pid=$!
    for i in $(seq 100); do
        [ -f /usr/local/etc/sallyport/ssh_host_rsa_key ] && break
        sleep 0.2
    done
    [ $(ls /usr/local/etc/sallyport | grep -c mldsa44) = %d ]
    for k in ed25519 ecdsa rsa; do
        f=/usr/local/etc/sallyport/ssh_host_${k}_key
        stat -c '%%a' $f
        ssh-keygen -l -f $f
        ssh-keygen -y -f $f >/dev/null
        [ -f $f.pub ]
    done
    kill $pid
    """
    s = env.server(start=False)
    text = subprocess.run([env.program, "-G"], capture_output=True,
                          text=True).stdout
    if "/usr/local/etc/sallyport" not in text:
        raise Skip("built with another sysconfdir")
    r = subprocess.run(["unshare", "-m", "sh", "-c",
                        script % (env.program, s.port, s.dir, option,
                                  mldsa)],
                       capture_output=True, text=True, timeout=60)
    if "unshare" in r.stderr:
        raise Skip("no mount namespaces here")
    assert r.returncode == 0 and r.stdout.count("600\n") == 3, r
    for kind in ("ED25519", "ECDSA", "RSA"):
        assert "(%s)" % kind in r.stdout, r.stdout


def test_key_file_that_others_may_read_is_left_out(env):
    """A host key with group or other bits is told and left out; with none
    left the daemon doesn't start."""
    s = env.server(start=False)
    bad = os.path.join(s.dir, "bad_key")
    with open(os.path.join(env.keys, "host_ed25519"), "rb") as f, \
            open(bad, "wb") as g:
        g.write(f.read())
    os.chmod(bad, 0o644)
    only = os.path.join(s.dir, "only")
    with open(only, "w") as f:
        f.write("HostKey %s\nPidFile none\n" % bad)
    r = subprocess.run([env.program, "-t", "-f", only], capture_output=True,
                       text=True, timeout=20)
    assert r.returncode == 1, r
    assert "UNPROTECTED PRIVATE KEY FILE" in r.stderr, r
    assert "no hostkeys available -- exiting." in r.stderr, r
