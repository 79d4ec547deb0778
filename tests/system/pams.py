"""pams.py - PAM services, accounts and a module of the tests' own, each in a
world of its own."""

import os
import re
import subprocess

from lib import Skip

UNIX = ("auth required pam_unix.so nodelay", "account required pam_unix.so",
        "session required pam_permit.so", "password required pam_unix.so")
KBDINT = ("-o", "PreferredAuthentications=keyboard-interactive")


def need_pam(env):
    r = subprocess.run([env.program, "-G", "-f", "none", "-o", "UsePAM=yes"],
                       capture_output=True, text=True)
    if not re.search("(?im)^usepam yes$", r.stdout):
        raise Skip("built without PAM")


def pam_world(env, *service, users=(("anna", "annas word"),), **how):
    """A world with a service and accounts: (world, configuration lines)."""
    w = env.world(**how)
    for name, word in users:
        w.add_user(name, word)
    need_pam(env)
    return w, ("UsePAM yes", w.service(*(service or UNIX)))


def probe(env):
    """Where pam_probe.c was built, as a PAM service names it."""
    module = os.path.join(env.dir, "pam_probe.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                          "pam_probe.c")
    if not os.path.exists(module):
        try:
            r = subprocess.run(["cc", "-shared", "-fPIC", "-o", module, source,
                                "-lpam"],
                               capture_output=True)
        except OSError:
            raise Skip("no compiler")
        if r.returncode != 0:
            raise Skip("no headers of PAM")
        os.chmod(module, 0o755)
    return module


def probe_world(env, auth, *more, **how):
    """Like pam_world: a service whose auth part is our module's."""
    return pam_world(env, "auth required %s %s" % (probe(env), auth),
                     *(more or UNIX[1:]), **how)


def dialogue(t, user="anna"):
    """Begin one: what the server asks first."""
    n, m = t.request(user, "keyboard-interactive", "", "")
    assert n == 60, n
    return t.prompts(m)
