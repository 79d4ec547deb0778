"""The same requests to our sftp-server and to OpenSSH's, where one is
installed: each has to answer with the same status, attributes and names."""

import contextlib
import os
import struct
import subprocess
import tempfile

from lib import Skip

THEIRS = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server",
          "/usr/lib/ssh/sftp-server", "/usr/libexec/sftp-server")

(OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT, OPENDIR, READDIR,
 REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME, READLINK, SYMLINK) = range(3, 21)
STATUS, HANDLE, DATA, NAME, ATTRS = range(101, 106)
EXTENDED, REPLY = 200, 201
R, W, CREAT, TRUNC, EXCL = 1, 2, 8, 16, 32
OK, EOF, NONE, DENIED, FAILURE, BAD = range(6)


def text(s):
    s = os.fsencode(s)
    return struct.pack(">I", len(s)) + s


class Sftp:
    """A server as the account, in a folder, by its pipes."""

    def __init__(self, env, program, cwd):
        who = ["setpriv", "--reuid=%d" % env.account.pw_uid,
               "--regid=%d" % env.account.pw_gid, "--clear-groups"]
        self.p = subprocess.Popen((who if env.root else []) + [program],
                                  cwd=cwd, stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
        self.p.stdin.write(struct.pack(">IBI", 5, 1, 3))
        self.p.stdin.flush()
        self.id = 0
        assert self.message()[0] == 2

    def message(self):
        n, = struct.unpack(">I", self.p.stdout.read(4))
        m = self.p.stdout.read(n)
        return m[0], m[1:]

    def ask(self, kind, body):
        self.id += 1
        self.p.stdin.write(struct.pack(">IBI", len(body) + 5, kind, self.id) +
                           body)
        self.p.stdin.flush()
        kind, reply = self.message()
        assert struct.unpack(">I", reply[:4])[0] == self.id
        return kind, reply[4:]

    def status(self, kind, body):
        """The status, or the kind of another answer"""
        kind, reply = self.ask(kind, body)
        return struct.unpack(">I", reply[:4])[0] if kind == STATUS else -kind

    def open(self, path, flags):
        kind, reply = self.ask(OPEN, text(path) + struct.pack(">II", flags, 0))
        if kind == STATUS:
            return struct.unpack(">I", reply[:4])[0], None
        return OK, reply

    def put(self, path, offset, data, flags=W | CREAT):
        """Statuses of open, write and close"""
        status, h = self.open(path, flags)
        if h is None:
            return status,
        return (status,
                self.status(WRITE, h + struct.pack(">Q", offset) +
                            struct.pack(">I", len(data)) + data),
                self.status(CLOSE, h))

    def get(self, path, offset, n):
        status, h = self.open(path, R)
        if h is None:
            return status, b""
        kind, reply = self.ask(READ, h + struct.pack(">QI", offset, n))
        self.ask(CLOSE, h)
        return (OK, reply[4:]) if kind == DATA else \
            (struct.unpack(">I", reply[:4])[0], b"")

    def extended(self, name, body):
        return self.status(EXTENDED, text(name) + body)

    def size(self, path, kind=STAT):
        kind, reply = self.ask(kind, text(path))
        return struct.unpack(">IQ", reply[:12]) if kind == ATTRS else \
            struct.unpack(">I", reply[:4])

    def names(self, path):
        """Of a folder; how many, and those that are there"""
        kind, h = self.ask(OPENDIR, text(path))
        if kind == STATUS:
            return struct.unpack(">I", h[:4])[0]
        all_names = []
        while True:
            kind, reply = self.ask(READDIR, h)
            if kind == STATUS:
                break
            n, at = struct.unpack(">I", reply[:4])[0], 4
            for _ in range(n):
                size, = struct.unpack(">I", reply[at:at + 4])
                all_names.append(reply[at + 4:at + 4 + size])
                at += 4 + size
                size, = struct.unpack(">I", reply[at:at + 4])
                at += 4 + size + 32  # the line, and attributes
        self.ask(CLOSE, h)
        return sorted(all_names)

    def end(self):
        self.p.stdin.close()
        self.p.stdout.close()
        self.p.wait(30)


def ours(env):
    path = os.path.join(os.path.dirname(env.program), "sftp-server")
    if not os.path.exists(path):
        raise Skip("sftp-server isn't built")
    return path


def same(env, make, *requests):
    """make(folder) prepares a folder for each; what requests give has to be
    the same. What ours gave."""
    theirs = next((p for p in THEIRS if os.path.exists(p)), None)
    if theirs is None:
        raise Skip("no other sftp-server is installed")
    gave = []
    for program in (theirs, ours(env)):
        with tempfile.TemporaryDirectory(dir=env.dir) as cwd:
            os.chmod(cwd, 0o755)
            os.chown(cwd, env.account.pw_uid, env.account.pw_gid)
            with contextlib.ExitStack() as undo:
                make(cwd, undo)
                s = Sftp(env, program, cwd)
                gave.append([ask(s) for ask in requests])
                s.end()
    for i, (a, b) in enumerate(zip(*gave)):
        assert a == b, (i, a, b)
    return gave[1]


def put(folder, name, data=b"", mode=0o644, env=None):
    path = os.path.join(os.fsencode(folder), os.fsencode(name))
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)
    if env:
        os.chown(path, env.account.pw_uid, env.account.pw_gid)


def mount(env, undo, where, options):
    env.need_root()
    os.makedirs(where, exist_ok=True)
    r = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", where],
                       capture_output=True)
    if r.returncode != 0:
        raise Skip("no such mount: " + r.stderr.decode().strip())
    undo.callback(subprocess.run, ["umount", where], check=True)
    os.chown(where, env.account.pw_uid, env.account.pw_gid)


# ---- files -------------------------------------------------------------------


def test_the_status_of_each_fault(env):
    """What isn't there, isn't a folder, is one, is in the way, may not be."""
    def make(cwd, undo):
        put(cwd, "file", b"0123456789", env=env)
        put(cwd, "locked", b"x", 0o000)
        os.mkdir(cwd + "/shut", 0o700)
        os.mkdir(cwd + "/full")
        put(cwd + "/full", "x", env=env)
        os.chown(cwd + "/full", env.account.pw_uid, env.account.pw_gid)
        os.symlink("loop", cwd + "/loop")
        os.symlink("none", cwd + "/dangling")
    env.need_root()
    two = [(RENAME, lambda a, b: text(a) + text(b)),
           (SYMLINK, lambda a, b: text(a) + text(b))]
    asks = []
    for path in ("file", "none", "none/x", "file/x", "locked", "shut",
                 "shut/x", "loop", "dangling", "full", "", "a" * 300,
                 "/dev/full"):
        asks += [lambda s, p=path: s.get(p, 0, 100),
                 lambda s, p=path: s.size(p),
                 lambda s, p=path: s.size(p, LSTAT)[:1],
                 lambda s, p=path: s.names(p),
                 lambda s, p=path: s.status(READLINK, text(p)),
                 lambda s, p=path: s.status(RMDIR, text(p)) if p != "shut"
                 else None,
                 lambda s, p=path: s.status(MKDIR, text(p) + b"\0\0\0\0")
                 if p not in ("none", "dangling") else None,
                 lambda s, p=path: s.status(SETSTAT, text(p) + struct.pack(
                     ">II", 4, 0o640)) if p not in ("locked", "/dev/full")
                 else None,
                 lambda s, p=path: s.put(p, 3, b"new", W)]
        asks += [lambda s, p=path, k=k, f=f: s.status(k, f(p, "full"))
                 for k, f in two]
        asks.append(lambda s, p=path: s.extended("posix-rename@openssh.com",
                                                 text(p) + text("full")))
        asks.append(lambda s, p=path: s.extended("hardlink@openssh.com",
                                                 text(p) + text("full")))
    same(env, make, *[a for a in asks if a is not None])


def test_sparse_and_huge_files(env):
    """A file of a tebibyte, of which there is a kilobyte; the end of it, and
    what lies beyond."""
    far, data = 1 << 40, b"far" * 300

    def make(cwd, undo):
        pass
    gave = same(env, make,
                lambda s: s.put("huge", far, data),
                lambda s: s.size("huge"),
                lambda s: s.get("huge", far - 10, 100),
                lambda s: s.get("huge", far + len(data), 100),
                lambda s: s.get("huge", (1 << 63) - 1, 100)[0],
                lambda s: s.put("huge", (1 << 63) - 2, b"xy"),
                lambda s: s.status(SETSTAT, text("huge") + struct.pack(
                    ">IQ", 1, 7)),
                lambda s: s.size("huge"))
    assert gave[0] == (OK, OK, OK) and gave[1][1] == far + len(data)
    assert gave[2] == (OK, b"\0" * 10 + data[:90]) and gave[3][0] == EOF
    assert gave[-1][1] == 7


def test_any_octets_are_a_name(env):
    """All of them but the slash; special files have names and attributes."""
    def make(cwd, undo):
        for i in range(1, 256):
            if i not in (0x2e, 0x2f):
                put(cwd, bytes([i]))
        os.mkfifo(cwd + "/fifo")
        os.symlink(b"\xff\xfe", cwd + "/link")
    gave = same(env, make, lambda s: s.names("."),
                lambda s: s.size("fifo")[:1],
                lambda s: s.ask(READLINK, text("link")),
                lambda s: s.put(b"\xff\xfe", 0, b"x"),
                lambda s: s.size(b"\xff\xfe"))
    assert len(gave[0]) == 253 + 2 + 2


def test_a_hundred_thousand_entries(env):
    """Each name once, by readers who can't look at one of them."""
    names = 100000

    def make(cwd, undo):
        mount(env, undo, cwd + "/d", "size=1g,nr_inodes=200k")
        fd = os.open(cwd + "/d", os.O_RDONLY)
        undo.callback(os.close, fd)
        for i in range(names):
            os.mknod("f%06d" % i, dir_fd=fd)
    gave = same(env, make, lambda s: s.names("d"))
    assert len(gave[0]) == len(set(gave[0])) == names + 2


# ---- file systems --------------------------------------------------------------


def test_a_full_file_system(env):
    """What doesn't fit fails, what was acknowledged is there."""
    block = b"b" * 16384

    def make(cwd, undo):
        mount(env, undo, cwd + "/small", "size=64k,nr_inodes=4")
    gave = same(env, make,
                *[lambda s, i=i: s.put("small/f", i * len(block), block)
                  for i in range(6)],
                lambda s: s.size("small/f"),
                lambda s: s.put("small/g", 0, b"x"),
                lambda s: s.put("small/h", 0, b"x"),
                lambda s: s.put("small/i", 0, b"x"),
                lambda s: s.status(REMOVE, text("small/f")),
                lambda s: s.put("small/g", 0, block))
    assert gave[0] == (OK, OK, OK) and gave[5] == (OK, FAILURE, OK)
    assert gave[6][1] == 4 * len(block) and gave[-1] == (OK, OK, OK)


def test_a_quota_of_the_file_system(env):
    """It is as one that is full."""
    block = b"b" * 16384

    def make(cwd, undo):
        mount(env, undo, cwd + "/small",
              "size=1m,usrquota,usrquota_block_hardlimit=64k")
    gave = same(env, make,
                *[lambda s, i=i: s.put("small/f", i * len(block), block)
                  for i in range(6)], lambda s: s.size("small/f"))
    assert gave[5] == (OK, FAILURE, OK) and gave[6][1] <= 4 * len(block)


def test_renames_across_file_systems(env):
    """No server copies: they fail, and both files stay."""
    def make(cwd, undo):
        mount(env, undo, cwd + "/other", "size=1m")
        put(cwd, "f", b"here", env=env)
        put(cwd + "/other", "g", b"there", env=env)
    gave = same(env, make,
                lambda s: s.status(RENAME, text("f") + text("other/f")),
                lambda s: s.extended("posix-rename@openssh.com",
                                     text("f") + text("other/f")),
                lambda s: s.extended("posix-rename@openssh.com",
                                     text("f") + text("other/g")),
                lambda s: s.extended("hardlink@openssh.com",
                                     text("f") + text("other/f")),
                lambda s: s.get("f", 0, 10), lambda s: s.get("other/g", 0, 10),
                lambda s: s.get("other/f", 0, 10))
    assert gave[0] == gave[1] == FAILURE and gave[4] == (OK, b"here")
    assert gave[5] == (OK, b"there") and gave[6][0] == NONE
