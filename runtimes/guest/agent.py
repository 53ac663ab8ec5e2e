"""Process 1 of a microVM. Starts the shim behind its usual Unix socket, relays bytes between it and the host, sets limits, clock
and entropy, mounts the code drive, and says how it ended. src/microvm/guest-protocol.ts is the other side.
Standard library only; everything here is trusted by the host's operator and by nobody else."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])

from coldframe_guest.machine import Machine  # noqa: E402

Machine().run()
