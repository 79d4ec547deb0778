"""Configuration and command line, from outside."""

import os
import re
import subprocess

from lib import wait_for


def run(env, *args, config=None, stdin=subprocess.DEVNULL):
    path = os.path.join(env.dir, "config-under-test")
    if config is not None:
        with open(path, "w") as f:
            f.write(config)
        args += ("-f", path)
    return subprocess.run([env.program] + list(args), capture_output=True,
                          text=True, timeout=30, stdin=stdin)


def key(env):
    return "HostKey %s/host_ed25519\n" % env.keys


def test_errors_name_file_line_and_keyword(env):
    """-t: where and what, and the status that scripts look at."""
    path = os.path.join(env.dir, "config-under-test")
    for text, status, pattern in (
            ("NoSuchThing yes\n", 255,
             r"%s: line 2: Bad configuration option: NoSuchThing" % path),
            ("PermitRootLogin perhaps\n", 255, r"%s line 2: .*perhaps" % path),
            ("\n\nPort 70000\n", 255, r"%s line 4: " % path),
            ("Port\n", 255, r"%s line 2: no argument after keyword .Port." %
             path),
            ('Banner "x\n', 255, r"%s line 2: invalid quotes" % path),
            ("MaxAuthTries 1 2\n", 255,
             r"%s line 2: keyword MaxAuthTries extra arguments at end of line"
             % path),
            ("Ciphers nothing\n", 255,
             r"%s line 2: Bad SSH2 cipher spec 'nothing'" % path),
            ("Match User x\nPort 22\n", 255,
             r"%s line 3: Directive 'Port' is not allowed within a Match "
             r"block" % path),
            ("Match Colour red\n", 255, r"Unsupported Match attribute Colour"),
            ("LoginGraceTime 1x\n", 255, r"%s line 2: invalid time value" %
             path)):
        r = run(env, "-t", config=key(env) + text)
        assert r.returncode == status, (text, r)
        assert re.search(pattern, r.stderr), (text, r)
        assert r.stdout == "", r
    r = run(env, "-t", config=key(env))
    assert (r.returncode, r.stdout, r.stderr) == (0, "", ""), r


def test_errors_of_included_files(env):
    """The file that holds the error is named; a missing pattern is
    nothing."""
    folder = os.path.join(env.dir, "included")
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/a.conf", "w") as f:
        f.write("MaxAuthTries 3\n")
    with open(folder + "/b.conf", "w") as f:
        f.write("# fine\nNoSuchThing\n")
    r = run(env, "-t", config=key(env) + "Include %s/*.conf\n" % folder)
    assert r.returncode == 255, r
    assert "%s/b.conf" % folder in r.stderr and "line 2" in r.stderr, r
    os.unlink(folder + "/b.conf")
    r = run(env, "-T", config="Include %s/*.conf %s/none*\nMaxAuthTries 4\n" %
            (folder, folder) + key(env))
    assert re.search("(?im)^maxauthtries 3$", r.stdout), r


def test_dump_fed_back(env):
    """-T's output is a configuration, and gives the same dump."""
    text = key(env) + """
Port 2222
ListenAddress 127.0.0.1
MaxStartups 5:50:60
LoginGraceTime 90
AllowUsers a b@127.0.0.1 !c
DenyGroups x
AcceptEnv LANG LC_*
SetEnv A=b C="d e"
Subsystem sftp /usr/lib/sftp -x "a b"
RekeyLimit 1G 1h
Ciphers aes128-ctr,aes256-gcm@openssh.com
MACs -hmac-sha1*
KexAlgorithms ^curve25519-sha256
AuthenticationMethods publickey,password publickey
ClientAliveInterval 7
PermitUserEnvironment LANG
ChannelTimeout session=5m *=1h
PerSourcePenalties crash:3600s
VersionAddendum hello there
ForceCommand echo "a  b" # not a comment
Banner /etc/issue
"""
    first = run(env, "-T", config=text)
    again = run(env, "-T", config=first.stdout)
    for r in (first, again):
        assert r.returncode == 0, r
        assert all(re.search("line \\d+: \\w+ isn't acted upon yet$", line)
                   for line in r.stderr.splitlines()), r.stderr
    assert again.stdout == first.stdout, [
        pair for pair in zip(first.stdout.splitlines(),
                             again.stdout.splitlines()) if pair[0] != pair[1]]
    plain = run(env, "-G", config=text)
    assert plain.stdout == first.stdout


def test_dump_for_a_connection(env):
    """-T -C applies the Match blocks that hold."""
    text = key(env) + """MaxAuthTries 6
Match User anna Address 127.0.0.0/8
MaxAuthTries 1
Match LocalPort 2222
MaxAuthTries 2
Match all
MaxAuthTries 3
"""
    for spec, value in ((None, 6), ("user=anna,addr=127.0.0.1,lport=1", 1),
                        ("user=anna,addr=192.0.2.1,lport=2222", 2),
                        ("user=bert,addr=192.0.2.1", 3)):
        args = ("-T",) + (("-C", spec) if spec else ())
        r = run(env, *args, config=text)
        assert re.search("(?im)^maxauthtries %d$" % value, r.stdout), (spec, r)
    r = run(env, "-T", "-C", "nonsense", config=text)
    assert r.returncode == 1, r
    assert "Invalid test mode specification nonsense" in r.stderr, r


def test_options_win_over_the_file(env):
    """-o, -p, -g and -h before the file; wrong ones are told."""
    text = key(env) + "Port 1111\nLoginGraceTime 30\n"
    r = run(env, "-T", "-o", "MaxAuthTries=2", "-p", "3333", "-p", "4444",
            "-g", "1m", config=text)
    out = r.stdout.lower()
    assert "port 3333\nport 4444\n" in out and "port 1111" not in out, r
    assert "maxauthtries 2\n" in out and "logingracetime 60\n" in out, r
    for args, status, words in (
            (("-p", "0"), 1, "Bad port number."),
            (("-g", "x"), 1, "Invalid login grace time."),
            (("-o", "NoSuch=1", "-t"), 1, "Bad configuration option: NoSuch"),
            (("-Z",), 1, "usage:"), (("word",), 1, "Extra argument word."),
            (("-R",), 255, "-R not supported here"),
            (("-C", "user=x"), 1, "-C")):
        r = run(env, *args, config=text)
        assert r.returncode in ((status, 255) if "NoSuch" in words else
                                (status,)) and words in r.stderr, (args, r)
    r = run(env, "-V")
    assert r.returncode == 0 and "Sallyport_" in r.stderr, r
    for flags in (("-k", "1h"), ("-q",), ("-b", "768"), ("-u", "0"), ("-r",)):
        assert run(env, *flags, "-t", config=key(env)).returncode == 0, flags


def test_missing_files(env):
    """A configuration that isn't there ends the start; -f none is none."""
    r = run(env, "-t", "-f", "/no/such/file")
    assert r.returncode != 0 and "/no/such/file" in r.stderr, r
    r = run(env, "-G", "-f", "none")
    assert r.returncode == 0 and re.search("(?im)^port 22$", r.stdout), r
    r = run(env, "-t", config="HostKey /no/such/key\n")
    assert r.returncode == 1, r
    assert "/no/such/key" in r.stderr, r
    assert "no hostkeys available" in r.stderr, r


def test_keywords_that_are_not_built_yet(env):
    """Known to sshd, not to us: one warning in the log, and it serves."""
    s = env.server("X11Forwarding yes", "UseLogin no", "RSAAuthentication yes")
    s.login_works()
    s.stop()
    s = env.server("GSSAPIAuthentication yes", "KerberosAuthentication no",
                   "DebianBanner no")
    s.login_works()


def test_version_addendum(env):
    """It is in the identification line, which the exchange hash covers."""
    s = env.server("VersionAddendum on the house")
    c = s.connect()
    line = c.makefile("rb").readline()
    assert re.match(rb"SSH-2\.0-Sallyport_\S+ OpenSSH_9\.9 on the house\r\n$",
                    line), line
    c.close()
    s.login_works()


def test_every_address_and_port(env):
    """Several ports and addresses; one that is taken is told, the others
    serve."""
    import socket
    from lib import free_port
    other, taken = free_port(), free_port()
    with socket.socket() as blocker:
        blocker.bind(("127.0.0.1", taken))
        blocker.listen()
        s = env.server("Port %d" % other, "Port %d" % taken)
        s.wait_log(r"(?m)^Bind to port %d on 127.0.0.1 failed: Address already "
                   r"in use" % taken)
        s.wait_log("Server listening on 127.0.0.1 port %d." % other)
        s.login_works()
        with socket.create_connection(("127.0.0.1", other), timeout=10) as c:
            assert c.recv(8) == b"SSH-2.0-"


def test_ipv6(env):
    """[::1], with the address bare in the log."""
    import socket
    from lib import Skip
    try:
        with socket.socket(socket.AF_INET6) as c:
            c.bind(("::1", 0))
    except OSError:
        raise Skip("no IPv6 here")
    s = env.server("ListenAddress ::1", "Match Address ::1/128",
                   "ForceCommand echo six")
    args = s.ssh_args()
    args[-1] = args[-1].replace("127.0.0.1", "::1")
    with open(s.known_hosts, "a") as f:
        f.write("[::1]:%d %s" % (s.port, env.public("host_ed25519")))
    r = subprocess.run(args + ["true"], capture_output=True, timeout=30,
                       stdin=subprocess.DEVNULL)
    assert r.stdout == b"six\n", (r, s.log()[-2000:])
    s.wait_log(r"Accepted publickey for %s from ::1 port \d+ ssh2" % env.user)
    s.wait_log(r"Server listening on ::1 port %d\." % s.port)


def test_notify_socket(env):
    """READY, RELOADING and STOPPING go to systemd's socket."""
    import signal
    import socket
    path = os.path.join(env.dir, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as n:
        n.bind(path)
        n.settimeout(20)
        s = env.server(environment={"NOTIFY_SOCKET": path})
        first = n.recv(1000)
        assert first.startswith(b"READY=1") and \
            b"MAINPID=%d" % s.pid in first, first
        os.kill(s.pid, signal.SIGHUP)
        assert re.match(rb"RELOADING=1\nMONOTONIC_USEC=\d+", n.recv(1000))
        assert n.recv(1000).startswith(b"READY=1")
        os.kill(s.pid, signal.SIGTERM)
        assert n.recv(1000).startswith(b"STOPPING=1")


def test_a_relative_path_is_refused_or_made_absolute(env):
    """Called by a relative name it can still restart."""
    import shutil
    import signal
    s = env.server(start=False)
    shutil.copy(env.program, os.path.join(s.dir, "prog"))
    s.wrap = ["sh", "-c", 'cd "$0" && exec "$@"', s.dir]
    s.program = "./prog"
    try:
        s.start()
    except AssertionError as why:
        assert "absolute path" in str(why), why
        return
    os.unlink(s.pidfile)
    os.kill(s.pid, signal.SIGHUP)
    wait_for(lambda: os.path.exists(s.pidfile), 10, "the reload")
    s.login_works()


def test_rules_for_addresses_before_the_key_exchange(env):
    """Ciphers and the like in a block of addresses: who comes from there gets
    them, the others don't, and so it stays when keys are exchanged again."""
    s = env.server("Ciphers aes256-gcm@openssh.com",
                   "Match Address 127.0.0.2", "Ciphers aes128-cbc",
                   "MACs hmac-sha1", "HostKeyAlgorithms ecdsa-sha2-nistp256",
                   "KexAlgorithms diffie-hellman-group14-sha256",
                   "Match User %s" % env.user, "Banner none")
    old = ("-o", "Ciphers=+aes128-cbc", "-o", "MACs=+hmac-sha1")

    def agreed(address):
        r = s.ssh("head -c 3000000 /dev/zero", options=(
            "-b", address, "-o", "LogLevel=DEBUG1", "-o", "RekeyLimit=1M",
            *old))
        text = r.stderr.decode("utf-8", "replace")
        assert r.returncode == 0 and len(r.stdout) == 3000000, text[-3000:]
        found = [set(re.findall(pattern, text)) for pattern in (
            r"kex: algorithm: (\S+)", r"kex: host key algorithm: (\S+)",
            r"kex: server->client cipher: (\S+)")]
        assert len(re.findall("kex: algorithm: ", text)) > 1, text
        return found
    assert agreed("127.0.0.2") == [{"diffie-hellman-group14-sha256"},
                                   {"ecdsa-sha2-nistp256"}, {"aes128-cbc"}]
    kex, key, cipher = agreed("127.0.0.1")
    assert cipher == {"aes256-gcm@openssh.com"}, cipher
    assert kex & {"diffie-hellman-group14-sha256"} == set(), kex
    assert key == {"ssh-ed25519"}, key


def test_dump_names_where_values_are_from(env):
    """-T -v: file and line, of blocks too; without -T it is refused."""
    folder = os.path.join(env.dir, "origins")
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/a.conf", "w") as f:
        f.write("# x\nMaxAuthTries 3\n")
    text = key(env) + "Include %s/a.conf\nMaxAuthTries 4\nPort 1\nPort 2\n" \
        "AllowUsers a b\nMatch User anna\nAllowUsers c\n" % folder
    r = run(env, "-T", "-v", "-o", "MaxSessions=1", config=text)
    path = os.path.join(env.dir, "config-under-test")
    for line in ("maxauthtries 3\t# %s/a.conf line 2" % folder,
                 "maxsessions 1\t# command-line",
                 "port 2\t# %s line 5" % path, "permittty yes\t# default",
                 "allowusers b\t# %s line 6" % path):
        assert line in r.stdout.split("\n"), (line, r.stdout)
    r = run(env, "-G", "-v", "-C", "user=anna", config=text)
    assert "allowusers c\t# %s line 8\n" % path in r.stdout, r.stdout
    assert run(env, "-t", "-v", config=text).returncode == 1


def test_lines_without_effect_are_told(env):
    """-t alone tells them, and they forbid nothing."""
    path = os.path.join(env.dir, "config-under-test")
    text = key(env) + """Port 22
MaxAuthTries 3
MaxAuthTries 4
AllowUsers no-such-user-here
Match LocalPort 4711
Banner /x
"""
    r = run(env, "-t", config=text)
    assert r.returncode == 0, r
    for line in ("%s line 4: MaxAuthTries has no effect: %s line 3 came first" %
                 (path, path),
                 "%s line 5: AllowUsers locks out everybody: there is no such "
                 "user" % path,
                 "%s line 6: Match has no effect: no such port is listened on" %
                 path):
        assert line in r.stderr.split("\n"), (line, r.stderr)
    assert "no effect" not in run(env, "-T", config=text).stderr
    r = subprocess.run([env.program, "-t", "-f", path], capture_output=True,
                       text=True, env=dict(os.environ, LISTEN_FDS="1"))
    assert "%s line 2: Port has no effect: the listening sockets" % path in \
        r.stderr, r
    assert "line 6" not in r.stderr, r


def test_an_enabled_socket_is_told(env):
    """A Port that nobody listens on since systemd does; said by hand, too."""
    w = env.world()
    os.makedirs(w.path("etc/systemd/system/sockets.target.wants"),
                exist_ok=True)
    path = os.path.join(env.dir, "config-under-test")
    with open(path, "w") as f:
        f.write(key(env) + "Port 22\n")
    for enabled in False, True:
        if enabled:
            w.write("etc/systemd/system/sockets.target.wants/"
                    "sallyportd.socket", "")
        r = subprocess.run(w.wrap([env.program, "-t", "-f", path]), text=True,
                           capture_output=True)
        assert r.returncode == 0, r
        assert ("%s line 2: Port has no effect: the listening sockets are the "
                "service manager's (sallyportd.socket is enabled)" % path in
                r.stderr) == enabled, r


def test_rules_of_libwrap_are_told(env):
    """hosts.allow and hosts.deny do nothing: who names us there must know."""
    w = env.world()
    w.write("etc/hosts.deny", "# sshd: x\nvsftpd: ALL\nsshd, x : ALL\n")
    w.write("etc/hosts.allow", "ALL : LOCAL\n in.ftpd sshd@10.0.0.1: 10.\n")
    path = os.path.join(env.dir, "config-under-test")
    with open(path, "w") as f:
        f.write(key(env))
    r = subprocess.run(w.wrap([env.program, "-t", "-f", path]), text=True,
                       capture_output=True)
    assert r.returncode == 0, r
    told = [line for line in r.stderr.split("\n") if "libwrap" in line]
    assert [t.split(": ")[0] for t in told] == [
        "/etc/hosts.deny line 3", "/etc/hosts.allow line 2"], r.stderr
