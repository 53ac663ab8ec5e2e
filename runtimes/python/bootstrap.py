"""The Python shim: connects to the host, loads one handler, answers its calls one at a time. Standard library only, and as
little of it as possible: what is imported here is paid on every cold start."""

import sys

sys.dont_write_bytecode = True
# The shim's folder is on the path only while the shim itself is imported; the function's folder takes its place.
_folder = __file__.rpartition("/")[0] or "."
sys.path[:] = [_folder] + [entry for entry in sys.path if entry != _folder]

from coldframe_shim.shim import Shim  # noqa: E402

sys.path.remove(_folder)

Shim().serve()
