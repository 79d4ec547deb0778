"""What a key's line and a certificate grant, asked for message by message: each
option with what it takes away, and what it gives back."""

import os
import shutil

from lib import free_port
from test_certs import Authority
from wire import Wire

ALL = {"pty", "agent", "x11", "listen", "connect"}
PORTS = {"listen", "connect"}


def grants(wire, port, listen):
    """Which of ALL is granted; port: to connect to; listen: to listen on."""
    wanted = {
        "pty": ("pty-req", True, "xterm", 80, 24, 0, 0, "\0"),
        "agent": ("auth-agent-req@openssh.com", True),
        "x11": ("x11-req", True, False, "MIT-MAGIC-COOKIE-1", "00" * 16, 0)}
    got = set()
    for name, request in wanted.items():
        c = wire.open("session")
        c.send(98, *request)
        number = c.next()[0]
        assert number in (99, 100), (name, number)
        got |= {name} if number == 99 else set()
        c.send(97)
    if wire.request("tcpip-forward", "127.0.0.1", listen)[0] == 81:
        got.add("listen")
    # nobody is there: "connect failed" is another answer than "prohibited"
    if wire.refusal("direct-tcpip", "127.0.0.1", port, "127.0.0.1", 1) == 2:
        got.add("connect")
    return got


def all_there_is():
    """Without xauth no X11 is to be had by anybody."""
    return ALL if shutil.which("xauth") else ALL - {"x11"}


def test_of_a_line(env):
    """restrict, each no-… and its opposite, permitopen and permitlisten."""
    port, listen, other = free_port(), free_port(), free_port()
    s = env.server("X11Forwarding yes", authorized="")
    path = os.path.join(s.dir, "authorized_keys")
    every = all_there_is()
    to = 'permitopen="127.0.0.1:%d"'
    on = 'permitlisten="127.0.0.1:%d"'
    for options, wanted in (
            ("", every), ("restrict", set()), ("Restrict,PTY", {"pty"}),
            ("restrict,agent-forwarding", {"agent"}),
            ("restrict,x11-forwarding", {"x11"} & every),
            ("restrict,port-forwarding", PORTS),
            ("pty,restrict", set()), ("no-pty", every - {"pty"}),
            ("no-agent-forwarding", every - {"agent"}),
            ("no-x11-forwarding", every - {"x11"}),
            ("no-port-forwarding", every - PORTS),
            ("no-pty,pty", every), ("no-user-rc", every),
            (to % port, every), (to % other, every - {"connect"}),
            (to % other + "," + to % port, every),
            ('permitopen="*:%d"' % port, every),
            ('permitopen="127.0.0.1:*"', every),
            (on % listen, every), (on % other, every - {"listen"}),
            ('permitlisten="%d"' % listen, every),
            (on % other + "," + to % other, every - PORTS),
            ("restrict," + to % port, set()),
            ("restrict,port-forwarding," + on % other, {"connect"}),
            ("no-port-forwarding," + to % port, every - PORTS)):
        with open(path, "w") as f:
            f.write((options + " " if options else "") +
                    env.public("user_ed25519"))
        w = Wire(s)
        got = grants(w, port, listen)
        w.close()
        assert got == wanted, (options, got, s.log()[-2000:])


def test_of_a_certificate(env):
    """Each extension, by itself and missing; a line takes away more."""
    ca = Authority(env)
    port, listen = free_port(), free_port()
    s = env.server("X11Forwarding yes", "TrustedUserCAKeys " + ca.path(),
                   "Match User " + env.user, "PermitTTY yes")
    every = all_there_is()
    for options, wanted in (
            ((), every), (("-O", "clear"), set()),
            (("-O", "clear", "-O", "permit-pty"), {"pty"}),
            (("-O", "clear", "-O", "permit-agent-forwarding"), {"agent"}),
            (("-O", "clear", "-O", "permit-X11-forwarding"), {"x11"} & every),
            (("-O", "clear", "-O", "permit-port-forwarding"), PORTS),
            (("-O", "no-pty"), every - {"pty"}),
            (("-O", "no-agent-forwarding"), every - {"agent"}),
            (("-O", "no-x11-forwarding"), every - {"x11"}),
            (("-O", "no-port-forwarding"), every - PORTS),
            (("-O", "extension:unknown"), every)):
        signed = ca.sign(*options, key="stranger")
        w = Wire(s, auth=False)
        key = w.paramiko.Ed25519Key(filename=signed)
        key.load_certificate(signed + "-cert.pub")
        w.transport.auth_publickey(env.user, key)
        got = grants(w, port, listen)
        w.close()
        assert got == wanted, (options, got, s.log()[-2000:])
