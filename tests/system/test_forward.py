"""Forwarding in every direction, with real clients."""

import os
import socket
import subprocess
import time

from lib import (Skip, descriptors, finish, free_port, ip, two_networks,
                 wait_for)
from partners import client, connect, echo, echoed, talk
from test_ctl import Desk


TELL = ("-o", "LogLevel=INFO")  # why a channel wasn't opened


# ---- TCP ------------------------------------------------------------------------

def test_local_forwarding_with_half_close(env):
    """-L: whatever is sent comes back, and what the server says after the
    client's end of file arrives, too; one line when it opens, one when it
    closes, with target and octets."""
    s = env.server()
    big = os.urandom(1 << 20) * 5
    with echo() as e:
        port = free_port()
        with client(s, "-L", "%d:localhost:%d" % (port, e.port)):
            assert talk(("127.0.0.1", port)) == echoed(b"hello")
            assert talk(("127.0.0.1", port), big) == echoed(big)
        where = r"direct-tcpip localhost port %d for %s from 127.0.0.1 " % (
            e.port, env.user)
        s.wait_log("Forwarding opened: " + where)
        s.wait_log("Forwarding closed: " + where + r"port \d+ id \d+: sent "
                   "8, received 5 bytes")


def test_dynamic_forwarding_and_stdio(env):
    """-W and a jump through it."""
    s = env.server()
    with echo() as e:
        p = s.ssh_popen(options=("-W", "127.0.0.1:%d" % e.port))
        out, _ = p.communicate(b"through", timeout=20)
        assert out == echoed(b"through"), out
    jump = "ProxyCommand=" + " ".join(
        s.ssh_args("-W", "127.0.0.1:%d" % s.port))
    r = s.ssh("echo inside", options=("-o", jump))
    assert r.stdout == b"inside\n", r


def test_nobody_there_and_no_such_name(env):
    """The reason reaches the client, the cause the log; the connection
    lives."""
    s = env.server()
    port = free_port()
    p = s.ssh_popen(options=("-W", "127.0.0.1:%d" % port) + TELL)
    _, err = p.communicate(timeout=20)
    assert b"open failed: connect failed: open failed" in err, err
    s.wait_log("connect_to 127.0.0.1 port %d: failed." % port)
    p = s.ssh_popen(options=("-W", "no-such-name.invalid:80") + TELL)
    _, err = p.communicate(timeout=60)
    assert b"open failed: connect failed: open failed" in err, err
    s.wait_log(r"connect_to no-such-name.invalid: unknown host \(")


def test_remote_forwarding(env):
    """-R: to a port that is named, and to one that the server chooses and
    tells; cancelled, it is free again."""
    s = env.server()
    control = os.path.join(s.dir, "control")
    with echo() as e:
        port = free_port()
        with client(s, "-M", "-S", control,
                    "-R", "%d:127.0.0.1:%d" % (port, e.port)):
            assert talk(("127.0.0.1", port)) == echoed(b"hello")
            s.wait_log("Remote forwarding opened: localhost port %d for" %
                       port)
            ask = lambda *a: subprocess.run(
                ["ssh", "-S", control, "-O"] + list(a) + ["127.0.0.1"],
                stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
            r = ask("forward", "-R", "0:127.0.0.1:%d" % e.port)
            chosen = int(r.stdout)
            assert chosen != port
            assert talk(("127.0.0.1", chosen)) == echoed(b"hello")
            ask("cancel", "-R", "%d:127.0.0.1:%d" % (port, e.port))
            s.wait_log("Remote forwarding closed: localhost port %d" % port)
            with socket.socket() as c:
                assert c.connect_ex(("127.0.0.1", port)) != 0
            assert talk(("127.0.0.1", chosen)) == echoed(b"hello")


def listening(port):
    """Addresses on which somebody listens, of both families."""
    out = set()
    for name in ("tcp", "tcp6"):
        with open("/proc/net/" + name) as f:
            for line in f.readlines()[1:]:
                word = line.split()
                if word[3] == "0A" and word[1].endswith(":%04X" % port):
                    out.add(word[1].split(":")[0])
    return out


LOOPBACK = {"0100007F", "00000000000000000000000001000000"}
ANY = {"00000000", "0" * 32}


def test_gateway_ports(env):
    """Where remote forwards listen is the administrator's word, and with
    clientspecified the client's."""
    for value, asked, wanted in (
            ("no", "*:", LOOPBACK), ("no", "0.0.0.0:", LOOPBACK),
            ("yes", "localhost:", ANY), ("clientspecified", "*:", ANY),
            ("clientspecified", "localhost:", LOOPBACK),
            ("clientspecified", "127.0.0.1:", {"0100007F"}),
            ("clientspecified", "0.0.0.0:", {"00000000"})):
        s = env.server("GatewayPorts " + value)
        port = free_port()
        with client(s, "-R", "%s%d:127.0.0.1:9" % (asked, port)):
            wait_for(lambda: listening(port), 10, "the listener")
            assert listening(port) & (LOOPBACK | ANY) <= wanted, (
                value, asked, listening(port))
            assert "0100007F" in listening(port) or "00000000" in \
                listening(port)
        s.stop()


def refused(server, *options, command="true", **how):
    """command is what the client stays for, until it is told so."""
    p = server.ssh_popen(command, options=("-o", "ExitOnForwardFailure=yes") +
                         TELL + options, **how)
    _, err = p.communicate(timeout=20)
    return p.returncode != 0 and b"forwarding failed" in err


def test_policies_refuse(env):
    """AllowTcpForwarding, AllowStreamLocalForwarding, DisableForwarding and a
    key's options, each in its direction and with its line."""
    with echo() as e:
        there = "127.0.0.1:%d" % e.port
        for lines, authorized, local, remote in (
                (("AllowTcpForwarding no",), None, False, False),
                (("AllowTcpForwarding local",), None, True, False),
                (("AllowTcpForwarding remote",), None, False, True),
                (("DisableForwarding yes",), None, False, False),
                ((), "no-port-forwarding ", False, False),
                ((), "restrict ", False, False),
                ((), "restrict,port-forwarding ", True, True)):
            if authorized is not None:
                authorized += env.public("user_ed25519")
            s = env.server(*lines, authorized=authorized)
            p = s.ssh_popen(options=("-W", there) + TELL)
            out, err = p.communicate(b"x", timeout=20)
            assert (out == echoed(b"x")) == local, (lines, out, err)
            if not local:
                assert b"administratively prohibited" in err, err
                s.wait_log("refused local port forward: originator .* "
                           "target 127.0.0.1 port %d" % e.port)
            assert refused(s, "-R", "%d:%s" % (free_port(), there)) != remote
            s.stop()


def test_permit_open_and_permit_listen(env):
    """Both lists have to agree, the configuration's and the key's."""
    with echo() as e, echo() as other:
        port, closed = free_port(), free_port()
        s = env.server("PermitOpen 127.0.0.1:%d 127.0.0.1:%d" %
                       (e.port, other.port), "PermitListen %d" % port,
                       authorized='permitopen="127.0.0.1:%d" %s' %
                       (e.port, env.public("user_ed25519")))
        for to, works in ((e.port, True), (other.port, False)):
            p = s.ssh_popen(options=("-W", "127.0.0.1:%d" % to))
            out, _ = p.communicate(b"x", timeout=20)
            assert (out == echoed(b"x")) == works
        s.wait_log("Received request from 127.0.0.1 port .* to connect to "
                   "host 127.0.0.1 port %d, but the request was denied." %
                   other.port)
        assert not refused(s, "-R", "%d:127.0.0.1:9" % port)
        assert refused(s, "-R", "%d:127.0.0.1:9" % closed)
        s.wait_log("to remote forward to host localhost port %d, but the "
                   "request was denied." % closed)


def test_privileged_ports_are_roots(env):
    """Below 1024 only root may listen."""
    s = env.server()
    assert refused(s, "-R", "1023:127.0.0.1:9") == (env.account.pw_uid != 0)


def test_rules_look_at_what_a_name_stands_for(env):
    """ForwardDeny and ForwardAllow hold for the address, by whatever name,
    and for the kernel's other spellings of the loopback."""
    with echo() as e:
        s = env.server("ForwardDeny 127.0.0.0/8:* [::1]:*")
        for host in ("localhost", "127.0.0.1", "0.0.0.0", "127.1",
                     "::ffff:127.0.0.1"):
            p = s.ssh_popen(options=("-W", "[%s]:%d" % (host, e.port)) + TELL)
            out, err = p.communicate(b"x", timeout=40)
            assert out == b"" and b"administratively prohibited" in err, (
                host, out, err)
        s.wait_log("no address of it is allowed")
        s.stop()
        s = env.server("ForwardAllow 127.0.0.0/8:%d" % e.port,
                       "MaxSessions 0")
        p = s.ssh_popen(options=("-W", "localhost:%d" % e.port))
        out, _ = p.communicate(b"x", timeout=20)
        assert out == echoed(b"x"), out
        p = s.ssh_popen(options=("-W", "localhost:%d" % s.port))
        out, _ = p.communicate(timeout=20)
        assert out == b"", out


# ---- Unix sockets -----------------------------------------------------------------

def test_unix_sockets_in_both_directions(env):
    """As the user, with the mask; removed at the end; not over what is
    there."""
    s = env.server()
    os.chmod(s.dir, 0o777)
    at = os.path.join(s.dir, "there")
    here = os.path.join(s.dir, "here")
    back = os.path.join(s.dir, "back")
    with echo(socket.AF_UNIX, at) as _:
        os.chmod(at, 0o777)
        with client(s, "-L", "%s:%s" % (here, at),
                    "-R", "%s:%s" % (back, at)):
            assert talk(here) == echoed(b"hello")
            assert talk(back) == echoed(b"hello")
            st = os.stat(back)
            assert st.st_mode & 0o777 == 0o600, oct(st.st_mode)
            assert st.st_uid == env.account.pw_uid
        wait_for(lambda: not os.path.exists(back), 10, "removal")
        with open(back, "w") as f:
            f.write("precious")
        # who left a moment ago may be asked first whether they hold it
        assert refused(s, "-R", "%s:%s" % (back, at), command="sleep 10")
        s.stop()
        s = env.server("StreamLocalBindUnlink yes",
                       "AllowStreamLocalForwarding remote")
        assert refused(s, "-R", "%s:%s" % (back, at), command="sleep 10")
        with open(back) as f:
            assert f.read() == "precious"  # a file isn't a socket
        os.unlink(back)
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(back)
            os.chown(back, env.account.pw_uid, -1)
        os.chmod(os.path.dirname(back), 0o777)
        with client(s, "-R", "%s:%s" % (back, at)):
            assert talk(back) == echoed(b"hello")
        here += "2"
        with client(s, "-L", "%s:%s" % (here, at)):
            assert talk(here, b"") == b""
            s.wait_log("refused streamlocal port forward: originator")
        s.stop()
        s = env.server("StreamLocalBindMask 0111")
        with client(s, "-R", "%s:%s" % (back, at)):
            wait_for(lambda: os.path.exists(back), 10, "the socket")
            assert os.stat(back).st_mode & 0o777 == 0o666


# ---- agent, X11 ---------------------------------------------------------------------

def with_agent(server, agent):
    """ssh's arguments, which otherwise have it use none."""
    return [a.replace("IdentityAgent=none", "IdentityAgent=" + agent)
            for a in server.ssh_args("-A")]


def test_agent_forwarding(env):
    """The client's agent answers through a socket that is the user's alone
    and goes with the connection."""
    s = env.server()
    agent = os.path.join(s.dir, "agent")
    p = subprocess.Popen(["ssh-agent", "-D", "-a", agent],
                         stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: os.path.exists(agent), 10, "the agent")
        variables = dict(os.environ, SSH_AUTH_SOCK=agent)
        subprocess.run(["ssh-add", "-q", os.path.join(
            env.keys, "user_ecdsa")], env=variables, check=True)
        args = with_agent(s, agent) + [
            "stat -c '%a %U' $SSH_AUTH_SOCK; "
            "echo $SSH_AUTH_SOCK; ssh-add -L"]
        r = subprocess.run(args, env=variables, capture_output=True,
                           timeout=30, stdin=subprocess.DEVNULL)
        assert r.returncode == 0, (r.stdout, r.stderr)
        mode, path, key = r.stdout.decode().splitlines()
        assert mode == "600 " + env.user, r
        assert key.split()[1] in env.public("user_ecdsa"), r
        wait_for(lambda: not os.path.exists(path), 10, "the socket's removal")
        s.stop()
        for line, authorized in (
                ("AllowAgentForwarding no", None),
                ("DisableForwarding yes", None),
                ("PermitTTY yes", "no-agent-forwarding " +
                 env.public("user_ed25519"))):
            s = env.server(line, authorized=authorized)
            args = with_agent(s, agent) + [
                "echo x$SSH_AUTH_SOCK"]
            r = subprocess.run(args, env=variables, capture_output=True,
                               timeout=30, stdin=subprocess.DEVNULL)
            assert r.stdout == b"x\n", (line, r)
            s.stop()
    finally:
        p.terminate()
        p.wait()


def test_x11_forwarding(env):
    """A program's display is the client's server; the cookie is one that the
    client made up; a second display is another number."""
    for tool in ("Xvfb", "xauth", "xdpyinfo"):
        if not any(os.access(os.path.join(d, tool), os.X_OK)
                   for d in os.environ["PATH"].split(":")):
            raise Skip("needs " + tool)
    s = env.server("X11Forwarding yes", "X11DisplayOffset 40")
    number = next(n for n in range(70, 99)
                  if not os.path.exists("/tmp/.X%d-lock" % n))
    cookies = os.path.join(s.dir, "Xauthority")
    subprocess.run(["xauth", "-q", "-f", cookies, "add", ":%d" % number, ".",
                    "00112233445566778899aabbccddeeff"], check=True)
    x = subprocess.Popen(["Xvfb", ":%d" % number, "-auth", cookies],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: os.path.exists("/tmp/.X11-unix/X%d" % number), 20,
                 "Xvfb")
        variables = dict(os.environ, DISPLAY=":%d" % number,
                         XAUTHORITY=cookies)
        run = lambda options, command: subprocess.run(
            s.ssh_args(*options) + [command], env=variables,
            capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
        r = run(("-Y",), "echo $DISPLAY; xauth list; xdpyinfo")
        text = r.stdout.decode()
        assert text.startswith("localhost:40.0\n"), r
        assert "name of display:    localhost:40.0" in text, r
        assert "00112233445566778899" not in text, r
        s.stop()
        s = env.server("X11Forwarding no")
        assert run(("-Y",), "echo x$DISPLAY").stdout == b"x\n"
    finally:
        x.terminate()
        x.wait()
        # what xauth wrote is the account's
        subprocess.run(["rm", "-f", os.path.join(
            env.account.pw_dir, ".Xauthority")], check=False)


# ---- tunnels ----------------------------------------------------------------------------

# echo requests, RFC 792, each answered before the next
PING = """
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.settimeout(10); n = 0
for i in range(20):
    m = struct.pack("!BBHHH", 8, 0, 0, 77, i) + bytes(1200)
    t = sum(struct.unpack("!%dH" % (len(m) // 2), m))
    t = (t & 0xffff) + (t >> 16)
    s.sendto(m[:2] + struct.pack("!H", ~t & 0xffff) + m[4:], ("10.9.7.1", 0))
    while True:
        r = s.recv(2000)[20:]
        if r[0] == 0 and r[4:8] == struct.pack("!HH", 77, i): break
    n += 1
print(n)
"""
LISTEN = """
import socket, sys
s = socket.socket(); s.bind(("10.9.7.1", 7)); s.listen(1)
print("ready", flush=True)
c, _ = s.accept(); n = 0
while True:
    d = c.recv(65536)
    if not d: break
    n += len(d)
c.sendall(b"%d" % n)
"""
SEND = """
import socket
c = socket.create_connection(("10.9.7.1", 7), timeout=20)
c.sendall(b"x" * 3000000); c.shutdown(socket.SHUT_WR)
print(c.recv(100).decode())
"""


def test_a_tunnel_between_two_networks(env):
    """ping and bulk through tun devices; the user's own device is needed, and
    PermitTunnel."""
    env.need_root()
    if not os.path.exists("/dev/net/tun"):
        raise Skip("needs /dev/net/tun")
    with two_networks() as (near, far):
        # as most systems have the device: everybody may open it
        own_tun = ("mount -t tmpfs -o dev,mode=755 none /dev/net && "
                   "mknod -m 666 /dev/net/tun c 10 200 && exec \"$@\"")
        wrap = ("ip", "netns", "exec", near, "sh", "-c", own_tun, "sh")
        s = env.server("PermitTunnel point-to-point", "ListenAddress 10.9.8.1",
                       wrap=wrap)
        ip("-n", near, "tuntap", "add", "dev", "tun41", "mode", "tun", "user",
           env.user)
        ip("-n", near, "addr", "add", "10.9.7.1", "peer", "10.9.7.2", "dev",
           "tun41")
        ip("-n", near, "link", "set", "tun41", "up")

        def ssh(*options):
            return ["ip", "netns", "exec", far] + s.ssh_args(
                "-o", "HostName=10.9.8.1", "-o", "HostKeyAlias=[127.0.0.1]:%d" %
                s.port, "-o", "ExitOnForwardFailure=yes", *options)
        p = subprocess.Popen(ssh("-w", "42:41") + ["echo $SSH_TUNNEL; cat"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        try:
            s.wait_log("Forwarding opened: tunnel tun41 for " + env.user)
            ip("-n", far, "addr", "add", "10.9.7.2", "peer", "10.9.7.1", "dev",
               "tun42")
            ip("-n", far, "link", "set", "tun42", "up")
            inside = ["ip", "netns", "exec"]
            r = subprocess.run(inside + [far, "python3", "-c", PING],
                               capture_output=True, timeout=30)
            assert r.stdout == b"20\n", r
            server = subprocess.Popen(inside + [near, "python3", "-c", LISTEN],
                                      stdout=subprocess.PIPE)
            assert server.stdout.readline() == b"ready\n"
            r = subprocess.run(inside + [far, "python3", "-c", SEND],
                               capture_output=True, timeout=60)
            assert r.stdout == b"3000000\n", r
            finish(server)
        finally:
            p.kill()  # it would wait for the tunnel's end
            finish(p)
        s.wait_log(r"Forwarding closed: tunnel tun41 .* bytes")
        if env.account.pw_uid != 0:  # not the user's to make
            p = subprocess.Popen(ssh("-w", "43:44") + ["cat"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
            s.wait_log("tunnel device: Operation not permitted")
            p.kill()
            finish(p)
        s.stop()
        s = env.server("ListenAddress 10.9.8.1", wrap=wrap)
        p = subprocess.Popen(ssh("-w", "45:41") + ["cat"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        s.wait_log("refused tunnel device forwarding")
        p.kill()
        finish(p)


# ---- several addresses ------------------------------------------------------------------

def test_an_address_that_is_silent_gets_company(env):
    """RFC 8305: of a name with two addresses, the first of which nobody has,
    the second is tried before the first has failed."""
    w = env.world()
    w.append("etc/hosts", "10.9.8.3 two.example.org\n"
             "10.9.8.2 two.example.org\n")
    w.write("etc/host.conf", "multi on\n")
    with two_networks() as (near, far):
        inside = ["ip", "netns", "exec"]
        # the world has a /run of its own, without the network's name
        anchor = subprocess.Popen(inside + [near, "sleep", "60"])
        net = "/proc/%d/ns/net" % anchor.pid
        wait_for(lambda: os.readlink(net) != os.readlink("/proc/self/ns/net"))
        s = env.server("UseDNS no", world=w, wrap=("nsenter", "--net=" + net))
        there = subprocess.Popen(
            inside + [far, "python3", "-c", LISTEN.replace("10.9.7.1",
                                                           "10.9.8.2")],
            stdout=subprocess.PIPE)
        assert there.stdout.readline() == b"ready\n"
        begun = time.monotonic()
        p = subprocess.run(inside + [near] + s.ssh_args(
            "-W", "two.example.org:7"), input=b"hello", capture_output=True,
            timeout=20)
        assert p.stdout == b"5", p
        assert time.monotonic() - begun < 2.5  # three until it is given up
        finish(there)
        anchor.kill()
        anchor.wait()


# ---- many, and what is left ------------------------------------------------------------

def resident(env, pid):
    """KiB; of a sanitizer's it would tell nothing."""
    if env.sanitized:
        return 0
    with open("/proc/%d/smaps_rollup" % pid) as f:
        for line in f:
            if line.startswith("Private_Dirty:"):
                return int(line.split()[1])
    return 0


def test_a_thousand_connections_leave_nothing(env):
    """No descriptor, no memory, no channel; in every direction."""
    d = Desk(env, "LogLevel ERROR")
    s = d.server
    os.chmod(s.dir, 0o777)
    at, here, back = (os.path.join(s.dir, n) for n in ("at", "here", "back"))
    with echo() as e, echo(socket.AF_UNIX, at) as u:
        os.chmod(at, 0o777)
        port, remote = free_port(), free_port()
        doors = [("127.0.0.1", port), here, ("127.0.0.1", remote), back]
        p = s.ssh_popen("cat", options=(
            "-L", "%d:127.0.0.1:%d" % (port, e.port), "-L", here + ":" + at,
            "-R", "%d:127.0.0.1:%d" % (remote, e.port), "-R", back + ":" + at))
        try:
            _, session = s.session_of(p)
            for i in range(60):
                talk(doors[i % 4])
            wait_for(lambda: e.served + u.served == 60, 10, "the ends")
            before = len(descriptors(session)), resident(env, session)
            for i in range(1000):
                assert talk(doors[i % 4]) == echoed(b"hello")
            wait_for(lambda: len(descriptors(session)) <= before[0], 10,
                     "the descriptors")
            assert resident(env, session) <= before[1] + 64, (
                before, resident(env, session))
            wait_for(lambda: d.sessions()[0].get("channels") == 1, 10,
                     "the channels' end")
        finally:
            p.stdin.close()
            finish(p)


def test_a_connection_that_is_not_read_stalls_no_other(env):
    """Bulk that nobody takes waits in its own window."""
    s = env.server()
    with echo() as e, socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(5)
        port, stuck = free_port(), free_port()
        with client(s, "-L", "%d:127.0.0.1:%d" % (port, e.port),
                    "-L", "%d:127.0.0.1:%d" % (stuck,
                                               deaf.getsockname()[1])) as p:
            with connect(("127.0.0.1", stuck)) as c:
                c.setblocking(False)
                idle = 0
                while idle < 20:  # until nothing moves any more
                    try:
                        c.send(b"x" * 65536)
                        idle = 0
                    except BlockingIOError:
                        idle += 1
                        time.sleep(0.02)
                for _ in range(10):
                    assert talk(("127.0.0.1", port)) == echoed(b"hello")
            p.kill()  # it would wait for the channel that is stuck
