"""Host-based authentication: who vouches for whom, by which file; what lets in
and what keeps out."""

import base64
import os
import subprocess

from lib import Skip
from pams import pam_world
from talk import Talk

HOST = "client.example"


class House:
    """A world with client hosts: their keys, the files that trust them, and
    accounts. One for all tests that don't change what is in it for good."""

    def __init__(self, env, world=None):
        try:
            import paramiko
        except ImportError:
            raise Skip("needs python3-paramiko")
        self.paramiko = paramiko
        self.env = env
        self.world = world or env.world()
        self.home = self.world.path("home/anna")
        if world is None:
            self.world.add_user("anna")
        for name in ("shosts.equiv", "ssh_known_hosts"):
            self.etc("ssh/" + name, "")
        self.etc("hosts", "127.0.0.1 %s\n127.0.0.2 other.example\n" % HOST)
        self.key = self.make("host")

    def etc(self, name, text, mode=0o644):
        """Write a file of the world's /etc; None: it isn't there."""
        if text is None:
            if os.path.exists(self.world.path("etc/" + name)):
                os.unlink(self.world.path("etc/" + name))
        else:
            self.world.write("etc/" + name, text, mode)

    def file(self, name, text, mode=0o644, user="anna"):
        """A file in the account's home directory."""
        path = os.path.join(self.world.path("home/" + user), name)
        owner = os.stat(self.world.path("home/" + user))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if text is None:
            if os.path.lexists(path):
                os.unlink(path)
            return path
        with open(path, "w") as f:
            f.write(text)
        for p in (path, os.path.dirname(path)):
            os.chown(p, owner.st_uid, owner.st_gid)
        os.chmod(path, mode)
        return path

    def make(self, name, *how):
        """A host's key pair; its path."""
        path = self.world.path(name)
        subprocess.run(["ssh-keygen", "-q", "-N", "", "-f", path] +
                       list(how or ("-t", "ed25519")), check=True)
        return path

    def public(self, key):
        """"TYPE BASE64" """
        with open(key + ".pub") as f:
            return " ".join(f.read().split()[:2])

    def know(self, *lines):
        """The system's known_hosts; by default the host with its key."""
        self.etc("ssh/ssh_known_hosts", "".join(
            line + "\n" for line in
            lines or ("%s %s" % (HOST, self.public(self.key)),)))

    def server(self, *lines, **how):
        return self.env.server(
            "HostbasedAuthentication yes", "IgnoreRhosts no",
            "HostbasedUsesNameFromPacketOnly yes", "MaxAuthTries 50",
            "UsePAM no", *lines, world=self.world, **how)

    def ask(self, t, user="anna", key=None, host=HOST + ".", client="anna",
            alg=None, certificate=False, method="hostbased", sign=None):
        """One request; the number of the answer. sign: what is signed for
        instead of (user, host, client)."""
        key = key or self.key
        with open(key + ("-cert.pub" if certificate else ".pub")) as f:
            kind, text = f.read().split()[:2]
        blob = base64.b64decode(text)
        alg = alg or kind
        signed = sign or (user, host, client)
        m = self.paramiko.Message()
        m.add_string(t.transport.session_id)
        m.add_byte(bytes([50]))
        for field in (signed[0], "ssh-connection", method, alg, blob,
                      signed[1], signed[2]):
            m.add_string(field)
        plain = alg.replace("-cert-v01@openssh.com", "")
        if "rsa" in plain:
            k = self.paramiko.RSAKey(filename=key)
            sig = k.sign_ssh_data(m.asbytes(), plain)
        else:
            k = self.paramiko.Ed25519Key(filename=key)
            sig = k.sign_ssh_data(m.asbytes())
        number, answer = t.request(user, "hostbased", alg, blob, host, client,
                                   sig.asbytes())
        self.answer = answer
        return number

    def lets_in(self, server, **how):
        """A connection of its own: is it let in?"""
        t = Talk(server)
        try:
            n = self.ask(t, **how)
            assert n in (51, 52), n
            return n == 52
        finally:
            t.close()



def test_the_real_client(env):
    """ssh and ssh-keysign, as users: in by a host key and by its certificate;
    not once the host isn't known any more, nor as somebody else."""
    h = House(env)
    w = h.world
    keysign = "/usr/lib/openssh/ssh-keysign"
    if not os.path.exists(keysign):
        raise Skip("needs ssh-keysign")
    h.etc("ssh/ssh_config", "EnableSSHKeysign yes\n")
    for name in os.listdir(w.path("etc/ssh")):
        if name.startswith("ssh_host_"):
            os.unlink(w.path("etc/ssh/" + name))
    key = h.make("etc/ssh/ssh_host_ed25519_key")
    h.know("%s %s" % (HOST, h.public(key)))
    w.add_user("carol")
    h.file(".shosts", HOST + "\n%s carol\n" % HOST)
    s = h.server("ExposeAuthInfo yes", authorized="")

    def ssh(as_user, *command):
        uid = os.stat(w.path("home/" + as_user)).st_uid
        r = subprocess.run(
            w.wrap(["setpriv", "--reuid", str(uid), "--regid", str(uid),
                    "--clear-groups"] + s.ssh_args(
                        "-o", "PreferredAuthentications=hostbased",
                        "-o", "HostbasedAuthentication=yes",
                        key=None, user="anna") + list(command)),
            capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        return r.stdout if r.returncode == 0 else None
    for user in ("anna", "carol"):
        assert ssh(user, "id -un") == b"anna\n", s.log()[-3000:]
        s.wait_log("Accepted hostbased for anna from 127\\.0\\.0\\.1 port \\d+ "
                   "ssh2: ED25519 SHA256:\\S+, client user \"%s\", client host "
                   "\"client\\.example\"\n" % user)
    assert ssh("carol", "cat $SSH_USER_AUTH").decode() == (
        'hostbased %s client user "carol", client host "%s"\n' %
        (h.public(key), HOST))
    h.file(".shosts", HOST + "\n")
    assert ssh("carol", "true") is None
    h.know("")
    assert ssh("anna", "true") is None
    s.wait_log("Key refused for anna .*no known_hosts has it for client.exam")
    ca = h.make("ca")
    subprocess.run(["ssh-keygen", "-q", "-s", ca, "-h", "-I", "a host", "-n",
                    HOST, key + ".pub"], check=True)
    h.know("@cert-authority *.example " + h.public(ca))
    assert ssh("anna", "id -un") == b"anna\n", s.log()[-3000:]
    s.wait_log("Accepted hostbased for anna .* ssh2: ED25519-CERT SHA256:\\S+ "
               "ID a host \\(serial 0\\) CA ED25519 SHA256:\\S+, client user")


# A file's lines, who comes, and whether that is enough
LINES = (
    (HOST, "anna", True),
    (HOST, "carol", False),
    (HOST + " carol", "carol", True),
    (HOST + "\tcarol", "anna", False),
    ("CLIENT.Example", "anna", True),
    ("other.example", "anna", False),
    ("+" + HOST + " +anna", "anna", True),
    ("-" + HOST + "\n" + HOST, "anna", False),
    (HOST + " -anna\n" + HOST, "anna", False),
    (HOST + " -carol\n" + HOST, "anna", True),
    ("+", "anna", False),
    ("+ +", "anna", False),
    (HOST + " +", "anna", False),
    ("NO_PLUS\n" + HOST, "anna", True),
    ("# " + HOST, "anna", False),
    ("\n  # x\n  " + HOST + " \r", "anna", True),
    (HOST + " anna # me", "anna", False),
    ("*", "anna", False),
    ("*.example", "anna", False),
)


def test_lines(env):
    """Names, signs, comments; nothing stands for everybody."""
    h = House(env)
    h.know()
    s = h.server()
    for lines, client, wanted in LINES:
        h.file(".shosts", lines + "\n")
        assert h.lets_in(s, client=client) == wanted, (lines, s.log()[-2000:])


def test_netgroups(env):
    """Hosts and users by the groups of /etc/netgroup, asked by an errand."""
    h = House(env)
    h.know()
    h.etc("netgroup", "hosts (client.example,,)\n"
          "addresses (127.0.0.1,,)\nusers (,carol,)\nnone (x,x,x)\n")
    h.etc("nsswitch.conf", "passwd: files\ngroup: files\nnetgroup: files\n")
    s = h.server("UseDNS yes")
    for lines, client, wanted in (
            ("+@hosts", "anna", True), ("@hosts", "carol", False),
            ("@hosts @users", "carol", True), ("@hosts @users", "anna", False),
            ("@none", "anna", False), ("@absent", "anna", False),
            ("-@hosts\n" + HOST, "anna", False),
            ("-@none\n" + HOST, "anna", True),
            (HOST + " -@users\n" + HOST + " carol", "carol", False),
            (HOST + " -@users\n" + HOST, "anna", True)):
        h.file(".shosts", lines + "\n")
        assert h.lets_in(s, client=client) == wanted, (lines, s.log()[-2000:])
    assert "netgroups:" not in s.log()
    # more than there is room for: nobody knows what they would have said
    h.file(".shosts", "".join("-@group%d\n" % i for i in range(2000)) + HOST +
           "\n")
    assert not h.lets_in(s)
    s.wait_log("too many netgroups are named")


def test_files(env):
    """Which file counts for whom: IgnoreRhosts, the system's, root's own."""
    h = House(env)
    h.know()
    with open(h.world.path("etc/passwd")) as f:
        passwd = f.read().replace(":/root:", ":%s:" % h.world.path("home/root"))
    h.etc("passwd", passwd)
    os.mkdir(h.world.path("home/root"), 0o755)
    for name in ("yes", "shosts"):
        h.world.add_user(name)
    s = h.server("PermitRootLogin yes", "Match User yes", "IgnoreRhosts yes",
                 "Match User shosts", "IgnoreRhosts shosts-only")

    def who(client=None):
        return [u for u in ("anna", "yes", "shosts", "root")
                if h.lets_in(s, user=u, client=client or u)]
    assert who() == []
    for name, wanted in ((".rhosts", ["anna", "root"]),
                         (".shosts", ["anna", "shosts", "root"])):
        for u in ("anna", "yes", "shosts", "root"):
            h.file(name, HOST + "\n", user=u)
        assert who() == wanted, s.log()[-3000:]
        for u in ("anna", "yes", "shosts", "root"):
            h.file(name, None, user=u)
    s.wait_log("Key refused for yes .*no file lets yes of client.example in, "
               "the account's own not looked at \\(\\S+ line \\d+\\)")
    for name in ("hosts.equiv", "ssh/shosts.equiv"):
        h.etc(name, HOST + "\n")
        assert who() == ["anna", "yes", "shosts"]
        assert not h.lets_in(s, client="carol")
        h.etc(name, "%s carol\n" % HOST)
        assert h.lets_in(s, client="carol")
        h.etc(name, "")
    # a denial is one file's
    h.etc("hosts.equiv", "-%s\n" % HOST)
    assert who() == []
    h.file(".shosts", HOST + "\n")
    assert who() == ["anna"]


def test_modes_and_kinds(env):
    """StrictModes for the account's files and its home; what isn't a regular
    file isn't read; a link to what the account can't read isn't either."""
    h = House(env)
    h.know()
    s = h.server("StrictModes yes")
    uid = os.stat(h.home).st_uid
    path = h.file(".shosts", HOST + "\n", 0o664)
    assert not h.lets_in(s)
    s.wait_log("Rhosts authentication refused for anna: bad modes for " + path)
    os.chmod(path, 0o644)
    assert h.lets_in(s)
    os.chown(path, uid + 1, uid + 1)
    assert not h.lets_in(s)
    os.chown(path, 0, 0)
    assert h.lets_in(s)
    os.chmod(h.home, 0o775)
    assert not h.lets_in(s)
    s.wait_log("Rhosts authentication refused for anna: bad ownership or "
               "modes for home directory\\.")
    os.chmod(h.home, 0o755)
    os.chmod(path, 0o600)  # root's: with the account's rights it isn't open
    assert not h.lets_in(s)
    os.unlink(path)
    os.mkfifo(path)
    assert not h.lets_in(s)
    s.wait_log("User anna hosts file %s is not a regular file" % path)
    os.unlink(path)
    secret = h.world.path("secret")
    h.world.write("secret", HOST + "\n", 0o600)
    os.symlink(secret, path)
    assert not h.lets_in(s)
    os.unlink(path)
    h.file(".shosts", HOST + "\n")
    # the account's known_hosts, by the same rule
    h.know("")
    known = h.file(".ssh/known_hosts", "%s %s\n" % (HOST, h.public(h.key)),
                   0o666)
    assert not h.lets_in(s)
    s.wait_log("Authentication refused for anna: bad owner or modes for " +
               known)
    s.wait_log("no known_hosts has it for client.example, and %s was left out" %
               known)
    os.chmod(known, 0o644)
    assert h.lets_in(s)
    lax = h.server("StrictModes no")
    os.chmod(known, 0o666)
    os.chmod(h.home + "/.shosts", 0o666)
    assert h.lets_in(lax)


def test_known_hosts(env):
    """Hashes, patterns, ports, markers; the account's file, the old ones."""
    h = House(env)
    h.file(".shosts", HOST + "\n")
    key, other = h.public(h.key), h.public(h.make("another"))
    h.know()
    subprocess.run(["ssh-keygen", "-q", "-H", "-f",
                    h.world.path("etc/ssh/ssh_known_hosts")], check=True,
                   stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    with open(h.world.path("etc/ssh/ssh_known_hosts")) as f:
        hashed = f.read().strip()
    assert hashed.startswith("|1|")
    s = h.server()
    for lines, wanted in (
            (hashed, True), (hashed.replace("|1|", "|2|"), False),
            ("%s %s" % (HOST, key), True), ("%s %s" % (HOST, other), False),
            ("*.Example,x %s a comment" % key, True),
            ("*.example,!client.* %s" % key, False),
            ("!client.*,*.example %s" % key, False),
            ("other.example %s" % key, False),
            ("[%s]:22 %s" % (HOST, key), False),
            ("[%s]:2222 %s" % (HOST, key), False),
            ("@cert-authority %s %s" % (HOST, key), False),
            ("@unknown %s %s" % (HOST, key), False),
            ("%s %s\n@revoked * %s" % (HOST, key, key), False),
            ("@revoked other.example %s\n%s %s" % (key, HOST, key), True),
            ("@revoked * %s\n%s %s" % (other, HOST, key), True),
            ("%s 1024 35 1234567\n# x\n\n%s %s" % (HOST, HOST, key), True)):
        h.know(*lines.split("\n"))
        assert h.lets_in(s) == wanted, (lines, s.log()[-2000:])
    s.wait_log("WARNING: revoked key for client.example attempted auth")
    # where the system's file has nothing, the account's may
    h.know("")
    h.file(".ssh/known_hosts", "%s %s\n" % (HOST, key))
    assert h.lets_in(s)
    strict = h.server("IgnoreUserKnownHosts yes")
    assert not h.lets_in(strict)
    strict.wait_log("the system's known_hosts doesn't have it for client.exa"
                    "mple \\(\\S+ line \\d+\\)")
    h.know("@revoked %s %s" % (HOST, key))
    assert not h.lets_in(s)
    # known_hosts2 speaks of hosts of which the others don't
    h.know("")
    h.file(".ssh/known_hosts", None)
    h.file(".ssh/known_hosts2", "%s %s\n" % (HOST, key))
    assert h.lets_in(s)
    h.know("%s %s" % (HOST, other))
    assert not h.lets_in(s)
    h.file(".ssh/known_hosts2", None)
    h.know("")
    h.etc("ssh/ssh_known_hosts2", "%s %s\n" % (HOST, key))
    assert h.lets_in(s) and h.lets_in(strict)


def test_certificates(env):
    """Type, names, time, options, its CA and the CA's algorithm."""
    h = House(env)
    h.file(".shosts", HOST + "\n")
    ca = h.make("ca")
    rsa_ca = h.make("rsa_ca", "-t", "rsa", "-b", "2048", "-m", "PEM")
    h.know("@cert-authority *.example " + h.public(ca),
           "@cert-authority *.example " + h.public(rsa_ca))
    s = h.server("Match User anna", "CASignatureAlgorithms ssh-ed25519")

    def sign(*how, ca=ca):
        subprocess.run(["ssh-keygen", "-q", "-s", ca, "-I", "an id"] +
                       list(how) + [h.key + ".pub"], check=True)
        return h.lets_in(s, certificate=True)
    for how, wanted, why in (
            (("-h", "-n", HOST), True, None),
            (("-h", "-n", "a,b,CLIENT.example"), True, None),
            (("-h", "-n", "*.example"), True, None),
            (("-h", "-n", "other.example"), False, "name is not a listed pr"),
            (("-h",), False, "lacks principal list"),
            (("-n", HOST), False, "not a host certificate"),
            (("-h", "-n", HOST, "-V", "-2d:-1d"), False, "expired"),
            (("-h", "-n", HOST, "-V", "+1d:+2d"), False, "not yet valid"),
            (("-h", "-n", HOST, "-O", "critical:x=y"), False,
             "unsupported critical")):
        assert sign(*how) == wanted, (how, s.log()[-2000:])
        if why:
            s.wait_log("Refusing certificate ID \"an id\" serial=0 signed by "
                       "ED25519 CA SHA256:\\S+ via /etc/ssh/ssh_known_hosts:1: "
                       ".*" + why)
    assert not sign("-h", "-n", HOST, ca=rsa_ca)
    s.wait_log("userauth_hostbased: certificate signature algorithm rsa-sha2-"
               "512: signature algorithm not supported \\[preauth\\]")
    assert sign("-h", "-n", HOST)
    assert not h.lets_in(s)  # its key alone isn't known
    rsa = h.make("rsa", "-t", "rsa", "-b", "2048", "-m", "PEM")
    subprocess.run(["ssh-keygen", "-q", "-s", ca, "-I", "x", "-h", "-n", HOST,
                    rsa + ".pub"], check=True)
    for alg, wanted in (("rsa-sha2-512-cert-v01@openssh.com", True),
                        ("rsa-sha2-256-cert-v01@openssh.com", True),
                        ("ssh-rsa-cert-v01@openssh.com", False)):
        assert h.lets_in(s, key=rsa, certificate=True, alg=alg) == wanted, alg
    for lines in (h.public(ca), HOST + " " + h.public(ca),
                  "@cert-authority other.example " + h.public(ca)):
        h.know(lines)
        assert not h.lets_in(s, certificate=True), lines
    trust = "@cert-authority * " + h.public(ca)
    for revoked in (h.public(ca), h.public(h.key)):
        h.know(trust, "@revoked *.example " + revoked)
        assert not h.lets_in(s, certificate=True), revoked
    h.know(trust)
    assert h.lets_in(s, certificate=True)


def test_algorithms(env):
    """HostbasedAcceptedAlgorithms, RequiredRSASize, RevokedKeys."""
    h = House(env)
    rsa = h.make("rsa", "-t", "rsa", "-b", "2048", "-m", "PEM")
    h.know(*("%s %s" % (HOST, h.public(k)) for k in (h.key, rsa)))
    for u in ("anna", "bert", "carl", "dora"):
        if u != "anna":
            h.world.add_user(u)
        h.file(".shosts", HOST + "\n", user=u)
    revoked = h.world.path("revoked")
    h.world.write("revoked", h.public(h.key) + "\n")
    s = h.server("Match User anna",
                 "HostbasedAcceptedAlgorithms rsa-sha2-512",
                 "Match User bert", "RequiredRSASize 3072",
                 "Match User carl", "RevokedKeys " + revoked)

    def ask(user, **how):
        return h.lets_in(s, user=user, client=user, **how)
    assert not ask("anna")
    s.wait_log("userauth_hostbased: signature algorithm ssh-ed25519 not in "
               "HostbasedAcceptedAlgorithms \\[preauth\\]")
    s.wait_log("Key refused for anna .*isn't in HostbasedAcceptedAlgorithms "
               "\\(\\S+ line \\d+\\)")
    assert ask("anna", key=rsa, alg="rsa-sha2-512")
    assert not ask("anna", key=rsa, alg="rsa-sha2-256")
    assert ask("dora", key=rsa, alg="rsa-sha2-256")
    assert not ask("dora", key=rsa, alg="ssh-rsa")
    assert ask("bert")
    assert not ask("bert", key=rsa, alg="rsa-sha2-512")
    s.wait_log("refusing RSA key: Invalid key length")
    assert not ask("carl")
    assert ask("carl", key=rsa, alg="rsa-sha2-512")
    s.wait_log("revoked by file " + revoked)


def test_names(env):
    """Whose name counts: the address's, confirmed, with UseDNS; the address
    without; the client's own with HostbasedUsesNameFromPacketOnly."""
    h = House(env)
    for u in ("bert", "carl"):
        h.world.add_user(u)
    other, plain = "other.example", h.public(h.key)
    s = h.server("UseDNS yes", "Match User anna",
                 "HostbasedUsesNameFromPacketOnly no")

    def set_up(known, *lines):
        h.know("%s %s" % (known, plain))
        for u in ("anna", "bert"):
            h.file(".shosts", "".join(x + "\n" for x in lines), user=u)

    def who(host):
        return [u for u in ("anna", "bert")
                if h.lets_in(s, user=u, client=u, host=host)]
    set_up(HOST, HOST)
    assert who(HOST + ".") == ["anna", "bert"]
    assert who(HOST) == ["anna", "bert"]
    assert who("Client.EXAMPLE.") == ["anna", "bert"]
    assert who(other + ".") == ["anna"]
    s.wait_log("userauth_hostbased mismatch: client sends other.example, but "
               "we resolve 127.0.0.1 to client.example")
    set_up(other, other)
    assert who(other) == ["bert"]
    assert who(HOST) == []
    # the address may stand in .rhosts for its name
    set_up(HOST, "127.0.0.1")
    assert who(HOST) == ["anna"]
    for host in ("", ".", "a b", "*", "client.example,x", "x" * 300, "a\0b"):
        assert who(host) == [], host
    # no name, no confirmation
    h.etc("hosts", "127.0.0.2 %s\n" % HOST)
    set_up(HOST, HOST)
    assert who(HOST) == ["bert"]
    by_address = h.server("UseDNS no", "Match User anna",
                          "HostbasedUsesNameFromPacketOnly no")
    set_up("127.0.0.1", "127.0.0.1")
    assert h.lets_in(by_address)
    set_up(HOST, HOST)
    assert not h.lets_in(by_address)
    by_address.wait_log("client sends client.example, but we resolve 127.0.0.1 "
                        "to 127.0.0.1")


def test_what_is_signed(env):
    """Another user, host or client than signed for; of a style, all of it."""
    h = House(env)
    h.know()
    h.file(".shosts", "%s\n%s carol\n" % (HOST, HOST))
    s = h.server()
    host = HOST + "."
    t = Talk(s)
    for sign in (("root", host, "anna"), ("anna", HOST, "anna"),
                 ("anna", host, "carol"), ("anna:style", host, "anna")):
        assert h.ask(t, sign=sign) == 51, sign
    assert h.ask(t, method="publickey") == 51
    assert h.ask(t, client='an"na') == 51
    assert h.ask(t, client="") == 51
    assert h.ask(t, client="anna carol") == 51
    assert h.ask(t) == 52
    assert h.lets_in(s, user="anna:style")
    # another connection's signature
    a, b = Talk(s), Talk(s)
    session = b.transport.session_id
    b.transport.session_id = a.transport.session_id
    assert h.ask(b) == 51
    b.transport.session_id = session
    assert h.ask(b) == 52
    # cut short, the request ends the connection
    a.send(50, "anna", "ssh-connection", "hostbased", "ssh-ed25519", "blob",
           host, "anna")
    assert a.next()[0] is None


def test_methods(env):
    """AuthenticationMethods with it, in every place; one key isn't two."""
    h = House(env)
    h.know()
    s = h.server(
        "ExposeAuthInfo yes", "Match User two",
        "AuthenticationMethods publickey,hostbased",
        "Match User first", "AuthenticationMethods hostbased,publickey",
        "Match User twice", "AuthenticationMethods hostbased,hostbased",
        "Match User only", "AuthenticationMethods publickey",
        "Match User either", "AuthenticationMethods hostbased publickey",
        "Match User off", "HostbasedAuthentication no")
    users = ("two", "first", "twice", "only", "either", "off")
    for u in users:
        h.world.add_user(u)
        h.file(".shosts", HOST + "\n", user=u)
    h.file(".shosts", HOST + "\n")

    def after(user):
        """Refused, with these methods left, in part or not; or let in."""
        t = Talk(s)
        number = h.ask(t, user=user, client=user)
        if number == 52:
            t.close()
            return "in"
        left = h.answer.get_text(), h.answer.get_boolean()
        t.close()
        return left
    both = "publickey,password,keyboard-interactive"
    assert after("two") == ("publickey", False)
    assert after("first") == ("publickey", True)
    assert after("only") == ("publickey", False)
    assert after("either") == "in"
    assert after("off") == (both, False)
    t = Talk(s)
    assert t.failure("anna", "none") == (both + ",hostbased", False)
    t.close()
    s.wait_log("Partial hostbased for first from 127")
    # the same key isn't a second step, another is
    second = h.make("second")
    h.know(*("%s %s" % (HOST, h.public(k)) for k in (h.key, second)))
    t = Talk(s)
    assert h.ask(t, user="twice", client="twice") == 51
    assert h.answer.get_text() == "hostbased" and h.answer.get_boolean()
    assert h.ask(t, user="twice", client="twice") == 51
    assert h.answer.get_text() == "hostbased" and not h.answer.get_boolean()
    s.wait_log("refusing previously-used ED25519 key")
    assert h.ask(t, user="twice", client="twice", key=second) == 52
    t.close()


def test_tries_are_counted(env):
    """MaxAuthTries; the log's lines of those who fail."""
    h = House(env)
    h.know()
    h.file(".shosts", HOST + "\n")
    s = h.env.server("HostbasedAuthentication yes", "MaxAuthTries 3",
                     "HostbasedUsesNameFromPacketOnly yes", "UsePAM no",
                     world=h.world)
    t = Talk(s)
    assert h.ask(t) == 51  # IgnoreRhosts is yes
    assert h.ask(t) == 51
    assert h.ask(t) is None
    s.wait_log("Failed hostbased for anna from 127.0.0.1 port \\d+ ssh2: "
               "ED25519 SHA256:\\S+, client user \"anna\", client host "
               "\"client.example\"\n")
    s.wait_log("maximum authentication attempts exceeded for anna")


def test_onlookers_learn_nothing(env):
    """Nobody, a denied one, one whose host isn't trusted: the same answers,
    though the host's key is known and the signature right."""
    h = House(env)
    h.know()
    h.etc("hosts.equiv", HOST + "\n")
    h.world.add_user("denied")
    s = h.server("DenyUsers denied", "Match User off",
                 "HostbasedAuthentication no")
    h.etc("hosts.equiv", "-%s anna\n%s\n" % (HOST, HOST))
    answers = set()
    for u in ("anna", "denied", "nobodyatall"):
        t = Talk(s)
        first = t.failure(u, "none")
        assert h.ask(t, user=u, client=u) == 51
        answers.add((first, h.answer.get_text(), h.answer.get_boolean()))
        t.close()
    assert len(answers) == 1, answers
    s.wait_log("Failed hostbased for invalid user nobodyatall from 127")
    s.wait_log("Failed hostbased for invalid user denied from 127")


def test_with_pam(env):
    """Account management has its say; a password and a host together, with a
    netgroup that is asked for after the password was seen."""
    w, lines = pam_world(env)
    h = House(env, w)
    h.know()
    h.etc("netgroup", "hosts (client.example,,)\n")
    h.etc("nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\n"
          "netgroup: files\n")
    h.file(".shosts", "@hosts\n")
    on = ("HostbasedAuthentication yes", "IgnoreRhosts no",
          "HostbasedUsesNameFromPacketOnly yes")
    s = h.env.server(*lines, *on, world=w)
    assert h.lets_in(s), s.log()[-3000:]
    s.stop()
    s = h.env.server(*lines, *on, "AuthenticationMethods password,hostbased",
                     world=w)
    assert not h.lets_in(s)
    t = Talk(s)
    assert t.failure("anna", "password", False, "annas word") == (
        "hostbased", True), s.log()[-3000:]
    assert h.ask(t) == 52, s.log()[-3000:]
    t.close()
    s.stop()
    h.etc("pam.d/sallyport-test", "account required pam_deny.so\n")
    s = h.env.server(*lines, *on, world=w)
    t = Talk(s)
    assert h.ask(t) is None
    s.wait_log("Access denied for user anna by PAM account configuration")


def test_explained(env):
    """What sallyportctl says of it is what the daemon does."""
    h = House(env)
    h.world.add_user("off")
    ctl = os.path.join(os.path.dirname(env.program), "sallyportctl")
    if not os.path.exists(ctl):
        raise Skip("sallyportctl isn't beside the daemon")
    s = h.server("PubkeyAuthentication no", "PasswordAuthentication no",
                 "KbdInteractiveAuthentication no", "Match User off",
                 "HostbasedAuthentication no")
    h.know()

    def explain(user):
        r = subprocess.run(h.world.wrap(
            [ctl, "explain", "-f", s.config, "--user", user, "--addr",
             "127.0.0.1"]), capture_output=True, text=True, timeout=60)
        return r.returncode, r.stdout
    h.file(".shosts", HOST + "\n")
    h.file(".shosts", HOST + "\n", user="off")
    code, text = explain("anna")
    assert code == 0 and "\nmay try\n" in text, text
    assert "hostbased: HostbasedAuthentication yes (%s line 1)" % s.config in \
        text, text
    assert "IgnoreRhosts no (%s line 2)" % s.config in text, text
    assert "the host is called what it says" in text, text
    assert h.lets_in(s)
    code, text = explain("off")
    assert code == 1 and "\nrefused\n" in text, text
    assert "hostbased: HostbasedAuthentication no" in text, text
    assert not h.lets_in(s, user="off", client="off")
