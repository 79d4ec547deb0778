"""Who comes in and who stays: limits, penalties, names, timeouts, and what
the kernel is told about a connection."""

import contextlib
import ctypes
import fcntl
import json
import os
import re
import signal
import resource
import socket
import struct
import subprocess
import threading
import time

from lib import Skip, alive, children, finish, status, title, wait_for
from talk import message


SIOCOUTQNSD = 0x894B  # linux/sockios.h: octets not sent yet

# ---- what the kernel knows ----------------------------------------------------


def socket_of(pid):
    """A copy of the TCP socket that a process holds (pidfd_getfd)."""
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = libc.syscall(434, pid, 0)
    if pidfd < 0:
        raise Skip("no pidfd_open")
    try:
        for name in os.listdir("/proc/%d/fd" % pid):
            if not os.readlink("/proc/%d/fd/%s" % (pid, name)).startswith(
                    "socket:"):
                continue
            fd = libc.syscall(438, pidfd, int(name), 0)
            if fd < 0:
                raise Skip("no pidfd_getfd")
            s = socket.socket(fileno=fd)
            if s.family in (socket.AF_INET, socket.AF_INET6):
                return s
            s.close()
    finally:
        os.close(pidfd)
    raise AssertionError("no TCP socket in %d" % pid)


def tos_of(pid):
    with socket_of(pid) as s:
        return s.getsockopt(socket.IPPROTO_IP, socket.IP_TOS)


def session_pid(s):
    def there():
        for m in s.monitors():
            roles = s.roles(m)
            if "session" in roles and "gate" not in roles:
                return roles["session"]
        return None
    return wait_for(there, 20, "a session")


def shell_on(t, terminal):
    ch = t.open_session()
    if terminal:
        ch.get_pty()
    ch.exec_command("cat")
    return ch


def test_qos_switches_between_interactive_and_bulk(env):
    """IPQoS: interactive as long as a terminal is there, else bulk."""
    env.need_root()
    for value, bulk, interactive in (("af21 cs1", 0x20, 0x48),
                                     ("36 12", 12, 36),
                                     ("none cs2", 0x40, 0),
                                     ("af11", 0x28, 0x28)):
        s = env.server("IPQoS " + value)
        t = s.paramiko()
        first = shell_on(t, False)
        pid = session_pid(s)
        wait_for(lambda: tos_of(pid) == bulk, 10, "bulk of " + value)
        for _ in range(2):
            second = shell_on(t, True)
            wait_for(lambda: tos_of(pid) == interactive, 10,
                     "interactive of " + value)
            third = shell_on(t, False)
            third.close()
            assert tos_of(pid) == interactive
            second.close()
            wait_for(lambda: tos_of(pid) == bulk, 10, "bulk again")
        first.close()
        t.close()
        s.stop()


def test_qos_none_leaves_the_socket_alone(env):
    env.need_root()
    s = env.server("IPQoS none")
    t = s.paramiko()
    shell_on(t, True)
    assert tos_of(session_pid(s)) == 0
    t.close()


class Reluctant:
    """A client's connection that stops reading when it is told to."""

    def __init__(self, conn):
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.conn = conn
        self.reads = threading.Event()
        self.reads.set()

    def recv(self, n):
        self.reads.wait()
        return self.conn.recv(n)

    def __getattr__(self, name):
        return getattr(self.conn, name)


def unsent_to_who_does_not_read(s, terminal):
    """Octets that the kernel holds for a client that stopped reading."""
    client = Reluctant(s.connect())
    t = s.paramiko(over=client)
    shell = shell_on(t, terminal)
    bulk = t.open_session(window_size=1 << 28)
    pid = session_pid(s)
    client.reads.clear()
    # answers aren't seen: the request that is asked for none
    t._send_user_message(message(  # SSH_MSG_CHANNEL_REQUEST
        98, bulk.remote_chanid, "exec", False, "cat /dev/zero"))
    with socket_of(pid) as conn:
        seen = [0]

        def still():
            time.sleep(0.1)
            seen.append(struct.unpack("i", fcntl.ioctl(
                conn, SIOCOUTQNSD, b"\0" * 4))[0])
            return seen[-1] > 0 and seen[-1] == seen[-2]
        wait_for(still, 20, "a standstill")
    client.close()
    client.reads.set()
    t.close()
    del shell  # paramiko closes what nobody holds
    return seen[-1]


def test_little_is_written_ahead_beside_a_terminal(env):
    """A keystroke's echo waits for what was handed to the kernel before."""
    env.need_root()
    s = env.server()
    beside = unsent_to_who_does_not_read(s, True)
    alone = unsent_to_who_does_not_read(s, False)
    assert beside <= 160 << 10, beside
    assert alone > beside, (alone, beside)


def test_tcp_keepalive_is_on_unless_switched_off(env):
    env.need_root()
    for word, value in (("yes", 1), ("no", 0)):
        s = env.server("TCPKeepAlive " + word)
        t = s.paramiko()
        with socket_of(session_pid(s)) as conn:
            assert conn.getsockopt(socket.SOL_SOCKET,
                                   socket.SO_KEEPALIVE) == value, word
        t.close()
        s.stop()


# ---- how long one may do nothing ----------------------------------------------------


def test_an_idle_channel_is_closed_the_connection_stays(env):
    """ChannelTimeout by type; traffic in either direction puts it off."""
    s = env.server("ChannelTimeout session:command=2", "LogLevel VERBOSE")
    t = s.paramiko()
    busy = t.open_session()
    busy.exec_command("while sleep 0.3; do echo x; done")
    idle = t.open_session()
    idle.exec_command("sleep 60")
    shell = t.open_session()
    shell.get_pty()
    shell.invoke_shell()
    idle.settimeout(30)
    assert idle.recv(1) == b""
    assert idle.recv_exit_status() == -1, "closed hard, without a status"
    s.wait_log(r"channel \d+: closing after 2 seconds of inactivity")
    assert not busy.closed and busy.recv(1) == b"x"
    assert not shell.closed
    assert t.is_active()
    t.close()


def test_global_closes_all_channels_together(env):
    s = env.server("ChannelTimeout global=2", "UnusedConnectionTimeout 1")
    t = s.paramiko()
    a, b = t.open_session(), t.open_session()
    a.exec_command("sleep 60")
    b.exec_command("sleep 60")
    for ch in (a, b):
        ch.settimeout(30)
        assert ch.recv(1) == b""
    wait_for(lambda: not t.is_active(), 20, "the connection's end")
    assert "terminating inactive connection from user %s 127.0.0.1 port" % (
        env.user) in s.log()


def test_an_unused_connection_ends(env):
    """Before the first channel, and after the last; not while there is one."""
    s = env.server("UnusedConnectionTimeout 2")
    t = s.paramiko()
    wait_for(lambda: not t.is_active(), 20, "the end of an unused connection")
    t = s.paramiko()
    ch = t.open_session()
    ch.exec_command("sleep 4; echo here")
    assert ch.makefile().read() == b"here\n"
    ch.close()
    wait_for(lambda: not t.is_active(), 20, "the end after the last channel")


def test_a_deaf_client_is_told_from_one_that_answers(env):
    """ClientAliveInterval: who answers stays, who doesn't goes."""
    s = env.server("ClientAliveInterval 1", "ClientAliveCountMax 2",
                   "TCPKeepAlive no")
    p = s.ssh_popen("cat")
    pid = session_pid(s)
    p.stdin.write(b"x")
    p.stdin.flush()
    assert p.stdout.read(1) == b"x"
    time.sleep(4)  # several probes: the client answers
    assert alive(pid)
    p.send_signal(19)
    try:
        s.wait_log("Timeout, client not responding from user %s 127.0.0.1 "
                   "port" % env.user, 20)
        wait_for(lambda: not alive(pid), 10, "the session's end")
    finally:
        p.send_signal(18)
    finish(p)


# ---- names ---------------------------------------------------------------------


class Names:
    """A name server of the test's own, on the loopback, for a World."""

    ADDRESS = "127.0.53.53"

    def __init__(self, world, ptr, a):
        self.ptr, self.a = ptr, a
        self.queries = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.bind((self.ADDRESS, 53))
        except OSError as e:
            raise Skip("no port 53: %s" % e)
        etc = world.path("etc")
        for name, text in (
                ("resolv.conf", "nameserver %s\noptions timeout:60\n" %
                 self.ADDRESS),
                ("nsswitch.conf", "passwd: files\ngroup: files\n"
                 "shadow: files\nhosts: files dns\n"),
                ("hosts", "127.0.0.1 localhost\n"),
                ("host.conf", "multi on\n")):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(etc, name))
            world.write("etc/" + name, text)
        self.socket.settimeout(0.1)
        self.over = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.over:
            try:
                query, client = self.socket.recvfrom(2048)
            except socket.timeout:
                continue
            answer = self.answer(query)
            if answer is not None:
                self.socket.sendto(answer, client)

    def answer(self, query):
        name, at = "", 12
        while query[at]:
            name += query[at + 1:at + 1 + query[at]].decode() + "."
            at += 1 + query[at]
        kind = struct.unpack_from(">H", query, at + 1)[0]
        self.queries.append((kind, name))
        if kind == 12:
            value = self.ptr.get(name)
            data = value and self.wire(value)
        else:
            value = self.a.get(name) if kind == 1 else None
            data = value and socket.inet_aton(value)
        if value == "":
            return None  # silence
        head = query[:2] + struct.pack(
            ">HHHHH", 0x8180 if data else 0x8183, 1, 1 if data else 0, 0, 0)
        body = query[12:at + 5]
        if data:
            body += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60,
                                              len(data)) + data
        return head + body

    @staticmethod
    def wire(name):
        return b"".join(bytes([len(p)]) + p.encode()
                        for p in name.split(".")) + b"\0"

    def close(self):
        self.over = True
        self.thread.join()
        self.socket.close()


PTR = {"7.0.0.127.in-addr.arpa.": "Good.example",
       "8.0.0.127.in-addr.arpa.": "other.example",
       "9.0.0.127.in-addr.arpa.": "lost.example",
       "10.0.0.127.in-addr.arpa.": "10.1.2.3",
       "12.0.0.127.in-addr.arpa.": ""}
A = {"Good.example.": "127.0.0.7", "good.example.": "127.0.0.7",
     "other.example.": "127.0.0.99"}


@contextlib.contextmanager
def named(env):
    world = env.world()
    names = Names(world, PTR, A)
    try:
        yield world, names
    finally:
        names.close()


def from_address(s, last, *command, **how):
    return s.ssh(*command, options=("-b", "127.0.0.%d" % last) +
                 tuple(how.pop("options", ())), **how)


def test_a_name_counts_if_it_maps_back(env):
    """UseDNS: AllowUsers by name for the one address whose name is confirmed,
    a line for each that lies, and no rule by name for those."""
    with named(env) as (world, _):
        s = env.server("UseDNS yes", "UsePAM no",
                       "AllowUsers %s@good.example" % env.user, world=world)
        r = from_address(s, 7, "echo in")
        assert r.stdout == b"in\n", (r, s.log()[-3000:])
        lines = {
            8: "Address 127.0.0.8 maps to other.example, but this does not "
               "map back to the address.",
            9: "reverse mapping checking getaddrinfo for lost.example "
               "[127.0.0.9] failed.",
            10: 'Nasty PTR record "10.1.2.3" is set up for 127.0.0.10, '
                "ignoring",
            11: "User %s from 127.0.0.11 not allowed because not listed in "
                "AllowUsers" % env.user}
        for last, line in lines.items():
            assert from_address(s, last, "true").returncode == 255
            assert line in s.log(), (line, s.log()[-3000:])


def test_names_decide_in_match_and_from(env):
    """Match Host, from= of a key, and the record of a login see the name."""
    with named(env) as (world, _):
        with open(env.authorized) as f:
            keys = "".join('from="*.example" ' + line for line in f)
        s = env.server("UseDNS yes", "UsePAM no", "Match Host good.example",
                       "ForceCommand echo matched", "Match all",
                       world=world, authorized=keys)
        assert from_address(s, 7, "echo in").stdout == b"matched\n", (
            s.log()[-3000:])
        assert from_address(s, 8, "echo in").returncode == 255
        s.wait_log(r"not from a permitted host \(host=127.0.0.8, "
                   r"ip=127.0.0.8, required=\*.example\)")
        p = s.ssh_popen(options=("-tt", "-b", "127.0.0.7"))
        p.stdout.readline()
        finish(p)
        with open(world.path("log/wtmp"), "rb") as f:
            assert b"good.example" in f.read()


def test_without_usedns_nobody_is_asked(env):
    with named(env) as (world, names):
        s = env.server("UsePAM no", "Match Host good.example",
                       "ForceCommand echo matched", world=world)
        assert from_address(s, 7, "echo in").stdout == b"in\n"
        assert not names.queries, names.queries


def test_a_silent_name_server_costs_ten_seconds_at_most(env):
    """Meanwhile the errand that asks has no right whatsoever."""
    with named(env) as (world, _):
        s = env.server("UseDNS yes", "UsePAM no", world=world)
        begin = time.monotonic()
        p = s.ssh_popen("echo in", options=("-b", "127.0.0.12"))

        def errand():
            return next((e for m in s.monitors() for e in children(m)
                         if "[dns]" in title(e)), None)

        st = status(wait_for(errand, 10, "the errand"))
        assert "0" not in st["Uid"].split(), st["Uid"]
        assert int(st["CapPrm"], 16) == 0 and int(st["CapBnd"], 16) == 0
        assert st["NoNewPrivs"].strip() == "1"
        out, _ = finish(p, 60)
        assert out == b"in\n", s.log()[-3000:]
        assert 8 < time.monotonic() - begin < 40
        assert "no name was found for 127.0.0.12 in time" in s.log()
        assert not errand()


# ---- penalties --------------------------------------------------------------------


def refusal(s, address="127.0.0.1"):
    """What a newcomer from there is told in place of an identification."""
    with socket.create_connection((s.env_address, s.port), timeout=20,
                                  source_address=(address, 0)) as c:
        return c.makefile("rb").readline()


def comes_in(s, address="127.0.0.1"):
    s.env_address = "127.0.0.1"
    line = refusal(s, address)
    assert line in (b"Not allowed at this time\r\n",) or \
        line.startswith(b"SSH-2.0-"), line
    return line.startswith(b"SSH-2.0-")


PENALTIES = ("PerSourcePenalties crash:91 authfail:92 noauth:93 "
             "invaliduser:94 refuseconnection:95 grace-exceeded:96 min:0")


def leave(s):
    s.connect().close()


def fail(s):
    assert s.ssh("true", key="stranger").returncode == 255


def be_nobody(s):
    """The name alone, no attempt: "none" is how everybody begins."""
    t = s.paramiko(auth=False)
    import paramiko
    with contextlib.suppress(paramiko.SSHException):
        t.auth_none("no-such-user")
    t.close()


def be_refused(s):
    s.ssh("true")


def stay_silent(s):
    with s.connect() as c:
        c.recv(4096)
        c.settimeout(30)
        assert c.recv(4096) == b""


def stall(s):
    with s.connect() as c:
        c.sendall(b"SSH-2.0-x\r\n")
        c.settimeout(30)
        with contextlib.suppress(OSError):
            while c.recv(4096):
                pass


def crash(s):
    with s.connect() as c:
        c.sendall(b"SSH-2.0-x\r\n")
        m = wait_for(s.monitors, 20, "a monitor")[0]
        gate = wait_for(lambda: s.roles(m).get("gate"), 20, "a gate")
        os.kill(gate, signal.SIGABRT)
        wait_for(lambda: not alive(m), 20, "the monitor's end")


def crash_monitor(s):
    with s.connect() as c:
        c.sendall(b"SSH-2.0-x\r\n")
        m = wait_for(s.monitors, 20, "a monitor")[0]
        os.kill(m, signal.SIGABRT)
        wait_for(lambda: not alive(m), 20, "the monitor's end")


def penalised(env, act, seconds, reason, *lines):
    s = env.server(PENALTIES, *lines)
    act(s)
    s.wait_log(r"srclimit_penalise: ipv4: new 127.0.0.1/32 active penalty of "
               r"%d.000 seconds for penalty: %s" % (seconds, reason), 20)
    assert not comes_in(s)
    assert comes_in(s, "127.0.0.2"), "another address"
    s.wait_log(r"drop connection #\d+ from \[127.0.0.1\]:\d+ on "
               r"\[127.0.0.1\]:%d penalty: %s" % (s.port, reason))
    s.stop()


def test_penalty_for_leaving_without_a_word(env):
    penalised(env, leave, 93, "connections without attempting authentication")


def test_penalty_for_a_failed_attempt(env):
    penalised(env, fail, 92, "failed authentication")


def test_penalty_for_a_name_that_isnt_known(env):
    penalised(env, be_nobody, 94, "attempted authentication by invalid user")


def test_penalty_for_a_refused_connection(env):
    """RefuseConnection in a Match block: before any attempt."""
    penalised(env, be_refused, 95, "connection prohibited by RefuseConnection",
              "Match User " + env.user, "RefuseConnection yes")


def test_penalty_for_silence(env):
    penalised(env, stay_silent, 96, "exceeded LoginGraceTime",
              "LoginGraceTime 1")


def test_penalty_for_stalling(env):
    """It spoke, so it has a monitor, which its own timer kills."""
    penalised(env, stall, 96, "exceeded LoginGraceTime", "LoginGraceTime 1")


def test_penalty_for_a_crash_of_the_gate(env):
    env.need_root()
    penalised(env, crash, 91, "caused crash")


def test_penalty_for_a_crash_of_the_monitor(env):
    env.need_root()
    penalised(env, crash_monitor, 91, "caused crash")


def test_who_logs_in_isnt_penalised(env):
    """Whatever failed before; nor whoever an administrator ended."""
    s = env.server(PENALTIES)
    s.login_works()
    r = s.ssh("echo in", options=(
        "-i", os.path.join(env.keys, "stranger")))
    assert r.stdout == b"in\n"
    with s.connect() as c:
        c.sendall(b"SSH-2.0-x\r\n")
        os.kill(wait_for(s.monitors, 20, "a monitor")[0], 9)
        c.settimeout(20)
        with contextlib.suppress(OSError):
            while c.recv(4096):
                pass
    s.login_works()
    assert "srclimit_penalise" not in s.log(), s.log()[-3000:]


def test_the_exempt_are_never_penalised(env):
    s = env.server(PENALTIES, "PerSourcePenaltyExemptList 127.0.0.0/31")
    leave(s)
    s.wait_log("Connection closed by 127.0.0.1")
    assert comes_in(s)
    assert "srclimit_penalise" not in s.log()


def test_penalties_survive_a_reload(env):
    s = env.server(PENALTIES)
    leave(s)
    s.wait_log("active penalty of 93.000 seconds")
    os.unlink(s.pidfile)
    os.kill(s.pid, 1)
    wait_for(lambda: os.path.exists(s.pidfile), 20, "the reload")
    assert not comes_in(s)
    assert comes_in(s, "127.0.0.2")


# ---- thousands, in a network of their own ------------------------------------------

ADDRESSES = 5000
MANY = 2 * ADDRESSES
BATCH = 100  # at a time: fewer than what a listening socket holds back


class Net:
    """A network namespace whose loopback has all of 10.128.0.0/16."""

    def __init__(self, env):
        env.need_root()
        self.holder = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "ip link set lo up && "
             "ip route add local 10.128.0.0/16 dev lo && echo up && "
             "exec sleep 600"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if self.holder.stdout.readline() != b"up\n":
            self.close()
            raise Skip("no network namespace is to be had")
        self.wrap = ["nsenter", "-t", str(self.holder.pid), "-n"]

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()

    def run(self, function, *args):
        """function(*args) in a process inside; what it returns."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                fd = os.open("/proc/%d/ns/net" % self.holder.pid, os.O_RDONLY)
                assert ctypes.CDLL(None).setns(fd, 0) == 0
                hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
                resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
                os.write(write, json.dumps(function(*args)).encode())
                status = 0
            finally:
                os._exit(status)
        os.close(write)
        with os.fdopen(read) as f:
            text = f.read()
        assert os.waitpid(pid, 0)[1] == 0
        return json.loads(text)


@contextlib.contextmanager
def crowded(env, *lines):
    """A server and the network it has to itself."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    # half of the listener's may be of silent clients
    if hard < MANY + 2048:
        raise Skip("needs %d descriptors" % (MANY + 2048))
    net = Net(env)
    try:
        s = env.server("LogLevel INFO", *lines, wrap=net.wrap)
        yield net, s
        s.stop()
    finally:
        net.close()


def rss(s):
    """KiB; of a sanitizer's it would tell nothing."""
    return 0 if s.env.sanitized else int(status(s.pid)["VmRSS"].split()[0])


def address(i):
    return "10.128.%d.%d" % (i // 250, i % 250 + 1)


def knock(port, i):
    c = socket.socket()
    c.settimeout(30)
    c.bind((address(i), 0))
    c.connect(("127.0.0.1", port))
    return c


def first_line(c):
    line = b""
    while not line.endswith(b"\n"):
        piece = c.recv(1)
        if not piece:
            return "nothing"
        line += piece
    return {b"SSH-": "in", b"Not ": "refused"}.get(line[:4], repr(line))


def count(counts, word):
    counts[word] = counts.get(word, 0) + 1


def stay(port, each):
    """Everybody, each so often, stays and says nothing."""
    counts, kept = {}, []
    for i in range(ADDRESSES * each):
        c = knock(port, i % ADDRESSES)
        word = first_line(c)
        count(counts, word)
        if word == "in":
            kept.append(c)
        else:
            assert c.recv(1) == b""
            c.close()
    return counts


def leave_and_return(port):
    """Each address leaves without a word, then comes again."""
    counts = {}
    for begin in range(0, ADDRESSES, BATCH):
        for knocks in range(2):
            here = [knock(port, i) for i in range(begin, begin + BATCH)]
            for c in here:
                count(counts, "%s %d" % (first_line(c), knocks))
                with contextlib.suppress(OSError):
                    c.shutdown(socket.SHUT_WR)
            for c in here:
                assert c.recv(1) == b"", "the server saw it go"
                c.close()
    return counts


def ask(port, numbers):
    words = []
    for i in numbers:
        with knock(port, i) as c:
            words.append(first_line(c))
    return words


def speak(port):
    """Everybody speaks at once; who got a packet of a key exchange, who a
    refusal: a text, or a packet where the identification was sent before."""
    counts, kept = {}, []
    for begin in range(0, MANY, BATCH):
        here = [knock(port, i % ADDRESSES) for i in range(begin, begin + BATCH)]
        for c in here:
            with contextlib.suppress(OSError):
                c.sendall(b"SSH-2.0-x\r\n")
        for c in here:
            word = first_line(c)
            if word == "in":
                packet = c.recv(6)
                word = {20: "served", 1: "refused"}.get(
                    packet[5] if len(packet) == 6 else 0, repr(packet))
            count(counts, word)
            if word == "served":
                kept.append(c)
            else:
                c.close()
    return counts


def test_load_each_source_has_its_share(env):
    """10,000 silent connections of 5,000 addresses, one allowed to each: half
    of them come in. The listener has a record for each, no more; and for as
    many again it needs no more than before."""
    with crowded(env, "PerSourceMaxStartups 1") as (net, s):
        sizes = [rss(s)]
        for _ in range(2):
            counts = net.run(stay, s.port, 2)
            assert counts == {"in": ADDRESSES, "refused": ADDRESSES}, counts
            sizes.append(rss(s))
            wait_for(lambda: net.run(ask, s.port, [0]) == ["in"], 30,
                     "their places")
            wait_for(lambda: len(os.listdir("/proc/%d/fd" % s.pid)) < 100, 30,
                     "the end of all")
        assert sizes[1] - sizes[0] < 4 * ADDRESSES, sizes
        assert sizes[2] - sizes[1] < (sizes[1] - sizes[0]) / 4 + 512, sizes
        s.stop()
        told = re.findall(r"rate-limited: additional (\d+) connections",
                          s.log())
        assert sum(map(int, told)) > MANY - 20, told
        assert s.log().count("\n") < 100, "lines of refusals are bounded"


def test_load_penalties_are_bounded(env):
    """10,000 connections of 5,000 addresses that leave without a word: of each
    the second one is refused. A thousand are remembered, the last ones."""
    with crowded(env, "PerSourcePenalties noauth:500 min:0 "
                 "max-sources4:1000") as (net, s):
        before = rss(s)
        counts = net.run(leave_and_return, s.port)
        assert counts == {"in 0": ADDRESSES, "refused 1": ADDRESSES}, counts
        last = range(ADDRESSES - 1000, ADDRESSES)
        assert net.run(ask, s.port, list(last)) == ["refused"] * 1000
        assert net.run(ask, s.port, [0, ADDRESSES - 1001]) == ["in", "in"]
        assert rss(s) - before < 1500, (before, rss(s))


def test_load_a_full_table_refuses_everybody(env):
    """The same with deny-all: once a thousand are penalised, nobody comes in
    but who is exempt."""
    with crowded(env, "PerSourcePenalties noauth:500 min:0 max-sources4:1000 "
                 "overflow:deny-all",
                 "PerSourcePenaltyExemptList " + address(4999)) as (net, s):
        before = rss(s)
        counts = net.run(leave_and_return, s.port)
        assert counts == {"in 0": 1001, "in 1": 1, "refused 0": 3999,
                          "refused 1": 4999}, counts
        assert rss(s) - before < 1500, (before, rss(s))


def test_load_max_startups_is_a_wall(env):
    """10,000 connections that speak: as many are served as MaxStartups says,
    the others are told, and a place that gets free is given again."""
    with crowded(env, "MaxStartups 25") as (net, s):
        before = rss(s)
        counts = net.run(speak, s.port)
        assert counts == {"served": 25, "refused": MANY - 25}, counts
        wait_for(lambda: net.run(ask, s.port, [0]) == ["in"], 30, "a place")
        assert rss(s) - before < 2000, (before, rss(s))
