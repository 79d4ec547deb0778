"""mldsa.py - keys of ML-DSA-44 and Ed25519 in one, in plain Python

    k = Key()                     a new one; Key(seeds) that of 64 octets
    k.sign(octets), k.verify(octets, signature)       bare, 2484 octets
    k.blob(), k.signature(octets)                     as SSH has them
    k.private_file(), k.public_line()                 of files
    certificate(k.blob(), ca, 1, ["anna"])            the blob of one

ssh knows none of this before OpenSSH 10.5. ML-DSA is written down as FIPS 204
has it, with its algorithms' numbers, and owes nothing to the daemon's; it is
slow, and it isn't constant-time.
"""

import base64
import hashlib
import os
import struct

Q, N, D = 8380417, 256, 13
TAU, BETA, GAMMA1, GAMMA2, OMEGA = 39, 78, 1 << 17, (8380417 - 1) // 88, 80
NAME = "ssh-mldsa44-ed25519@openssh.com"
CERT = "ssh-mldsa44-ed25519-cert-v01@openssh.com"
PREFIX = b"CompositeAlgorithmSignatures2025"
LABEL = b"COMPSIG-MLDSA44-Ed25519-SHA512"
ZETAS = [pow(1753, int("{:08b}".format(k)[::-1], 2), Q) for k in range(N)]


def shake256(octets, n):
    return hashlib.shake_256(octets).digest(n)


def ntt(w):  # 41
    w, m, length = list(w), 0, 128
    while length:
        for start in range(0, N, 2 * length):
            m += 1
            for j in range(start, start + length):
                t = ZETAS[m] * w[j + length] % Q
                w[j + length] = (w[j] - t) % Q
                w[j] = (w[j] + t) % Q
        length //= 2
    return w


def inverse(w):  # 42
    w, m, length = list(w), N, 1
    while length < N:
        for start in range(0, N, 2 * length):
            m -= 1
            for j in range(start, start + length):
                t = w[j]
                w[j] = (t + w[j + length]) % Q
                w[j + length] = -ZETAS[m] * (t - w[j + length]) % Q
        length *= 2
    return [8347681 * v % Q for v in w]


def times(a, b):
    return [x * y % Q for x, y in zip(a, b)]


def plus(*polys):
    return [sum(v) % Q for v in zip(*polys)]


def minus(a, b):
    return [(x - y) % Q for x, y in zip(a, b)]


def product(matrix, vector):
    return [plus(*map(times, row, vector)) for row in matrix]


def norm(polys):
    return max(min(v % Q, Q - v % Q) for p in polys for v in p)


def pack(values, bits):  # 16, 17
    n = sum(v << (bits * i) for i, v in enumerate(values))
    return n.to_bytes(32 * bits, "little")


def unpack(octets, bits):  # 18, 19
    n = int.from_bytes(octets, "little")
    return [n >> (bits * i) & ((1 << bits) - 1) for i in range(N)]


def pieces(octets, n):
    return [octets[i:i + n] for i in range(0, len(octets), n)]


def pack_hint(hint):  # 20
    places, ends = b"", b""
    for h in hint:
        places += bytes(i for i in range(N) if h[i])
        ends += bytes([len(places)])
    return places.ljust(OMEGA, b"\0") + ends


def unpack_hint(octets):  # 21
    hint, n = [], 0
    for end in octets[OMEGA:]:
        places = octets[n:end]
        if end < n or end > OMEGA or list(places) != sorted(set(places)):
            return None
        hint.append([int(i in places) for i in range(N)])
        n = end
    return None if any(octets[n:OMEGA]) else hint


def uniform(seed):  # 30
    octets = hashlib.shake_128(seed).digest(3 * 512)
    values = [int.from_bytes(t[:2] + bytes([t[2] & 127]), "little")
              for t in pieces(octets, 3)]
    return [v for v in values if v < Q][:N]


def small(seed):  # 31
    halves = [h for o in shake256(seed, 400) for h in (o & 15, o >> 4)]
    return [(2 - h % 5) % Q for h in halves if h < 15][:N]


def matrix_of(rho):  # 32
    return [[uniform(rho + bytes([s, r])) for s in range(4)] for r in range(4)]


def challenge(seed):  # 29
    octets = iter(shake256(seed, 1000))
    signs = int.from_bytes(bytes(next(octets) for _ in range(8)), "little")
    c = [0] * N
    for i in range(N - TAU, N):
        j = next(o for o in octets if o <= i)
        c[i] = c[j]
        c[j] = Q - 1 if signs >> (i + TAU - N) & 1 else 1
    return c


def decompose(r):  # 36
    low = r % (2 * GAMMA2)
    if low > GAMMA2:
        low -= 2 * GAMMA2
    return (0, low - 1) if r - low == Q - 1 else ((r - low) // (2 * GAMMA2), low)


def highs(p):
    return [decompose(v)[0] for v in p]


def helped(hint, r):  # 40
    high, low = decompose(r)
    return (high + (hint and (1 if low > 0 else -1))) % 44


def expand(seed):  # 6
    octets = shake256(seed + b"\4\4", 128)
    rho, spread, key = octets[:32], octets[32:96], octets[96:]
    secrets = [small(spread + struct.pack("<H", i)) for i in range(8)]
    s1, s2 = secrets[:4], secrets[4:]
    matrix = matrix_of(rho)
    t = [plus(inverse(p), e)
         for p, e in zip(product(matrix, map_ntt(s1)), s2)]
    t1 = [[(v + (1 << (D - 1)) - 1) >> D for v in p] for p in t]
    t0 = [[(v - (h << D)) % Q for v, h in zip(p, q)] for p, q in zip(t, t1)]
    public = rho + b"".join(pack(p, 10) for p in t1)
    return public, key, matrix, map_ntt(s1), map_ntt(s2), map_ntt(t0)


def map_ntt(polys):
    return [ntt(p) for p in polys]


def represent(public, context, message):  # 2, 3
    return shake256(shake256(public, 64) + bytes([0, len(context)]) + context +
                    message, 64)


def sign(seed, context, message, mu=None, rnd=bytes(32)):  # 7
    public, key, matrix, s1, s2, t0 = expand(seed)
    mu = mu or represent(public, context, message)
    spread, kappa = shake256(key + rnd + mu, 64), 0
    while True:
        y = [[GAMMA1 - v for v in
              unpack(shake256(spread + struct.pack("<H", kappa + r), 576), 18)]
             for r in range(4)]
        kappa += 4
        w = [inverse(p) for p in product(matrix, map_ntt(y))]
        seed = shake256(mu + b"".join(pack(highs(p), 6) for p in w), 32)
        c = ntt(challenge(seed))
        z = [plus(p, inverse(times(c, s))) for p, s in zip(y, s1)]
        r = [minus(p, inverse(times(c, s))) for p, s in zip(w, s2)]
        ct0 = [inverse(times(c, t)) for t in t0]
        low = max(abs(decompose(v)[1]) for p in r for v in p)
        if (norm(z) >= GAMMA1 - BETA or low >= GAMMA2 - BETA or
                norm(ct0) >= GAMMA2):
            continue
        hint = [[int(a != b) for a, b in zip(highs(p), highs(plus(p, t)))]
                for p, t in zip(r, ct0)]
        if sum(map(sum, hint)) <= OMEGA:
            return (seed + b"".join(pack([(GAMMA1 - v) % Q for v in p], 18)
                                    for p in z) + pack_hint(hint))


def verify(public, context, message, sig):  # 8
    if len(public) != 1312 or len(sig) != 2420 or len(context) > 255:
        return False
    hint = unpack_hint(sig[32 + 4 * 576:])
    z = [[GAMMA1 - v for v in unpack(o, 18)]
         for o in pieces(sig[32:32 + 4 * 576], 576)]
    if hint is None or norm(z) >= GAMMA1 - BETA:
        return False
    t1 = map_ntt([[v << D for v in unpack(o, 10)]
                  for o in pieces(public[32:], 320)])
    c = ntt(challenge(sig[:32]))
    w = [inverse(minus(p, times(c, t)))
         for p, t in zip(product(matrix_of(public[:32]), map_ntt(z)), t1)]
    high = [[helped(h, v) for h, v in zip(a, p)] for a, p in zip(hint, w)]
    mu = represent(public, context, message)
    return sig[:32] == shake256(mu + b"".join(pack(p, 6) for p in high), 32)


# ---- SSH's form of it ----------------------------------------------------

def string(x):
    x = x.encode() if isinstance(x, str) else x
    return struct.pack(">I", len(x)) + x


def strings(octets):
    """All strings that a blob consists of."""
    out = []
    while octets:
        n, = struct.unpack(">I", octets[:4])
        assert len(octets) >= 4 + n
        out.append(octets[4:4 + n])
        octets = octets[4 + n:]
    return out


def text(message):
    return PREFIX + LABEL + b"\0" + hashlib.sha512(message).digest()


class Public:
    def __init__(self, point):
        from cryptography.hazmat.primitives.asymmetric import ed25519
        assert len(point) == 1344, len(point)
        self.point = point
        self.edwards = ed25519.Ed25519PublicKey.from_public_bytes(point[1312:])

    def verify(self, message, sig):
        from cryptography.exceptions import InvalidSignature
        try:
            self.edwards.verify(sig[2420:], text(message))
        except InvalidSignature:
            return False
        return verify(self.point[:1312], LABEL, text(message), sig[:2420])

    def holds(self, message, signature):
        """Is this blob a signature of the message?"""
        name, sig = strings(signature)
        return name == NAME.encode() and self.verify(message, sig)

    def blob(self):
        return string(NAME) + string(self.point)

    def public_line(self):
        return "%s %s test\n" % (NAME, base64.b64encode(self.blob()).decode())


class Key(Public):
    def __init__(self, seeds=None):
        from cryptography.hazmat.primitives import serialization as s
        from cryptography.hazmat.primitives.asymmetric import ed25519
        self.seeds = seeds or os.urandom(64)
        self.private = ed25519.Ed25519PrivateKey.from_private_bytes(
            self.seeds[32:])
        Public.__init__(self, expand(self.seeds[:32])[0] +
                        self.private.public_key().public_bytes(
                            s.Encoding.Raw, s.PublicFormat.Raw))

    def sign(self, message):
        return (sign(self.seeds[:32], LABEL, text(message)) +
                self.private.sign(text(message)))

    def signature(self, message):
        return string(NAME) + string(self.sign(message))

    def private_file(self):
        secret = (b"same" * 2 + self.blob() + string(self.seeds) +
                  string("test"))
        secret += bytes(range(1, 1 + -len(secret) % 8))
        whole = base64.encodebytes(
            b"openssh-key-v1\0" + string("none") + string("none") + string("") +
            struct.pack(">I", 1) + string(self.blob()) + string(secret))
        return ("-----BEGIN OPENSSH PRIVATE KEY-----\n%s"
                "-----END OPENSSH PRIVATE KEY-----\n" % whole.decode())

    def write(self, path):
        """Both files."""
        for name, mode, what in ((path, 0o600, self.private_file()),
                                 (path + ".pub", 0o644, self.public_line())):
            with open(name, "w") as f:
                f.write(what)
            os.chmod(name, mode)
        return path


def certificate(blob, ca, kind, names, serial=7):
    """Of any plain key's blob but RSA's, without end, by a Key. kind: 1 of a
    user, 2 of a host."""
    name = blob[4:4 + struct.unpack(">I", blob[:4])[0]]
    signed = (string(name.split(b"@")[0] + b"-cert-v01@openssh.com") +
              string(os.urandom(32)) + blob[4 + len(name):] +
              struct.pack(">QI", serial, kind) + string("a test") +
              string(b"".join(map(string, names))) +
              struct.pack(">QQ", 0, 2 ** 64 - 1) + string("") + string("") +
              string("") + string(ca.blob()))
    return signed + string(ca.signature(signed))


# ---- as keys of paramiko's transports ------------------------------------

def host_key():
    """A class for Transport._key_info: what a server shows."""
    import paramiko

    class HostKey(paramiko.PKey):
        def __init__(self, msg):
            self.blob = msg.asbytes()
            r = paramiko.Message(self.blob)
            if r.get_text() == CERT:
                r.get_binary()  # nonce
            self.public = Public(r.get_binary())

        def verify_ssh_sig(self, data, msg):
            return self.public.holds(data, msg.asbytes())

    return HostKey


def user_key(key, blob=None, spoil=lambda sig: sig):
    """For auth_publickey; blob: a certificate's. spoil changes what is sent
    as the bare signature."""
    import paramiko

    class UserKey(paramiko.PKey):
        public_blob = None

        def __init__(self):
            pass

        def get_name(self):
            return CERT if blob else NAME

        def asbytes(self):
            return blob or key.blob()

        def sign_ssh_data(self, data, algorithm=None):
            return paramiko.Message(string(NAME) +
                                    string(spoil(key.sign(data))))

    return UserKey()
