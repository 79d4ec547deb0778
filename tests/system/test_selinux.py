"""SELinux: contexts of programs and terminals, with a libselinux that is
played, and with the machine's own where it has one."""

import ctypes
import os
import re
import subprocess

from lib import Skip, finish, wait_for
from pams import need_pam
from talk import Talk, Terminal

HERE = os.path.dirname(os.path.abspath(__file__))


class Played:
    """A world in which SELinux seems to be on, and libselinux.so.1 is ours:
    server() starts a daemon there. calls() are lines."""

    def __init__(self, env):
        env.need_feature("SELINUX")
        self.env = env
        self.world = w = env.world()
        r = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True,
                           text=True)
        real = re.findall(r"libselinux\.so\.1 .*=> (\S+)", r.stdout)
        if not real:
            raise Skip("no libselinux to put another in its place")
        for name in ("selinux", "etc/fake-selinux"):
            os.mkdir(w.path(name), 0o755)
        try:
            r = subprocess.run(["cc", "-shared", "-fPIC", "-o",
                                w.path("libselinux.so.1"),
                                os.path.join(HERE, "fake_selinux.c")])
        except OSError:
            raise Skip("no compiler")
        assert r.returncode == 0
        w.mounts += ["mount -t tmpfs none /sys/fs", "mkdir /sys/fs/selinux",
                     "mount --bind %s /sys/fs/selinux" % w.path("selinux"),
                     # the last: mount itself has the real one
                     "mount --bind %s %s" % (w.path("libselinux.so.1"),
                                             os.path.realpath(real[0]))]
        if subprocess.run(w.wrap(["true"]), stderr=subprocess.DEVNULL,
                          stdin=subprocess.DEVNULL).returncode != 0:
            raise Skip("/sys/fs can't be covered here")
        w.add_user("anna", "annas word")

    def server(self, *lines, how="", enforcing=True):
        self.world.write("selinux/enforce", "01"[enforcing])
        self.world.write("etc/fake-selinux/how", how)
        self.world.write("etc/fake-selinux/calls", "")
        return self.env.server(*lines, "UsePAM no", world=self.world)

    def calls(self):
        with open(self.world.path("etc/fake-selinux/calls")) as f:
            return f.read().splitlines()


ANNA = "anna_u:default_r:user_t:s0-s0:c0.c9"


def test_programs_and_terminals_have_a_context(env):
    """It is asked for and told to the kernel by root, once a session; a
    terminal gets the one that the policy has for it."""
    p = Played(env)
    s = p.server("Subsystem sftp internal-sftp", "LogLevel DEBUG3")
    assert s.password("annas word", user="anna"), s.log()[-3000:]
    assert p.calls() == ["seuser anna 0", "exec %s 0" % ANNA], p.calls()
    t = Terminal(s.ssh_args("-tt", user="anna"))
    t.expect(r"[$#] ?")
    t.type("exit")
    assert t.wait() == 0
    assert p.calls()[3:] == ["exec %s 0" % ANNA, "relabel %s "
                             "u:object_r:devpts_t:s0 8 0" % ANNA,
                             "file tty u:object_r:user_devpts_t:s0 0"], p.calls()
    # the kernel has no SELinux: file transfer stays where it is, and says so
    r = s.ssh("sftp", user="anna", options=("-s",))
    assert r.returncode == 0, r
    if not os.path.exists("/sys/fs/selinux/enforce"):
        s.wait_log("SELinux: no way to the domain sftpd_t")


def test_a_role_in_the_name(env):
    """anna/sysadm_r is anna with another context; the signature covers the
    name as it was sent."""
    p = Played(env)
    s = p.server()
    r = s.ssh("echo in", user="anna/sysadm_r")
    assert r.stdout == b"in\n", (r, s.log()[-2000:])
    assert p.calls()[-1] == "exec anna_u:sysadm_r:role_t:s0-s0:c0.c9 0", p.calls()
    s.wait_log("Accepted publickey for anna from")
    t = Talk(s)
    assert t.failure("anna/no role", "none")[0]
    t.close()
    s.wait_log("Invalid user anna/no role from")


def test_modules_hear_of_the_role(env):
    """For pam_selinux; keyrings that they make have the user's context, and
    what they choose for programs stays."""
    need_pam(env)
    p = Played(env)
    # not pam_unix, which asks libselinux for more than ours plays
    lines = ("UsePAM yes", p.world.service(
        "account required pam_permit.so",
        "session required pam_exec.so /etc/note"))
    p.world.write("etc/note", "#!/bin/sh\necho $PAM_TYPE $SELINUX_ROLE_REQUESTED"
                  " >>%s\n" % p.world.path("etc/fake-selinux/calls"), 0o755)
    s = p.server(*lines, how="module")
    r = s.ssh("echo in", user="anna/sysadm_r")
    assert r.stdout == b"in\n", (r, s.log()[-2000:])
    wait_for(lambda: len(p.calls()) == 6, 10, "the end: %r" % p.calls())
    assert p.calls() == [
        "seuser anna 0", "keys anna_u:sysadm_r:role_t:s0-s0:c0.c9 0",
        "open_session sysadm_r", "keys none 0", "exec module_u:r:t:s0 0",
        "close_session sysadm_r"], p.calls()


def test_who_has_no_context_stays_out(env):
    """Where the policy is enforced; else one comes in without it."""
    p = Played(env)
    for how in ("no-context", "no-exec"):
        for enforcing in (True, False):
            s = p.server(how=how, enforcing=enforcing)
            r = s.ssh("echo in", user="anna")
            assert r.stdout == (b"" if enforcing else b"in\n"), (how, r)
            s.wait_log(r"Failed to (get default SELinux security|set SELinux "
                       r"execution) context for anna( \(in enforcing mode\))?$"
                       .replace("$", "(?m:$)"))
            assert ("enforcing mode" in s.log()) == enforcing, s.log()
            wait_for(lambda: not s.monitors(), 10, "the end")
            s.stop()


def wanted_context(user, daemon):
    """What the machine's library says, or Skip."""
    try:
        lib = ctypes.CDLL("libselinux.so.1")
    except OSError:
        raise Skip("no libselinux")
    seuser, level, context = (ctypes.c_char_p() for _ in range(3))
    with open("/proc/%d/attr/current" % daemon, "rb") as f:
        own = f.read().rstrip(b"\0\n")
    if lib.getseuserbyname(user.encode(), ctypes.byref(seuser),
                           ctypes.byref(level)) != 0 or \
            lib.get_default_context_with_level(
                seuser, level, own, ctypes.byref(context)) != 0:
        raise Skip("this policy has no context for %s from %s" % (user, own))
    return context.value


def test_the_kernel_starts_programs_there(env):
    """The machine's own policy and kernel."""
    env.need_root()
    env.need_feature("SELINUX")
    if not os.path.exists("/sys/fs/selinux/enforce"):
        raise Skip("SELinux isn't on")
    s = env.server("UsePAM no")
    wanted = wanted_context(env.user, s.pid)
    p = s.ssh_popen("cat /proc/self/attr/current; cat")
    s.session_of(p)
    assert finish(p)[0].rstrip(b"\0\n") == wanted, s.log()[-2000:]
