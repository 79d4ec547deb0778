"""Users' certificates: whom they let in, what they grant, how they go together
with the lines that trust their authority."""

import itertools
import os
import shutil
import subprocess
import tempfile

from lib import Skip

PROVIDER = "/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so"
numbers = itertools.count()


def keygen(*args):
    r = subprocess.run(["ssh-keygen", "-q"] + list(args), capture_output=True,
                       stdin=subprocess.DEVNULL)
    assert r.returncode == 0, r


class Authority:
    """A CA and what it signs, in a folder of its own."""

    def __init__(self, env, *kind, name="ca"):
        self.env = env
        self.dir = tempfile.mkdtemp(prefix="ca-", dir=env.dir)
        os.chmod(self.dir, 0o755)
        self.key = os.path.join(self.dir, name)
        keygen("-N", "", "-C", "the-ca", "-f", self.key, *(kind or
                                                         ("-t", "ed25519")))

    def public(self):
        with open(self.key + ".pub") as f:
            return f.read()

    def path(self):
        return self.key + ".pub"

    def sign(self, *options, key="user_ed25519", names=None, id="a key"):
        """Path of a copy of the key with its certificate beside it: ssh
        offers the certificate first."""
        copy = os.path.join(self.dir, "key%d" % next(numbers))
        shutil.copy(os.path.join(self.env.keys, key), copy)
        shutil.copy(os.path.join(self.env.keys, key + ".pub"), copy + ".pub")
        names = self.env.user if names is None else names
        keygen("-s", self.key, "-I", id, *(("-n", names) if names else ()),
               *options, copy + ".pub")
        return copy


def tries(s, key, command="echo in", options=(), **how):
    """What the login with this certificate printed; None: it wasn't let in."""
    # nothing but the certificate: its key alone is nobody's here
    r = s.ssh(command, key=key, options=tuple(options), **how)
    assert r.returncode != 255 or r.stdout == b"", r
    return None if r.returncode == 255 else r.stdout.decode()


def trusting(env, ca, *lines, **how):
    how.setdefault("authorized", "# no keys\n")
    return env.server("TrustedUserCAKeys %s" % ca.path(), *lines, **how)


def test_every_type_of_key_and_authority(env):
    """Keys and authorities of each type; the log tells key, id, serial and
    authority."""
    kinds = {"user_ed25519": "ED25519", "user_ecdsa": "ECDSA",
             "user_rsa": "RSA"}
    for kind in (("-t", "ed25519"), ("-t", "ecdsa", "-b", "256"),
                 ("-t", "ecdsa", "-b", "521"), ("-t", "rsa", "-b", "2048")):
        ca = Authority(env, *kind)
        s = trusting(env, ca)
        for key, word in kinds.items():
            signed = ca.sign("-z", "42", key=key, id="laptop")
            assert tries(s, signed) == "in\n", (kind, key, s.log()[-2000:])
            authority = {"ed25519": "ED25519", "ecdsa": "ECDSA",
                         "rsa": "RSA"}[kind[1]]
            s.wait_log(r"Accepted publickey for %s from 127.0.0.1 port \d+ "
                       r"ssh2: %s-CERT SHA256:\S{43} ID laptop \(serial 42\) "
                       r"CA %s SHA256:\S{43}" % (env.user, word, authority))
            s.wait_log(r'Accepted certificate ID "laptop" \(serial 42\) signed '
                       r"by %s CA SHA256:\S{43} via %s" %
                       (authority, ca.path()))
        s.stop()


def test_rsa_signatures_as_configured(env):
    """A certificate's key signs with SHA-2 as PubkeyAcceptedAlgorithms says,
    plain names needn't be in it."""
    ca = Authority(env)
    signed = ca.sign(key="user_rsa")
    s = trusting(env, ca, "PubkeyAcceptedAlgorithms "
                 "rsa-sha2-256-cert-v01@openssh.com")
    only = "PubkeyAcceptedAlgorithms=rsa-sha2-%d-cert-v01@openssh.com"
    assert tries(s, signed, options=("-o", only % 256)) == "in\n"
    assert tries(s, signed, options=("-o", only % 512)) is None


def test_names_in_a_certificate(env):
    """Without files of principals the user's name must be in it, and a
    certificate without names is nobody's."""
    ca = Authority(env)
    s = trusting(env, ca)
    assert tries(s, ca.sign(names="root,%s,x" % env.user)) == "in\n"
    for names, reason in (
            ("root", "Certificate invalid: name is not a listed principal"),
            (env.user + "x",
             "Certificate invalid: name is not a listed principal"),
            ("*", "Certificate invalid: name is not a listed principal"),
            ("", "Certificate lacks principal list")):
        assert tries(s, ca.sign("-z", "9", names=names, id="i d")) is None
        s.wait_log(r'Refusing certificate ID "i d" serial=9 signed by ED25519 '
                   r"CA SHA256:\S{43} via %s: %s" % (ca.path(), reason))


def test_a_stranger_and_its_authority(env):
    """What another CA signed, what the key signed itself, a host's
    certificate and the CA's own key let nobody in."""
    ca, other = Authority(env), Authority(env)
    s = trusting(env, ca)
    assert tries(s, other.sign()) is None
    assert tries(s, ca.sign("-h")) is None
    assert tries(s, ca.key) is None
    assert tries(s, ca.sign()) == "in\n"
    ca.key = ca.sign()  # a key that was certified certifies nothing
    assert tries(s, ca.sign(key="user_ecdsa")) is None


def test_times(env):
    """Only from its beginning until its end."""
    ca = Authority(env)
    s = trusting(env, ca)
    for when, reason in (("-1h:+1h", None), ("+1h:+2h", "not yet valid"),
                         ("-2h:-1h", "expired"), ("always:forever", None)):
        got = tries(s, ca.sign("-V", when))
        assert (got == "in\n") == (reason is None), (when, s.log()[-2000:])
        if reason:
            s.wait_log(": Certificate invalid: %s" % reason)


def test_principals_of_a_file(env):
    """AuthorizedPrincipalsFile: one of its names must be in the certificate;
    the user's own doesn't help. Options stand before a name."""
    ca = Authority(env)
    s = trusting(env, ca, "AuthorizedPrincipalsFile %s/names-%%u" % ca.dir)
    signed = ca.sign(names=env.user + ",ops,dba")
    path = os.path.join(ca.dir, "names-" + env.user)

    def write(text):
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o644)

    assert tries(s, signed) is None  # missing
    s.wait_log("Certificate does not contain an authorized principal")
    for text, expected in (
            ("", None), ("\n# ops\n", None), ("nobody\n", None),
            ("op\nopsx\nops,dba\n", None), ("ops#\n", "in\n"),
            ("x\n  ops  \n", "in\n"), ("dba", "in\n"), ("OPS\n", None),
            ('command="echo forced" ops\n', "forced\n"),
            ('command="echo a b" ops # comment\n', "a b\n"),
            ('no-such-option ops\n', None),
            ('cert-authority ops\n', None),
            ('from="192.0.2.1" ops\n', None),
            ('from="127.0.0.0/8" ops\n', "in\n"),
            ('expiry-time="20200101" ops\n', None),
            ('from="192.0.2.1" ops\ncommand="echo two" dba\n', "two\n")):
        write(text)
        assert tries(s, signed) == expected, (text, s.log()[-2000:])
    s.stop()
    os.mkdir(ca.dir + "/d", 0o755)
    shutil.copy(path, ca.dir + "/d/names-x")
    s = trusting(env, ca, "AuthorizedPrincipalsFile %s/d/*" % ca.dir)
    assert tries(s, signed) == "two\n", s.log()[-2000:]


def test_authority_in_a_key_file(env):
    """cert-authority: the CA's certificates, not its key, for the user's name
    or those of principals=."""
    ca = Authority(env)
    mine, ops = ca.sign(), ca.sign(names="ops,dba")
    for options, key, expected in (
            ("cert-authority", mine, "in\n"), ("cert-authority", ops, None),
            ('cert-authority,principals="ops"', ops, "in\n"),
            ('cert-authority,principals="x,dba"', ops, "in\n"),
            ('cert-authority,principals="ops"', mine, None),
            ('cert-authority,principals="o*"', ops, None),
            ("cert-authority", ca.sign(names=""), None),
            ('cert-authority,principals="ops"', ca.sign(names=""), None),
            ("cert-authority", ca.key, None), ("", mine, None),
            ('cert-authority,from="192.0.2.1"', mine, None),
            ('cert-authority,command="echo forced"', mine, "forced\n"),
            ('cert-authority,expiry-time="20200101"', mine, None)):
        s = env.server(authorized=options + " " + ca.public())
        assert tries(s, key) == expected, (options, s.log()[-2000:])
        if expected == "in\n":
            s.wait_log(r'Accepted certificate ID "a key" \(serial 0\) signed '
                       r"by CA ED25519 SHA256:\S{43} found at \S+:1")
        s.stop()


def test_critical_options(env):
    """force-command, source-address and verify-required bind; one that isn't
    known refuses, and so do two of a kind."""
    ca = Authority(env)
    s = trusting(env, ca)
    for options, expected in (
            (("-O", "force-command=echo [$SSH_ORIGINAL_COMMAND]"),
             "[echo in]\n"),
            (("-O", "source-address=127.0.0.0/8"), "in\n"),
            (("-O", "source-address=192.0.2.1,127.0.0.1"), "in\n"),
            (("-O", "source-address=192.0.2.0/24"), None),
            (("-O", "verify-required"), "in\n"),  # binds FIDO keys alone
            (("-O", "critical:new@example.org=x"), None),
            (("-O", "force-command=echo a", "-O",
              "critical:force-command=echo a"), None)):
        assert tries(s, ca.sign(*options)) == expected, (
            options, s.log()[-2000:])
    s.wait_log("Authentication tried for %s with valid certificate but not "
               r"from a permitted source address \(127.0.0.1\)" % env.user)
    s.wait_log('Certificate critical option "new@example.org" is not supported')
    s.wait_log('Certificate option "force-command" is invalid')


def test_extensions(env):
    """What a certificate doesn't name it doesn't grant; unknown ones are
    passed over."""
    ca = Authority(env)
    s = trusting(env, ca)
    for options, terminal in (((), True), (("-O", "no-pty"), False),
                              (("-O", "clear"), False),
                              (("-O", "clear", "-O", "permit-pty"), True),
                              (("-O", "extension:new@example.org=x"), True)):
        r = s.ssh("tty", key=ca.sign(*options), options=("-tt",))
        assert r.stdout.startswith(b"/dev/pts/") == terminal, (options, r)
    s.stop()
    # both sides must grant it
    for line, options, terminal in (
            ("cert-authority,no-pty", (), False),
            ("cert-authority,restrict", (), False),
            ("cert-authority,restrict,pty", (), True),
            ("cert-authority,restrict,pty", ("-O", "no-pty"), False)):
        s = env.server(authorized=line + " " + ca.public())
        r = s.ssh("tty", key=ca.sign(*options), options=("-tt",))
        assert r.stdout.startswith(b"/dev/pts/") == terminal, (line, options, r)
        s.stop()


def test_user_rc(env):
    """permit-user-rc is needed for ~/.ssh/rc."""
    w = env.world()
    home = w.add_user("homely")
    os.mkdir(home + "/.ssh", 0o755)
    with open(home + "/.ssh/rc", "w") as f:
        f.write("echo rc >&2\n")
    os.chmod(home + "/.ssh/rc", 0o644)
    ca = Authority(env)
    s = trusting(env, ca, "UsePAM no", world=w)
    for options, ran in (((), True), (("-O", "no-user-rc"), False)):
        r = s.ssh("true", user="homely",
                  key=ca.sign(*options, names="homely"))
        assert r.returncode == 0 and (b"rc\n" in r.stderr) == ran, (options, r)


def test_two_forced_commands(env):
    """Of line and certificate: the same, or nobody comes in; that of the
    configuration comes first."""
    ca = Authority(env)
    for line, theirs, expected in (("true", "true", ""), ("true", "false", None),
                                   ("echo x", "echo x", "x\n"),
                                   (None, "echo y", "y\n")):
        s = env.server(authorized="cert-authority%s %s" % (
            ',command="%s"' % line if line else "", ca.public()))
        key = ca.sign("-O", "force-command=" + theirs)
        assert tries(s, key) == expected, (line, theirs, s.log()[-2000:])
        if expected is None:
            s.wait_log("forced command options do not match")
        s.stop()
    s = trusting(env, ca, "ForceCommand echo ours")
    assert tries(s, ca.sign("-O", "force-command=echo theirs")) == "ours\n"


def test_algorithms_of_authorities(env):
    """CASignatureAlgorithms binds, and RequiredRSASize a CA's key, too."""
    rsa = Authority(env, "-t", "rsa", "-b", "2048")
    s = trusting(env, rsa, "CASignatureAlgorithms ssh-ed25519,rsa-sha2-512")
    assert tries(s, rsa.sign("-t", "rsa-sha2-512")) == "in\n"
    assert tries(s, rsa.sign("-t", "rsa-sha2-256")) is None
    s.wait_log("userauth_pubkey: certificate signature algorithm rsa-sha2-256: "
               "signature algorithm not supported")
    assert tries(s, rsa.sign("-t", "ssh-rsa")) is None  # SHA-1
    s.stop()
    s = trusting(env, rsa, "RequiredRSASize 3072")
    assert tries(s, rsa.sign()) is None
    s.wait_log("Certificate invalid: key length is out of range")


def test_match_chooses_the_authority(env):
    """The keywords may stand in a Match block."""
    ca = Authority(env)
    s = env.server("Match user nobody-else", "TrustedUserCAKeys " + ca.path(),
                   authorized="#\n")
    assert tries(s, ca.sign()) is None
    s.stop()
    s = env.server("Match user " + env.user, "TrustedUserCAKeys " + ca.path(),
                   authorized="#\n")
    assert tries(s, ca.sign()) == "in\n"


def test_missing_authorities(env):
    """Files that aren't there or hold nothing of use trust nobody, and spare
    the keys."""
    ca = Authority(env)
    s = env.server("TrustedUserCAKeys %s/nothing" % ca.dir)
    assert tries(s, ca.sign(key="stranger")) is None
    s.wait_log("Could not open TrustedUserCAKeys '%s/nothing': "
               "No such file or directory" % ca.dir)
    s.login_works()
    s.stop()
    with open(ca.dir + "/odd", "w") as f:
        f.write("# comment\nrubbish\ncert-authority " + ca.public())
    s = env.server("TrustedUserCAKeys %s/odd" % ca.dir, authorized="#\n")
    assert tries(s, ca.sign()) is None  # options have no meaning there
    with open(ca.dir + "/odd", "a") as f:
        f.write(ca.public())
    assert tries(s, ca.sign()) == "in\n"


def test_two_steps_want_two_keys(env):
    """publickey,publickey: a certificate of the same key isn't another one,
    another key is; the file of ExposeAuthInfo has both."""
    ca = Authority(env)
    signed = ca.sign()
    s = env.server("TrustedUserCAKeys " + ca.path(), "ExposeAuthInfo yes",
                   "AuthenticationMethods publickey,publickey")
    assert tries(s, signed) is None  # ssh offers both, of this one key
    s.wait_log("refusing previously-used ED25519-CERT key")
    s.stop()
    s = trusting(env, ca, "ExposeAuthInfo yes",
                 "AuthenticationMethods publickey,publickey",
                 authorized=env.public("user_ecdsa"))
    second = ("-i", os.path.join(env.keys, "user_ecdsa"))
    r = s.ssh("cat $SSH_USER_AUTH", key=signed, options=second)
    with open(signed + "-cert.pub") as f:
        certificate = " ".join(f.read().split()[:2])
    lines = r.stdout.decode().splitlines()
    assert lines == ["publickey " + certificate, "publickey " + " ".join(
        env.public("user_ecdsa").split()[:2])], (r, s.log()[-3000:])


def fido(env, *options):
    """A user's key in a stand-in device; its path."""
    if not os.path.exists(PROVIDER):
        raise Skip("no stand-in for a FIDO device (Debian: openssh-tests)")
    path = os.path.join(env.keys, "fido%d" % next(numbers))
    r = subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa-sk", "-N", "", "-w",
                        PROVIDER, "-f", path] + list(options),
                       capture_output=True, stdin=subprocess.DEVNULL)
    if r.returncode != 0:
        raise Skip("ssh-keygen makes no FIDO keys here")
    return path


def test_fido_keys_and_touch(env):
    """A touch is wanted unless line or certificate waive it, and in any case
    with PubkeyAuthOptions touch-required."""
    device = ("-o", "SecurityKeyProvider=" + PROVIDER)
    touched, untouched = fido(env), fido(env, "-O", "no-touch-required")
    name = os.path.basename(untouched)
    both = env.public(os.path.basename(touched)) + env.public(name)
    ca = Authority(env)
    for lines, authorized, key, expected in (
            ((), both, touched, "in\n"), ((), both, untouched, None),
            ((), "no-touch-required " + env.public(name), untouched, "in\n"),
            (("PubkeyAuthOptions touch-required",),
             "no-touch-required " + env.public(name), untouched, None),
            (("PubkeyAuthOptions verify-required",), both, touched, None),
            ((), "verify-required " + both, touched, None),
            ((), "cert-authority " + ca.public(), ca.sign(
                "-O", "no-touch-required", key=name), None),
            ((), "cert-authority,no-touch-required " + ca.public(), ca.sign(
                "-O", "no-touch-required", key=name), "in\n"),
            ((), "cert-authority,no-touch-required " + ca.public(),
             ca.sign(key=name), None),
            (("TrustedUserCAKeys " + ca.path(),), "#\n", ca.sign(
                "-O", "no-touch-required", key=name), "in\n"),
            (("TrustedUserCAKeys " + ca.path(),), "#\n",
             ca.sign(key=name), None)):
        s = env.server(*lines, authorized=authorized)
        assert tries(s, key, options=device) == expected, (
            lines, authorized, key, s.log()[-2000:])
        s.stop()


def test_fido_keys_and_pins(env):
    """Whoever is to prove who they are to their device: by the line, the
    certificate or PubkeyAuthOptions; a touch alone isn't enough then."""
    device = ("-o", "SecurityKeyProvider=" + PROVIDER)
    touched, proved = fido(env), fido(env, "-O", "verify-required")
    names = [os.path.basename(k) for k in (touched, proved)]
    both = "".join(env.public(n) for n in names)
    lines = "".join("verify-required " + env.public(n) for n in names)
    ca = Authority(env)
    demand = ("-O", "verify-required")

    def lets_in(s, key):
        """The stand-in takes any number; a key that wants none isn't asked."""
        r = s.answer(["1234"], "echo in", key=key, options=device)
        return r.stdout == b"in\n"
    for config, authorized, keys, wanted in (
            ((), both, (touched, proved), [True, True]),
            ((), lines, (touched, proved), [False, True]),
            (("PubkeyAuthOptions verify-required",), both, (touched, proved),
             [False, True]),
            (("TrustedUserCAKeys " + ca.path(),), "#\n",
             [ca.sign(key=n) for n in names], [True, True]),
            (("TrustedUserCAKeys " + ca.path(),), "#\n",
             [ca.sign(*demand, key=n) for n in names], [False, True]),
            ((), "cert-authority,verify-required " + ca.public(),
             [ca.sign(key=n) for n in names], [False, True])):
        s = env.server(*config, authorized=authorized)
        got = [lets_in(s, k) for k in keys]
        assert got == wanted, (config, authorized, got, s.log()[-2000:])
        s.stop()
