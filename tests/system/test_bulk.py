"""Much data both ways at once, by every cipher and MAC, through new keys."""

import bulk

OCTETS = 32 << 20
LIMIT = "4M"


def test_every_cipher_and_mac_through_new_keys(env):
    """What is echoed through several key exchanges is what was sent."""
    data = bulk.Data(env, OCTETS)
    s = bulk.server(env, rekey=LIMIT)
    for cipher, mac in bulk.algorithms(env):
        _, exchanges = bulk.transfer(s, data, "echo", cipher, mac, timeout=120)
        assert exchanges > bulk.exchanges_due(data, LIMIT), (
            cipher, mac, exchanges)
