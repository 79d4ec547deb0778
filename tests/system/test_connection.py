"""The connection protocol, RFC 4254, message by message; and what real clients
make of all of it at a time."""

import contextlib
import os
import selectors
import shutil
import socket
import subprocess
import threading
import time

from lib import Skip, alive, children, descriptors, finish, free_port, wait_for
from partners import connect, echo, echoed, say, talk
from test_admission import Names
from test_ctl import Desk
from test_forward import listening, resident, with_agent
from wire import FAILURE, SUCCESS, WINDOW, Wire

PROHIBITED, CONNECT_FAILED, UNKNOWN_TYPE = 1, 2, 3
ADJUST, DATA, EOF, CLOSE, REQUEST, YES, NO = 93, 94, 96, 97, 98, 99, 100


# ---- message by message --------------------------------------------------------

def test_why_a_channel_is_not_opened(env):
    """Each reason by its code."""
    s = env.server("PermitTunnel no", "MaxSessions 1",
                   "AllowStreamLocalForwarding remote")
    w = Wire(s)
    free = free_port()
    for kind, fields, code in (
            ("what@example.org", (), UNKNOWN_TYPE),
            ("forwarded-tcpip", ("127.0.0.1", 80, "::1", 81), UNKNOWN_TYPE),
            ("direct-tcpip", ("127.0.0.1", free, "::1", 81), CONNECT_FAILED),
            ("direct-tcpip", ("no-such-name.invalid", 80, "::1", 81),
             CONNECT_FAILED),
            # what would be our own port, were it cut to 16 bits
            ("direct-tcpip", ("127.0.0.1", s.port + 65536, "::1", 81),
             PROHIBITED),
            ("direct-tcpip", ("127.0.0.1", 0, "::1", 81), PROHIBITED),
            # sshd's word for a no of these
            ("direct-streamlocal@openssh.com", ("/tmp/x", "", 0),
             CONNECT_FAILED),
            ("tun@openssh.com", (1, 0x7fffffff), CONNECT_FAILED)):
        assert w.refusal(kind, *fields) == code, (kind, fields)
    w.open("session")
    assert w.refusal("session") == CONNECT_FAILED  # too many
    w.close()
    s.stop()
    s = env.server("AllowTcpForwarding remote")
    w = Wire(s)
    assert w.refusal("direct-tcpip", "127.0.0.1", s.port, "::1", 81) == \
        PROHIBITED
    assert w.refusal("direct-streamlocal@openssh.com", "", "", 0) == \
        CONNECT_FAILED  # no name of the kernel's choosing
    assert w.refusal("direct-streamlocal@openssh.com", "\0abstract", "", 0) \
        is None  # no path has that
    s.login_works()


def test_what_nobody_knows_is_answered(env):
    """RFC 4254 §4, §5.4, RFC 4253 §11.4: failure where an answer is wanted,
    silence where not; and whatever comes, the connection lives."""
    w = Wire(env.server())
    c = w.open("session")
    w.send(80, "silent@example.org", False, "x")
    c.send(REQUEST, "silent@example.org", False, "x")
    assert w.request("what@example.org", "x", 7)[0] == FAILURE
    assert w.request("keepalive@openssh.com")[0] == SUCCESS
    c.send(REQUEST, "what@example.org", True, "x")
    assert c.next()[0] == NO
    c.send(REQUEST, "keepalive@openssh.com", True)
    assert c.next()[0] == NO
    # answers to what we never asked
    w.send(81, "x")
    w.send(82)
    c.send(YES)
    w.send(107, 5)
    assert w.answer()[0] == 3
    c.send(REQUEST, "exec", True, "echo alive")
    c.until(YES)
    assert c.until(DATA).get_string() == b"alive\n"
    w.close()


def test_no_more_sessions(env):
    """A client that promised to open none and does is not that client; other
    channels may still come."""
    s = env.server()
    with echo() as e:
        w = Wire(s)
        c = w.open("session")
        assert w.request("no-more-sessions@openssh.com")[0] == SUCCESS
        d = w.open("direct-tcpip", "127.0.0.1", e.port, "::1", 1)
        d.send(DATA, b"x")
        assert d.until(DATA).get_string() == b"x"
        c.send(REQUEST, "exec", True, "echo alive")
        assert c.until(DATA).get_string() == b"alive\n"
        assert w.refusal("session") is None
        s.wait_log("Possible attack: attempt to open a session after "
                   "additional sessions disabled")


def test_each_half_ends_by_itself(env):
    """The server's end of file first, then the client's; the channel closes
    when both are there, and not before."""
    s = env.server()
    with socket.socket() as listening_one:
        listening_one.bind(("127.0.0.1", 0))
        listening_one.listen(1)
        w = Wire(s)
        c = w.open("direct-tcpip", "127.0.0.1",
                   listening_one.getsockname()[1], "::1", 1)
        far, _ = listening_one.accept()
        far.settimeout(10)
        far.sendall(b"all I have")
        far.shutdown(socket.SHUT_WR)
        assert c.next()[1].get_string() == b"all I have"
        assert c.next()[0] == EOF
        for piece in (b"there", b"is more"):
            c.send(DATA, piece)
            assert far.recv(100) == piece
        c.send(EOF)
        assert far.recv(100) == b""
        assert c.next()[0] == CLOSE
        c.send(CLOSE)
        # and what was sent before a close arrives
        c = w.open("direct-tcpip", "127.0.0.1",
                   listening_one.getsockname()[1], "::1", 1)
        far, _ = listening_one.accept()
        far.settimeout(10)
        c.send(DATA, b"last words")
        c.send(CLOSE)
        assert far.recv(100) == b"last words" and far.recv(100) == b""
        w.close()


def test_a_channel_that_grants_nothing_stalls_no_other(env):
    """It gets its window to the last octet and then nothing, while others
    move; and goes on where it stopped."""
    s = env.server()
    with echo() as e:
        w = Wire(s)
        stuck = w.open("session")
        stuck.send(REQUEST, "exec", True, "cat /dev/zero")
        stuck.until(YES)
        got = 0
        while got < WINDOW:
            got += len(stuck.until(DATA).get_binary())
        assert got == WINDOW
        lively = w.open("direct-tcpip", "127.0.0.1", e.port, "::1", 1)
        for i in range(200):
            lively.send(DATA, b"%d" % i)
            assert lively.until(DATA).get_binary() == b"%d" % i
        assert w.channels[stuck.ours].empty()
        stuck.send(ADJUST, 1000)
        assert len(stuck.until(DATA).get_binary()) == 1000
        stuck.send(CLOSE)
        stuck.until(CLOSE)
        w.close()


# ---- where remote forwards listen -------------------------------------------------

def ask_port(w, address, port):
    """The port that it listens on; None: it doesn't."""
    n, m = w.request("tcpip-forward", address, port)
    if n != SUCCESS:
        return None
    return port if port else m.get_int()


def test_ports_are_numbers_of_32_bits(env):
    """Checked before they are cut to 16; port 0 is told, each a different
    one; cancelled by the number that was told."""
    s = env.server()
    w = Wire(s)
    free = free_port()
    for port in (65536 + free, 65536, 0xffffffff):
        assert ask_port(w, "localhost", port) is None
        assert w.request("cancel-tcpip-forward", "localhost", port)[0] == \
            FAILURE
    assert not listening(free)
    if env.account.pw_uid != 0:
        assert ask_port(w, "localhost", 1023) is None
    ports = [ask_port(w, "localhost", 0) for _ in range(3)]
    assert len(set(ports)) == 3 and min(ports) >= 1024
    assert listening(ports[0])
    assert w.request("cancel-tcpip-forward", "localhost", 0)[0] == FAILURE
    for port in ports:
        assert w.request("cancel-tcpip-forward", "localhost", port)[0] == \
            SUCCESS
        assert w.request("cancel-tcpip-forward", "localhost", port)[0] == \
            FAILURE
        assert not listening(port)
    # nobody would learn the number
    w.send(80, "tcpip-forward", False, "localhost", 0)
    assert w.request("keepalive@openssh.com")[0] == SUCCESS
    assert s.log().count("Remote forwarding opened") == 3
    assert w.request("streamlocal-forward@openssh.com", "")[0] == FAILURE
    w.close()


V4, V6 = "0100007F", "00000000000000000000000001000000"
ANY4, ANY6 = "00000000", "0" * 32


def test_every_form_of_an_address(env):
    """By GatewayPorts, as sshd has it; names by the resolver, while other
    things go on."""
    w = env.world()
    w.append("etc/hosts", "127.0.0.1 here.example.org\n"
             "127.0.0.2 there.example.org\n")
    six = os.path.exists("/proc/net/if_inet6") and \
        "00000000000000000000000000000001" in open("/proc/net/if_inet6").read()
    both = {V4, V6} if six else {V4}
    every = {ANY4, ANY6} if six else {ANY4}
    for value, forms in (
            ("no", {"": both, "*": both, "localhost": both, "0.0.0.0": both,
                    "::": both, "here.example.org": both, "127.0.0.1": {V4},
                    "::1": {V6}}),
            ("yes", {"localhost": every, "127.0.0.1": every, "": every,
                     "nonsense.invalid": every}),
            ("clientspecified", {
                "": every, "*": every, "localhost": both, "0.0.0.0": {ANY4},
                "::": {ANY6}, "127.0.0.1": {V4}, "::1": {V6},
                "here.example.org": {V4}, "there.example.org": {"0200007F"},
                "nonsense.invalid": None, "192.0.2.1": None, "[::1]": None})):
        s = env.server("GatewayPorts " + value, "UseDNS no", world=w)
        wire = Wire(s)
        for address, wanted in forms.items():
            if wanted and not six and wanted <= {V6, ANY6}:
                continue
            port = ask_port(wire, address, 0)
            got = listening(port) if port else None
            assert got == wanted, (value, address, got, wanted)
        wire.close()
        s.stop()


def test_a_slow_resolver_holds_up_its_own_request(env):
    """A name server that never answers: channels go on, answers to requests
    keep their order, and the end of the connection ends the look-up."""
    w = env.world()
    names = Names(w, None, None)
    names.answer = lambda query: None
    s = env.server("GatewayPorts clientspecified", "UseDNS no", world=w)
    wire = Wire(s)
    free = free_port()
    wire.send(80, "tcpip-forward", True, "slow.example.org", free)
    wire.send(80, "tcpip-forward", True, "localhost", 0)
    c = wire.open("session")
    c.send(REQUEST, "exec", True, "echo meanwhile")
    assert c.until(DATA).get_string() == b"meanwhile\n"
    assert "Remote forwarding opened" not in s.log()
    assert all(n == 80 for n, _ in wire.globals.queue)  # the server's keys
    _, session = s.session_of(None)
    assert children(session)
    helper = children(session)[0]
    wire.close()
    wait_for(lambda: not alive(session) and not alive(helper), 10, "the end")
    names.over = True


# ---- time limits ----------------------------------------------------------------------

def test_each_type_of_channel_has_its_limit(env):
    """ChannelTimeout by type: those that are named are closed when nothing
    moves, the session that isn't lives on."""
    limited = ("direct-tcpip", "forwarded-tcpip",
               "direct-streamlocal@openssh.com",
               "forwarded-streamlocal@openssh.com", "agent-connection",
               "x11-connection")
    s = env.server("ChannelTimeout " + " ".join(k + "=1" for k in limited),
                   "X11Forwarding yes", "X11DisplayOffset 60")
    os.chmod(s.dir, 0o777)
    at, back = os.path.join(s.dir, "at"), os.path.join(s.dir, "back")
    with echo() as e, echo(socket.AF_UNIX, at):
        os.chmod(at, 0o777)
        w = Wire(s)
        session = w.open("session")
        session.send(REQUEST, "auth-agent-req@openssh.com", True)
        session.until(YES)
        xauth = shutil.which("xauth") is not None
        if xauth:
            session.send(REQUEST, "x11-req", True, True, "MIT-MAGIC-COOKIE-1",
                         "00" * 16, 0)
            session.until(YES)
        session.send(REQUEST, "exec", True,
                     "echo $SSH_AUTH_SOCK $DISPLAY; exec cat")
        where = session.until(DATA).get_text().split()
        port = ask_port(w, "localhost", 0)
        assert w.request("streamlocal-forward@openssh.com", back)[0] == SUCCESS
        ours = [w.open("direct-tcpip", "127.0.0.1", e.port, "::1", 1),
                w.open("direct-streamlocal@openssh.com", at, "", 0)]
        peers = [connect(("127.0.0.1", port)), connect(back)]
        if os.access(where[0], os.W_OK):
            peers.append(connect(where[0]))
        if xauth:
            peers.append(connect(("127.0.0.1", 6000 + int(
                where[1].split(":")[1].split(".")[0]))))
        theirs = [w.accept() for _ in peers]
        assert [kind for kind, _ in theirs[:2]] == [
            "forwarded-tcpip", "forwarded-streamlocal@openssh.com"], theirs
        assert {kind for kind, _ in theirs[2:]} <= {
            "auth-agent@openssh.com", "x11"}, theirs
        for c in ours + [c for _, c in theirs]:
            c.until(CLOSE, 5)
            c.send(CLOSE)
        for p in peers:
            p.settimeout(5)
            with contextlib.suppress(ConnectionResetError):
                assert p.recv(1) == b""
            p.close()
        wait_for(lambda: s.log().count("closing after 1 seconds of "
                                       "inactivity") == len(peers) + 2, 5,
                 "a line for each")
        session.send(DATA, b"still here")
        assert session.until(DATA).get_string() == b"still here"
        w.close()


def test_the_agent_by_its_later_name(env):
    """agent-req is answered by channels of the type agent-connect."""
    w = Wire(env.server())
    c = w.open("session")
    c.send(REQUEST, "agent-req", True)
    c.until(YES)
    c.send(REQUEST, "exec", True, "echo $SSH_AUTH_SOCK; exec cat")
    path = c.until(DATA).get_text().strip()
    if not os.access(path, os.W_OK):
        raise Skip("needs root, or the user")
    with connect(path) as a:
        kind, agent = w.accept()
        assert kind == "agent-connect", kind
        a.sendall(b"\0\0\0\1\x0b")
        assert agent.until(DATA).get_binary() == b"\0\0\0\1\x0b"
        agent.send(DATA, b"\0\0\0\1\5")
        assert a.recv(5) == b"\0\0\0\1\5"
    w.close()
    wait_for(lambda: not os.path.exists(path), 10, "the socket's removal")


def test_a_display_ends_with_its_connection(env):
    """A client that dies while a program has a display: the session ends in
    order."""
    if shutil.which("xauth") is None:
        raise Skip("needs xauth")
    s = env.server("X11Forwarding yes", "X11DisplayOffset 80")
    w = Wire(s)
    c = w.open("session")
    c.send(REQUEST, "x11-req", True, False, "MIT-MAGIC-COOKIE-1", "00" * 16, 0)
    c.until(YES)
    c.send(REQUEST, "exec", True, "echo $DISPLAY; exec sleep 60")
    port = 6000 + int(c.until(DATA).get_text().split(":")[1].split(".")[0])
    assert listening(port)
    monitor, session = s.session_of(None)
    w.transport.sock.close()
    wait_for(lambda: not alive(session) and not alive(monitor), 10, "the end")
    assert not listening(port)
    # no fault of its own: what a monitor notes of a child's end
    assert "AddressSanitizer" not in s.log() and \
        "wait status" not in s.log(), s.log()[-2000:]


# ---- all at a time -------------------------------------------------------------------

def socks(port, to):
    """A connection through a SOCKS 5 proxy, RFC 1928."""
    c = connect(("127.0.0.1", port))
    c.sendall(b"\5\1\0")
    assert c.recv(2) == b"\5\0"
    c.sendall(b"\5\1\0\1\x7f\0\0\1" + to.to_bytes(2, "big"))
    assert c.recv(10)[:2] == b"\5\0"
    return c


def through(c, data):
    with c:
        return say(c, data) == echoed(data)


def test_key_exchanges_while_everything_runs(env):
    """Both sides ask for new keys all the time; forwardings in every
    direction, the agent, a display and a shell don't notice."""
    s = env.server("RekeyLimit 256K", "X11Forwarding yes",
                   "X11DisplayOffset 50")
    os.chmod(s.dir, 0o777)
    agent = os.path.join(s.dir, "agent")
    at, here, back = (os.path.join(s.dir, n) for n in ("at", "here", "back"))
    big = os.urandom(200000)
    display = shutil.which("xauth") and shutil.which("Xvfb") and \
        shutil.which("xdpyinfo")
    with contextlib.ExitStack() as stack:
        e = stack.enter_context(echo())
        stack.enter_context(echo(socket.AF_UNIX, at))
        os.chmod(at, 0o777)
        a = subprocess.Popen(["ssh-agent", "-D", "-a", agent],
                             stdout=subprocess.DEVNULL)
        stack.callback(lambda: (a.terminate(), a.wait()))
        wait_for(lambda: os.path.exists(agent), 10, "the agent")
        variables = dict(os.environ, SSH_AUTH_SOCK=agent)
        subprocess.run(["ssh-add", "-q", os.path.join(env.keys, "user_ecdsa")],
                       env=variables, check=True)
        local, remote, dynamic = free_port(), free_port(), free_port()
        args = with_agent(s, agent)
        args[1:1] = ["-o", "RekeyLimit=256K", "-o", "ExitOnForwardFailure=yes",
                     "-L", "%d:127.0.0.1:%d" % (local, e.port),
                     "-R", "%d:127.0.0.1:%d" % (remote, e.port),
                     "-L", "%s:%s" % (here, at), "-R", "%s:%s" % (back, at),
                     "-D", str(dynamic)]
        script = "set -e; i=0; while [ $i -lt 5 ]; do ssh-add -L; " \
            "i=$((i+1)); done; "
        if display:
            number = next(n for n in range(70, 99) if not os.path.exists(
                "/tmp/.X%d-lock" % n))
            cookies = os.path.join(s.dir, "Xauthority")
            subprocess.run(["xauth", "-q", "-f", cookies, "add",
                            ":%d" % number, ".", "0123456789abcdef" * 2],
                           check=True, stderr=subprocess.DEVNULL)
            # one that starts anew after each client loses the next
            x = subprocess.Popen(["Xvfb", ":%d" % number, "-auth", cookies,
                                  "-noreset"],
                                 stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
            stack.callback(lambda: (x.terminate(), x.wait(), subprocess.run(
                ["rm", "-f", os.path.join(env.account.pw_dir,
                                          ".Xauthority")], check=False)))
            wait_for(lambda: os.path.exists("/tmp/.X11-unix/X%d" % number), 20,
                     "Xvfb")
            variables.update(DISPLAY=":%d" % number, XAUTHORITY=cookies)
            args[1:1] = ["-Y"]
            script += "for i in 1 2; do xdpyinfo >/dev/null; done; "
        p = subprocess.Popen(args + [script + "echo done; cat"],
                             env=variables, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        fine = []
        doors = [lambda: connect(("127.0.0.1", local)),
                 lambda: connect(("127.0.0.1", remote)),
                 lambda: connect(here), lambda: connect(back),
                 lambda: socks(dynamic, e.port)]
        work = [threading.Thread(target=lambda d=d: fine.append(
            through(d(), big))) for d in doors * 2]
        for t in work:
            t.start()
        said = b""
        while not said.endswith(b"done\n"):
            line = p.stdout.readline()
            assert line, (p.stderr.read(), s.log()[-3000:])
            said += line
        for t in work:
            t.join(60)
        assert fine == [True] * len(work), fine
        assert said.count(b"ecdsa-sha2-") == 5, said
        p.stdin.close()
        finish(p)
        assert p.returncode == 0
    assert s.log().count("kex: algorithm:") > 10


# ---- an editor's pattern ------------------------------------------------------------

CHANNELS = 60
# What an editor with a remote end does in an hour: 60 streams of requests and
# answers, one each second; so many of these minutes.
MINUTES = int(os.environ.get("SALLYPORT_EDITOR_MINUTES", "2"))


class Stream:
    """One long-lived connection: a request, its answer, the next."""

    def __init__(self, selector, address, todo, number):
        self.socket = connect(address)
        self.socket.setblocking(False)
        self.todo, self.number = todo, number
        self.due = 0
        self.selector = selector
        selector.register(self.socket, selectors.EVENT_READ, self)
        self.ask()

    def ask(self):
        # most are small, some are a file
        size = 60000 if (self.todo + self.number) % 50 == 0 else \
            100 + 37 * (self.todo % 40)
        self.due = size
        self.socket.sendall(b"x" * size)

    def answered(self):
        """True: all is done."""
        self.due -= len(self.socket.recv(65536))
        if self.due == 0:
            self.todo -= 1
            if self.todo > 0:
                self.ask()
        return self.due == 0 and self.todo == 0


def exchange(address, count, streams=None):
    """Streams to address, count requests each, all at a time; the streams,
    still open."""
    with selectors.DefaultSelector() as sel:
        streams = [Stream(sel, address, count, i) for i in range(CHANNELS)]
        busy = len(streams)
        while busy:
            ready = sel.select(20)
            assert ready, "nothing moves"
            busy -= sum(key.data.answered() for key, _ in ready)
    return streams


def test_an_editors_hour(env):
    """One connection, 60 channels over a Unix socket that live as long as it
    does, new keys now and then: memory stays where it was, and when the
    channels are closed nothing of them is left."""
    d = Desk(env, "LogLevel ERROR", "RekeyLimit 4M")
    s = d.server
    os.chmod(s.dir, 0o777)
    at, here = os.path.join(s.dir, "at"), os.path.join(s.dir, "here")
    channels = lambda: d.sessions()[0].get("channels")
    with echo(socket.AF_UNIX, at) as e:
        os.chmod(at, 0o777)
        p = s.ssh_popen("cat", options=("-L", "%s:%s" % (here, at)))
        try:
            _, session = s.session_of(p)
            talk(here)
            before = len(descriptors(session)), resident(env, session)
            first = exchange(here, 150)
            time.sleep(2)  # what nobody uses is given back in one
            middle = resident(env, session)
            for c in first:
                c.socket.close()
            wait_for(lambda: e.served == CHANNELS + 1, 20, "the first's end")
            streams = exchange(here, 60 * MINUTES)
            assert wait_for(channels, 5, "an answer") == CHANNELS + 1
            wait_for(lambda: resident(env, session) <= middle + 64, 5,
                     "memory: %r, %r" % (before, middle))
            # an idle channel costs a few kB
            assert resident(env, session) - before[1] <= 8 * CHANNELS
            for c in streams:
                c.socket.close()
            wait_for(lambda: len(descriptors(session)) <= before[0], 10,
                     "the descriptors")
            wait_for(lambda: channels() == 1, 10, "the channels")
            # what libc keeps between what is used, however long it was
            wait_for(lambda: resident(env, session) <= before[1] + 384, 5,
                     "memory: %r" % (before,))
        finally:
            p.stdin.close()
            finish(p)
