"""HostKeyAgent: private host keys that only an agent has."""

import os
import shutil
import subprocess

from lib import wait_for


class Agent:
    """ssh-agent with host keys; start() again takes the same socket."""

    def __init__(self, env, *names):
        self.dir = os.path.join(env.dir, "agent")
        shutil.rmtree(self.dir, ignore_errors=True)
        os.mkdir(self.dir, 0o755)
        self.path = os.path.join(self.dir, "socket")
        self.names = names
        self.env = env
        self.process = None
        for name in names:
            shutil.copy(os.path.join(env.keys, name + ".pub"), self.dir)
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["ssh-agent", "-D", "-a", self.path], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: os.path.exists(self.path), 10, "the agent")
        for name in self.names:
            subprocess.run(["ssh-add", "-q", os.path.join(self.env.keys, name)],
                           env=dict(os.environ, SSH_AUTH_SOCK=self.path),
                           check=True)

    def stop(self):
        self.process.kill()
        self.process.wait()
        if os.path.exists(self.path):
            os.unlink(self.path)

    def lines(self, *endings):
        """Configuration without a private key."""
        endings = endings or ("",) * len(self.names)
        return ["HostKey %s/%s%s" % (self.dir, name, ending)
                for name, ending in zip(self.names, endings)]


def server(env, *lines, **how):
    """A daemon whose host keys are the agent's alone."""
    s = env.server(start=False, **how)
    s.base = [line for line in s.base if not line.startswith("HostKey ")]
    s.write_config(lines)
    s.start()
    return s


def test_keys_of_an_agent(env):
    """Public halves suffice, by either name; RSA signs with SHA-2 as agreed;
    the variable's name stands for its value."""
    agent = Agent(env, "host_ed25519", "host_rsa")
    try:
        s = server(env, "HostKeyAgent SSH_AUTH_SOCK",
                   *agent.lines("", ".pub"),
                   environment={"SSH_AUTH_SOCK": agent.path})
        for alg in ("ssh-ed25519", "rsa-sha2-256", "rsa-sha2-512"):
            s.login_works(options=("-o", "HostKeyAlgorithms=" + alg))
        # a second key exchange asks the agent, too
        r = s.ssh("head -c 100000 /dev/zero", options=("-o", "RekeyLimit=16k"))
        assert r.returncode == 0 and len(r.stdout) == 100000, r
        assert "UNPROTECTED" not in s.log(), s.log()
    finally:
        agent.stop()


def test_a_lost_agent_is_found_again(env):
    """Ended and started anew, it signs again without a reload; meanwhile each
    handshake says in the log what is missing, and other keys serve on."""
    agent = Agent(env, "host_ed25519")
    try:
        s = server(env, "HostKeyAgent " + agent.path, *agent.lines(),
                   "HostKey %s/host_ecdsa" % env.keys)
        s.login_works(options=("-o", "HostKeyAlgorithms=ssh-ed25519"))
        agent.stop()
        r = s.ssh("true", options=("-o", "HostKeyAlgorithms=ssh-ed25519"))
        assert r.returncode == 255, r
        s.wait_log(r'Could not connect to agent "%s": ' % agent.path)
        s.login_works(options=("-o", "HostKeyAlgorithms=ecdsa-sha2-nistp256"))
        agent.start()
        s.login_works(options=("-o", "HostKeyAlgorithms=ssh-ed25519"))
    finally:
        agent.stop()


def test_an_agent_that_comes_later(env):
    """Not there at the start: told, and asked when a key is needed."""
    agent = Agent(env, "host_ed25519")
    agent.stop()
    try:
        s = server(env, "HostKeyAgent " + agent.path, *agent.lines())
        s.wait_log(r'Could not connect to agent "%s": No such file' % agent.path)
        agent.start()
        s.login_works(options=("-o", "HostKeyAlgorithms=ssh-ed25519"))
        subprocess.run(["ssh-add", "-q", "-D"], check=True,
                       env=dict(os.environ, SSH_AUTH_SOCK=agent.path))
        r = s.ssh("true", options=("-o", "HostKeyAlgorithms=ssh-ed25519"))
        assert r.returncode == 255, r
        s.wait_log("doesn't sign with host key ssh-ed25519")
    finally:
        agent.stop()


def test_a_certificate_of_an_agents_key(env):
    """HostCertificate beside a key that the agent has."""
    agent = Agent(env, "host_ed25519")
    ca = os.path.join(agent.dir, "ca")
    try:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ca],
                       check=True)
        subprocess.run(["ssh-keygen", "-q", "-s", ca, "-I", "id", "-h", "-n",
                        "127.0.0.1", os.path.join(agent.dir,
                                                  "host_ed25519.pub")],
                       check=True)
        s = server(env, "HostKeyAgent " + agent.path, *agent.lines(),
                   "HostCertificate %s/host_ed25519-cert.pub" % agent.dir)
        with open(ca + ".pub") as f, open(s.known_hosts, "w") as out:
            out.write("@cert-authority * " + f.read())
        s.login_works(options=("-o", "HostKeyAlgorithms="
                               "ssh-ed25519-cert-v01@openssh.com"))
    finally:
        agent.stop()
