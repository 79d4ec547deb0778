"""Why a login was refused: one line with the rule and the place that decided,
while the client learns nothing."""

import os
import re

from lib import wait_for


def refused(s, user, pattern, key="user_ed25519", options=()):
    """No login, and the log's one line about it; what ssh said."""
    before = s.log().count("\n")
    r = s.ssh("true", user=user, key=key, options=options)
    assert r.returncode == 255, (r, s.log())
    wait_for(lambda: not s.monitors(), 10, "the end")
    lines = [line for line in s.log().splitlines()[before:]
             if re.match("(Login|Key) refused for ", line)]
    assert len(lines) == 1, s.log()
    assert re.match(r"(Login|Key) refused for %s from 127\.0\.0\.1 port \d+: %s$"
                    % (user, pattern), lines[0]), (pattern, lines)
    return r.stderr.decode().replace(user + "@", "USER@")


def test_accounts(env):
    """Each rule against an account, with its line; also one in an included
    file and in a Match block. All clients are told the same."""
    w = env.world()
    extra = os.path.join(w.dir, "more.conf")
    with open(extra, "w") as f:
        f.write("# first\nDenyUsers nobody eva*\n")
    for name in ("good", "adam", "eva", "lisa", "tom", "tina"):
        w.add_user(name, "secret")
    w.add_user("shellless", "secret", shell="/nowhere/sh")
    w.add_user("textual", "secret", shell="/etc/passwd")
    w.add_user("locked", hash="!$6$x")
    w.add_user("late", "secret", shadow=":19000:0:99999:7::10:")
    w.add_group("staff", 61900, "good", "eva", "lisa", "shellless", "textual",
                "locked", "late", "tom", "tina")
    w.add_group("wheel", 61901, "lisa")
    s = env.server("LogLevel INFO", "UsePAM no", "PasswordAuthentication no",
                   "KbdInteractiveAuthentication no",
                   "DenyUsers bob carol", "Include " + extra,
                   "DenyGroups w*", "AllowGroups staff",
                   "Match User tom", "RefuseConnection yes",
                   "Match User tina", "AllowUsers a b",
                   world=w)
    at = lambda line: r" \(%s line %d\)" % (re.escape(s.config), line)
    s.login_works(user="good")
    assert "refused for" not in s.log(), s.log()
    said = [
        refused(s, "eva", r"DenyUsers eva\* \(%s line 2\)" % re.escape(extra)),
        refused(s, "lisa", r"DenyGroups w\*" + at(7)),
        refused(s, "adam", "not in any group"),
        refused(s, "shellless", "shell /nowhere/sh does not exist"),
        refused(s, "textual", "shell /etc/passwd is not executable"),
        refused(s, "locked", "the account is locked"),
        refused(s, "late", "the account has expired"),
        refused(s, "root", "no group is listed in AllowGroups" + at(8)),
        refused(s, "tina", r"not listed in AllowUsers \(%s line \d+\)" %
                re.escape(s.config)),
    ]
    assert set(said) == {"USER@127.0.0.1: Permission denied (publickey).\r\n"}
    r = refused(s, "tom", r"RefuseConnection yes \(%s line \d+\)" %
                re.escape(s.config))
    assert "RefuseConnection" not in r, r


def test_root(env):
    """PermitRootLogin: set somewhere, by default, or on the command line."""
    env.need_root()
    for lines, flags, told in (
            (["PermitRootLogin no"], (), r"PermitRootLogin no \(\S+ line 3\)"),
            ([], (), r"PermitRootLogin prohibit-password \(default\)"),
            ([], ("-o", "PermitRootLogin=no"),
             r"PermitRootLogin no \(command-line\)")):
        s = env.server("LogLevel INFO", "UsePAM no", *lines, flags=flags)
        assert not s.password("wrong", user="root")
        s.wait_log(r"(?m)^Login refused for root from 127.0.0.1 port \d+: %s$" %
                   told)
        # a password is never right then, so nobody was refused who had it
        assert "ROOT LOGIN REFUSED" not in s.log(), s.log()
        s.stop()


def test_keys(env):
    """A key's option, with its file and line; an algorithm, a length; a file
    that StrictModes leaves out, with its mode; and keys that nobody listed."""
    key = env.public("user_ed25519").strip()
    other = env.public("host_rsa").strip()
    for line, told in (
            ('from="192.0.2.1" ' + key,
             "option from of %s:2 doesn't name 127.0.0.1"),
            ('expiry-time="20200101" ' + key,
             "option expiry-time of %s:2 is over"),
            ("cert-authority " + key, "%s:2 lists it as cert-authority alone"),
            ("bogus " + key, "bad options at %s:2: .*"),
            (other, None)):
        s = env.server("LogLevel INFO", authorized="# x\n%s\n" % line)
        keys = re.escape(os.path.join(s.dir, "authorized_keys"))
        if told is None:
            refused(s, env.user, "the key that was offered isn't listed by "
                    r"AuthorizedKeysFile \(%s line \d+\)" % re.escape(s.config))
        else:
            refused(s, env.user, "ED25519 SHA256:\\S+: " + told % keys)
        s.stop()
    s = env.server("LogLevel INFO", "PubkeyAcceptedAlgorithms ssh-ed25519",
                   "RequiredRSASize 4096")
    s.login_works()
    refused(s, env.user, "ECDSA SHA256:\\S+: signature algorithm ecdsa-sha2-"
            "nistp384 isn't in PubkeyAcceptedAlgorithms \\(%s line 2\\)" %
            re.escape(s.config), key="user_ecdsa",
            options=("-o", "PubkeyAcceptedAlgorithms=+ecdsa-sha2-nistp384"))
    s.stop()
    s = env.server("LogLevel INFO", "RequiredRSASize 4096")
    refused(s, env.user, r"RSA SHA256:\S+: a length of 2048 bits; "
            r"RequiredRSASize is 4096 \(%s line 2\)" % re.escape(s.config),
            key="user_rsa")
    s.stop()
    s = env.server("LogLevel INFO", "StrictModes yes", authorized=key + "\n")
    keys = os.path.join(s.dir, "authorized_keys")
    os.chmod(keys, 0o666)
    refused(s, env.user, r"ED25519 SHA256:\S+: not listed, where StrictModes "
            r"left a file out: %s has mode 0666 and owner %d \(%s line 2\)" %
            (re.escape(keys), os.getuid(), re.escape(s.config)))


def test_too_many(env):
    """MaxAuthTries is a rule, too."""
    s = env.server("LogLevel INFO", "MaxAuthTries 2")
    s.ssh("true", key="stranger", options=(
        "-i", os.path.join(env.keys, "host_ecdsa"),
        "-i", os.path.join(env.keys, "host_rsa")))
    s.wait_log(r"(?m)^Login refused for %s from 127.0.0.1 port \d+: MaxAuthTries 2 "
               r"\(%s line 2\)$" % (env.user, re.escape(s.config)))
    s.wait_log(r"(?m)^Login refused for %s from 127.0.0.1 port \d+: none of 2 keys "
               "that were offered is listed by AuthorizedKeysFile" % env.user)


def test_a_name_forges_no_reason(env):
    """The reason's line, too, is one record, and begins with our words."""
    import paramiko
    s = env.server("LogLevel INFO", "AllowUsers somebody")
    for name in ("x\nLogin refused for y", "root from 192.0.2.1 port 1, z"):
        t = s.paramiko(auth=False)
        try:
            t.auth_none(name)
        except paramiko.SSHException:
            pass
        t.close()
    s.wait_log("Invalid user root from 192.0.2.1 port 1, z from 127.0.0.1")
    assert not re.search("(?m)^Login refused for y", s.log()), s.log()
