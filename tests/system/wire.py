"""wire.py - the connection protocol message by message: what no client would
say

    w = Wire(server)                      logged in, nothing opened
    w.request("tcpip-forward", "", 0)     (81, message): the answer
    c = w.open("session")                 a Channel; w.refusal(...): why not
    c.send(98, "env", False, "A", "1")    any message on it
    c.next()                              (number, message) of the channel
"""

import queue

from talk import message

FAILURE, SUCCESS = 82, 81
WINDOW, PACKET = 1 << 20, 32768


class Channel:
    """Ours is the number by which the server knows us."""

    def __init__(self, wire, ours, theirs):
        self.wire = wire
        self.ours = ours
        self.theirs = theirs

    def send(self, number, *fields):
        self.wire.send(number, self.theirs, *fields)

    def next(self, seconds=20):
        return self.wire.take(self.wire.channels[self.ours], seconds)

    def until(self, number, seconds=20):
        """The next message of that number; others are passed over."""
        while True:
            got, m = self.next(seconds)
            assert got is not None, "the connection is over"
            if got == number:
                return m


class Wire:
    def __init__(self, server, **how):
        import paramiko
        self.paramiko = paramiko
        self.transport = t = server.paramiko(**how)
        self.globals = queue.Queue()  # answers, and what the server asks for
        self.opens = queue.Queue()    # channels that the server wants
        self.channels = {}            # ours: queue
        self.answers = {}             # ours: queue of 91 and 92
        self.last = 0
        table = dict(t._handler_table)
        for n in (3, 80, 81, 82):
            table[n] = self._taker(n, self.globals)
        table[90] = self._taker(90, self.opens)
        for n in range(91, 101):
            table[n] = self._channel_taker(n)
        t._handler_table = table

    def _taker(self, n, to):
        return lambda transport, m: to.put((n, m))

    def _channel_taker(self, n):
        def take(transport, m):
            ours = m.get_int()
            where = self.answers if n in (91, 92) else self.channels
            where[ours].put((n, m))
        return take

    def take(self, where, seconds=20):
        """(None, None): the connection is over."""
        end = seconds * 10
        while True:
            try:
                return where.get(timeout=0.1)
            except queue.Empty:
                if not self.transport.is_active():
                    return (None, None)
                end -= 1
                assert end > 0, "no message"

    def send(self, number, *fields):
        self.transport._send_message(message(number, *fields))

    def answer(self, seconds=20):
        """To a global request; requests of the server's are passed over."""
        while True:
            n, m = self.take(self.globals, seconds)
            if n != 80:
                return n, m

    def request(self, name, *fields, seconds=20):
        self.send(80, name, True, *fields)
        return self.answer(seconds)

    def number(self):
        self.last += 1
        self.channels[self.last] = queue.Queue()
        self.answers[self.last] = queue.Queue()
        return self.last

    def wish(self, kind, *fields):
        """Ask for a channel; our number."""
        ours = self.number()
        self.send(90, kind, ours, WINDOW, PACKET, *fields)
        return ours

    def outcome(self, ours):
        """A Channel, or the reason code; None: the connection is over."""
        n, m = self.take(self.answers[ours])
        if n == 91:
            return Channel(self, ours, m.get_int())
        return None if n is None else m.get_int()

    def open(self, kind, *fields):
        c = self.outcome(self.wish(kind, *fields))
        assert isinstance(c, Channel), c
        return c

    def refusal(self, kind, *fields):
        code = self.outcome(self.wish(kind, *fields))
        assert not isinstance(code, Channel)
        return code

    def accept(self):
        """The next channel that the server wants: (its type, a Channel)."""
        _, m = self.take(self.opens)
        kind = m.get_text()
        theirs, ours = m.get_int(), self.number()
        self.send(91, theirs, ours, WINDOW, PACKET)
        return kind, Channel(self, ours, theirs)

    def close(self):
        self.transport.close()
