"""Ends a function whose processes hold more memory than it was given. The kernel's limit cannot: what the function keeps in
/tmp is charged to the same group, so that limit is the sum of both."""

import os
import time

from . import kernel

LOOK_MS = 250
_MIB = 1024 * 1024


class HeapWatch:
    def __init__(self, group, heap_mib):
        self._group = group
        self._limit = heap_mib * _MIB
        # Opened once: files of a cgroup are read anew from their beginning.
        self._current = os.open(group + "/memory.current", os.O_RDONLY)
        self._stat = os.open(group + "/memory.stat", os.O_RDONLY)
        self._looked_at = 0.0
        self.kills = 0

    def look(self):
        """True when the function has just been ended. Does nothing when the last look was a moment ago."""
        now = time.monotonic()
        if self.kills > 0 or now - self._looked_at < LOOK_MS / 1000:
            return False
        self._looked_at = now
        # The whole charge is one number, and mostly below the limit.
        if int(os.pread(self._current, 32, 0)) <= self._limit or self._anonymous() <= self._limit:
            return False
        self.kills = 1
        kernel.write(self._group + "/cgroup.kill", "1")
        return True

    def _anonymous(self):
        for line in os.pread(self._stat, 8192, 0).splitlines():
            name, _, value = line.partition(b" ")
            if name == b"anon":
                return int(value)
        return 0
