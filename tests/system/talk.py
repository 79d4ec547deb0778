"""talk.py - user authentication message by message: what no client would say.

    t = Talk(server)                  key exchange and service request done
    t.request("anna", "none")         (51, message): the answer
    t.send(61, 1, "word")             any message; str, bytes, bool, int

and on a terminal of ours, line by line:

    t = Terminal(server.ssh_args("-tt"))
    t.expect("(?i)password: ?")
    t.type("word")
"""

import os
import pty
import queue
import re
import select
import time

KINDS = {51: "FAILURE", 52: "SUCCESS", 53: "BANNER", 60: "INFO_REQUEST"}


def message(number, *fields):
    """paramiko's of these fields: bool, int, str or bytes."""
    import paramiko
    m = paramiko.Message()
    m.add_byte(bytes([number]))
    for x in fields:
        if isinstance(x, bool):
            m.add_boolean(x)
        elif isinstance(x, int):
            m.add_int(x)
        else:
            m.add_string(x)
    return m


class Talk:
    def __init__(self, server, service=True):
        self.transport = server.paramiko(auth=False)
        self.came = queue.Queue()
        self.banners = []
        talk = self

        class Recorder:
            username = "nobody"
            _handler_table = {}

            def is_authenticated(self):
                return False

            def abort(self):
                talk.came.put((None, None))
        for n in range(4, 80):
            Recorder._handler_table[n] = self._taker(n)
        self.transport.auth_handler = Recorder()
        if service:
            self.send(5, "ssh-userauth")
            assert self.next()[0] == 6

    def _taker(self, n):
        def take(handler, m):
            if n == 53:
                self.banners.append(m.get_text())
            else:
                self.came.put((n, m))
        return take

    def send(self, number, *fields):
        self.transport._send_message(message(number, *fields))

    def next(self, seconds=20):
        """The next message that isn't a banner; (None, None): it is over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            # before the look into the queue: what came first is there then
            over = not self.transport.is_active()
            try:
                return self.came.get(timeout=0.1)
            except queue.Empty:
                if over:
                    return (None, None)
        raise AssertionError("no answer")

    def request(self, user, method, *fields):
        self.send(50, user, "ssh-connection", method, *fields)
        return self.next()

    def failure(self, user, method, *fields):
        """Refused: (methods that may continue, partial)."""
        n, m = self.request(user, method, *fields)
        assert n == 51, (n, method)
        return m.get_text(), m.get_boolean()

    def prompts(self, m):
        """Of an INFO_REQUEST: (instruction, [(prompt, echo)])."""
        m.get_text()
        instruction = m.get_text()
        m.get_text()
        return instruction, [(m.get_text(), m.get_boolean())
                             for _ in range(m.get_int())]

    def answer(self, *words):
        self.send(61, len(words), *words)
        return self.next()

    def close(self):
        self.transport.close()


class Terminal:
    """A command on a terminal of ours."""

    def __init__(self, argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(argv[0], argv)
        self.text = ""

    def expect(self, pattern, seconds=30):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            assert time.monotonic() < end, (pattern, self.text)
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    self.text += os.read(self.fd, 4096).decode("utf-8",
                                                               "replace")
                except OSError:
                    break
        found = re.search(pattern, self.text)
        assert found, (pattern, self.text)
        self.text = self.text[found.end():]

    def type(self, line):
        os.write(self.fd, line.encode() + b"\n")

    def wait(self):
        while True:
            try:
                if not os.read(self.fd, 4096):
                    break
            except OSError:
                break
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
