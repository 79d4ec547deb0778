"""lib.py - the frame of the system tests: a daemon in a scratch folder, real
clients, and a view of its processes.

A test file test_NAME.py holds functions test_SENTENCE(env), each with a
docstring; env is an Env. A test passes when it returns, is skipped by raising
Skip("why") and fails by any other exception. Everything is on loopback, in a
scratch folder, and killed by pid.
"""

import contextlib
import glob
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time


class Skip(Exception):
    pass


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


def descriptors(pid):
    """{number: what it is}"""
    out = {}
    for path in glob.glob("/proc/%d/fd/*" % pid):
        with contextlib.suppress(OSError):
            out[int(os.path.basename(path))] = os.readlink(path)
    return out


class Env:
    """What is the same for all tests: the program, keys, an account."""

    def __init__(self, program):
        self.program = os.path.abspath(program)
        self.root = os.geteuid() == 0
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

    def need_root(self):
        if not self.root:
            raise Skip("needs root")


class Server:
    """sallyportd in the foreground, with a log file.

    lines: configuration lines, before those that every test has.
    authorized: text of authorized_keys instead of the usual one.
    flags: further arguments; environment: further variables.
    """

    def __init__(self, env, *lines, authorized=None, flags=(), start=True,
                 environment=None, config=None):
        self.env = env
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
        ]
        self.write_config(lines if config is None else config.split("\n"))
        self.known_hosts = os.path.join(self.dir, "known_hosts")
        with open(self.known_hosts, "w") as f:
            for kind in ("ed25519", "ecdsa", "rsa"):
                with open("%s/host_%s.pub" % (env.keys, kind)) as k:
                    f.write("[127.0.0.1]:%d %s" % (self.port, k.read()))
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

    def start(self, seconds=20):
        log = open(self.logfile, "ab")
        self.process = subprocess.Popen(
            [self.env.program, "-D", "-e", "-f", self.config] + self.flags,
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
                "-o", "IdentityAgent=none", "-o", "LogLevel=ERROR"]
        if key is not None:
            args += ["-o", "IdentitiesOnly=yes", "-i",
                     os.path.join(self.env.keys, key)]
        return args + list(options) + ["%s@127.0.0.1" % (user or self.env.user)]

    def ssh(self, *command, options=(), key="user_ed25519", user=None,
            input=None, timeout=60):
        """Run ssh to its end: subprocess.CompletedProcess (bytes)."""
        how = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
        return subprocess.run(self.ssh_args(*options, key=key, user=user) +
                              list(command), capture_output=True,
                              timeout=timeout, **how)

    def ssh_popen(self, *command, options=(), key="user_ed25519", **how):
        how.setdefault("stdin", subprocess.PIPE)
        how.setdefault("stdout", subprocess.PIPE)
        how.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen(self.ssh_args(*options, key=key) +
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
                sockets = sum(1 for d in descriptors(p).values()
                              if d.startswith("socket:"))
                if not filtered:
                    out["session"] = p
                elif sockets >= 2:
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
