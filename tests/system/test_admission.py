"""Who comes in and who stays: limits, penalties, names, timeouts, and what
the kernel is told about a connection."""

import ctypes
import os
import re
import socket
import subprocess
import time

from lib import Skip, alive, finish, wait_for


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
