"""A login by every way that the configuration allows, and refusals."""

import subprocess


def test_key_of_each_type(env):
    """ed25519, ecdsa and rsa keys let their owner in."""
    s = env.server()
    for key in ("user_ed25519", "user_ecdsa", "user_rsa"):
        s.login_works(key=key)
    s.wait_log(r"Accepted publickey for %s from 127.0.0.1 port \d+ ssh2: "
               r"ED25519 SHA256:" % env.user)


def test_strangers_key_is_refused(env):
    """A key that isn't listed doesn't open the door."""
    s = env.server()
    r = s.ssh("echo in", key="stranger")
    assert r.returncode == 255 and b"Permission denied" in r.stderr, r
    s.login_works()


def test_unknown_user_is_refused(env):
    """A user who doesn't exist is refused, and the log says so."""
    s = env.server()
    r = s.ssh("echo in", user="nosuchuser")
    assert r.returncode == 255 and b"Permission denied" in r.stderr, r
    s.wait_log(r"Invalid user nosuchuser from 127.0.0.1 port \d+")


def test_password(env):
    """The right password lets in, a wrong one doesn't; through crypt(3)."""
    env.need_root()
    s = env.server("UsePAM no", "PubkeyAuthentication no")
    for word, good in ((env.password, True), ("wrong", False)):
        r = subprocess.run(
            ["sshpass", "-p", word] +
            s.ssh_args("-o", "PreferredAuthentications=password",
                       "-o", "NumberOfPasswordPrompts=1",
                       key=None, batch=False) + ["echo in"],
            capture_output=True, timeout=60)
        assert (r.stdout == b"in\n") == good, (word, r, s.log()[-2000:])
    s.wait_log("Failed password for %s from" % env.user)
    s.wait_log("Accepted password for %s from" % env.user)


def test_every_connection_has_fresh_randomness(env):
    """Cookies and ephemeral keys of two connections of one generation
    differ."""
    s = env.server()
    seen = []
    for _ in range(4):
        c = s.connect()
        f = c.makefile("rb")
        f.readline()
        c.sendall(b"SSH-2.0-test\r\n")
        head = f.read(4)
        packet = f.read(int.from_bytes(head, "big"))
        seen.append(packet[2:18])  # padding length, message, cookie
        c.close()
    assert len(set(seen)) == len(seen), seen
