"""The transport with real clients: rekeying, compression, what peers do
wrong."""

import os
import re
import struct
import subprocess

from lib import finish, wait_for


def echo(server, octets, *options, command="cat"):
    data = os.urandom(octets)
    r = server.ssh(command, options=options, input=data)
    assert r.stdout == data, (len(r.stdout), r.stderr, server.log()[-2000:])


def exchanges(server):
    return len(re.findall("kex: algorithm", server.log()))


def test_rekey_by_the_client(env):
    """RekeyLimit of ssh, by octets: data both ways is whole."""
    s = env.server()
    echo(s, 300000, "-o", "RekeyLimit=256K")  # ssh counts more than octets
    assert exchanges(s) > 3, exchanges(s)


def test_rekey_by_the_server(env):
    """RekeyLimit of sshd_config, with every cipher's family."""
    for cipher in ("chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com",
                   "aes256-ctr"):
        s = env.server("RekeyLimit 256K")
        echo(s, 2 << 20, "-c", cipher)
        assert exchanges(s) > 2, (cipher, exchanges(s))
        s.stop()


def test_rekey_from_both_sides_at_once(env):
    """Both limits small, data both ways, with compression."""
    s = env.server("RekeyLimit 128K", "Compression yes")
    echo(s, 400000, "-o", "RekeyLimit=128K", "-C")
    assert exchanges(s) > 4, exchanges(s)


def test_rekey_by_time(env):
    """After the server's time, also where nothing is sent."""
    s = env.server("RekeyLimit default 1s")
    p = s.ssh_popen("cat")
    s.session_of(p)
    first = exchanges(s)
    wait_for(lambda: exchanges(s) >= first + 2, 15, "two more exchanges")
    p.stdin.write(b"here\n")
    p.stdin.close()
    assert p.stdout.read() == b"here\n"
    finish(p)


def test_rekey_while_a_terminal_works(env):
    """Window changes, output and input around exchanges."""
    s = env.server("RekeyLimit 64K")
    t = s.paramiko()
    ch = t.open_session()
    ch.get_pty()
    ch.exec_command("stty -echo raw; echo ready; head -c 300000 /dev/zero | "
                    "tr '\\0' x; echo; cat")
    ch.settimeout(20)
    got = b""
    while got.count(b"x") < 300000:
        got += ch.recv(65536)
        ch.resize_pty(width=len(got) % 200 + 1)
    ch.sendall(b"end\n")
    while b"end" not in got:
        got += ch.recv(1000)
    t.close()


def test_compression(env):
    """zlib@openssh.com: what compresses and what doesn't; Compression no
    refuses it."""
    s = env.server()
    echo(s, 1 << 20, "-C")
    r = s.ssh("head -c 5000000 /dev/zero", options=("-C",))
    assert r.stdout == b"\0" * 5000000
    s.wait_log("compression: zlib@openssh.com")
    s.stop()
    s = env.server("Compression no")
    r = s.ssh("echo in", options=("-C",))
    assert r.stdout == b"in\n"
    assert "compression: zlib" not in s.log()


def test_every_key_exchange(env):
    """Each that the client knows, also the old ones where named."""
    have = subprocess.run(["ssh", "-Q", "kex"], capture_output=True, text=True,
                          check=True).stdout.split()
    wanted = [k for k in have if "sha1" not in k]
    s = env.server("KexAlgorithms " + ",".join(wanted))
    for kex in wanted:
        r = s.ssh("echo in", options=("-o", "KexAlgorithms=" + kex))
        assert r.stdout == b"in\n", (kex, r)
        s.wait_log("kex: algorithm: %s" % re.escape(kex))


def test_every_host_key(env):
    """By type and signature algorithm."""
    s = env.server()
    for name in ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-256",
                 "rsa-sha2-512"):
        s.login_works(options=("-o", "HostKeyAlgorithms=" + name))
        s.wait_log("kex: host key algorithm: " + name)
    r = s.ssh("true", options=("-o", "HostKeyAlgorithms=ssh-rsa"))
    assert r.returncode == 255, r
    s.wait_log("no matching host key type found. Their offer: ssh-rsa")


def spoken(server):
    """A connection after the identification lines: (socket, file)."""
    c = server.connect()
    c.settimeout(15)
    f = c.makefile("rb")
    assert f.readline().startswith(b"SSH-2.0-")
    return c, f


def ended(f):
    """Read until the server closes; True."""
    try:
        while f.read(4096):
            pass
    except ConnectionError:
        pass
    return True


def test_bad_packets_end_it(env):
    """Lengths that can't be, before keys; the log says what it was."""
    s = env.server()
    for packet, words in (
            (b"\xff\xff\xff\xff" + b"x" * 100, "Bad packet length"),
            (b"\0\0\0\0" + b"x" * 100, "Bad packet length"),
            (struct.pack(">IB", 12, 250) + b"x" * 100, "padding|packet")):
        c, f = spoken(s)
        c.sendall(b"SSH-2.0-x\r\n" + packet)
        assert ended(f)
        c.close()
        s.wait_log(words)
    s.login_works()


def test_identification_lines(env):
    """Longest, too long, without CR, with text before, of version 1.99."""
    s = env.server()
    for line, good in ((b"SSH-2.0-x\n", True), (b"SSH-1.99-x\r\n", True),
                       (b"SSH-2.0-" + b"y" * 200 + b"\r\n", True),
                       (b"SSH-2.0-" + b"y" * 20000, False),
                       (b"hello\r\nSSH-2.0-x\r\n", False),
                       (b"SSH-1.5-x\r\n", False), (b"\0\0\0\0\r\n", False)):
        c, f = spoken(s)
        c.sendall(line)
        if good:
            assert f.read(6)[5] == 20, line  # SSH_MSG_KEXINIT
        else:
            assert ended(f), line
        c.close()
    s.login_works()


def test_a_connection_in_single_octets(env):
    """However the stream is cut, it is the same."""
    s = env.server()
    import socket
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        import threading

        def relay():
            a, _ = listener.accept()
            b = s.connect()
            a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            b.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def pump(x, y):
                try:
                    while True:
                        data = x.recv(4096)
                        if not data:
                            break
                        for i in range(len(data)):
                            y.sendall(data[i:i + 1])
                    y.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            threading.Thread(target=pump, args=(b, a), daemon=True).start()
            pump(a, b)
        threading.Thread(target=relay, daemon=True).start()
        args = s.ssh_args("-o", "HostKeyAlias=[127.0.0.1]:%d" % s.port)
        args[args.index("-p") + 1] = str(listener.getsockname()[1])
        r = subprocess.run(args + ["echo in"], capture_output=True, timeout=60,
                           stdin=subprocess.DEVNULL)
        assert r.stdout == b"in\n", (r, s.log()[-2000:])


def test_other_clients(env):
    """plink and dbclient, where they are installed."""
    import shutil
    s = env.server()
    done = 0
    if shutil.which("dbclient") and shutil.which("dropbearconvert"):
        key = os.path.join(s.dir, "dropbear-key")
        subprocess.run(["dropbearconvert", "openssh", "dropbear",
                        os.path.join(env.keys, "user_rsa"), key], check=True,
                       capture_output=True)
        r = subprocess.run(["dbclient", "-y", "-y", "-i", key, "-p", str(s.port),
                            "%s@127.0.0.1" % env.user, "echo in"],
                           capture_output=True, timeout=60,
                           stdin=subprocess.DEVNULL,
                           env=dict(os.environ, HOME=s.dir))
        assert r.stdout == b"in\n", (r, s.log()[-2000:])
        done += 1
    if shutil.which("plink") and shutil.which("puttygen"):
        key = os.path.join(s.dir, "key.ppk")
        subprocess.run(["puttygen", os.path.join(env.keys, "user_ed25519"),
                        "-o", key], check=True, capture_output=True)
        fingerprint = subprocess.run(
            ["ssh-keygen", "-lf", os.path.join(env.keys, "host_ed25519.pub")],
            capture_output=True, text=True, check=True).stdout.split()[1]
        r = subprocess.run(["plink", "-batch", "-ssh", "-i", key, "-P",
                            str(s.port), "-hostkey", fingerprint,
                            "%s@127.0.0.1" % env.user, "echo in"],
                           capture_output=True, timeout=60,
                           stdin=subprocess.DEVNULL,
                           env=dict(os.environ, HOME=s.dir))
        assert r.stdout == b"in\n", (r, s.log()[-2000:])
        done += 1
    if not done:
        from lib import Skip
        raise Skip("neither plink nor dbclient is installed")
