"""The control connection: one JSON object a line."""

import json
import os
import select

_LINE_MAX_BYTES = 64 * 1024


class Lost(Exception):
    """The host's end is gone."""


class Control:
    def __init__(self, fd):
        self.fd = fd
        self._buffer = b""

    def send(self, **message):
        """Waits for room: messages are few and short."""
        data = json.dumps(message).encode() + b"\n"
        while data:
            try:
                data = data[os.write(self.fd, data) :]
            except BlockingIOError:
                _wait(self.fd, select.POLLOUT)
            except OSError:
                raise Lost() from None

    def wait(self):
        """The next message, however long it takes."""
        while True:
            message = self._take()
            if message is not None:
                return message
            _wait(self.fd, select.POLLIN)
            self._fill()

    def read(self):
        """Every whole message that is there now."""
        self._fill()
        messages = []
        while True:
            message = self._take()
            if message is None:
                return messages
            messages.append(message)

    def _fill(self):
        try:
            data = os.read(self.fd, _LINE_MAX_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data or len(self._buffer) > _LINE_MAX_BYTES:
            raise Lost()
        self._buffer += data

    def _take(self):
        line, newline, rest = self._buffer.partition(b"\n")
        if not newline:
            return None
        self._buffer = rest
        return json.loads(line)


def _wait(fd, event):
    poll = select.poll()
    poll.register(fd, event)
    poll.poll()
