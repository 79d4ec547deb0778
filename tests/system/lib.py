"""lib.py - the frame of the system tests: a daemon in a scratch folder, real
clients, and a view of its processes.

A test file test_NAME.py holds functions test_SENTENCE(env), each with a
docstring; env is an Env. A test passes when it returns, is skipped by raising
Skip("why") and fails by any other exception. Everything is on loopback, in a
scratch folder, and killed by pid.
"""

import contextlib
import ctypes
import glob
import logging
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time


class Skip(Exception):
    pass


def finish(popen, seconds=20):
    """Close what goes to a client and wait for it: (stdout, stderr)."""
    if popen.stdin and not popen.stdin.closed:
        with contextlib.suppress(OSError):
            popen.stdin.close()
    popen.stdin = None
    return popen.communicate(timeout=seconds)


def wait_for(condition, seconds=10, what="condition"):
    """Poll until condition() is true; its value. Times are bounds, never
    something that is measured."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("%s: not within %s s" % (what, seconds))
        time.sleep(0.02)


def free_port():
    while True:
        port = random.randint(20000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def alive(pid):
    """Is it there, and no zombie?"""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def status(pid):
    """/proc/PID/status as a dictionary."""
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1)
                    for line in f if ":\t" in line)


def children(pid):
    kids = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as f:
                text = f.read()
        except OSError:
            continue
        if int(text.rsplit(")", 1)[1].split()[1]) == pid:
            kids.append(int(path.split("/")[2]))
    return sorted(kids)


def title(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            return f.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""


def descendants(pid):
    out = []
    for kid in children(pid):
        out.append(kid)
        out.extend(descendants(kid))
    return out


def ip(*args):
    subprocess.run(("ip",) + args, check=True, capture_output=True)


@contextlib.contextmanager
def two_networks():
    """Names of two network namespaces, 10.9.8.1 and 10.9.8.2."""
    names = ["sp%d%s" % (os.getpid(), side) for side in "ab"]
    made = []
    try:
        for name in names:
            try:
                ip("netns", "add", name)
            except (OSError, subprocess.CalledProcessError):
                raise Skip("needs network namespaces")
            made.append(name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("-n", names[0], "link", "add", "v0", "type", "veth", "peer", "name",
           "v0", "netns", names[1])
        for i, name in enumerate(names):
            ip("-n", name, "addr", "add", "10.9.8.%d/24" % (i + 1), "dev", "v0")
            ip("-n", name, "link", "set", "v0", "up")
        yield names
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "del", name], check=False)


def descriptors(pid):
    """{number: what it is}"""
    out = {}
    for path in glob.glob("/proc/%d/fd/*" % pid):
        with contextlib.suppress(OSError):
            out[int(os.path.basename(path))] = os.readlink(path)
    return out


def hashed(password):
    """A crypt(3) hash, cheap to compute; "" for the empty password."""
    if password is None:
        return "*"
    if password == "":
        return ""
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.restype = ctypes.c_char_p
    return crypt(password.encode(), b"$6$rounds=1000$sallyport$").decode()


class Notified:
    """A service manager's ear: what a daemon tells over NOTIFY_SOCKET. Pass
    environment to the server; messages are datagrams as they came, with the
    descriptors in them kept in stored."""

    def __init__(self, env, abstract=False, **more):
        self.dir = tempfile.mkdtemp(prefix="notify-", dir=env.dir)
        os.chmod(self.dir, 0o755)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        name = os.path.join(self.dir, "socket")
        self.socket.bind(b"\0" + name.encode() if abstract else name)
        self.environment = dict(more, NOTIFY_SOCKET=(
            "@" if abstract else "") + name)
        self.messages = []
        self.stored = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            text, fds, _, _ = socket.recv_fds(self.socket, 4096, 64)
            if text.startswith(b"FDSTOREREMOVE"):
                for fd in self.stored:
                    os.close(fd)
                self.stored = []
            self.stored += fds
            self.messages.append(text.decode())

    def count(self, pattern):
        return len([m for m in self.messages if re.search(pattern, m)])

    def wait(self, pattern, seconds=20):
        return wait_for(lambda: next((m for m in self.messages
                                      if re.search(pattern, m)), None),
                        seconds, "%r in %r" % (pattern, self.messages[-20:]))

    def reload(self, server, seconds=60):
        """SIGHUP, and wait until the daemon is ready again, for better or
        worse."""
        ready = self.count("READY=1")
        begun = self.count("RELOADING=1")
        os.kill(server.pid, signal.SIGHUP)
        wait_for(lambda: self.count("RELOADING=1") > begun and
                 self.count("READY=1") > ready, seconds,
                 "a reload; %r\n%s" % (self.messages[-5:],
                                       server.log()[-2000:]))


class World:
    """A mount namespace for one daemon: /etc, /var/log and /run of its own, so
    that a test may add accounts, PAM services and login records. The files
    are seen and changed from outside, at path("etc/passwd") and so on.

    device_log: an own /dev with a syslog socket, too; its lines: syslog().
    """

    def __init__(self, env, device_log=False):
        env.need_root()
        self.env = env
        self.dir = tempfile.mkdtemp(prefix="world-", dir=env.dir)
        os.chmod(self.dir, 0o755)
        # lock files of others may come and go meanwhile
        subprocess.run(["cp", "-a", "/etc", self.path("etc")],
                       stderr=subprocess.DEVNULL)
        for name in ("log", "run", "run/sshd", "run/lock", "dev", "home"):
            os.mkdir(self.path(name), 0o755)
        for name in ("run/utmp", "log/wtmp", "log/lastlog"):
            self.write(name, "", 0o664)
        self.uid = 61000
        self.socket = None
        self.mounts = ["mount --bind %s /etc" % self.path("etc"),
                       "mount --bind %s /var/log" % self.path("log"),
                       "mount --bind %s /run" % self.path("run")]
        if device_log:
            self._own_dev()
        if subprocess.run(self.wrap(["true"]), stderr=subprocess.DEVNULL,
                          stdin=subprocess.DEVNULL).returncode != 0:
            raise Skip("no mount namespace is to be had")

    def _own_dev(self):
        """/dev/log can't be made in the machine's: a /dev with little in it."""
        dev = self.path("dev")
        for name in ("null", "zero", "full", "random", "urandom", "tty"):
            self.write("dev/" + name, "", 0o666)
            self.mounts.append("mount --bind /dev/%s %s/%s" % (name, dev, name))
        os.mkdir(dev + "/pts")
        os.symlink("pts/ptmx", dev + "/ptmx")
        self.mounts += ["mount --bind /dev/pts %s/pts" % dev,
                        "mount --rbind %s /dev" % dev]
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(dev + "/log")
        os.chmod(dev + "/log", 0o666)
        self.records = []
        threading.Thread(target=self._read_syslog, daemon=True).start()

    def _read_syslog(self):
        """All the time: a datagram socket holds ten records, no more."""
        while True:
            try:
                self.records.append(self.socket.recv(65536))
            except OSError:
                return

    def syslog(self):
        """Records that came so far, as they came."""
        return list(self.records)

    def journal(self):
        """journald's socket; a function that gives the entries which came so
        far, as dictionaries."""
        os.makedirs(self.path("run/systemd/journal"))
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.bind(self.path("run/systemd/journal/socket"))
        os.chmod(self.path("run/systemd/journal/socket"), 0o666)
        entries = []

        def read():
            while True:
                try:
                    lines = s.recv(65536).decode().split("\n")
                except OSError:
                    return
                assert lines.pop() == ""
                entries.append(dict(line.split("=", 1) for line in lines))
        threading.Thread(target=read, daemon=True).start()
        return lambda: list(entries)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w") as f:
            f.write(text)
        os.chmod(self.path(name), mode)

    def append(self, name, text):
        with open(self.path(name), "a") as f:
            f.write(text)

    def wrap(self, argv):
        """The command in this world: its pid is the one that is started."""
        script = " && ".join(self.mounts + ['exec "$@"'])
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", script,
                "sh"] + list(argv)

    def add_user(self, name, password=None, shell="/bin/sh", hash=None,
                 shadow=":19000:0:99999:7:::", gid=None, uid=None):
        """An account with a home directory; shadow: what follows the hash."""
        if uid is None:
            self.uid += 1
            uid = self.uid
        gid = uid if gid is None else gid
        home = self.path("home/" + name)
        os.mkdir(home, 0o755)
        os.chown(home, uid, gid)
        self.append("etc/passwd", "%s:x:%d:%d::%s:%s\n" %
                    (name, uid, gid, home, shell))
        self.append("etc/shadow", "%s:%s%s\n" % (
            name, hashed(password) if hash is None else hash, shadow))
        return home

    def add_group(self, name, gid, *members):
        self.append("etc/group", "%s:x:%d:%s\n" % (name, gid, ",".join(members)))

    def service(self, *lines, name="sallyport-test"):
        """A PAM service; the configuration line that uses it."""
        self.write("etc/pam.d/" + name, "\n".join(lines) + "\n")
        return "PAMServiceName " + name


class Env:
    """What is the same for all tests: the program, keys, an account."""

    def __init__(self, program):
        self.program = os.path.abspath(program)
        self.root = os.geteuid() == 0
        with open(self.program, "rb") as f:  # memory is its own matter then
            self.sanitized = b"__asan_init" in f.read()
        self.dir = tempfile.mkdtemp(prefix="sallyport-test-")
        os.chmod(self.dir, 0o755)
        self.servers = []
        self.made_user = None
        if self.root:
            self.user = "sp%d" % (os.getpid() % 100000)
            self.password = "open%dsesame" % random.randint(1000, 9999)
            subprocess.run(["useradd", "-m", "-d", os.path.join(self.dir, "home"),
                            "-s", "/bin/sh", self.user], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.made_user = self.user
            subprocess.run(["chpasswd"], input="%s:%s\n" % (self.user, self.password),
                           text=True, check=True)
            if subprocess.run(["id", "sshd"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode != 0:
                subprocess.run(["useradd", "-r", "-M", "-d", "/run/sshd",
                                "-s", "/usr/sbin/nologin", "sshd"], check=True)
            os.makedirs("/run/sshd", exist_ok=True)
        else:
            self.user = pwd.getpwuid(os.geteuid()).pw_name
            self.password = None
        self.account = pwd.getpwnam(self.user)
        self.keys = os.path.join(self.dir, "keys")
        os.mkdir(self.keys, 0o755)
        for name, args in (("host_ed25519", ["-t", "ed25519"]),
                           ("host_ecdsa", ["-t", "ecdsa", "-b", "256"]),
                           ("host_rsa", ["-t", "rsa", "-b", "2048"]),
                           ("user_ed25519", ["-t", "ed25519"]),
                           ("user_ecdsa", ["-t", "ecdsa", "-b", "384"]),
                           ("user_rsa", ["-t", "rsa", "-b", "2048"]),
                           ("stranger", ["-t", "ed25519"])):
            subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", name, "-f",
                            os.path.join(self.keys, name)] + args, check=True)
        self.authorized = os.path.join(self.keys, "authorized_keys")
        with open(self.authorized, "w") as out:
            for kind in ("ed25519", "ecdsa", "rsa"):
                with open(os.path.join(self.keys, "user_%s.pub" % kind)) as f:
                    out.write(f.read())
        os.chmod(self.authorized, 0o644)

    def close(self):
        for server in list(self.servers):
            server.stop()
        if self.made_user:
            subprocess.run(["pkill", "-KILL", "-u", self.made_user], check=False)
            subprocess.run(["userdel", self.made_user], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.dir, ignore_errors=True)

    def server(self, *lines, **how):
        """A started daemon; see Server."""
        return Server(self, *lines, **how)

    def world(self, **how):
        """Accounts, PAM services and records of a daemon's own; see World."""
        return World(self, **how)

    def public(self, name):
        """The line of a public key."""
        with open(os.path.join(self.keys, name + ".pub")) as f:
            return f.read()

    def need_feature(self, name):
        """Something of configure's that the program may have been built
        without: SELINUX, AUDIT. Without its config.h, it is there."""
        path = os.path.join(os.path.dirname(self.program), "config.h")
        with contextlib.suppress(OSError):
            with open(path) as f:
                if "#define WITH_%s 1" % name not in f.read():
                    raise Skip("built without " + name)

    def need_root(self):
        if not self.root:
            raise Skip("needs root")


class Server:
    """sallyportd in the foreground, with a log file.

    lines: configuration lines, before those that every test has.
    authorized: text of authorized_keys instead of the usual one.
    flags: further arguments; environment: further variables.
    world: a World to run in; wrap: a command that runs the daemon's.
    """

    def __init__(self, env, *lines, authorized=None, flags=(), start=True,
                 environment=None, config=None, world=None, wrap=(),
                 program=None):
        self.env = env
        self.world = world
        self.wrap = list(wrap)
        self.program = program or env.program
        self.dir = tempfile.mkdtemp(prefix="server-", dir=env.dir)
        os.chmod(self.dir, 0o755)
        self.port = free_port()
        self.logfile = os.path.join(self.dir, "log")
        self.config = os.path.join(self.dir, "sshd_config")
        self.pidfile = os.path.join(self.dir, "pid")
        self.environment = dict(os.environ, **(environment or {}))
        self.flags = list(flags)
        keys = env.authorized
        if authorized is not None:
            keys = os.path.join(self.dir, "authorized_keys")
            with open(keys, "w") as f:
                f.write(authorized)
            os.chmod(keys, 0o644)
        self.base = [
            "Port %d" % self.port,
            "ListenAddress 127.0.0.1",
            "PidFile %s" % self.pidfile,
            "HostKey %s/host_ed25519" % env.keys,
            "HostKey %s/host_ecdsa" % env.keys,
            "HostKey %s/host_rsa" % env.keys,
            "AuthorizedKeysFile %s" % keys,
            "StrictModes no",
            "LogLevel DEBUG1",
            "ControlSocket none",
            # all clients are on one address, and many misbehave on purpose
            "PerSourcePenalties no",
        ]
        self.write_config(lines if config is None else config.split("\n"))
        self.known_hosts = os.path.join(self.dir, "known_hosts")
        self.know_hosts()
        self.process = None
        env.servers.append(self)
        if start:
            self.start()

    def write_config(self, lines):
        """First value wins: a test's lines come first; Match blocks last."""
        lines = list(lines)
        match = next((i for i, line in enumerate(lines)
                      if line.lstrip().lower().startswith("match")), len(lines))
        with open(self.config, "w") as f:
            f.write("\n".join(lines[:match] + self.base + lines[match:]) + "\n")

    def know_hosts(self):
        """Write the host keys where ssh looks for them, by the present port."""
        with open(self.known_hosts, "w") as f:
            for kind in ("ed25519", "ecdsa", "rsa"):
                f.write("[127.0.0.1]:%d %s" % (
                    self.port, self.env.public("host_" + kind)))

    def start(self, seconds=20):
        log = open(self.logfile, "ab")
        command = self.wrap + [self.program, "-D", "-e", "-f",
                               self.config] + self.flags
        self.process = subprocess.Popen(
            self.world.wrap(command) if self.world else command,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env=self.environment, start_new_session=True)
        log.close()
        def up():
            if self.process.poll() is not None:
                raise AssertionError("the daemon ended with %d:\n%s" %
                                     (self.process.returncode, self.log()))
            return os.path.exists(self.pidfile)
        wait_for(up, seconds, "the daemon's start")

    @property
    def pid(self):
        return self.process.pid

    def stop(self, kill_sessions=True):
        if self in self.env.servers:
            self.env.servers.remove(self)
        if self.process is None:
            return
        family = descendants(self.process.pid)
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if kill_sessions:
            for pid in family:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)

    def log(self):
        with contextlib.suppress(OSError):
            with open(self.logfile, errors="replace") as f:
                return f.read()
        return ""

    def wait_log(self, pattern, seconds=10):
        return wait_for(lambda: re.search(pattern, self.log()), seconds,
                        "log line %r in:\n%s" % (pattern, self.log()[-3000:]))

    # ---- clients ---------------------------------------------------------

    def ssh_args(self, *options, key="user_ed25519", user=None, batch=True):
        args = ["ssh", "-F", "none", "-p", str(self.port),
                "-o", "UserKnownHostsFile=%s" % self.known_hosts,
                "-o", "GlobalKnownHostsFile=/dev/null",
                "-o", "StrictHostKeyChecking=yes",
                "-o", "BatchMode=%s" % ("yes" if batch else "no"),
                "-o", "ConnectTimeout=20",
                "-o", "IdentityAgent=none"]
        if key is not None:
            args += ["-o", "IdentitiesOnly=yes", "-i",
                     os.path.join(self.env.keys, key)]
        return args + list(options) + ["-o", "LogLevel=ERROR", "%s@127.0.0.1" % (
            user or self.env.user)]

    def ssh(self, *command, options=(), key="user_ed25519", user=None,
            input=None, timeout=60):
        """Run ssh to its end: subprocess.CompletedProcess (bytes)."""
        how = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
        return subprocess.run(self.ssh_args(*options, key=key, user=user) +
                              list(command), capture_output=True,
                              timeout=timeout, **how)

    def answer(self, answers, *command, options=(), key=None, user=None,
               timeout=60):
        """ssh that answers prompts one by one; .prompts is what it was asked.
        There are as many tries of a method as answers."""
        room = tempfile.mkdtemp(prefix="ask-", dir=self.dir)
        script = os.path.join(room, "askpass")
        with open(os.path.join(room, "answers"), "w") as f:
            f.write("".join(a + "\n" for a in answers))
        with open(script, "w") as f:
            f.write("#!/bin/sh\ncd %s || exit 1\n"
                    "printf '%%s\\0' \"$1\" >>prompts\n"
                    "[ -s answers ] || exit 1\n"
                    "head -n 1 answers\nsed -i 1d answers\n" % room)
        os.chmod(script, 0o700)
        r = subprocess.run(
            self.ssh_args(*options, "-o", "NumberOfPasswordPrompts=%d" %
                          max(len(answers), 1), key=key, user=user,
                          batch=False) + list(command),
            capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL,
            env=dict(os.environ, SSH_ASKPASS=script, DISPLAY="none:0",
                     SSH_ASKPASS_REQUIRE="force"))
        try:
            with open(os.path.join(room, "prompts"), errors="replace") as f:
                r.prompts = f.read().split("\0")[:-1]
        except OSError:
            r.prompts = []
        return r

    def password(self, word, user=None, options=(), method="password"):
        """Does this password let in?"""
        r = self.answer([word], "echo in", user=user, options=(
            "-o", "PreferredAuthentications=" + method,
            "-o", "PubkeyAuthentication=no") + tuple(options))
        return r.returncode == 0 and r.stdout == b"in\n"

    def paramiko(self, user=None, key="user_ed25519", auth=True, over=None):
        """A paramiko.Transport, logged in by key unless auth is false; over
        another connection than a new one."""
        try:
            import paramiko
        except ImportError:
            raise Skip("needs python3-paramiko")
        logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)
        t = paramiko.Transport(over or self.connect())
        t.start_client(timeout=20)
        if auth:
            t.auth_publickey(user or self.env.user, paramiko.Ed25519Key(
                filename=os.path.join(self.env.keys, key)))
        return t

    def ssh_popen(self, *command, options=(), key="user_ed25519", user=None,
                  **how):
        how.setdefault("stdin", subprocess.PIPE)
        how.setdefault("stdout", subprocess.PIPE)
        how.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen(self.ssh_args(*options, key=key, user=user) +
                                list(command), **how)

    def connect(self):
        """A bare TCP connection."""
        s = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        return s

    def login_works(self, **how):
        r = self.ssh("echo in", **how)
        assert r.returncode == 0 and r.stdout == b"in\n", (
            "login: %r\n%s" % (r, self.log()[-3000:]))

    # ---- processes -------------------------------------------------------

    def spawners(self):
        return [p for p in children(self.pid) if "spawner" in title(p)]

    def keeper(self):
        """The keeper: a child of the listener that is no spawner and is
        filtered."""
        for p in children(self.pid):
            with contextlib.suppress(OSError):
                if ("spawner" not in title(p) and
                        status(p).get("Seccomp", "0").strip() == "2"):
                    return p
        return None

    def monitors(self):
        return [m for s in self.spawners() for m in children(s)]

    def roles(self, monitor):
        """{role: pid} of one connection's children."""
        out = {}
        for p in children(monitor):
            with contextlib.suppress(OSError):
                filtered = status(p).get("Seccomp", "0").strip() == "2"
                # an ordinary user can't look into its descriptors: it isn't
                # dumpable; so by title
                if not filtered:
                    out["session"] = p
                elif "[net]" in title(p):
                    out["gate"] = p
                else:
                    out["keycheck"] = p
        return out

    def session_of(self, popen, seconds=10):
        """(monitor, session) of the newest login, once both are there."""
        def there():
            for m in reversed(self.monitors()):
                roles = self.roles(m)
                if "session" in roles and "gate" not in roles:
                    return m, roles["session"]
            if popen is not None and popen.poll() is not None:
                raise AssertionError("ssh ended: %r" % (popen.communicate(),))
            return None
        return wait_for(there, seconds, "a session")
