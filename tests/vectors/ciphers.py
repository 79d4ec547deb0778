#!/usr/bin/env python3
"""Known answers of the packet ciphers, worked out slowly from the standards.

Plain Python, and no library's cipher: ChaCha20 in its first form and Poly1305
(RFC 8439 §2 says where it differs), AES (FIPS 197), GCM (SP 800-38D), CTR. The
standards' own examples are checked first. Prints the lines of ciphers.txt:

    name key iv seq packet sealed tag

where packet begins with its length field; AEAD ciphers alone have seq and tag.
"""
import struct

MASK = 0xFFFFFFFF


def chacha_block(key, nonce, counter, ietf=False):
    tail = struct.pack("<I", counter) + nonce if ietf else \
        struct.pack("<Q", counter) + nonce
    start = list(struct.unpack("<16I", b"expand 32-byte k" + key + tail))
    x = start[:]

    def rotate(v, n):
        return (v << n | v >> (32 - n)) & MASK

    def quarter(a, b, c, d):
        for p, q, r, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8),
                           (c, d, b, 7)):
            x[p] = (x[p] + x[q]) & MASK
            x[r] = rotate(x[r] ^ x[p], n)

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((a + b) & MASK for a, b in zip(x, start)))


def chacha(key, nonce, counter, data):
    out = b""
    for i in range(0, len(data), 64):
        block = chacha_block(key, nonce, counter + i // 64)
        out += xor(data[i:i + 64], block)
    return out


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little")
    r &= 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    a = 0
    for i in range(0, len(data), 16):
        a += int.from_bytes(data[i:i + 16] + b"\1", "little")
        a = a * r % ((1 << 130) - 5)
    a += int.from_bytes(key[16:], "little")
    return (a & ((1 << 128) - 1)).to_bytes(16, "little")


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def times(a, b):
    """Product in GF(2^8) of FIPS 197 §4.2"""
    p = 0
    while b:
        p ^= a if b & 1 else 0
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return p


def make_sbox():
    box = []
    for v in range(256):
        inverse = next((i for i in range(256) if times(v, i) == 1), 0)
        s = 0x63
        for n in range(5):
            s ^= (inverse << n | inverse >> (8 - n)) & 0xFF
        box.append(s)
    return box


SBOX = make_sbox()


def expand(key):
    words = [key[i:i + 4] for i in range(0, len(key), 4)]
    n, rcon = len(words), 1
    for i in range(n, 4 * (n + 7)):
        w = words[-1]
        if i % n == 0:
            w = bytes(SBOX[b] for b in w[1:] + w[:1])
            w = bytes([w[0] ^ rcon]) + w[1:]
            rcon = times(rcon, 2)
        elif n > 6 and i % n == 4:
            w = bytes(SBOX[b] for b in w)
        words.append(xor(w, words[i - n]))
    return [b"".join(words[i:i + 4]) for i in range(0, len(words), 4)]


def aes(key, block):
    keys = expand(key)
    s = xor(block, keys[0])
    for number, k in enumerate(keys[1:], 1):
        s = bytes(SBOX[s[(i + 4 * (i % 4)) % 16]] for i in range(16))
        if number < len(keys) - 1:
            s = b"".join(bytes(
                times(c[i], 2) ^ times(c[(i + 1) % 4], 3) ^
                c[(i + 2) % 4] ^ c[(i + 3) % 4] for i in range(4))
                for c in (s[j:j + 4] for j in range(0, 16, 4)))
        s = xor(s, k)
    return s


def ctr(key, iv, data):
    out, counter = b"", int.from_bytes(iv, "big")
    for i in range(0, len(data), 16):
        block = aes(key, (counter % (1 << 128)).to_bytes(16, "big"))
        out += xor(data[i:i + 16], block)
        counter += 1
    return out


def ghash(h, data):
    h, y = int.from_bytes(h, "big"), 0
    for i in range(0, len(data), 16):
        y ^= int.from_bytes(data[i:i + 16], "big")
        z, v = 0, h
        for bit in range(127, -1, -1):
            z ^= v if y >> bit & 1 else 0
            v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
        y = z
    return y.to_bytes(16, "big")


def gcm(key, iv, data, aad):
    def pad(b):
        return b + bytes(-len(b) % 16)

    out = b""
    for i in range(0, len(data), 16):
        block = aes(key, iv + (2 + i // 16).to_bytes(4, "big"))
        out += xor(data[i:i + 16], block)
    sizes = struct.pack(">QQ", 8 * len(aad), 8 * len(out))
    y = ghash(aes(key, bytes(16)), pad(aad) + pad(out) + sizes)
    return out, xor(y, aes(key, iv + b"\0\0\0\1"))


def check_examples():
    # RFC 8439 §2.3.2, §2.5.2
    block = chacha_block(bytes(range(32)), bytes.fromhex(
        "000000090000004a00000000"), 1, ietf=True)
    assert block.hex().startswith("10f1e7e4d13b5915500fdd1fa32071c4")
    key = bytes.fromhex("85d6be7857556d337f4452fe42d506a8"
                        "0103808afb0db2fd4abff6af4149f51b")
    assert poly1305(key, b"Cryptographic Forum Research Group").hex() == \
        "a8061dc1305136c6c22b8baf0c0127a9"
    # FIPS 197 appendix C
    plain = bytes.fromhex("00112233445566778899aabbccddeeff")
    for n, cipher in ((16, "69c4e0d86a7b0430d8cdb78070b4c55a"),
                      (24, "dda97ca4864cdfe06eaf70a0ec0d7191"),
                      (32, "8ea2b7ca516745bfeafc49904b496089")):
        assert aes(bytes(range(n)), plain).hex() == cipher
    # GCM's submission to NIST, test cases 2 and 4
    assert gcm(bytes(16), bytes(12), bytes(16), b"")[1].hex() == \
        "ab6e47d42cec13bdf53a67b21257bddf"
    data = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
    aad = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    assert gcm(bytes.fromhex("feffe9928665731c6d6a8f9467308308"),
               bytes.fromhex("cafebabefacedbaddecaf888"), data,
               aad)[1].hex() == "5bc94fbc3221a5db94fae95ae7121a47"


def octets(n, seed):
    """Octets that look like nothing in particular"""
    out, v = b"", seed
    while len(out) < n:
        v = (v * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        out += (v >> 32).to_bytes(4, "big")
    return out[:n]


def show(name, *columns):
    print(name, *(c.hex() if isinstance(c, bytes) and c else
                  c if isinstance(c, int) else "-" for c in columns))


def main():
    check_examples()
    for body, seq in ((0, 0), (8, 1), (16, 7), (240, 255), (256, 256),
                      (264, 0xFFFFFFFF), (1024, 0x01020304)):
        key = octets(64, body)
        packet = body.to_bytes(4, "big") + octets(body, body + 1)
        nonce = seq.to_bytes(8, "big")
        sealed = chacha(key[32:], nonce, 0, packet[:4]) + \
            chacha(key[:32], nonce, 1, packet[4:])
        tag = poly1305(chacha(key[:32], nonce, 0, bytes(32)), sealed)
        show("chacha20-poly1305@openssh.com", key, b"", seq, packet, sealed,
             tag)
    for n in (16, 32):
        for body in (0, 16, 32, 272, 1040):
            key, iv = octets(n, body), octets(12, body + 2)
            packet = body.to_bytes(4, "big") + octets(body, body + 1)
            sealed, tag = gcm(key, iv, packet[4:], packet[:4])
            show(f"aes{8 * n}-gcm@openssh.com", key, iv, 0, packet,
                 packet[:4] + sealed, tag)
    for n in (16, 24, 32):
        for iv in (octets(16, n), b"\xff" * 16):
            key, packet = octets(n, 5), octets(96, 6)
            show(f"aes{8 * n}-ctr", key, iv, 0, packet, ctr(key, iv, packet),
                 b"")


main()
