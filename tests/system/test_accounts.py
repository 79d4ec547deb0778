"""Who may try and who may not: lists, root, accounts' states, methods."""

import ctypes
import os
import time

from talk import Talk, Terminal

OPEN = ("UsePAM no",)


def refused(server, **how):
    r = server.ssh("echo in", **how)
    assert r.returncode == 255 and r.stdout == b"", (r, server.log()[-2000:])
    return r


def test_lists_of_users_and_groups(env):
    """AllowUsers, DenyUsers, AllowGroups, DenyGroups: the log names the list,
    the client learns nothing."""
    import grp
    me = env.user
    group = grp.getgrgid(env.account.pw_gid).gr_name
    listed = "User %s from 127.0.0.1 not allowed because " % me
    for lines, reason in (
            (["AllowUsers nobodyelse", "AllowUsers %s" % me], None),
            (["AllowUsers %s@127.0.0.0/8" % me], None),
            (["AllowUsers nobodyelse"], "not listed in AllowUsers"),
            (["AllowUsers %s@192.0.2.1" % me], "not listed in AllowUsers"),
            (["AllowUsers * !%s" % me], "not listed in AllowUsers"),
            (["DenyUsers %s?" % me], None),
            (["DenyUsers %s*" % me], "listed in DenyUsers"),
            (["DenyUsers %s" % me, "AllowUsers %s" % me],
             "listed in DenyUsers"),
            (["AllowGroups other %s" % group], None),
            (["AllowGroups other"],
             "none of user's groups are listed in AllowGroups"),
            (["DenyGroups other"], None),
            (["DenyGroups %s" % group], "a group is listed in DenyGroups")):
        s = env.server(*lines)
        if reason is None:
            s.login_works()
        else:
            r = refused(s)
            assert b"Permission denied" in r.stderr, r
            s.wait_log("(?m)^%s$" % (listed + reason).replace("'", "."))
        s.stop()


def test_root_may_come_as_permitted(env):
    """Each value of PermitRootLogin with a key, a forced command, a
    password."""
    w = env.world()
    w.add_user("toor", "secretword", uid=0, gid=0)
    command = 'command="echo forced" ' + env.public("user_ed25519")
    for value, key, forced, password in (
            ("yes", True, True, True),
            ("prohibit-password", True, True, False),
            ("without-password", True, True, False),
            ("forced-commands-only", False, True, False),
            ("no", False, False, False)):
        s = env.server("PermitRootLogin " + value, *OPEN, world=w)
        r = s.ssh("id -u", user="toor")
        assert (r.stdout == b"0\n") == key, (value, r, s.log()[-2000:])
        assert s.password("secretword", user="toor") == password, value
        if not key or not password:
            s.wait_log(r"ROOT LOGIN REFUSED FROM 127.0.0.1 port \d+")
        s.stop()
        s = env.server("PermitRootLogin " + value, *OPEN, world=w,
                       authorized=command)
        r = s.ssh("id -u", user="toor")
        assert (r.stdout == b"forced\n") == forced, (value, r)
        if value == "forced-commands-only":
            s.wait_log("Root login accepted for forced command.")
        s.stop()
    s = env.server(*OPEN, "PermitRootLogin no", "Match User toor",
                   "PermitRootLogin forced-commands-only",
                   "ForceCommand echo forced", world=w)
    assert s.ssh("id", user="toor").stdout == b"forced\n"


def test_states_of_an_account(env):
    """Locked, expired, idle for too long, without a shell: refused with the
    reason in the log; a star in the password field refuses no key."""
    w = env.world()
    day = int(time.time() // 86400)
    w.add_user("locked", hash="!$6$x$y")
    w.add_user("starred", hash="*")
    w.add_user("expired", "word", shadow=":%d:0:99999:7::%d:" % (
        day - 100, day - 1))
    w.add_user("lasting", "word", shadow=":%d:0:99999:7::%d:" % (
        day - 100, day + 2))
    w.add_user("idle", "word", shadow=":%d:0:30:7:40::" % (day - 100))
    # nothing to change: pam_unix would send them away for ever
    w.add_user("oldkey", hash="*", shadow=":%d:0:30:7:::" % (day - 100))
    w.add_user("shellless", "word", shell="/no/such/shell")
    w.add_user("notexec", "word", shell="/etc/passwd")
    s = env.server("UsePAM no", world=w)
    s.login_works(user="starred")
    s.login_works(user="lasting")
    s.login_works(user="oldkey")
    for user, line in (
            ("locked", "User locked not allowed because account is locked"),
            ("expired", "Account expired has expired"),
            ("idle", "Account idle has expired"),
            ("shellless", "User shellless not allowed because shell "
             "/no/such/shell does not exist"),
            ("notexec", "User notexec not allowed because shell /etc/passwd "
             "is not executable")):
        r = refused(s, user=user)
        assert b"Permission denied" in r.stderr, r
        s.wait_log("(?m)^%s$" % line)
    assert not s.password("word", user="expired")


def test_an_aged_password_is_changed_first(env):
    """Without PAM: whoever's password has aged gets passwd on a terminal, and
    nothing else; a command only says so."""
    w = env.world()
    day = int(time.time() // 86400)
    w.add_user("aged", "word", shadow=":%d:0:30:7:::" % (day - 100))
    w.add_user("forced", "word", shadow=":0:0:99999:7:::")
    s = env.server("UsePAM no", world=w)
    for user, why in (("aged", "password aged"), ("forced", "root forced")):
        r = s.ssh("echo in", user=user)
        assert r.returncode == 1 and b"in\n" not in r.stdout, r
        assert b"WARNING: Your password has expired." in r.stdout, r
        assert b"Password change required but no TTY" in r.stderr, r
        s.wait_log(r"(?m)^User %s password has expired \(%s\)$" % (user, why))
        assert not s.password("word", user=user)
        s.wait_log("User %s must change the password before anything" % user)
        t = Terminal(s.ssh_args("-tt", user=user) + ["echo in"])
        t.expect("change your password now and log in again!")
        t.expect("(?i)current password: ?")
        t.type("word")
        t.expect("(?i)new password: ?")
        for _ in range(2):
            t.type("Correct-2horse-battery")
            t.expect("(?i)new password: ?|updated")
        assert t.wait() == 0
        assert s.password("Correct-2horse-battery", user=user)


def test_what_is_about_to_expire(env):
    """The days that are left are told at an interactive login."""
    w = env.world()
    day = int(time.time() // 86400)
    w.add_user("warned", "word", shadow=":%d:0:30:7::%d:" % (day - 25, day + 1))
    s = env.server("UsePAM no", world=w)
    r = s.ssh(user="warned", options=("-tt",), input=b"exit\n")
    assert b"Your password will expire in 5 days." in r.stdout, r
    assert b"Your account will expire in 1 day." in r.stdout, r
    assert b"expire" not in s.ssh("true", user="warned").stdout


def test_hashes_of_every_kind(env):
    """yescrypt, bcrypt, SHA-512, SHA-256: what this libcrypt knows."""
    w = env.world()
    made = []
    for name, prefix in (("yes", b"$y$"), ("blow", b"$2b$"),
                         ("sha", b"$6$"), ("shb", b"$5$"), ("gost", b"$gy$")):
        hash = crypted("word of " + name, prefix)
        if hash:
            w.add_user(name, hash=hash)
            made.append(name)
    assert "sha" in made, made
    s = env.server(*OPEN, world=w)
    for name in made:
        assert s.password("word of " + name, user=name), (name, s.log())
        assert not s.password("word of " + name + "x", user=name), name
        assert not s.password("word of", user=name), name


def crypted(password, prefix):
    """A hash of that kind with the least cost, or None."""
    lib = ctypes.CDLL("libcrypt.so.1")
    lib.crypt_gensalt.restype = lib.crypt.restype = ctypes.c_char_p
    try:
        setting = lib.crypt_gensalt(prefix, 0, b"0123456789abcdef" * 2, 32)
    except AttributeError:
        return None
    hash = lib.crypt(password.encode(), setting) if setting else None
    return hash.decode() if hash and hash[:1] != b"*" else None


def test_prompts_without_pam_are_passwords(env):
    """PasswordAuthentication no: keyboard-interactive is no way around it."""
    env.need_root()
    s = env.server("PasswordAuthentication no", *OPEN)
    assert not s.password(env.password, method="keyboard-interactive")
    s.stop()
    s = env.server("ChallengeResponseAuthentication no", *OPEN)
    assert not s.password(env.password, method="keyboard-interactive")
    assert s.password(env.password)


def test_changing_a_password_by_request(env):
    """A change request is refused as a wrong password is, whoever asks."""
    env.need_root()
    s = env.server(*OPEN, "MaxAuthTries 2")
    for user in (env.user, "nosuchuser"):
        t = Talk(s)
        t.failure(user, "none")
        assert t.failure(user, "password", True, env.password,
                         "new" + env.password)[1] is False
        t.close()
    assert s.password(env.password)


def test_nologin(env):
    """/etc/nologin is shown to all but root, who are turned away with exit
    status 254."""
    w = env.world()
    w.add_user("toor", uid=0, gid=0)
    w.write("etc/nologin", "back at noon\n")
    s = env.server("PermitRootLogin yes", *OPEN, world=w)
    r = s.ssh("echo in")
    assert r.returncode == 254 and r.stdout == b"", r
    assert b"back at noon" in r.stderr, r
    s.wait_log("User %s not allowed because /etc/nologin exists" % env.user)
    s.login_works(user="toor")


def test_max_auth_tries(env):
    """The peer is told goodbye at the bound, and the log has sshd's lines."""
    env.need_root()
    s = env.server("MaxAuthTries 2", *OPEN)
    r = s.answer(["wrong", "wronger", "more"], "echo in",
                 options=("-o", "PreferredAuthentications=password"))
    assert r.returncode == 255 and len(r.prompts) == 2, (r, r.prompts)
    assert b"Too many authentication failures" in r.stderr, r
    s.wait_log(r"(?m)^maximum authentication attempts exceeded for %s from "
               r"127.0.0.1 port \d+ ssh2 \[preauth\]$" % env.user)
    s.wait_log(r"(?m)^Disconnecting authenticating user %s 127.0.0.1 port \d+:"
               r" Too many authentication failures \[preauth\]$" % env.user)
    r = s.answer(["wrong", env.password], "echo in",
                 options=("-o", "PreferredAuthentications=password"))
    assert r.stdout == b"in\n", (r, s.log()[-2000:])


def test_max_auth_tries_counts_keys(env):
    """Keys that are refused count; a good one within the bound lets in."""
    s = env.server("MaxAuthTries 2")
    offers = ("-o", "IdentitiesOnly=yes",
              "-i", os.path.join(env.keys, "stranger"))
    assert s.ssh("echo in", options=offers).stdout == b"in\n"
    r = s.ssh("echo in", key="stranger", options=(
        "-i", os.path.join(env.keys, "host_ecdsa"),
        "-i", os.path.join(env.keys, "user_ed25519")))
    assert r.returncode == 255, r
    assert b"Too many authentication failures" in r.stderr, r


def test_two_methods_are_due(env):
    """publickey,password: neither alone, not the other way round; the first
    step is told as partial."""
    env.need_root()
    s = env.server("AuthenticationMethods publickey,password", *OPEN)
    both = ("-o", "PreferredAuthentications=publickey,password")
    refused(s)
    s.wait_log(r"Partial publickey for %s from 127.0.0.1 port \d+ ssh2: "
               r"ED25519 SHA256:" % env.user)
    assert not s.password(env.password)
    r = s.answer(["wrong"], "echo in", options=both, key="user_ed25519")
    assert r.returncode == 255, r
    r = s.answer([env.password], "echo in", options=both, key="user_ed25519")
    assert r.stdout == b"in\n" and len(r.prompts) == 1, (r, r.prompts)
    s.wait_log(r"Accepted password for %s from" % env.user)


def test_a_choice_of_methods(env):
    """Several lists: any of them is enough; each step must be in its turn."""
    env.need_root()
    s = env.server("AuthenticationMethods keyboard-interactive "
                   "password,publickey", *OPEN)
    assert s.password(env.password, method="keyboard-interactive")
    refused(s)
    r = s.answer([env.password], "echo in", key="user_ed25519", options=(
        "-o", "PreferredAuthentications=password,publickey"))
    assert r.stdout == b"in\n", (r, s.log()[-2000:])


def test_no_way_around_the_order(env):
    """Each step once and in its turn, told as partial; what isn't due is
    refused however right it is, and changes nothing."""
    env.need_root()
    s = env.server("AuthenticationMethods password,keyboard-interactive "
                   "keyboard-interactive,publickey", "MaxAuthTries 20", *OPEN)
    me, word = env.user, env.password

    def password(t):
        n, m = t.request(me, "password", False, word)
        return (m.get_text(), m.get_boolean()) if n == 51 else n

    def prompts(t):
        n, m = t.request(me, "keyboard-interactive", "", "")
        if n == 60:
            n, m = t.answer(word)
        return (m.get_text(), m.get_boolean()) if n == 51 else n
    t = Talk(s)
    assert t.failure(me, "none") == ("password,keyboard-interactive", False)
    assert password(t) == ("keyboard-interactive", True)
    assert password(t) == ("keyboard-interactive", False)
    assert t.failure(me, "none") == ("keyboard-interactive", False)
    assert prompts(t) == 52
    t.send(50, me, "ssh-connection", "none")  # ignored from here on
    t.close()
    t = Talk(s)
    assert prompts(t) == ("publickey,password", True)
    assert prompts(t) == ("publickey,password", False)
    assert password(t) == ("publickey,keyboard-interactive", True)
    assert t.failure(me, "password", False, "wrong") == (
        "publickey,keyboard-interactive", False)
    assert prompts(t) == 52
    t.close()


def test_two_keys_are_two_keys(env):
    """publickey,publickey wants two different ones."""
    s = env.server("AuthenticationMethods publickey,publickey")
    refused(s)
    s.wait_log("refusing previously-used .*key")
    r = s.ssh("echo in", options=(
        "-i", os.path.join(env.keys, "user_ecdsa")))
    assert r.stdout == b"in\n", (r, s.log()[-3000:])


def test_methods_that_cannot_be_met(env):
    """A list with a disabled method is left out; with none left nobody comes
    in, and the administrator is told."""
    s = env.server("AuthenticationMethods publickey,password publickey",
                   "PasswordAuthentication no")
    s.login_works()
    s.wait_log('Authentication methods list "publickey,password" contains '
               'disabled method, skipping')
    s.stop()
    s = env.server("AuthenticationMethods publickey,password",
                   "PasswordAuthentication no", start=False)
    try:
        s.start()
    except AssertionError:
        return  # refused at the start is right, too
    refused(s)


def test_empty_passwords(env):
    """Only where PermitEmptyPasswords says so."""
    w = env.world()
    w.add_user("open", "")
    s = env.server("PermitEmptyPasswords yes", "PubkeyAuthentication no",
                   *OPEN, world=w)
    r = s.ssh("echo in", user="open")
    assert r.stdout == b"in\n", (r, s.log()[-2000:])
    assert s.ssh("echo in").returncode == 255
    s.stop()
    s = env.server(*OPEN, world=w)
    refused(s, user="open", key="stranger")
    assert not s.password("", user="open")


def test_nobody_is_told_who_exists(env):
    """A name that isn't there gets the same methods, prompts and words."""
    env.need_root()
    s = env.server(*OPEN)
    seen = []
    for user in (env.user, "nosuchuser"):
        r = s.answer(["wrong", "wronger"], "echo in", user=user, key="stranger",
                     options=("-o", "PreferredAuthentications="
                              "publickey,password,keyboard-interactive",
                              "-o", "NumberOfPasswordPrompts=1"))
        assert r.returncode == 255
        seen.append((r.stderr.replace(user.encode(), b"USER"),
                     [p.replace(user, "USER") for p in r.prompts]))
    assert seen[0] == seen[1], seen
    s.wait_log(r"(?m)^Failed password for invalid user nosuchuser from "
               r"127.0.0.1 port \d+ ssh2$")


def test_match_changes_what_holds(env):
    """A Match block acts on its users alone, also on methods."""
    me = env.user
    s = env.server("PubkeyAuthentication no", "Match User nobodyelse",
                   "ForceCommand echo wrong", "Match User %s" % me,
                   "PubkeyAuthentication yes", "ForceCommand echo right",
                   "Match all", "ForceCommand echo later")
    r = s.ssh("id")
    assert r.stdout == b"right\n", (r, s.log()[-2000:])
    assert env.server("Match Address 192.0.2.0/24",
                      "ForceCommand echo wrong").ssh("echo in").stdout == \
        b"in\n"


def test_refuse_connection(env):
    """RefuseConnection ends it once the name is known."""
    s = env.server("Match User %s" % env.user, "RefuseConnection yes")
    r = refused(s)
    assert b"Permission denied" not in r.stderr, r
    s.wait_log("administratively prohibited connection for %s from "
               r"127.0.0.1 port \d+" % env.user)


def test_another_account_of_an_ordinary_user(env):
    """A daemon of an ordinary user lets in that one alone."""
    if env.root:
        import lib
        raise lib.Skip("runs as root")
    s = env.server()
    refused(s, user="root")
    s.login_works()
