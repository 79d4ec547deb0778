"""bulk.py - much data each way, by every cipher and every MAC, sums compared

What is sent is random, so that no piece of it can be taken for another.
"""

import hashlib
import os
import re
import subprocess
import time

MAC_CIPHER = "aes128-ctr"  # with which a MAC is tried
CIPHER_MAC = "hmac-sha2-256-etm@openssh.com"  # where the cipher has none itself

DIRECTIONS = {
    # name: command, the client sends the data, what comes back is the data
    "down": ("cat %s", False, True),
    "up": ("sha256sum", True, False),
    "echo": ("cat", True, True),
}


def client_has(kind):
    """What the installed ssh knows: names of "cipher" or "mac"."""
    return subprocess.run(["ssh", "-Q", kind], check=True, text=True,
                          capture_output=True).stdout.split()


def server_takes(env, keyword, names):
    """Those of names that the configuration may switch on."""
    def takes(name):
        return subprocess.run(
            [env.program, "-t", "-f", "/dev/null", "-h",
             os.path.join(env.keys, "host_ed25519"),
             "-o", "%s=%s" % (keyword, name)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL).returncode == 0
    return [n for n in names if takes(n)]


def algorithms(env):
    """(cipher, mac) of every connection to try."""
    ciphers = server_takes(env, "Ciphers", client_has("cipher"))
    macs = server_takes(env, "MACs", client_has("mac"))
    pairs = [(c, CIPHER_MAC) for c in ciphers] + [(MAC_CIPHER, m) for m in macs]
    return list(dict.fromkeys(pairs))


class Data:
    """A file of random octets, and its sum."""

    def __init__(self, env, octets):
        self.octets = octets
        self.path = os.path.join(env.dir, "bulk-%d" % octets)
        total = hashlib.sha256()
        with open(self.path, "wb") as out:
            for left in range(octets, 0, -(1 << 20)):
                piece = os.urandom(min(left, 1 << 20))
                total.update(piece)
                out.write(piece)
        os.chmod(self.path, 0o644)
        self.sum = total.hexdigest()


def server(env, rekey=None):
    """A daemon that takes every algorithm, and rekeys after so much."""
    return env.server(
        "Ciphers %s" % ",".join(server_takes(env, "Ciphers",
                                             client_has("cipher"))),
        "MACs %s" % ",".join(server_takes(env, "MACs", client_has("mac"))),
        "RekeyLimit %s" % (rekey or "default"))


def transfer(s, data, direction, cipher, mac, timeout=1800):
    """One connection: (seconds, key exchanges); fails where a sum is wrong."""
    command, sends, returns = DIRECTIONS[direction]
    if "%s" in command:
        command %= data.path
    options = ["-v", "-o", "LogLevel=DEBUG1", "-o", "Ciphers=%s" % cipher,
               "-o", "MACs=%s" % mac, "-o", "Compression=no"]
    log = os.path.join(s.dir, "client")
    begin = time.monotonic()
    with open(data.path if sends else "/dev/null", "rb") as stdin, \
            open(log, "wb") as err:
        # of an option given twice the first counts
        args = s.ssh_args()
        args[1:1] = options
        p = subprocess.Popen(args + [command], stdin=stdin,
                             stdout=subprocess.PIPE, stderr=err)
        try:
            got = received_sum(p, returns)
            code = p.wait(timeout)
        finally:
            p.kill()
    seconds = time.monotonic() - begin
    with open(log, errors="replace") as f:
        said = f.read()
    what = "%s, %s, %s" % (direction, cipher, mac)
    assert code == 0, "%s: ssh ended with %d: %s" % (what, code, said[-300:])
    assert got == data.sum, "%s: the sum is wrong" % what
    assert "cipher: %s " % cipher in said, "%s: another cipher" % what
    return seconds, len(re.findall("SSH2_MSG_KEXINIT received", said))


def received_sum(p, returns):
    """The sum of what comes, or that comes."""
    if not returns:
        return p.stdout.read().decode().split(" ")[0]
    total = hashlib.sha256()
    while True:
        piece = p.stdout.read(1 << 20)
        if not piece:
            return total.hexdigest()
        total.update(piece)


def exchanges_due(data, limit):
    """So many at the least: while keys are exchanged, data goes on."""
    return data.octets // size_of(limit) // 4


def size_of(text):
    """"32M", "1G" in octets."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    if text[-1:].upper() in units:
        return int(text[:-1]) * units[text[-1].upper()]
    return int(text)
