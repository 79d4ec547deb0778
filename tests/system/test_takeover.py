"""A port that another connection of the same user holds: taken over where that
one's client is gone, and only there."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time

from lib import Notified, alive, finish, free_port, wait_for
from partners import echo, echoed, talk
from test_forward import ip, two_networks

GONE = r"no sign of life from user %s .* in 3 seconds, and another connection"


@contextlib.contextmanager
def holder(server, *options, user=None):
    """A connection that listens; (ssh, its session process)."""
    p = server.ssh_popen(options=("-N", "-o", "ExitOnForwardFailure=yes") +
                         options, user=user)
    before = opened(server)
    try:
        _, session = server.session_of(p)
        wait_for(lambda: opened(server) >= before + options.count("-R"), 10,
                 "the forwards")
        yield p, session
    finally:
        p.kill()  # it may be stopped
        p.wait()


def opened(server):
    return server.log().count("Remote forwarding opened")


def gets(server, *options, user=None, seconds=10):
    """Does a new connection get all that it wants to listen on? It has time to
    wait for the answer."""
    before = opened(server)
    p = server.ssh_popen("cat", options=("-o", "ExitOnForwardFailure=yes") +
                         options, user=user)
    try:
        wait_for(lambda: p.poll() is not None or
                 opened(server) == before + options.count("-R"), seconds,
                 "an answer")
        return p.poll() is None
    finally:
        p.stdin.close()
        finish(p)


def test_a_stopped_clients_port_is_taken_over(env):
    """With all that it listened on, TCP and path, and meanwhile the one that
    asks does its other work."""
    s = env.server()
    os.chmod(s.dir, 0o777)
    path = os.path.join(s.dir, "socket")
    with echo() as e:
        port = free_port()
        to = "127.0.0.1:%d" % e.port
        options = ("-R", "%d:%s" % (port, to), "-R", "%s:%s" % (path, to))
        with holder(s, *options) as (old, session):
            assert talk(("127.0.0.1", port)) == echoed(b"hello")
            old.send_signal(signal.SIGSTOP)
            begun = time.monotonic()
            p = s.ssh_popen("echo early; cat", options=options)
            assert p.stdout.readline() == b"early\n"
            assert time.monotonic() - begun < 2.5 and alive(session)
            s.wait_log(GONE % env.user)
            assert 2.5 < time.monotonic() - begun < 8
            wait_for(lambda: not alive(session), 10, "the old one's end")
            wait_for(lambda: opened(s) == 4, 10, "the new one's forwards")
            assert talk(("127.0.0.1", port)) == echoed(b"hello")
            assert talk(path) == echoed(b"hello")
            p.stdin.close()
            finish(p)
    assert s.log().count("no sign of life") == 1


def test_a_living_client_keeps_its_port(env):
    """Whoever comes second is refused, and at once; and so is one that asks
    for its own port again, or for a port of somebody else's."""
    s = env.server()
    with echo() as e, socket.socket() as foreign:
        foreign.bind(("127.0.0.1", 0))
        foreign.listen(1)
        port = free_port()
        spec = "%d:127.0.0.1:%d" % (port, e.port)
        with holder(s, "-R", spec) as (_, session):
            for n in (port, foreign.getsockname()[1]):
                assert not gets(s, "-R", "%d:127.0.0.1:9" % n, seconds=2.5)
            assert talk(("127.0.0.1", port)) == echoed(b"hello")
            assert alive(session)
        assert not gets(s, "-R", spec, "-R", spec + "0", seconds=2.5)
    s.wait_log(r"bind \[localhost\]:%d: Address already in use" % port)
    assert "no sign of life" not in s.log()


def test_several_at_a_time_after_a_reload(env):
    """The listener that is executed knows who listens. Connections come back
    together, each for its own port; and two for the same one, of which one
    gets it."""
    n = Notified(env)
    s = env.server(environment=n.environment)
    n.wait("READY=1")
    ports = [free_port() for _ in range(4)]
    spec = lambda port: ("-R", "%d:127.0.0.1:9" % port)
    with contextlib.ExitStack() as stack:
        for port in ports:
            old, _ = stack.enter_context(holder(s, *spec(port)))
            old.send_signal(signal.SIGSTOP)
        n.reload(s)
        begun = time.monotonic()
        new = [s.ssh_popen("cat", options=spec(port) + (
            "-o", "ExitOnForwardFailure=yes")) for port in ports + ports[:1]]
        for port in ports:
            wait_for(lambda: s.log().count(
                "opened: localhost port %d for" % port) == 2, 10, "a port")
        assert time.monotonic() - begun < 8
        wait_for(lambda: sum(p.poll() is not None for p in new) == 1, 10,
                 "the one too many")
        for p in new:
            p.stdin.close()
            finish(p)
    assert s.log().count("no sign of life") == 4


def test_nobody_touches_anothers_connection(env):
    """Another user's client may be as dead as it likes."""
    w = env.world()
    for name in ("anna", "bert"):
        w.add_user(name)
    s = env.server("UsePAM no", world=w)
    port = free_port()
    spec = "%d:127.0.0.1:9" % port
    with holder(s, "-R", spec, user="anna") as (old, session):
        old.send_signal(signal.SIGSTOP)
        assert not gets(s, "-R", spec, user="bert", seconds=2.5)
        time.sleep(3.2)  # as long as a question would have taken
        assert alive(session)


def test_a_stopped_session_holds_nobody_up(env):
    """It can't answer: whoever asks is refused after a while, others don't
    notice."""
    s = env.server()
    port = free_port()
    spec = "%d:127.0.0.1:9" % port
    with holder(s, "-R", spec) as (_, session):
        os.kill(session, signal.SIGSTOP)
        p = s.ssh_popen("cat", options=("-R", spec, "-o",
                                        "ExitOnForwardFailure=yes"))
        begun = time.monotonic()
        s.login_works()
        assert time.monotonic() - begun < 2.5
        p.wait(10)
        assert p.returncode != 0 and time.monotonic() - begun > 2.5
        os.kill(session, signal.SIGCONT)
        assert alive(session)


def test_a_client_that_is_cut_off(env):
    """Its machine is there no more; no packet says so."""
    env.need_root()
    with two_networks() as (near, far):
        s = env.server("ListenAddress 10.9.8.1",
                       wrap=("ip", "netns", "exec", near))
        port = free_port()
        there = ("-o", "HostName=10.9.8.1", "-o",
                 "HostKeyAlias=[127.0.0.1]:%d" % s.port, "-o",
                 "ExitOnForwardFailure=yes", "-R", "%d:127.0.0.1:9" % port)
        start = lambda where, *command: subprocess.Popen(
            ["ip", "netns", "exec", where] + s.ssh_args(*there) +
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        old = start(far, "cat")
        try:
            _, session = s.session_of(old)
            s.wait_log("Remote forwarding opened")
            ip("-n", far, "link", "set", "v0", "down")
            new = start(near, "cat")
            wait_for(lambda: opened(s) == 2, 10, "the new one's forward")
            wait_for(lambda: not alive(session), 5, "the old one's end")
            s.wait_log(GONE % env.user)
            new.stdin.close()
            finish(new)
        finally:
            old.kill()
            finish(old)


class Slow:
    """A line of 15 kB a second towards the client."""

    def __init__(self, server):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(1)
        self.port = self.socket.getsockname()[1]
        self.server = server
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        client, _ = self.socket.accept()
        far = socket.socket()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        far.connect(("127.0.0.1", self.server.port))
        threading.Thread(target=self._pump, args=(client, far, 0),
                         daemon=True).start()
        self._pump(far, client, 0.2)

    def _pump(self, source, sink, pause):
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(3000)
                if not data:
                    break
                sink.sendall(data)
                time.sleep(pause)
            sink.close()


def test_a_client_that_is_slow_to_take_is_there(env):
    """Its answer stands behind what it hasn't taken yet; that it takes
    something is answer enough."""
    s = env.server()
    port, slow = free_port(), Slow(s)
    spec = "%d:127.0.0.1:9" % port
    args = s.ssh_args("-R", spec, "-o",
                      "HostKeyAlias=[127.0.0.1]:%d" % s.port)
    args[args.index(str(s.port))] = str(slow.port)
    p = subprocess.Popen(args + ["cat /dev/zero"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL)
    try:
        _, session = s.session_of(p)
        s.wait_log("Remote forwarding opened")
        time.sleep(0.5)  # until the line is full
        assert not gets(s, "-R", spec)
        assert alive(session) and "no sign of life" not in s.log()
    finally:
        p.kill()
        p.wait()
