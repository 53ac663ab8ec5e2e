"""One direction of a connection: what was read and could not be written yet, bounded, so that a slow reader slows the writer."""

import os

_CHUNK_BYTES = 64 * 1024


class Pump:
    """Copies from one non-blocking descriptor to another. `is_done` once the source has ended and everything was written."""

    def __init__(self, source, target, pending=b""):
        self.source = source
        self.target = target
        self.has_ended = False
        self._pending = pending

    @property
    def is_done(self):
        return self.has_ended and not self._pending

    @property
    def wants_read(self):
        return not self.has_ended and not self._pending

    @property
    def wants_write(self):
        return bool(self._pending)

    def read(self):
        try:
            data = os.read(self.source, _CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._pending = data
            self.write()
        else:
            self.has_ended = True

    def write(self):
        try:
            sent = os.write(self.target, self._pending)
        except BlockingIOError:
            return
        except OSError:
            # Nobody is left to read it.
            self._pending = b""
            self.has_ended = True
            return
        self._pending = self._pending[sent:]
