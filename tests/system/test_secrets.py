"""Where secrets lie: in the memory of which process, in whose descriptors."""

import base64
import contextlib
import os
import re
import shutil
import subprocess

from lib import (Skip, children, descendants, descriptors, finish, hashed,
                 title, wait_for)
from test_processes import Prompted

PIECE = 16  # octets of a secret that tell it; less may be chance


# ---- what is searched for -------------------------------------------------------

def strings(data):
    """Fields of RFC 4251: a reader over data."""
    at = 0

    def take():
        nonlocal at
        n = int.from_bytes(data[at:at + 4], "big")
        value = data[at + 4:at + 4 + n]
        at += 4 + n
        return value
    return take


def numbers(path):
    """{name: big-endian octets} of the secrets of an openssh-key-v1 file."""
    with open(path) as f:
        text = f.read()
    body = base64.b64decode("".join(text.split("\n")[1:-2]))
    assert body.startswith(b"openssh-key-v1\0"), path
    at = 15
    for _ in range(3):  # cipher, its key's derivation, the options of that
        at += 4 + int.from_bytes(body[at:at + 4], "big")
    tail = strings(body[at + 4:])  # after the number of keys
    tail()
    private = tail()[8:]
    read = strings(private)
    kind = read()
    if kind == b"ssh-ed25519":
        read()
        return {"seed": read()[:32]}
    if kind.startswith(b"ecdsa"):
        read(), read()
        return {"scalar": read().lstrip(b"\0")}
    n, e, d, iqmp, p, q = (read().lstrip(b"\0") for _ in range(6))
    return {"d": d, "p": p, "q": q, "iqmp": iqmp}


def patterns(path):
    """{what it is: octets} that would show a key of this file in memory."""
    out = {}
    for name, secret in numbers(path).items():
        label = os.path.basename(path) + " " + name
        for order, octets in (("", secret), (" backwards", secret[::-1])):
            last = len(octets) - PIECE
            for at in sorted({0, last // 2, last}):
                piece = octets[at:at + PIECE]
                out["%s%s [%d]" % (label, order, at)] = piece
                out["%s%s [%d] hex" % (label, order, at)] = piece.hex().encode()
                out["%s%s [%d] HEX" % (label, order, at)] = \
                    piece.hex().upper().encode()
    with open(path) as f:
        lines = f.read().split("\n")[1:-2]
    # the public part stands first; the last third is private and padding
    for i, line in enumerate(lines[len(lines) * 2 // 3:-1]):
        out["%s text %d" % (os.path.basename(path), i)] = line.encode()
    return out


# ---- searching -----------------------------------------------------------------------

def memory(pid):
    """Every readable, writable mapping of a process, piece by piece."""
    with open("/proc/%d/maps" % pid) as f:
        maps = f.read().splitlines()
    with open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            span, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            begin, end = (int(x, 16) for x in span.split("-"))
            if end - begin > 1 << 30:
                continue  # a sanitizer's shadow
            with contextlib.suppress(OSError, ValueError):
                mem.seek(begin)
                yield line, mem.read(end - begin)


def search(pid, wanted):
    """Names of what is found, with the mapping."""
    return {(name, line.split()[-1]) for line, data in memory(pid)
            for name, octets in wanted.items() if octets in data}


def family(server):
    """{pid: name} of every process of the daemon."""
    keeper = server.keeper()
    out = {server.pid: "listener"}
    for pid in descendants(server.pid):
        out[pid] = "keeper" if pid == keeper else title(pid)
    return out


def need_wiping(env):
    """What is freed is wiped by libc's allocator, as the monitor tells it."""
    if env.sanitized:
        raise Skip("the sanitizer has an allocator of its own")


def in_the_keeper_alone(server, wanted, when):
    found = {}
    for pid, name in family(server).items():
        try:
            found[name] = found.get(name, set()) | search(pid, wanted)
        except OSError:
            continue  # it has ended
    assert found.get("keeper"), "nothing in the keeper: the search is blind"
    for name, hits in found.items():
        assert name == "keeper" or not hits, (when, name, hits)
    return found["keeper"]


# ---- tests ----------------------------------------------------------------------------

def made_keys(env, world):
    """The folder where the daemon makes its keys, in the world: a path that
    is seen from outside."""
    text = subprocess.run([env.program, "-G", "-f", "none"],
                          capture_output=True, text=True).stdout
    folder = os.path.dirname(re.search(r"(?im)^hostkey (\S+)$", text).group(1))
    if folder.startswith("/etc/"):
        inside = world.path(folder[1:])
        shutil.rmtree(inside, ignore_errors=True)
        return inside
    there = folder
    while not os.path.isdir(there) or there == folder:
        there = os.path.dirname(there)
    if there == "/":
        raise Skip("no mount point above %s" % folder)
    inside = world.path("keys")
    os.makedirs(inside)
    world.mounts.append("mount --bind %s %s" % (inside, there))
    return inside + folder[len(there):]


def test_seeds_are_in_the_keeper_alone(env):
    """Made keys: after the first start, after a reload, during a login through
    PAM and in a session, with a terminal and a shell."""
    w = env.world()
    w.add_user("anna", "annas word")
    folder = made_keys(env, w)
    s = env.server(start=False, world=w)
    s.base = [line for line in s.base if not line.startswith("HostKey ")]
    s.write_config(["UsePAM yes", w.service(
        "auth required pam_unix.so", "account required pam_unix.so",
        "session required pam_unix.so")])
    s.start(60)
    files = [os.path.join(folder, "ssh_host_%s_key" % kind)
             for kind in ("ed25519", "ecdsa", "rsa")]
    wait_for(lambda: os.path.exists(files[2] + ".pub"), 60, "the RSA key")
    s.wait_log("Received SIGHUP; restarting.|RSA host key|host key #2", 20)
    wait_for(lambda: os.path.exists(s.pidfile) and s.keeper() and s.spawners(),
             20, "the daemon's reload for the RSA key")
    wanted = {}
    for path in files:
        wanted.update(patterns(path))
    with open(s.known_hosts, "w") as f:
        for path in files:
            with open(path + ".pub") as k:
                f.write("[127.0.0.1]:%d %s" % (s.port, k.read()))
    for path in files:  # each key signs
        kind = os.path.basename(path).split("_")[2]
        algorithm = {"ed25519": "ssh-ed25519", "rsa": "rsa-sha2-512",
                     "ecdsa": "ecdsa-sha2-nistp256"}[kind]
        s.login_works(user="anna", options=("-o", "HostKeyAlgorithms=" +
                                            algorithm))
    hits = in_the_keeper_alone(s, wanted, "after the first start")
    for path in files:
        name = os.path.basename(path)
        assert any(h[0].startswith(name) for h in hits), (name, hits)
    old = s.keeper()
    os.unlink(s.pidfile)
    os.kill(s.pid, 1)
    wait_for(lambda: os.path.exists(s.pidfile), 20, "the reload")
    wait_for(lambda: s.keeper() not in (None, old), 10, "another keeper")
    s.login_works(user="anna")
    in_the_keeper_alone(s, wanted, "after a reload")
    p = Prompted(s, user="anna")
    try:
        in_the_keeper_alone(s, wanted, "at a password prompt")
        p.write("wrong\n")
        p.wait_for(b"again", 20)
        in_the_keeper_alone(s, wanted, "after a wrong password")
    finally:
        p.close()
    p = s.ssh_popen("cat", user="anna", options=("-tt",))
    s.session_of(p)
    in_the_keeper_alone(s, wanted, "in a session")
    p.kill()
    finish(p)


def test_nobody_has_a_key_file_open(env):
    """Not the keeper either, once it serves; at a prompt and in a session."""
    s = env.server()
    client = s.ssh_popen("cat")
    s.session_of(client)
    c = s.connect()
    c.recv(100)
    c.sendall(b"SSH-2.0-x\r\n")
    wait_for(lambda: len(s.monitors()) == 2, 10)
    for pid in [s.pid] + descendants(s.pid):
        for what in descriptors(pid).values():
            assert "host_" not in what, (title(pid), what)
    c.close()
    finish(client)


def test_no_password_reaches_the_session(env):
    """The password, and the hashes of /etc/shadow, aren't in the memory of
    session, shell or keycheck, nor in the gate's after the verdict; with PAM
    and without."""
    need_wiping(env)
    w = env.world()
    w.add_user("anna", "annas secret word")
    w.add_user("bert", "berts secret word")
    w.add_user("zoe", "zoes secret word")
    w.service("auth required pam_unix.so", "account required pam_unix.so",
              "session required pam_unix.so")
    salted = [hashed("%ss secret word" % name) for name in
              ("anna", "bert", "zoe")]
    wanted = {"the password": b"annas secret word"}
    for text in salted:
        wanted[text[-60:]] = text[-60:].encode()
        wanted[text[20:60]] = text[20:60].encode()
    for lines in (("UsePAM yes", "PAMServiceName sallyport-test"),
                  ("UsePAM no",)):
        for method in ("password", "keyboard-interactive"):
            s = env.server(*lines, world=w)
            p = Prompted(s, user="anna", method=method, command="cat")
            try:
                p.write("annas secret word\n")
                monitor, session = wait_for(
                    lambda: s.session_of(None, 1), 20, "a session")
                program = wait_for(lambda: children(session), 10)[0]
                for pid in (session, program):
                    hits = search(pid, wanted)
                    assert not hits, (lines, method, title(pid), hits)
                assert "the password" not in {h[0] for h in
                                              search(monitor, wanted)}
            finally:
                p.close()
            s.stop()


def test_no_password_hash_reaches_the_session(env):
    """Also where a key opened the door and PAM's account step alone read
    /etc/shadow."""
    need_wiping(env)
    w = env.world()
    w.add_user("anna", "annas secret word")
    w.service("auth required pam_unix.so", "account required pam_unix.so",
              "session required pam_unix.so")
    text = hashed("annas secret word")
    wanted = {"end": text[-60:].encode(), "middle": text[20:60].encode()}
    for lines in (("UsePAM yes", "PAMServiceName sallyport-test"),
                  ("UsePAM no",)):
        s = env.server(*lines, world=w)
        p = s.ssh_popen("cat", user="anna")
        monitor, session = s.session_of(p)
        program = wait_for(lambda: children(session), 10)[0]
        for pid in (session, program):
            hits = search(pid, wanted)
            assert not hits, (lines, title(pid), hits)
        finish(p)
        s.stop()
