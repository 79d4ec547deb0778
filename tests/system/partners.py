"""partners.py - who stands at both ends of a forwarding

    with echo() as e, client(server, "-L", "%d:localhost:%d" % (port, e.port)):
        assert talk(("127.0.0.1", port)) == echoed(b"hello")
"""

import contextlib
import socket
import threading
import time

from lib import finish


class Echo:
    """A server that gives back what it gets, until the client's end of file;
    then it says how much that was."""

    def __init__(self, family=socket.AF_INET, address=("127.0.0.1", 0)):
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.bind(address)
        self.socket.listen(128)
        self.address = self.socket.getsockname()
        self.port = self.address[1] if family != socket.AF_UNIX else None
        self.served = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(c,),
                             daemon=True).start()

    def _serve(self, c):
        n = 0
        with c:
            while True:
                data = c.recv(65536)
                if not data:
                    break
                n += len(data)
                c.sendall(data)
            with contextlib.suppress(OSError):
                # the other half is still open: half-close
                c.sendall(b"[%d]" % n)
        self.served += 1

    def close(self):
        self.socket.close()


@contextlib.contextmanager
def echo(*args):
    e = Echo(*args)
    try:
        yield e
    finally:
        e.close()


@contextlib.contextmanager
def client(server, *options, command="cat", **how):
    """ssh with a command that lives as long as it is wanted."""
    p = server.ssh_popen(command, options=("-o", "ExitOnForwardFailure=yes") +
                         options, **how)
    try:
        server.session_of(p)
        yield p
    finally:
        if p.stdin and not p.stdin.closed:
            p.stdin.close()
        finish(p)


def connect(address, seconds=10):
    """A connection to who may not listen yet."""
    unix = isinstance(address, str)
    end = time.monotonic() + seconds
    while True:
        c = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        c.settimeout(20)
        try:
            c.connect(address)
            return c
        except OSError:
            c.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def say(c, data):
    """Say it, end, and read to the end."""
    def send():
        with contextlib.suppress(OSError):  # nobody need be there
            c.sendall(data)
            c.shutdown(socket.SHUT_WR)
    sender = threading.Thread(target=send)
    sender.start()
    got = b""
    while True:
        piece = c.recv(65536)
        if not piece:
            break
        got += piece
    sender.join()
    return got


def talk(address, data=b"hello"):
    with connect(address) as c:
        return say(c, data)


def echoed(data):
    return data + b"[%d]" % len(data)
