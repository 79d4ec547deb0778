"""Host keys whose secret lies in a FIDO device."""

import os
import signal
import subprocess

from lib import Skip, children, wait_for

PROVIDER = "/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so"


def server(env):
    """A daemon with a FIDO host key, made and served by a stand-in device."""
    if not os.path.exists(PROVIDER):
        raise Skip("no stand-in for a FIDO device (Debian: openssh-tests)")
    key = os.path.join(env.keys, "host_sk")
    if not os.path.exists(key):
        made = subprocess.run(["ssh-keygen", "-q", "-t", "ed25519-sk", "-N", "",
                               "-w", PROVIDER, "-f", key], capture_output=True)
        if made.returncode != 0:
            raise Skip("ssh-keygen makes no FIDO keys here")
    s = env.server("SecurityKeyProvider %s" % PROVIDER, "HostKey %s" % key)
    with open(s.known_hosts, "a") as f:
        f.write("[127.0.0.1]:%d %s" % (s.port, env.public("host_sk")))
    return s


FIDO = ("-o", "HostKeyAlgorithms=sk-ssh-ed25519@openssh.com")


def errand(s):
    kids = children(s.keeper())
    return kids[0] if kids else None


def test_a_fido_host_key_signs(env):
    """The handshake is signed by the device, at a re-exchange, too."""
    s = server(env)
    s.login_works(options=FIDO)
    r = s.ssh("head -c 300000 /dev/zero | wc -c",
              options=FIDO + ("-o", "RekeyLimit=64K"))
    assert r.stdout.strip() == b"300000", (r, s.log()[-2000:])
    s.login_works()


def test_a_lost_device_spares_the_other_keys(env):
    """Without the errand, FIDO keys don't sign and others do; a reload
    brings it back."""
    s = server(env)
    s.login_works(options=FIDO)
    pid = errand(s)
    assert pid is not None, s.log()[-2000:]
    os.kill(pid, signal.SIGKILL)
    s.wait_log("errand that signs with FIDO host keys ended")
    wait_for(lambda: not os.path.exists("/proc/%d" % pid), 5, "no zombie")
    r = s.ssh("echo in", options=FIDO)
    assert r.returncode == 255 and r.stdout == b"", r
    s.login_works()
    os.unlink(s.pidfile)
    os.kill(s.pid, signal.SIGHUP)
    wait_for(lambda: os.path.exists(s.pidfile), 10, "the reload")
    s.login_works(options=FIDO)
