"""Services as administrators write them: twenty and more stacks of pam_unix
accounts, each with a user of its own, in one daemon."""

import glob
import os

from lib import Skip
from pams import pam_world

ACCOUNT = "account required pam_unix.so"
PERMIT = "session required pam_permit.so"
UNIX = "auth required pam_unix.so nodelay"
DENY = "auth requisite pam_deny.so"

# name: service, {password: does it let in}, then, where it does, a command and
# what it prints. The user's own password is "right". ETC: files of /etc.
STACKS = {
    "plain": ((UNIX, ACCOUNT, PERMIT), {"right": True, "wrong": False}),
    "debian": (("auth [success=1 default=ignore] pam_unix.so nullok nodelay",
                DENY, "auth required pam_permit.so",
                "account [success=1 new_authtok_reqd=done default=ignore] "
                "pam_unix.so", "account requisite pam_deny.so",
                "account required pam_permit.so", PERMIT),
               {"right": True, "wrong": False}),
    "redhat": (("auth required pam_env.so",
                "auth sufficient pam_unix.so nodelay try_first_pass",
                "auth required pam_deny.so", ACCOUNT,
                "account sufficient pam_localuser.so",
                "session optional pam_keyinit.so revoke",
                "session required pam_limits.so",
                "session required pam_unix.so"),
               {"right": True, "wrong": False}),
    "included": (("@include stack-auth", ACCOUNT, PERMIT),
                 {"right": True, "wrong": False}),
    "substack": (("auth substack stack-auth", "account include stack-account",
                  PERMIT), {"right": True, "wrong": False}),
    "denied": ((UNIX, DENY, ACCOUNT, PERMIT), {"right": False, "wrong": False}),
    "nothing": (("auth required pam_deny.so", ACCOUNT, PERMIT),
                {"right": False}),
    "anything": (("auth required pam_permit.so", ACCOUNT, PERMIT),
                 {"right": True, "wrong": True}),
    "twice": ((UNIX, "auth required pam_unix.so use_first_pass nodelay",
               ACCOUNT, PERMIT), {"right": True, "wrong": False}),
    "optional": (("auth optional pam_deny.so", UNIX, ACCOUNT, PERMIT),
                 {"right": True, "wrong": False}),
    "listed": ((UNIX, "account required pam_listfile.so onerr=fail item=user "
                "sense=allow file=/etc/stack-users", ACCOUNT, PERMIT),
               {"right": True}),
    "unlisted": ((UNIX, "account required pam_listfile.so onerr=fail item=user "
                  "sense=allow file=/etc/stack-users", ACCOUNT, PERMIT),
                 {"right": False}),
    "access": ((UNIX, "account required pam_access.so "
                "accessfile=/etc/stack-access", ACCOUNT, PERMIT),
               {"right": True}),
    "noaccess": ((UNIX, "account required pam_access.so "
                  "accessfile=/etc/stack-access", ACCOUNT, PERMIT),
                 {"right": False}),
    "never": ((UNIX, "account required pam_time.so", ACCOUNT, PERMIT),
              {"right": False}),
    "condition": ((UNIX, "account required pam_succeed_if.so quiet uid >= 1000 "
                   "user = condition", ACCOUNT, PERMIT), {"right": True}),
    "shells": ((UNIX, "auth required pam_shells.so", ACCOUNT, PERMIT),
               {"right": True}),
    "variables": ((UNIX, ACCOUNT, "session required pam_env.so "
                   "conffile=/etc/stack-env"), {"right": True},
                  "echo $STACK", "yes"),
    "masked": ((UNIX, ACCOUNT, "session required pam_umask.so umask=0027"),
               {"right": True}, "umask", "0027"),
    "limited": ((UNIX, ACCOUNT, "session required pam_limits.so "
                 "conf=/etc/stack-limits"), {"right": True},
                "ulimit -n", "321"),
    "homeless": ((UNIX, ACCOUNT, "session required pam_mkhomedir.so"),
                 {"right": True}, "pwd", "HOME"),
    "checked": (("auth required pam_exec.so quiet expose_authtok "
                 "/etc/stack-check", "auth required pam_permit.so", ACCOUNT,
                 PERMIT),
                {"sesame": True, "right": False}),
    "locking": (("auth required pam_faillock.so preauth dir=/run/stack-locks "
                 "deny=2", "auth [success=1 default=bad] pam_unix.so nodelay",
                 "auth [default=die] pam_faillock.so authfail "
                 "dir=/run/stack-locks deny=2",
                 "auth sufficient pam_faillock.so authsucc "
                 "dir=/run/stack-locks deny=2", ACCOUNT, PERMIT),
                {"right": True, "wrong": False, "wronger": False,
                 "right ": False}),
    "cracked": (("auth required pam_unix.so nodelay bogus_option",
                 "auth required no_such_module.so", ACCOUNT, PERMIT),
                {"right": False}),
}

# The modules of stacks that not every distribution has
OPTIONAL = {"locking": "pam_faillock.so", "homeless": "pam_mkhomedir.so"}


def has_module(name):
    return any(glob.glob(place + "/" + name) for place in (
        "/lib/*/security", "/lib64/security", "/lib/security",
        "/usr/lib*/security", "/usr/lib/*/security"))


def furnish(w, names):
    """Accounts, services and what the modules read; the Match blocks."""
    blocks = []
    for name in names:
        w.add_user(name, "right", uid=w.uid + 1)
        w.uid += 1
        w.service(*STACKS[name][0], name="stack-" + name)
        blocks += ["Match User " + name, "PAMServiceName stack-" + name]
    w.write("etc/pam.d/stack-auth", UNIX + "\n")
    w.write("etc/pam.d/stack-account", ACCOUNT + "\n")
    w.write("etc/stack-users", "listed\n", 0o600)
    w.write("etc/stack-access", "+:access:127.0.0.1\n-:ALL:ALL\n")
    w.append("etc/security/time.conf", "*;*;never;!Al0000-2400\n")
    w.write("etc/stack-env", "STACK DEFAULT=yes\n")
    w.write("etc/stack-limits", "limited - nofile 321\n")
    w.write("etc/stack-check", '#!/bin/sh\n[ "$(tr -d "\\0")" = sesame ]\n',
            0o755)
    os.mkdir(w.path("run/stack-locks"), 0o755)
    if "homeless" in names:
        os.rmdir(w.path("home/homeless"))
    return blocks


def check(s, w, name, method):
    expected, *ask = STACKS[name][1:]
    for word, good in expected.items():
        got = s.password(word.strip(), user=name, method=method)
        assert got == good, (name, method, word, s.log()[-2000:])
    if not ask:
        return
    command, prints = ask
    r = s.answer(["right"], command, user=name, options=(
        "-o", "PreferredAuthentications=" + method))
    prints = prints.replace("HOME", w.path("home/" + name))
    assert r.stdout.decode().strip() == prints, (name, method, r)


def every_stack(env, method):
    w, lines = pam_world(env, users=())
    names = [n for n in STACKS if has_module(OPTIONAL.get(n, "pam_unix.so"))]
    if len(names) < 20:
        raise Skip("this PAM lacks many modules")
    s = env.server("UsePAM yes", "MaxStartups 100", *furnish(w, names), world=w)
    for name in names:
        check(s, w, name, method)
    assert s.spawners(), s.log()[-2000:]


def test_every_stack_by_password(env):
    """What each stack says of right and wrong passwords is what happens."""
    every_stack(env, "password")


def test_every_stack_by_prompts(env):
    """And the same in a dialogue."""
    every_stack(env, "keyboard-interactive")
