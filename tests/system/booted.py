"""Inside a system that booted: our units as an administrator uses them.

tests/system/booted puts this there and reads /root/results. Nothing but
Python's smallest package and OpenSSH's client is needed.
"""

import os
import re
import subprocess
import time
import traceback

KEY = "/root/key"
CONFIG = "/etc/sallyport/sshd_config"
# Debian's UsePAM; those who only knock have no penalty.
USUAL = "UsePAM yes\nPerSourcePenalties no\nMaxStartups 1000\n"
DROP_IN = "/etc/systemd/system/%s.d"
SNIPPETS = "/root/systemd/"

# What a shell inherits; its own process apart.
LOOK = r"""
grep -E '^(Cap|Seccomp|NoNewPrivs|SigBlk|SigIgn|SigCgt|Groups)' /proc/self/status
cat /proc/$$/limits /proc/$$/oom_score_adj
for n in /proc/$$/ns/*; do echo "${n##*/} $(readlink $n)"; done
readlink /proc/$$/root; umask; nice; ulimit -c
sed 's/[0-9][0-9]*/N/g' /proc/self/cgroup
env | grep -E '^(XDG|DBUS|NOTIFY|LISTEN|WATCHDOG|INVOCATION|FDSTORE|JOURNAL|SYSTEMD)' | sed 's/=.*//' | sort
"""


def run(*words, **how):
    return subprocess.run(words, capture_output=True, text=True, timeout=60,
                          **how)


def ok(*words, **how):
    r = run(*words, **how)
    assert r.returncode == 0, (words, r.stdout, r.stderr)
    return r.stdout


def show(unit, name):
    return ok("systemctl", "show", unit, "-P", name).strip()


def until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def ssh_words(port=22):
    return ["ssh", "-F", "none", "-p", str(port), "-i", KEY, "-o",
            "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o",
            "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
            "alice@127.0.0.1"]


def login(port=22, command="echo in"):
    return ok(*ssh_words(port), command)


class Session:
    """A shell that echoes."""

    def __init__(self):
        self.process = subprocess.Popen(
            ssh_words() + ["cat"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.echoes("begin")

    def echoes(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == text + "\n", text

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(20) == 0


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


def configure(text=""):
    write(CONFIG, USUAL + text)


def version():
    return int(re.match(r"systemd (\d+)", ok("systemctl", "--version"))[1])


# ---- the service ------------------------------------------------------------------


def test_it_starts_ready():
    ok("systemctl", "start", "sallyportd")
    assert show("sallyportd", "ActiveState") == "active"
    assert show("sallyportd", "Type") == "notify"
    assert login() == "in\n"
    until(lambda: "logged in" in show("sallyportd", "StatusText"), "status")
    assert int(show("sallyportd", "NFileDescriptorStore")) >= 1
    assert "Server listening on" in ok("journalctl", "-u", "sallyportd")


def test_a_login_is_a_session_of_logind():
    s = Session()
    until(lambda: "alice" in ok("loginctl", "--no-legend", "list-sessions"),
          "a session")
    group = login(command="cat /proc/self/cgroup")
    assert "/user.slice/" in group and ".scope" in group, group
    s.end()


def test_reload_acts_and_keeps_the_process():
    pid = show("sallyportd", "MainPID")
    s = Session()
    configure("SetEnv COLOUR=green\n")
    ok("systemctl", "reload", "sallyportd")
    until(lambda: login(command="echo $COLOUR") == "green\n", "the new value")
    assert show("sallyportd", "MainPID") == pid
    s.echoes("still here")
    s.end()


def test_a_bad_file_fails_the_reload_alone():
    configure("SetEnv COLOUR=red\nNoSuchKeyword yes\n")
    r = run("systemctl", "reload", "sallyportd")
    assert r.returncode != 0, r
    assert show("sallyportd", "ActiveState") == "active"
    assert login(command="echo $COLOUR") == "green\n"
    assert "NoSuchKeyword" in ok("journalctl", "-u", "sallyportd")
    configure()
    ok("systemctl", "reload", "sallyportd")


def refused_meanwhile(act):
    """How many of those who connect while it acts are refused; all others are
    greeted."""
    script = r"""
import socket, sys, time
refused = tried = 0
while not sys.stdin in __import__("select").select([sys.stdin], [], [], 0)[0]:
    try:
        with socket.create_connection(("127.0.0.1", 22), timeout=20) as c:
            tried += 1
            assert c.recv(8) == b"SSH-2.0-"
    except ConnectionRefusedError:
        refused += 1
    time.sleep(0.005)
print(tried, refused)
"""
    p = subprocess.Popen(["python3", "-c", script], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True)
    time.sleep(0.2)
    act()
    time.sleep(0.2)
    out, wrong = p.communicate("end\n", timeout=60)
    assert p.returncode == 0, wrong
    tried, refused = map(int, out.split())
    assert tried > 10, out
    return refused


def test_sessions_survive_a_restart_and_nobody_is_refused():
    pid = show("sallyportd", "MainPID")
    s = Session()
    assert refused_meanwhile(
        lambda: ok("systemctl", "restart", "sallyportd")) == 0
    assert show("sallyportd", "MainPID") != pid
    s.echoes("still here")
    assert login() == "in\n"
    s.end()


def test_a_killed_daemon_comes_back_and_sessions_stay():
    pid = show("sallyportd", "MainPID")
    s = Session()
    ok("kill", "-9", pid)
    until(lambda: show("sallyportd", "MainPID") not in ("0", pid) and
          show("sallyportd", "ActiveState") == "active", "another")
    s.echoes("still here")
    assert login() == "in\n"
    s.end()


def test_a_shell_inherits_what_it_does_from_openssh():
    ours = login(command=LOOK).splitlines()
    until(lambda: show("ssh", "ActiveState") == "active", "OpenSSH's service")
    theirs = login(2222, LOOK).splitlines()
    assert len(ours) == len(theirs), (ours, theirs)
    different = [p for p in zip(ours, theirs) if p[0] != p[1]]
    assert not different, different
    # no filter but the container's own
    with open("/proc/1/status") as f:
        filters = [line for line in f.read().splitlines() if "Seccomp" in line]
    assert filters and set(filters) <= set(ours), (filters, ours)


def test_notify_reload():
    if version() < 253:
        return "systemd %d doesn't know it" % version()
    folder = DROP_IN % "sallyportd.service"
    os.makedirs(folder)
    with open(SNIPPETS + "sallyportd.service.d/notify-reload.conf") as f:
        write(folder + "/notify-reload.conf", f.read())
    ok("systemctl", "daemon-reload")
    ok("systemctl", "restart", "sallyportd")
    assert show("sallyportd", "Type") == "notify-reload"
    assert not show("sallyportd", "ExecReload")
    pid = show("sallyportd", "MainPID")
    for colour in "blue", "white":
        configure("SetEnv COLOUR=%s\n" % colour)
        ok("systemctl", "reload", "sallyportd")
        # when it returns, the new configuration serves
        assert login(command="echo $COLOUR") == colour + "\n"
    configure("NoSuchKeyword yes\n")
    run("systemctl", "reload", "sallyportd")
    assert show("sallyportd", "ActiveState") == "active"
    assert "NoSuchKeyword" in show("sallyportd", "StatusText")
    assert show("sallyportd", "MainPID") == pid
    assert login(command="echo $COLOUR") == "white\n"
    configure()
    ok("systemctl", "reload", "sallyportd")
    return None


# ---- the sockets -------------------------------------------------------------------


def test_stop_ends_the_listener_alone():
    s = Session()
    ok("systemctl", "stop", "sallyportd")
    assert show("sallyportd", "ActiveState") == "inactive"
    r = run(*ssh_words(), "true")
    assert r.returncode == 255, r
    s.echoes("still here")
    s.end()


def test_the_socket_starts_the_service():
    ok("systemctl", "start", "sallyportd.socket")
    assert show("sallyportd", "ActiveState") == "inactive"
    assert login() == "in\n"
    assert show("sallyportd", "ActiveState") == "active"
    s = Session()
    assert refused_meanwhile(
        lambda: ok("systemctl", "restart", "sallyportd.service")) == 0
    s.echoes("still here")
    s.end()
    assert "Port and ListenAddress have no effect" in ok(
        "journalctl", "-u", "sallyportd")


def test_one_daemon_a_connection():
    ok("systemctl", "stop", "sallyportd.socket", "sallyportd.service")
    folder = DROP_IN % "sallyportd.socket"
    os.makedirs(folder)
    with open(SNIPPETS + "sallyportd.socket.d/accept.conf") as f:
        write(folder + "/accept.conf", f.read())
    ok("systemctl", "daemon-reload")
    ok("systemctl", "start", "sallyportd.socket")
    s = Session()
    assert login() == "in\n"
    units = ok("systemctl", "--no-legend", "list-units", "sallyportd@*")
    assert units.count("sallyportd@") >= 1, units
    ok("systemctl", "stop", "sallyportd.socket")
    s.echoes("still here")
    s.end()


TESTS = (test_it_starts_ready, test_a_login_is_a_session_of_logind,
         test_reload_acts_and_keeps_the_process,
         test_a_bad_file_fails_the_reload_alone,
         test_sessions_survive_a_restart_and_nobody_is_refused,
         test_a_killed_daemon_comes_back_and_sessions_stay,
         test_a_shell_inherits_what_it_does_from_openssh, test_notify_reload,
         test_stop_ends_the_listener_alone, test_the_socket_starts_the_service,
         test_one_daemon_a_connection)


def main():
    with open("/root/results", "w", buffering=1) as out:
        try:
            ok("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY)
            os.makedirs("/home/alice/.ssh")
            write("/home/alice/.ssh/authorized_keys",
                  open(KEY + ".pub").read())
            ok("chown", "-R", "alice:", "/home/alice/.ssh")
            configure()
        except Exception:
            out.write("FAIL set_up\n" + traceback.format_exc())
        for test in TESTS:
            name = test.__name__[len("test_"):]
            try:
                skipped = test()
                out.write("SKIP %s (%s)\n" % (name, skipped) if skipped
                          else "PASS %s\n" % name)
            except Exception as e:
                out.write("FAIL %s (%r)\n%s\n%s\n" % (
                    name, e, traceback.format_exc(),
                    run("journalctl", "-n", "30", "--no-pager").stdout))
        out.write("END\n")


main()
