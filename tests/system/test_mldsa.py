"""Keys of ML-DSA-44 and Ed25519 in one: host keys, users' keys, certificates,
authorities, revocation. Off by default, and spoken by no client here but
ours (mldsa.py)."""

import base64
import functools
import hashlib
import importlib.util
import logging
import os
import socket
import struct
import tempfile
import threading

import mldsa
from lib import Skip, wait_for
from mldsa import CERT, NAME, certificate, string, strings
from talk import Talk
from test_hostbased import HOST as CLIENT
from test_hostbased import House

VECTORS = os.path.join(os.path.dirname(__file__), "..", "vectors")
HOST = "HostKeyAlgorithms +" + NAME
USER = "PubkeyAcceptedAlgorithms +%s,%s" % (NAME, CERT)


def need_paramiko():
    """And what it stands on, which has Ed25519."""
    if importlib.util.find_spec("paramiko") is None:
        raise Skip("needs python3-paramiko")


@functools.lru_cache(None)
def key(name):
    """The same one for all tests: they take a tenth of a second to make."""
    need_paramiko()
    return mldsa.Key()


def host_file(env):
    path = os.path.join(env.keys, "host_mldsa")
    return path if os.path.exists(path) else key("host").write(path)


def write(env, text):
    handle, path = tempfile.mkstemp(dir=env.keys)
    with os.fdopen(handle, "wb") as f:
        f.write(text.encode() if isinstance(text, str) else text)
    os.chmod(path, 0o644)
    return path


def client(s, *host_algorithms):
    """A paramiko.Transport after the key exchange, which it has verified."""
    import paramiko
    logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)
    t = paramiko.Transport(s.connect())
    if host_algorithms:
        kind = mldsa.host_key()
        t._key_info = dict(t._key_info, **{NAME: kind, CERT: kind})
        t._preferred_keys = host_algorithms
    t.start_client(timeout=20)
    return t


def refused(s, *host_algorithms):
    import paramiko
    try:
        client(s, *host_algorithms).close()
    except (paramiko.SSHException, EOFError):
        return True
    return False


def login(s, which, user=None):
    """Is this key let in? Then a command runs, too."""
    import paramiko
    t = client(s)
    try:
        t.auth_publickey(user or s.env.user, which)
        ch = t.open_session()
        ch.exec_command("echo in")
        return ch.makefile().read() == b"in\n"
    except paramiko.AuthenticationException:
        return False
    finally:
        t.close()


def test_the_client_s_arithmetic(env):
    """What these tests stand on follows the vectors, too."""
    with open(os.path.join(VECTORS, "mldsa44_verify.txt")) as f:
        lines = [line.split() for line in f][:12]
    public = None
    for words in lines:
        octets = [b"" if w == "-" else bytes.fromhex(w) for w in words[1:]]
        if words[0] == "key":
            public, = octets
        else:
            assert mldsa.verify(public, *octets) == (words[0] == "valid")
    with open(os.path.join(VECTORS, "keys", "mldsa44.pub")) as f:
        assert f.read().split()[0] == NAME
    k = key("user")
    sig = k.sign(b"message")
    assert k.verify(b"message", sig) and not k.verify(b"massage", sig)


def test_host_key(env):
    """A handshake that the new key signs, two more in the same connection; old
    clients go on with theirs, and learn nothing that they can't take."""
    s = env.server(HOST, "HostKey " + host_file(env))
    t = client(s, NAME)
    assert t.host_key_type == NAME
    t.auth_publickey(env.user, _ed25519(env))
    for _ in range(2):
        t.renegotiate_keys()
    assert t.host_key_type == NAME and t.is_authenticated()
    assert t.get_remote_server_key().blob == key("host").blob()
    t.close()
    s.login_works(options=("-o", "UpdateHostKeys=yes"))


def _ed25519(env):
    import paramiko
    return paramiko.Ed25519Key(filename=os.path.join(env.keys, "user_ed25519"))


def test_off_by_default(env):
    """With keys in place but not in the lists: no offer, no login, and the log
    says why."""
    s = env.server("HostKey " + host_file(env),
                   authorized=key("user").public_line())
    assert refused(s, NAME)
    s.wait_log("no matching host key type found")
    assert not login(s, mldsa.user_key(key("user")))
    s.wait_log("signature algorithm %s not in PubkeyAcceptedAlgorithms" % NAME)
    assert NAME not in s.ssh("true").stderr.decode()


def test_user_key(env):
    """Lets its owner in, and nobody whose signature isn't whole."""
    s = env.server(USER, authorized=key("user").public_line())
    assert login(s, mldsa.user_key(key("user")))
    digest = hashlib.sha256(key("user").blob()).digest()
    s.wait_log(r"Accepted publickey for %s from 127.0.0.1 port \d+ ssh2: "
               r"MLDSA44-ED25519 SHA256:" % env.user)
    assert base64.b64encode(digest).decode().rstrip("=") in s.log()
    assert not login(s, mldsa.user_key(key("other")))
    for spoil in (lambda x: x[:2420] + key("other").sign(b"x")[2420:],
                  lambda x: key("other").sign(b"x")[:2420] + x[2420:],
                  lambda x: x[:-1], lambda x: x + b"\0", lambda x: x[2420:]):
        assert not login(s, mldsa.user_key(key("user"), spoil=spoil))
    assert login(s, mldsa.user_key(key("user")))


def test_certificates(env):
    """A key of this kind with a certificate, an authority of this kind, and
    one whose algorithm isn't in CASignatureAlgorithms."""
    ca = key("ca")
    trusted = "TrustedUserCAKeys " + write(env, ca.public_line())
    blob = certificate(key("user").blob(), ca, 1, [env.user])
    stranger = certificate(key("user").blob(), ca, 1, ["somebody"])
    s = env.server(USER, trusted, "CASignatureAlgorithms +" + NAME,
                   authorized="# no keys\n")
    assert login(s, mldsa.user_key(key("user"), blob))
    s.wait_log(r"MLDSA44-ED25519-CERT SHA256:\S{43} ID a test \(serial 7\) CA "
               r"MLDSA44-ED25519 SHA256:\S{43}")
    assert not login(s, mldsa.user_key(key("user"), stranger))
    assert not login(s, mldsa.user_key(key("user"), blob[:-1] + b"?"))
    assert not login(s, mldsa.user_key(key("user")))
    # a key that every client has, certified by that authority
    signed = os.path.join(env.keys, "signed_by_mldsa")
    with open(os.path.join(env.keys, "user_ed25519")) as f:
        with open(signed, "w") as copy:
            copy.write(f.read())
    os.chmod(signed, 0o600)
    plain = base64.b64decode(env.public("user_ed25519").split()[1])
    with open(signed + "-cert.pub", "w") as f:
        f.write("ssh-ed25519-cert-v01@openssh.com " + base64.b64encode(
            certificate(plain, ca, 1, [env.user])).decode() + "\n")
    # ssh takes no certificate whose authority it can't name: by paramiko
    import paramiko
    other = paramiko.Ed25519Key(filename=signed)
    other.load_certificate(signed + "-cert.pub")
    assert login(s, other)
    s.stop()
    s = env.server(USER, trusted, authorized="# no keys\n")
    assert not login(s, mldsa.user_key(key("user"), blob))
    assert not login(s, other)


def test_a_line_that_trusts_an_authority(env):
    """cert-authority in authorized_keys with such an authority."""
    ca = key("ca")
    line = "cert-authority,principals=\"operators\" " + ca.public_line()
    s = env.server(USER, "CASignatureAlgorithms +" + NAME, authorized=line)
    for names, good in ((["operators"], True), ([env.user], False)):
        blob = certificate(key("user").blob(), ca, 1, names)
        assert login(s, mldsa.user_key(key("user"), blob)) == good, names


def test_host_certificate(env):
    """Shown, and signed for, under the certificate's name."""
    blob = certificate(key("host").blob(), key("ca"), 2, ["127.0.0.1"])
    path = write(env, "%s %s\n" % (CERT, base64.b64encode(blob).decode()))
    s = env.server("HostKeyAlgorithms +%s,%s" % (NAME, CERT),
                   "HostKey " + host_file(env), "HostCertificate " + path)
    t = client(s, CERT)
    assert t.host_key_type == CERT
    assert t.get_remote_server_key().blob == blob
    t.close()
    client(s, NAME).close()


def test_a_client_host_s_key(env):
    """Host-based authentication, where HostbasedAcceptedAlgorithms names it."""
    h, k = House(env), key("client")
    h.file(".shosts", CLIENT + "\n")
    h.know("%s %s" % (CLIENT, k.public_line().strip()))
    for lines, right in (((), 51),
                         (("HostbasedAcceptedAlgorithms +" + NAME,), 52)):
        s = h.server(*lines, authorized="")
        t = Talk(s)
        fields = ("hostbased", NAME, k.blob(), CLIENT, "anna")
        signed = string(t.transport.session_id) + b"\x32" + b"".join(
            map(string, ("anna", "ssh-connection") + fields))
        n, _ = t.request("anna", *fields, k.signature(signed))
        assert n == right, (n, lines, s.log()[-2000:])
        t.close()
        s.stop()


def krl(*digests):
    """A revocation list of SHA-256 of keys (PROTOCOL.krl)."""
    return (struct.pack(">QIQQQ", 0x5353484b524c0a00, 1, 1, 0, 0) + string("") +
            string("") + b"\5" + string(b"".join(map(string, sorted(digests)))))


def test_revoked(env):
    """By a line, by a list of hashes, and by the authority."""
    ca, user = key("ca"), key("user")
    blob = certificate(user.blob(), ca, 1, [env.user])
    path = write(env, "")
    s = env.server(USER, "CASignatureAlgorithms +" + NAME,
                   "TrustedUserCAKeys " + write(env, ca.public_line()),
                   "RevokedKeys " + path, authorized=user.public_line())
    digest = hashlib.sha256(user.blob()).digest()
    for text, plain, certified in (("", True, True),
                                   (user.public_line(), False, False),
                                   (krl(digest), False, False),
                                   (ca.public_line(), True, False),
                                   (krl(b"\0" * 32), True, True)):
        with open(path, "wb") as f:
            f.write(text.encode() if isinstance(text, str) else text)
        assert login(s, mldsa.user_key(user)) == plain, text
        assert login(s, mldsa.user_key(user, blob)) == certified, text


def test_host_keys_are_announced_and_proved(env):
    """hostkeys-00 names the key, hostkeys-prove-00 proves it, in a connection
    whose own host key is another."""
    s = env.server(HOST, "HostKey " + host_file(env))
    t = client(s)
    announced = []

    def take(transport, m):
        if m.get_text() == "hostkeys-00@openssh.com":
            m.get_boolean()
            announced.extend(strings(m.get_remainder()))

    t._handler_table = dict(t._handler_table)
    t._handler_table[80] = take
    t.auth_publickey(env.user, _ed25519(env))
    wait_for(lambda: announced, 10, "the announcement")
    blob = key("host").blob()
    assert blob in announced and len(announced) == 4
    reply = t.global_request("hostkeys-prove-00@openssh.com", (blob,))
    signature, = strings(reply.get_remainder())
    assert key("host").holds(string("hostkeys-prove-00@openssh.com") +
                             string(t.session_id) + string(blob), signature)
    t.close()


class Agent:
    """An agent that signs with such keys: those of distributions don't."""

    def __init__(self, env, *keys):
        self.keys = keys
        self.path = os.path.join(tempfile.mkdtemp(dir=env.dir), "socket")
        os.chmod(os.path.dirname(self.path), 0o755)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(s.makefile("rwb"),),
                             daemon=True).start()

    def serve(self, stream):
        while True:
            head = stream.read(4)
            if len(head) < 4:
                return
            body = stream.read(*struct.unpack(">I", head))
            stream.write(string(self.answer(body[0], body[1:])))
            stream.flush()

    def answer(self, kind, rest):
        if kind == 11:  # list
            return b"\x0c" + struct.pack(">I", len(self.keys)) + b"".join(
                string(k.blob()) + string("test") for k in self.keys)
        if kind == 13:  # sign
            blob, data = strings(rest[:-4])
            for k in self.keys:
                if k.blob() == blob:
                    return b"\x0e" + string(k.signature(data))
        return b"\5"


def test_host_key_of_an_agent(env):
    """The public half in a file, signatures by HostKeyAgent."""
    agent = Agent(env, key("agent"))
    s = env.server(HOST, "HostKeyAgent " + agent.path,
                   "HostKey " + write(env, key("agent").public_line()))
    t = client(s, NAME)
    assert t.get_remote_server_key().blob == key("agent").blob()
    t.close()
    agent.listener.close()


def test_a_key_s_file_must_be_whole(env):
    """Seeds of another key: it isn't loaded, the others serve on."""
    need_paramiko()
    wrong, path = mldsa.Key(), os.path.join(env.keys, "host_wrong")
    wrong.seeds = wrong.seeds[:32] + os.urandom(32)
    wrong.write(path)
    s = env.server(HOST, "HostKey " + path)
    s.wait_log('Unable to load host key "%s"' % path)
    assert refused(s, NAME)
    s.login_works()
