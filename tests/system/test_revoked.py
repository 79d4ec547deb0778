"""RevokedKeys: lists of text, revocation lists with sections of every kind."""

import os
import random
import subprocess

from test_certs import Authority, keygen, tries


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, 0o644)


def public(key):
    with open(key + "-cert.pub") as f:
        return f.read()


def server(env, ca, *paths, **how):
    return env.server("TrustedUserCAKeys " + ca.path(),
                      "RevokedKeys " + " ".join(paths), **how)


def test_a_list_of_keys(env):
    """Keys one a line; a certificate's key, its CA, a certificate in the list;
    changes act on the next login."""
    ca = Authority(env)
    path = ca.dir + "/revoked"
    write(path, "# nobody\n\n")
    s = server(env, ca, path)
    signed = ca.sign(key="stranger")
    s.login_works()
    assert tries(s, signed) == "in\n"
    write(path, "# one\n" + env.public("user_ed25519"))
    assert s.ssh("true").returncode == 255
    s.wait_log("Authentication key ED25519 SHA256:\\S+ revoked by file " + path)
    s.login_works(key="user_rsa")
    assert tries(s, signed) == "in\n"
    for text in (env.public("stranger"), public(signed), ca.public()):
        write(path, env.public("user_rsa") + text)
        assert tries(s, signed) is None, text
        s.login_works()
    s.wait_log("Authentication key ED25519-CERT SHA256:\\S+ revoked by file")
    write(path, "ssh-dss " + "AAAAB3NzaC1kc3M= old\n")  # nobody has these now
    s.login_works()


def test_what_can_not_be_read_refuses_every_key(env):
    """Missing, no file, damaged: nobody comes in by a key, and the log says
    why."""
    ca = Authority(env)
    path = ca.dir + "/revoked"
    good = ca.dir + "/good"
    write(good, "")
    s = server(env, ca, good, path)
    why = "Error checking authentication key ED25519 SHA256:\\S+ in revoked " \
        "keys file %s: %s"

    def refuses(text):
        assert s.ssh("true").returncode == 255
        s.wait_log(why % (path, text))

    refuses("No such file or directory")
    os.mkdir(path)
    refuses("Invalid argument")
    os.rmdir(path)
    key = env.public("user_rsa")
    for text in ("rubbish\n", key.replace("AAAA", "AAA", 1),
                 key.replace("ssh-rsa", "ssh-rsb", 1), "command=\"x\" " + key):
        write(path, "#\n" + text)
        refuses("line 2: ")
    write(path, env.public("user_rsa"))
    s.login_works()
    keygen("-k", "-f", path, env.keys + "/user_rsa.pub")
    s.login_works()
    with open(path, "rb") as f:
        octets = f.read()
    for damaged in (octets[:-1], octets + b"\2", octets[:11] + b"\7" +
                    octets[12:], octets + b"\4\0\0\0\0"):
        with open(path, "wb") as f:
            f.write(damaged)
        assert s.ssh("true").returncode == 255, damaged
    assert s.ssh("true", key="user_rsa").returncode == 255


def krl(path, ca, text):
    write(path + ".spec", text)
    by = ("-s", ca.path() if ca else "none")  # none: of any
    keygen("-k", "-f", path, *by, path + ".spec")
    os.chmod(path, 0o644)


def test_revocation_lists(env):
    """Serials one by one, in ranges and bitmaps, key ids, keys and their
    hashes; of one CA, of any; what isn't in it comes in."""
    ca, other = Authority(env), Authority(env)
    path = ca.dir + "/krl"
    cas = ca.dir + "/cas"
    write(cas, ca.public() + other.public())
    write(path, "")
    s = env.server("TrustedUserCAKeys " + cas, "RevokedKeys " + path,
                   authorized=env.public("user_ed25519"))
    serial = {n: ca.sign("-z", str(n), id="id%d" % n, key="stranger")
              for n in (0, 7, 8, 5000, 2**64 - 1)}
    foreign = other.sign("-z", "7", id="id7", key="user_rsa")
    finger = subprocess.run(["ssh-keygen", "-l", "-f",
                             env.keys + "/user_ed25519.pub"],
                            capture_output=True, text=True).stdout.split()[1]

    everybody = dict(serial, foreign=foreign, key=env.keys + "/user_ed25519")

    def let_in(whom):
        return {n for n in whom if tries(s, everybody[n]) is not None}

    assert let_in(everybody) == set(everybody)
    for by, text, gone in (
            (ca, "serial: 7\n", {7}),
            (ca, "serial: 7-4999\n", {7, 8}),
            (ca, "".join("serial: %d\n" % n for n in range(2, 90, 3)), {8}),
            (ca, "serial: %d\n" % (2**64 - 1), {2**64 - 1}),
            (ca, "serial: 1-%d\n" % (2**64 - 1), {7, 8, 5000, 2**64 - 1}),
            (ca, "id: id7\n", {7}),
            (None, "id: id7\n", {7, "foreign"}),
            (None, "serial: 7\nserial: 8\n", {7, 8, "foreign"}),
            (None, "key: " + env.public("user_ed25519"), {"key"}),
            (None, "sha1: " + env.public("user_ed25519"), {"key"}),
            (None, "sha256: " + env.public("user_ed25519"), {"key"}),
            (None, "hash: %s\n" % finger, {"key"}),
            (None, "key: " + other.public(), {"foreign"}),
            (None, "sha256: " + ca.public(), set(serial)),
            (None, public(serial[8]), None)):
        if gone is None:  # a certificate as it stands: by its serial
            gone = {8}
            write(path + ".pub", text)
            keygen("-k", "-f", path, path + ".pub")
        else:
            krl(path, by, text)
        stay = sorted(set(everybody) - gone, key=str)[:2]
        assert let_in(gone) == set(), (text[:80], s.log()[-1500:])
        assert let_in(stay) == set(stay), (text[:80], s.log()[-1500:])


def test_a_hundred_thousand_serials(env):
    """A list of that many is asked at each login without being noticed: the
    same as without, give or take what the machine's noise is."""
    ca = Authority(env)
    path = ca.dir + "/krl"
    chosen = random.sample(range(1, 2**50), 100000)
    krl(path, ca, "".join("serial: %d\n" % n for n in chosen))
    s = server(env, ca, path, authorized="#\n")
    assert tries(s, ca.sign("-z", str(chosen[77]))) is None
    assert tries(s, ca.sign("-z", str(2**51))) == "in\n"
