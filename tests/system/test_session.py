"""After login: programs, terminals, environments, ends in every order."""

import os
import re
import signal
import socket
import subprocess
import time

from lib import alive, children, finish, free_port, status, wait_for


# ---- how a program starts ----------------------------------------------------

def test_a_program_starts_with_clean_signals(env):
    """No signal is blocked or ignored, whatever the daemon was started with."""
    s = env.server(wrap=("sh", "-c", 'trap "" INT QUIT USR1 TSTP; exec "$@"',
                         "sh"))
    # nobody's shell between: cat reads what it was given
    text = s.ssh("exec cat /proc/self/status").stdout.decode()
    for name in ("SigBlk", "SigIgn", "SigCgt"):
        assert re.search(r"%s:\s+0+$" % name, text, re.M), text
    text = s.ssh("exec cat /proc/self/status", options=("-tt",)).stdout.decode()
    assert re.search(r"SigIgn:\s+0+\s*$", text, re.M), text


def test_a_program_starts_with_the_usual_limit(env):
    """The listener's raised limit of descriptors isn't the session's, also
    after a reload."""
    for soft in (700, 1024):
        s = env.server(wrap=("sh", "-c", 'ulimit -Sn %d && exec "$@"' % soft,
                             "sh"))
        assert s.ssh("ulimit -Sn").stdout == b"%d\n" % soft
        os.unlink(s.pidfile)
        os.kill(s.pid, signal.SIGHUP)
        wait_for(lambda: os.path.exists(s.pidfile), 10, "the reload")
        assert s.ssh("ulimit -Sn").stdout == b"%d\n" % soft
        s.stop()


def test_who_the_user_is(env):
    """uid, gid, groups, home as working directory, a session of its own, the
    umask."""
    s = env.server()
    r = s.ssh("id -u; id -g; pwd; umask; ps -o pid=,sid= -p $$; id -G")
    uid, gid, home, umask, ids, groups = r.stdout.decode().splitlines()
    assert int(uid) == env.account.pw_uid and int(gid) == env.account.pw_gid
    assert home == env.account.pw_dir, r
    assert umask == "0022" or not env.root, r
    assert len(set(ids.split())) == 1, r
    wanted = os.getgrouplist(env.user, env.account.pw_gid)
    assert sorted(map(int, groups.split())) == sorted(set(wanted)), r


def test_a_login_shell_and_a_command(env):
    """Without a command the shell is a login shell (its name has a dash);
    with one it isn't."""
    s = env.server()
    r = s.ssh(input=b"echo $0\n")
    assert r.stdout.endswith(b"-%s\n" % os.path.basename(
        env.account.pw_shell).encode()), r
    r = s.ssh("echo $0")
    assert not r.stdout.startswith(b"-"), r


# ---- environment ------------------------------------------------------------------

def environment(server, *options, command="env", **how):
    r = server.ssh(command, options=options, **how)
    return dict(line.split("=", 1) for line in
                r.stdout.decode().splitlines() if "=" in line)


def test_environment_of_a_login(env):
    """What sshd sets, and nothing of the daemon's own."""
    s = env.server("UsePAM no", environment={"DAEMONS_OWN": "x",
                                             "TZ": "Europe/Paris"})
    e = environment(s)
    a = env.account
    for name, value in (("USER", env.user), ("LOGNAME", env.user),
                        ("HOME", a.pw_dir), ("SHELL", a.pw_shell),
                        ("MAIL", "/var/mail/" + env.user),
                        ("TZ", "Europe/Paris")):
        assert e.get(name) == value, (name, e)
    client = e["SSH_CLIENT"].split()
    assert client[0] == "127.0.0.1" and client[2] == str(s.port), e
    assert e["SSH_CONNECTION"].split() == ["127.0.0.1", client[1],
                                           "127.0.0.1", str(s.port)], e
    assert "SSH_TTY" not in e and "SSH_ORIGINAL_COMMAND" not in e, e
    assert "DAEMONS_OWN" not in e and not any(
        k.startswith("SALLYPORT") for k in e), e
    assert "/usr/bin" in e["PATH"].split(":"), e
    r = s.ssh("echo $TERM; tty; echo $SSH_TTY", options=("-tt",))
    term, tty, variable = r.stdout.decode().split()
    assert tty == variable and tty.startswith("/dev/pts/"), r


def test_accept_env(env):
    """AcceptEnv by pattern; what a loader or shell reads is never taken."""
    s = env.server("AcceptEnv LANG LC_* FOO? *PRELOAD PATH BASH_*")
    names = {"LANG": "C", "LC_ALL": "C.UTF-8", "FOO1": "one", "FOO": "none",
             "LD_PRELOAD": "/x.so", "BASH_ENV": "/x", "OTHER": "x"}
    options = ["-o", "SetEnv=" + " ".join(
        '%s="%s"' % item for item in names.items())]
    e = environment(s, *options)
    assert e.get("LANG") == "C" and e.get("LC_ALL") == "C.UTF-8", e
    assert e.get("FOO1") == "one", e
    for name in ("FOO", "LD_PRELOAD", "BASH_ENV", "OTHER"):
        assert name not in e, (name, e)


def test_set_env(env):
    """SetEnv wins over what client and key say; not over the connection's
    own."""
    s = env.server('SetEnv FOO="a b" BAR=c SSH_CLIENT=lie',
                   "PermitUserEnvironment yes", "AcceptEnv FOO",
                   authorized='environment="BAR=key",environment="BAZ=key" ' +
                   env.public("user_ed25519"))
    e = environment(s, "-o", "SetEnv=FOO=client")
    assert (e.get("FOO"), e.get("BAR"), e.get("BAZ")) == ("a b", "c", "key"), e
    assert e["SSH_CLIENT"].startswith("127.0.0.1 "), e


def test_force_command(env):
    """ForceCommand before the key's, before the client's, which it can read;
    also for a shell and a subsystem."""
    s = env.server('ForceCommand echo "<$SSH_ORICOMMAND$SSH_ORIGINAL_COMMAND>"',
                   "Subsystem other /bin/echo sub",
                   authorized='command="echo key" ' +
                   env.public("user_ed25519"))
    assert s.ssh("some thing").stdout == b"<some thing>\n"
    assert s.ssh(input=b"").stdout == b"<>\n"
    r = s.ssh("other", options=("-s",))
    assert r.stdout == b"</bin/echo sub>\n", r
    s.wait_log(r"Starting session: forced-command \(config\) 'echo")


def test_subsystem(env):
    """A configured program serves; an unknown name is refused and told."""
    s = env.server("Subsystem greet /bin/echo hello there")
    r = s.ssh("greet", options=("-s",))
    assert r.stdout == b"hello there\n", r
    r = s.ssh("nothing", options=("-s",))
    assert r.returncode == 255 or b"subsystem request failed" in r.stderr, r
    s.wait_log("subsystem request for nothing by user %s failed, subsystem "
               "not found" % env.user)


# ---- what an interactive login sees ---------------------------------------------------

def test_a_subsystem_is_fed_by_the_page(env):
    """What a client sends ahead isn't pushed into a subsystem at once:
    sftp-server takes more of it at a time than it serves."""
    script = os.path.join(env.dir, "pipe-size")
    with open(script, "w") as f:
        f.write("import fcntl, resource\n"
                "print(fcntl.fcntl(0, 1032) // resource.getpagesize())\n")
    os.chmod(script, 0o644)
    s = env.server("Subsystem probe python3 " + script)
    assert s.ssh("probe", options=("-s",)).stdout == b"1\n"


def test_banner(env):
    """Banner is shown before login, also to one who is refused; none and a
    missing file show nothing."""
    s = env.server(start=False)
    path = os.path.join(s.dir, "banner")
    with open(path, "wb") as f:
        f.write(b"Authorised use only\nGr\xc3\xbc\xc3\x9fe\n")
    s.write_config(["Banner " + path])
    s.start()
    loud = ("-o", "LogLevel=INFO")
    r = s.ssh("true", options=loud)
    assert b"Authorised use only\nGr\xc3\xbc\xc3\x9fe\n" in \
        r.stderr.replace(b"\r", b""), r
    r = s.ssh("true", options=loud, key="stranger")
    assert b"Authorised use only" in r.stderr, r
    os.unlink(path)
    r = s.ssh("true", options=loud)
    assert r.returncode == 0 and b"Auth" not in r.stderr, r


def interactive(server, text=b"exit\n", options=(), user=None):
    """What a login shell on a terminal shows."""
    return server.ssh(input=text, options=("-tt",) + tuple(options),
                      user=user).stdout.replace(b"\r", b"")


def test_motd_last_login_and_hush(env):
    """PrintMotd, PrintLastLog, ~/.hushlogin; commands see nothing of it."""
    w = env.world()
    home = w.add_user("greeted")
    w.write("etc/motd", "message of the day\n")
    s = env.server("UsePAM no", world=w)
    first = interactive(s, user="greeted")
    assert b"message of the day\n" in first, first
    assert b"Last login" not in first, first
    again = interactive(s, user="greeted")
    assert re.search(rb"Last login: \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} "
                     rb"from 127.0.0.1\n", again), again
    assert b"message" not in s.ssh("true", user="greeted",
                                   options=("-tt",)).stdout
    with open(os.path.join(home, ".hushlogin"), "w"):
        pass
    hushed = interactive(s, user="greeted")
    assert b"Last login" not in hushed and b"message of" not in hushed, hushed
    os.unlink(os.path.join(home, ".hushlogin"))
    s.stop()
    s = env.server("UsePAM no", "PrintMotd no", "PrintLastLog no", world=w)
    silent = interactive(s, user="greeted")
    assert b"Last login" not in silent and b"message of" not in silent, silent


def test_rc(env):
    """~/.ssh/rc runs before shell and command, not for subsystems, not where
    forbidden; else the system's."""
    w = env.world()
    home = w.add_user("ruled")
    os.mkdir(home + "/.ssh")
    with open(home + "/.ssh/rc", "w") as f:
        f.write("echo rc in $PWD for $USER; cat\n")
    os.makedirs(w.path("etc/ssh"), exist_ok=True)
    w.write("etc/ssh/sshrc", "echo system rc\n")
    mine = "rc in %s for ruled\n" % home
    for lines, options, command, expected in (
            ((), "", "echo in", mine + "in\n"),
            (("PermitUserRC no",), "", "echo in", "system rc\nin\n"),
            ((), "no-user-rc", "echo in", "system rc\nin\n"),
            ((), "restrict", "echo in", "system rc\nin\n"),
            (("ForceCommand echo forced",), "", "x", "system rc\nforced\n")):
        s = env.server("UsePAM no", *lines, world=w,
                       authorized=(options + " " if options else "") +
                       env.public("user_ed25519"))
        r = s.ssh(command, user="ruled", input=b"not for rc\n")
        assert r.stdout.decode() == expected, (lines, options, r)
        s.stop()
    s = env.server("UsePAM no", "Subsystem x /bin/echo sub", world=w)
    assert s.ssh("x", user="ruled", options=("-s",)).stdout == b"sub\n"


def test_home_that_is_missing(env):
    """One whose home directory isn't there is told and put into /."""
    w = env.world()
    os.rmdir(w.add_user("homeless"))
    s = env.server("UsePAM no", world=w)
    r = s.ssh("pwd", user="homeless")
    assert r.stdout == b"/\n", r
    assert b"Could not chdir to home directory" in r.stderr, r


# ---- terminals ---------------------------------------------------------------------------

def test_a_terminal(env):
    """Owner, mode, size, modes and $TERM are the client's and the user's."""
    s = env.server()
    r = s.ssh("stat -c '%U %a' $(tty); stty size; echo $TERM; "
              "stat -c %G $(tty)", options=("-tt",))
    owner, size, term, group = r.stdout.decode().replace("\r", "").splitlines()
    if env.root:
        assert owner == "%s 620" % env.user and group == "tty", r
    else:
        assert owner.startswith(env.user), r
    assert re.match(r"\d+ \d+$", size), r


def test_permit_tty_no(env):
    """PermitTTY no: no terminal, yet the command runs."""
    s = env.server("PermitTTY no")
    r = s.ssh("tty", options=("-tt", "-o", "LogLevel=INFO"))
    assert b"PTY allocation request failed" in r.stderr, r
    t = s.paramiko()
    ch = t.open_session()
    request(ch, "pty-req", "vt100", 80, 24, 0, 0, b"")
    ch.exec_command("tty")
    read_until(ch, b"not a tty\n")
    t.close()


def open_shell(t, command, width=100, height=30, term="vt100", modes=b""):
    """A channel of paramiko's with a terminal."""
    ch = t.open_session()
    ch.get_pty(term, width, height)
    ch.exec_command(command)
    ch.settimeout(20)
    return ch


def read_until(ch, text, seconds=20):
    out = b""
    ch.settimeout(seconds)
    while text not in out:
        piece = ch.recv(65536)
        assert piece, (out, text)
        out += piece
    return out


def test_window_change(env):
    """A new size reaches the terminal, with SIGWINCH."""
    s = env.server()
    t = s.paramiko()
    ch = open_shell(t, "stty size; trap 'stty size; exit' WINCH; echo ready; "
                    "while :; do sleep 0.1; done", 100, 30)
    out = read_until(ch, b"ready")
    assert b"30 100" in out, out
    ch.resize_pty(width=133, height=44)
    read_until(ch, b"44 133")
    t.close()


def request(ch, name, *fields):
    """A channel request that paramiko doesn't know; fields: str, bytes, int,
    bool. No reply is wanted."""
    import paramiko
    m = paramiko.Message()
    m.add_byte(b"\x62")
    m.add_int(ch.remote_chanid)
    m.add_string(name)
    m.add_boolean(False)
    for f in fields:
        if isinstance(f, bool):
            m.add_boolean(f)
        elif isinstance(f, int):
            m.add_int(f)
        else:
            m.add_string(f)
    ch.transport._send_user_message(m)


def test_signals(env):
    """A signal request reaches the program's group; not a forced one's."""
    s = env.server()
    t = s.paramiko()
    for name in ("TERM", "HUP", "USR1", "INT"):
        ch = t.open_session()
        ch.exec_command("trap 'echo got %s; exit' %s; echo ready; "
                        "while :; do sleep 0.05; done" % (name, name))
        read_until(ch, b"ready")
        request(ch, "signal", name)
        read_until(ch, b"got " + name.encode())
        ch.close()
    ch = t.open_session()
    ch.exec_command("echo ready; read x; echo $x")
    read_until(ch, b"ready")
    request(ch, "signal", "NOSUCH")
    request(ch, "signal", "SIGTERM")
    ch.sendall(b"alive\n")
    read_until(ch, b"alive")
    t.close()
    s.stop()
    s = env.server("ForceCommand echo ready; read x; echo $x")
    t = s.paramiko()
    ch = t.open_session()
    ch.exec_command("anything")
    read_until(ch, b"ready")
    request(ch, "signal", "KILL")
    ch.sendall(b"alive\n")
    read_until(ch, b"alive")
    t.close()


def test_break(env):
    """A break on a terminal whose BRKINT is set interrupts."""
    s = env.server()
    t = s.paramiko()
    ch = open_shell(t, "stty brkint -ignbrk; trap 'echo broken; exit' INT; "
                    "echo ready; while :; do sleep 0.1; done")
    read_until(ch, b"ready")
    request(ch, "break", 500)
    ch.send(b"\x03")  # a pseudo-terminal has no break of its own: Ctrl-C
    read_until(ch, b"broken")
    t.close()


# ---- how it ends ----------------------------------------------------------------------------

def test_exit_status(env):
    """0 to 255, as the command says."""
    s = env.server()
    for code in (0, 1, 4, 254, 255):
        assert s.ssh("exit %d" % code).returncode == code
    assert s.ssh("/no/such/program").returncode == 127
    assert s.ssh(input=b"exit 7\n").returncode == 7
    assert s.ssh(input=b"exit 7\n", options=("-tt",)).returncode == 7


class Ends:
    """What a channel's peer said at its end, in order."""

    def __init__(self, channel):
        self.seen = []
        self.channel = channel
        handle, eof, close = (channel._handle_request, channel._handle_eof,
                              channel._handle_close)

        def on_request(m):
            name = m.get_text()
            m.get_boolean()
            if name == "exit-signal":
                self.seen.append((name, m.get_text(), m.get_boolean()))
            elif name == "exit-status":
                self.seen.append((name, m.get_int()))
            m.rewind()
            m.get_byte()
            m.get_int()
            handle(m)

        def on_eof(m):
            self.seen.append("eof")
            eof(m)

        def on_close(m):
            self.seen.append("close")
            close(m)
        table = dict(channel.transport._channel_handler_table)
        table[98] = lambda c, m: (on_request if c is channel
                                  else type(c)._handle_request.__get__(c))(m)
        table[96] = lambda c, m: (on_eof if c is channel
                                  else type(c)._handle_eof.__get__(c))(m)
        table[97] = lambda c, m: (on_close if c is channel
                                  else type(c)._handle_close.__get__(c))(m)
        channel.transport._channel_handler_table = table

    def all(self, seconds=20):
        wait_for(lambda: "close" in self.seen, seconds,
                 "the channel's end: %r" % self.seen)
        return self.seen


def test_exit_signal(env):
    """A program that a signal ended is told by the signal's name."""
    s = env.server()
    t = s.paramiko()
    for name in ("TERM", "KILL", "SEGV", "HUP"):
        ch = t.open_session()
        ends = Ends(ch)
        ch.exec_command("ulimit -c 0; kill -%s $$" % name)
        got = ends.all()
        assert ("exit-signal", name, False) in got, got
        assert not any(g[0] == "exit-status" for g in got), got
        assert got.index("eof") < got.index("close"), got
    t.close()


def test_order_of_the_end(env):
    """Data, then status and EOF, then close; once each."""
    s = env.server()
    t = s.paramiko()
    ch = t.open_session()
    ends = Ends(ch)
    ch.exec_command("echo out; echo err >&2; exit 3")
    got = ends.all()
    assert got.count("eof") == 1 and got.count("close") == 1, got
    assert got.count(("exit-status", 3)) == 1 and got[-1] == "close", got
    assert ch.recv(100) == b"out\n" and ch.recv_stderr(100) == b"err\n"
    t.close()


def test_the_status_goes_before_eof(env):
    """Who answers EOF by CLOSE (PuTTY) still learns the status: of a terminal,
    and where the client's own EOF came before."""
    s = env.server()
    t = s.paramiko()
    for terminal in (True, False):
        for _ in range(5):
            ch = t.open_session()
            ends = Ends(ch)
            if terminal:
                ch.get_pty()
            ch.exec_command("exit 7")
            ch.shutdown_write()
            got = ends.all()
            assert got == [("exit-status", 7), "eof", "close"], got
    t.close()


def test_eof_of_a_program_that_goes_on(env):
    """A program that closed its output, but runs, isn't waited for."""
    s = env.server()
    t = s.paramiko()
    ch = t.open_session()
    ends = Ends(ch)
    ch.exec_command("exec >&- 2>&-; read x <%s; exit 5" % fifo(s))
    wait_for(lambda: "eof" in ends.seen, 10, "EOF")
    assert ends.seen == ["eof"], ends.seen
    with open(os.path.join(s.dir, "fifo"), "w") as f:
        f.write("go\n")
    assert ends.all() == ["eof", ("exit-status", 5), "close"], ends.seen
    t.close()


def test_background_process_keeps_the_channel(env):
    """Who still holds the pipes keeps the channel open; the status is told
    before."""
    s = env.server()
    t = s.paramiko()
    ch = t.open_session()
    ends = Ends(ch)
    ch.exec_command("(read x <%s; echo late) & exit 5" % fifo(s))
    wait_for(lambda: ("exit-status", 5) in ends.seen, 10, "the status")
    time.sleep(0.2)
    assert "close" not in ends.seen and "eof" not in ends.seen, ends.seen
    with open(os.path.join(s.dir, "fifo"), "w") as f:
        f.write("go\n")
    assert "close" in ends.all()
    assert ch.recv(100) == b"late\n"
    t.close()


def fifo(server):
    path = os.path.join(server.dir, "fifo")
    os.mkfifo(path)
    os.chmod(path, 0o666)
    return path


def test_background_process_does_not_keep_a_terminal(env):
    """With a terminal the channel ends with its program."""
    s = env.server()
    r = s.ssh("sleep 60 & exit 6", options=("-tt",), timeout=20)
    assert r.returncode == 6, r


def test_eof_reaches_the_program(env):
    """The client's EOF ends the program's input, output goes on."""
    s = env.server()
    r = s.ssh("cat; echo after", input=b"text")
    assert r.stdout == b"textafter\n", r
    r = s.ssh("cat; echo after")
    assert r.stdout == b"after\n", r


def test_output_after_the_input_is_closed(env):
    """A program that closes its input and one that closes its output."""
    s = env.server()
    r = s.ssh("exec <&-; sleep 0.2; echo done", input=b"x" * 3000000)
    assert r.stdout == b"done\n" and r.returncode == 0, r
    r = s.ssh("exec >&- 2>&-; cat | wc -c > %s" % os.path.join(
        world_writable(s), "count"), input=b"x" * 300000)
    assert r.returncode == 0, r
    with open(os.path.join(s.dir, "open", "count")) as f:
        assert f.read() == "300000\n"


def world_writable(server):
    path = os.path.join(server.dir, "open")
    os.mkdir(path)
    os.chmod(path, 0o1777)
    return path


def test_stderr_is_its_own(env):
    """Both streams, binary clean, in full."""
    s = env.server()
    r = s.ssh("head -c 400000 /dev/zero | tr '\\0' '\\377'; "
              "head -c 400000 /dev/zero >&2")
    assert r.stdout == b"\xff" * 400000 and r.stderr == b"\0" * 400000


def test_octets_both_ways(env):
    """Random data through cat comes back the same."""
    s = env.server()
    data = os.urandom(3 << 20)
    assert s.ssh("cat", input=data).stdout == data
    t = s.paramiko()
    ch = open_shell(t, "stty raw -echo; echo ready; exec cat")
    read_until(ch, b"ready\n")
    octets = bytes(range(256)) * 500
    ch.sendall(octets)
    got = b""
    while len(got) < len(octets):
        got += ch.recv(65536)
    assert got == octets
    t.close()


def test_a_reader_that_goes_away(env):
    """The client says that its reader is gone: the program's writes fail."""
    s = env.server()
    t = s.paramiko()
    ch = t.open_session()
    ends = Ends(ch)
    ch.exec_command("yes; echo $? >&2")
    read_until(ch, b"y\n")
    request(ch, "eow@openssh.com")
    wait_for(lambda: drained(ch) and "close" in ends.seen, 20, "the end")
    assert ("exit-status", 0) in ends.seen, ends.seen
    t.close()


def drained(ch):
    while ch.recv_ready():
        ch.recv(1 << 20)
    return True


def test_a_slow_reader_stops_the_writer(env):
    """Who doesn't read holds the program up, not the server's memory."""
    s = env.server()
    p = s.ssh_popen("yes | head -c 200000000", stdin=subprocess.DEVNULL)
    monitor, session = s.session_of(p)
    time.sleep(1)

    def rss():
        return int(status(session)["VmRSS"].split()[0])
    assert rss() < 40000, rss()
    p.kill()
    p.wait()
    p.stdout.close()
    p.stderr.close()


def test_many_programs_on_one_connection(env):
    """MaxSessions at once, refused beyond, free again when one ends."""
    s = env.server("MaxSessions 3")
    t = s.paramiko()
    import paramiko
    channels = []
    for i in range(3):
        ch = t.open_session()
        ch.exec_command("read x; echo %d $x" % i)
        channels.append(ch)
    try:
        t.open_session(timeout=20)
        raise AssertionError("a fourth one")
    except paramiko.SSHException:
        pass
    for i, ch in enumerate(channels):
        ch.sendall(b"here\n")
        read_until(ch, b"%d here\n" % i)
        assert ch.recv_exit_status() == 0
        ch.close()
    wait_for(lambda: again(t), 10, "a place")
    t.close()


def again(t):
    import paramiko
    try:
        ch = t.open_session(timeout=20)
    except paramiko.SSHException:
        return False
    ch.exec_command("echo in")
    return read_until(ch, b"in\n")


def test_control_master(env):
    """A connection shared by many clients: each its own streams and status."""
    s = env.server("MaxSessions 10")
    path = os.path.join(env.dir, "cm-%d" % s.port)
    master = s.ssh_popen(options=("-M", "-N", "-S", path))
    wait_for(lambda: os.path.exists(path), 20, "the master")
    procs = [subprocess.Popen(
        s.ssh_args("-S", path) + ["cat; exit %d" % i], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE) for i in range(8)]
    for i, p in enumerate(procs):
        p.stdin.write(b"%d" % i * 100000)
        p.stdin.close()
        assert p.stdout.read() == b"%d" % i * 100000
        assert p.wait(20) == i
        p.stdout.close()
    assert len(s.monitors()) == 1
    subprocess.run(s.ssh_args("-S", path, "-O", "exit"), timeout=20,
                   stderr=subprocess.DEVNULL)
    master.wait(20)
    finish(master)


def test_max_sessions_zero_takes_none(env):
    """MaxSessions 0: login, but no program."""
    s = env.server("MaxSessions 0")
    r = s.ssh("true")
    assert r.returncode == 255, r


# ---- who goes away, and how -------------------------------------------------------------------

def test_a_monitor_told_to_end_closes_in_order(env):
    """SIGTERM to the monitor (loginctl terminate-session): the session says
    goodbye, a terminal's programs get SIGHUP, all of it ends."""
    s = env.server()
    mark = os.path.join(s.dir, "hup")
    with open(mark, "w"):
        pass
    os.chmod(mark, 0o666)
    p = s.ssh_popen("trap 'echo hup >%s; exit' HUP; echo ready; "
                    "while :; do sleep 0.05; done" % mark,
                    options=("-tt", "-o", "LogLevel=INFO"))
    assert b"ready" in p.stdout.readline()
    monitor, session = s.session_of(p)
    os.kill(monitor, signal.SIGTERM)
    for pid in (monitor, session):
        wait_for(lambda: not alive(pid), 5, "the end")
    wait_for(lambda: "hup" in open(mark).read(), 5, "SIGHUP")
    out, err = p.communicate(timeout=10)
    assert p.returncode == 255, (out, err)
    s.login_works()
    assert "crash" not in s.log(), s.log()[-2000:]


def test_a_silent_client_is_given_up(env):
    """ClientAlive: a stopped client is told dead after interval times count,
    and its programs end; a live one stays."""
    s = env.server("ClientAliveInterval 1", "ClientAliveCountMax 1")
    live = s.ssh_popen("cat")
    s.session_of(live)
    p = s.ssh_popen("cat")
    wait_for(lambda: len(s.monitors()) == 2, 10, "both")
    wait_for(lambda: s.log().count("Starting session: command") == 2, 10)
    os.kill(p.pid, signal.SIGSTOP)
    s.wait_log(r"Timeout, client not responding from user %s 127.0.0.1 port "
               r"\d+" % env.user, 15)
    wait_for(lambda: len(s.monitors()) == 1, 5, "its end")
    live.stdin.write(b"here\n")
    live.stdin.close()
    assert live.stdout.read() == b"here\n"
    os.kill(p.pid, signal.SIGKILL)
    for x in (p, live):
        finish(x)


def test_client_that_is_killed(env):
    """The connection breaks: programs with pipes see their end, nobody
    stays."""
    s = env.server()
    p = s.ssh_popen("cat; echo $? >%s/ended" % world_writable(s))
    s.session_of(p)
    p.kill()
    finish(p)
    wait_for(lambda: os.path.exists(os.path.join(s.dir, "open", "ended")), 10,
             "the program's end")
    wait_for(lambda: not s.monitors(), 10, "the session's end")


def test_unused_connection_and_idle_channel(env):
    """UnusedConnectionTimeout and ChannelTimeout."""
    s = env.server("UnusedConnectionTimeout 1")
    t = s.paramiko()
    s.wait_log("terminating inactive connection from user %s 127.0.0.1" %
               env.user)
    wait_for(lambda: not t.is_active(), 5, "the end")
    s.stop()
    s = env.server("ChannelTimeout session:command=1")
    p = s.ssh_popen("cat")
    assert p.wait(15) is not None
    finish(p)
    s.wait_log(r"channel \d+: closing after 1 seconds of inactivity")


def test_a_session_holds_nothing_of_the_daemon(env):
    """Descriptors of session and program: the connection, the monitor, the
    log, pipes; and no capability is left."""
    s = env.server()
    p = s.ssh_popen("exec cat")
    monitor, session = s.session_of(p)
    program = wait_for(lambda: next((c for c in children(session)), None), 10)
    wait_for(lambda: os.path.basename(os.readlink("/proc/%d/exe" % program)) in
             ("cat", "coreutils", "busybox"), 10, "cat")
    assert sorted(map(int, os.listdir("/proc/%d/fd" % program))) == [0, 1, 2]
    for pid in (session, program):
        st = status(pid)
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            assert int(st[name], 16) == 0, (name, st)
        assert set(st["Uid"].split()) == {str(env.account.pw_uid)}, st
    p.stdin.close()
    p.wait(10)
    finish(p)


def test_host_keys_are_announced_and_proved(env):
    """UpdateHostKeys: a client learns the other keys, proved."""
    s = env.server()
    with open(s.known_hosts) as f:
        first = f.readline()
    with open(s.known_hosts, "w") as f:
        f.write(first)
    s.ssh("true", options=("-o", "UpdateHostKeys=yes"))
    with open(s.known_hosts) as f:
        learnt = f.read()
    for kind in ("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"):
        assert kind in learnt, (learnt, s.log()[-2000:])
