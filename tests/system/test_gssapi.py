"""gssapi-with-mic against a KDC of the test's own, on loopback: who gets in by
which ticket, what becomes of delegated ones, what garbage does."""

import ctypes
import os
import re
import shutil
import subprocess
import tempfile
import time

from lib import Skip, children, free_port, status, title, wait_for
from talk import Talk

REALM = "SALLYPORT.TEST"
PROGRAMS = ("kdb5_util", "kadmin.local", "krb5kdc", "kinit")


def program(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") +
                        ":/usr/sbin:/sbin")
    if path is None:
        raise Skip("needs " + name + " (krb5-kdc, krb5-admin-server, krb5-user)")
    return path


def built_in(env):
    with open(env.program, "rb") as f:
        return b"libkrb5.so.3" in f.read()


class Kdc:
    """A realm, its KDC, a keytab of host/localhost, tickets."""

    def __init__(self, env, realm=REALM, lifetime="1h"):
        env.need_root()
        if not built_in(env):
            raise Skip("built without GSSAPI")
        self.programs = {name: program(name) for name in PROGRAMS}
        self.env = env
        self.realm = realm
        self.dir = tempfile.mkdtemp(prefix="kdc-", dir=env.dir)
        os.chmod(self.dir, 0o755)
        self.port = free_port()
        self.keytab = self.path("keytab")
        self.config = self.path("krb5.conf")
        self.write("kdc.conf", """
[kdcdefaults]
 kdc_listen = 127.0.0.1:%d
 kdc_tcp_listen = ""
[realms]
 %s = {
  database_name = %s
  key_stash_file = %s
  max_life = 10h
  max_renewable_life = 10h
 }
""" % (self.port, realm, self.path("principal"), self.path("stash")))
        self.configure()
        self.environment = {"KRB5_CONFIG": self.config,
                            "KRB5_KDC_PROFILE": self.path("kdc.conf"),
                            "KRB5_KTNAME": "FILE:" + self.keytab,
                            "KRB5CCNAME": "FILE:" + self.path("cc")}
        self.run("kdb5_util", "create", "-s", "-P", "master", "-r", realm)
        self.admin("addprinc -randkey host/localhost")
        self.admin("ktadd -k %s host/localhost" % self.keytab)
        self.process = subprocess.Popen(
            [self.programs["krb5kdc"], "-n", "-r", realm],
            env=dict(os.environ, **self.environment),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(self.path("kdc.log"), "ab"))

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.process.kill()
        self.process.wait()

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        os.chmod(self.path(name), 0o644)

    def configure(self, *lines):
        """krb5.conf, of clients and of the daemon."""
        self.write("krb5.conf", """
[libdefaults]
 default_realm = %s
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 forwardable = true
 %s
[realms]
 %s = {
  kdc = 127.0.0.1:%d
 }
[domain_realm]
 localhost = %s
""" % (self.realm, "\n ".join(lines), self.realm, self.port, self.realm))

    def run(self, name, *args, input=None):
        r = subprocess.run([self.programs[name]] + list(args), input=input,
                           text=True, capture_output=True,
                           env=dict(os.environ, **self.environment))
        assert r.returncode == 0, (name, args, r.stdout, r.stderr)
        return r.stdout

    def admin(self, command):
        return self.run("kadmin.local", "-r", self.realm, "-q", command)

    def add(self, name):
        self.admin("addprinc -pw secret-%s %s" % (name, name))

    def ticket(self, name, *args):
        """kinit; waits for the KDC."""
        def got():
            r = subprocess.run(
                [self.programs["kinit"], *args, name],
                input="secret-%s\n" % name, text=True, capture_output=True,
                env=dict(os.environ, **self.environment))
            self.said = r.stdout + r.stderr
            return r.returncode == 0
        wait_for(got, 20, "a ticket for " + name)

    def server(self, *lines, host="localhost", **how):
        how.setdefault("environment", {
            name: self.environment[name]
            for name in ("KRB5_CONFIG", "KRB5_KTNAME")})
        return self.env.server(
            "GSSAPIAuthentication yes", *lines,
            wrap=["unshare", "--uts", "sh", "-c",
                  'hostname %s && exec "$@"' % host, "sh"], **how)

    def ssh(self, server, *command, options=(), delegate=False, user=None):
        return subprocess.run(
            server.ssh_args(
                *options, "-4", "-o", "GSSAPIAuthentication=yes",
                "-o", "GSSAPIDelegateCredentials=" +
                ("yes" if delegate else "no"),
                "-o", "PreferredAuthentications=gssapi-with-mic",
                "-o", "HostName=localhost",
                "-o", "HostKeyAlias=[127.0.0.1]:%d" % server.port,
                key=None, user=user) + list(command),
            capture_output=True, stdin=subprocess.DEVNULL, timeout=60,
            env=dict(os.environ, **self.environment))


def test_a_ticket_lets_in(env):
    """The user's own principal, logged as by sshd; nobody without one."""
    with Kdc(env) as kdc:
        kdc.add(env.user)
        s = kdc.server()
        assert kdc.ssh(s, "echo in").returncode == 255
        kdc.ticket(env.user)
        r = kdc.ssh(s, "echo in; echo $KRB5CCNAME")
        assert r.stdout == b"in\n\n", (r, s.log()[-3000:])
        s.wait_log(r"Authorized to %s, krb5 principal %s@%s \(krb5_kuserok\)" %
                   (env.user, env.user, REALM))
        s.wait_log(r"Accepted gssapi-with-mic for %s from 127.0.0.1 port \d+ "
                   r"ssh2: %s@%s\n" % (env.user, env.user, REALM))


def refused(kdc, server, why, **how):
    before = len(server.log())
    r = kdc.ssh(server, "echo in", **how)
    assert r.returncode == 255 and r.stdout == b"", (r, server.log()[-3000:])
    wait_for(lambda: re.search(why, server.log()[before:]), 10,
             "%r in %s" % (why, server.log()[before:]))


def test_who_may_be_whom(env):
    """Another principal needs a line of the user's .k5login, which nobody else
    may have written; with one, the user's own is no exception."""
    with Kdc(env) as kdc:
        kdc.add("visitor")
        kdc.ticket("visitor")
        s = kdc.server()
        no = (r"Not authorized to %s, krb5 principal visitor@%s .*\n(.*\n)*"
              r".*Failed gssapi-with-mic for %s " % (env.user, REALM, env.user))
        refused(kdc, s, no)
        login = os.path.join(env.account.pw_dir, ".k5login")
        try:
            with open(login, "w") as f:
                f.write("visitor@%s\n" % REALM)
            os.chown(login, 12345, 12345)
            refused(kdc, s, no)
            os.chown(login, env.account.pw_uid, env.account.pw_gid)
            os.chmod(login, 0o600)
            assert kdc.ssh(s, "echo in").stdout == b"in\n", s.log()[-3000:]
            # whoever isn't there, or is denied, has no say, nor a line
            for user in ("nobody-here", "root"):
                refused(kdc, s, r"Failed gssapi-with-mic for (invalid user )?"
                        "%s from" % user, user=user)
            # a root-only file is read with the user's rights, so it isn't
            os.chown(login, 0, 0)
            refused(kdc, s, no)
            with open(login, "w") as f:
                f.write("visitor@OTHER.TEST\n")
            os.chown(login, env.account.pw_uid, env.account.pw_gid)
            refused(kdc, s, no)
        finally:
            os.unlink(login)


def test_the_hosts_own_name(env):
    """A ticket for another name of this host is good where the acceptor isn't
    strict; a host with a short name has keys by its long one."""
    with Kdc(env) as kdc:
        kdc.add(env.user)
        kdc.ticket(env.user)
        strange = "no tickets can be accepted: the keytab has no key of"
        s = kdc.server(host="elsewhere")
        refused(kdc, s, strange)
        s.stop()
        s = kdc.server("GSSAPIStrictAcceptorCheck no", host="elsewhere")
        assert kdc.ssh(s, "echo in").stdout == b"in\n", s.log()[-3000:]
        s.stop()
        # only the short name's host is the same, whatever comes first
        kdc.admin("addprinc -randkey host/short.localdomain")
        kdc.admin("ktadd -k %s host/short.localdomain" % kdc.keytab)
        s = kdc.server(host="short")
        refused(kdc, s, "token refused")
        s.stop()
        s = kdc.server(host="shor")
        refused(kdc, s, strange)
        s.stop()
        s = kdc.server(environment={
            "KRB5_CONFIG": kdc.config, "KRB5_KTNAME": "FILE:/nonexistent"})
        refused(kdc, s, "no tickets can be accepted: .*/nonexistent")


def test_delegated_tickets(env):
    """They are the user's, in a file that nobody else can read, known to the
    shell; gone with the session, if that is wished."""
    look = ('echo in; echo "$KRB5CCNAME"; stat -c "%a %U" '
            '"${KRB5CCNAME#FILE:}"; klist')
    shutil.which("klist") or Skip("needs klist")
    with Kdc(env) as kdc:
        kdc.add(env.user)
        kdc.ticket(env.user)

        def run(s, delegate=True):
            r = kdc.ssh(s, look, delegate=delegate)
            lines = r.stdout.decode().split("\n")
            assert lines[0] == "in", (r, s.log()[-3000:])
            return lines[1:]
        s = kdc.server()
        name, mode, *rest = run(s)
        path = name[len("FILE:"):]
        assert re.fullmatch("FILE:/tmp/krb5cc_%d_[A-Za-z0-9]{6}" %
                            env.account.pw_uid, name), name
        assert mode == "600 " + env.user, mode
        text = "\n".join(rest)
        assert "Default principal: %s@%s" % (env.user, REALM) in text, text
        assert "krbtgt/%s@%s" % (REALM, REALM) in text, text
        wait_for(lambda: not os.path.exists(path), what="the cache's end")
        assert run(s, delegate=False)[0] == ""
        s.stop()
        s = kdc.server("GSSAPICleanupCredentials no")
        path = run(s)[0][len("FILE:"):]
        s.stop()
        assert os.stat(path).st_uid == env.account.pw_uid
        os.unlink(path)
        s = kdc.server("GSSAPIDelegateCredentials no")
        assert run(s)[0] == ""


def test_steps_and_pam(env):
    """It is a step of AuthenticationMethods like others; PAM's modules are told
    of delegated tickets, and what they have to say counts."""
    w = env.world()
    w.add_user("anna", "word")
    with Kdc(env) as kdc:
        kdc.add("anna")
        kdc.ticket("anna")
        w.write("etc/show", "#!/bin/sh\necho \"$KRB5CCNAME\" >%s\n" %
                w.path("log/shown"), 0o755)
        service = w.service("auth required pam_permit.so",
                            "account required pam_permit.so",
                            "session required pam_exec.so /etc/show")
        s = kdc.server("UsePAM yes", service, world=w,
                       **{"host": "localhost"})
        r = kdc.ssh(s, "echo $KRB5CCNAME", user="anna", delegate=True)
        assert r.stdout.startswith(b"FILE:/tmp/krb5cc_"), (
            r, s.log()[-3000:])
        with open(w.path("log/shown"), "rb") as f:
            assert f.read() == r.stdout
        s.stop()
        w.service("auth required pam_permit.so",
                  "account required pam_deny.so")
        s = kdc.server("UsePAM yes", service, world=w)
        assert kdc.ssh(s, "true", user="anna").returncode == 255
        s.wait_log("Access denied for user anna by PAM account configuration")
        s.stop()
        s = kdc.server("AuthenticationMethods gssapi-with-mic,publickey",
                       "ExposeAuthInfo yes", world=w)
        r = kdc.ssh(s, "cat $SSH_USER_AUTH", user="anna", options=(
            "-o", "PreferredAuthentications=gssapi-with-mic,publickey",
            "-o", "IdentitiesOnly=yes",
            "-i", os.path.join(env.keys, "user_ed25519")))
        lines = r.stdout.decode().split("\n")
        assert lines[0] == "gssapi-with-mic anna@" + REALM, (
            r, s.log()[-3000:])
        assert lines[1].startswith("publickey ssh-ed25519 "), r
        s.wait_log(r"Partial gssapi-with-mic for anna from")
        refused(kdc, s, "Partial gssapi-with-mic", user="anna")


# ---- message by message ------------------------------------------------------

KRB5 = bytes.fromhex("06092a864886f712010202")
METHOD = "gssapi-with-mic"
RESPONSE, TOKEN, COMPLETE, ERRTOK, MIC = 60, 61, 63, 65, 66
DELEG, MUTUAL, INTEG = 1, 2, 32


class Buffer(ctypes.Structure):
    _fields_ = [("length", ctypes.c_size_t), ("value", ctypes.c_void_p)]

    def octets(self):
        return ctypes.string_at(self.value, self.length) if self.length else b""


def buffer(octets):
    room = ctypes.create_string_buffer(octets, len(octets))
    b = Buffer(len(octets), ctypes.cast(room, ctypes.c_void_p))
    b.room = room
    return b


class Context:
    """A client's side of one exchange, by libgssapi."""

    def __init__(self, kdc, flags=MUTUAL | INTEG):
        for name in ("KRB5_CONFIG", "KRB5CCNAME"):
            os.environ[name] = kdc.environment[name]
        self.gss = ctypes.CDLL("libgssapi_krb5.so.2")
        self.minor = ctypes.c_uint32()
        self.context = ctypes.c_void_p()
        self.name = ctypes.c_void_p()
        self.flags = flags
        kind = ctypes.c_void_p.in_dll(self.gss, "GSS_C_NT_HOSTBASED_SERVICE")
        self.done(self.gss.gss_import_name(
            ctypes.byref(self.minor), ctypes.byref(buffer(b"host@localhost")),
            kind, ctypes.byref(self.name)))

    def done(self, major):
        assert major & 0xffff0000 == 0, (hex(major), self.minor.value)

    def token(self, theirs=b""):
        out = Buffer()
        self.done(self.gss.gss_init_sec_context(
            ctypes.byref(self.minor), None, ctypes.byref(self.context),
            self.name, None, self.flags, 0, None, ctypes.byref(buffer(theirs)),
            None, ctypes.byref(out), None, None))
        return out.octets()

    def mic(self, octets):
        out = Buffer()
        self.done(self.gss.gss_get_mic(
            ctypes.byref(self.minor), self.context, 0,
            ctypes.byref(buffer(octets)), ctypes.byref(out)))
        return out.octets()


def string(x):
    x = x.encode() if isinstance(x, str) else x
    return len(x).to_bytes(4, "big") + x


def mic_data(talk, user, method=METHOD, session=None):
    return (string(session or talk.transport.session_id) + bytes([50]) +
            string(user) + string("ssh-connection") + string(method))


def begin(server, user, *mechanisms):
    talk = Talk(server)
    n, m = talk.request(user, METHOD, len(mechanisms or [KRB5]),
                        *(mechanisms or [KRB5]))
    if n == RESPONSE:
        assert m.get_string() == KRB5
    return talk, n


def give(talk, token):
    """Send a token; (number of the answer, its string)."""
    talk.send(TOKEN, token)
    n, m = talk.next()
    return n, m.get_string() if n in (TOKEN, ERRTOK) else b""


def test_the_mic_decides(env):
    """Over this connection's id and this user, with the key of this exchange;
    and nothing lets in without one."""
    with Kdc(env) as kdc:
        kdc.add(env.user)
        kdc.ticket(env.user)
        s = kdc.server("MaxAuthTries 20")

        def tries(make, flags=MUTUAL | INTEG):
            talk, n = begin(s, env.user)
            context = Context(kdc, flags)
            ours = context.token()
            if flags & MUTUAL:
                n, theirs = give(talk, ours)
                assert n == TOKEN, n
                context.token(theirs)
            else:
                talk.send(TOKEN, ours)
            talk.send(*make(talk, context))
            return talk.next()[0]

        def over(**how):
            return lambda talk, context: (
                MIC, context.mic(mic_data(talk, **dict({"user": env.user},
                                                       **how))))
        assert tries(over()) == 52
        assert tries(over(), flags=INTEG) == 52
        assert tries(over(user="root")) == 51
        assert tries(over(method="gssapi-keyex")) == 51
        assert tries(over(session=b"x" * 32)) == 51
        s.wait_log("MIC refused: ")
        assert tries(lambda talk, context: (COMPLETE,)) == 51
        assert tries(lambda talk, context: (MIC, b"")) == 51
        assert tries(lambda talk, context: (
            MIC, context.mic(mic_data(talk, env.user))[:-1] + b"x")) == 51
        # a MIC before the token, a second token, a MIC behind the end
        talk, n = begin(s, env.user)
        talk.send(MIC, b"x")
        assert talk.next()[0] is None
        assert tries(lambda talk, context: (TOKEN, b"x")) is None
        # whoever saw the token has no key for a MIC
        context = Context(kdc)
        ours = context.token()
        for _ in range(2):
            talk, n = begin(s, env.user)
            assert give(talk, ours)[0] == TOKEN
        talk.send(MIC, b"\4\4\4\xff\xff\xff\xff\xff" + bytes(8) + b"x" * 12)
        assert talk.next()[0] == 51
        assert len(re.findall("Accepted gssapi", s.log())) == 2


def test_garbage_and_other_mechanisms(env):
    """Refused, counted, and the next request is served; users that aren't
    there hear the same."""
    with Kdc(env) as kdc:
        kdc.add(env.user)
        kdc.ticket(env.user)
        s = kdc.server()
        good = Context(kdc).token()
        heard = []
        for user in (env.user, "nobody-here"):
            talk, n = begin(s, user)
            heard.append([n])
            heard[-1] += give(talk, b"")
            # a fault in the ticket: the mechanism's own error goes there first
            for at in (len(good) // 2, len(good) - 1):
                token = good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]
                assert talk.request(user, METHOD, 1, KRB5)[0] == RESPONSE
                n, error = give(talk, token)
                heard[-1] += [n, talk.next()[0] if n == ERRTOK else None]
            assert talk.request(user, METHOD, 2, b"\6\1x", KRB5)[0] == RESPONSE
            talk.send(ERRTOK, b"what?")  # isn't answered
            heard[-1] += talk.failure(user, METHOD, 1, b"\6\1x")
            heard[-1] += talk.request(user, METHOD, 0)[:1]  # MaxAuthTries
            talk.close()
        assert heard[0] == heard[1], heard
        assert heard[0] == [RESPONSE, 51, b"", ERRTOK, 51, ERRTOK, 51,
                            "publickey,gssapi-with-mic,password,"
                            "keyboard-interactive", False, None], heard
        talk = Talk(s)
        talk.send(50, env.user, "ssh-connection", METHOD, 99, KRB5)
        assert talk.next()[0] is None  # fewer than it says
        assert "crash" not in s.log()


def test_tickets_that_are_not_good(env):
    """Of another realm, or too old."""
    with Kdc(env) as kdc, Kdc(env, realm="OTHER.TEST") as other:
        kdc.configure("clockskew = 1")
        for k in (kdc, other):
            k.add(env.user)
        s = kdc.server()
        kdc.ticket(env.user, "-l", "2s")
        token = Context(kdc).token()
        began = time.monotonic()
        other.ticket(env.user)
        refused(other, s, "token refused: ")
        # its host key is in the keytab; yet it is another's realm
        other.admin("ktadd -norandkey -k %s host/localhost" % kdc.keytab)
        refused(other, s, "Not authorized to %s, krb5 principal %s@OTHER.TEST"
                % (env.user, env.user))
        wait_for(lambda: time.monotonic() > began + 4)
        talk, n = begin(s, env.user)
        n, error = give(talk, token)
        assert (n, talk.next()[0]) == (ERRTOK, 51)
        s.wait_log("token refused: Ticket expired")


def test_the_acceptor_has_no_right(env):
    """What reads tokens is nobody, in an empty directory, behind a filter,
    with a channel and nothing else; and is there only as long as it is
    needed."""
    with Kdc(env) as kdc:
        kdc.add(env.user)
        kdc.ticket(env.user)
        s = kdc.server()

        def acceptors():
            return [p for m in s.monitors() for p in children(m)
                    if "gssapi" in title(p)]
        s.login_works()
        assert not acceptors()
        talk, n = begin(s, env.user)
        pid, = acceptors()
        facts = status(pid)
        assert facts["Seccomp"].strip() == "2", facts
        assert facts["NoNewPrivs"].strip() == "1", facts
        assert "0" not in facts["Uid"].split(), facts
        assert set(facts["CapPrm"].strip()) == {"0"}, facts
        assert os.readlink("/proc/%d/root" % pid) == "/run/sshd"
        names = {os.readlink(f.path).split(":")[0]
                 for f in os.scandir("/proc/%d/fd" % pid)}
        assert names <= {"/dev/null", "socket", s.logfile}, names
        talk.request(env.user, "none")
        wait_for(lambda: not acceptors(), what="the acceptor's end")
        talk, n = begin(s, env.user)
        talk.close()
        wait_for(lambda: not acceptors(), what="the acceptor's end")
        # one that dies of what it reads isn't the connection's problem alone
        talk, n = begin(s, env.user)
        pid, = acceptors()
        os.kill(pid, 11)
        n, _ = give(talk, Context(kdc).token())
        assert n in (51, None), n
        talk.close()
        s.wait_log("unpriv child crash")
        s.login_works()
