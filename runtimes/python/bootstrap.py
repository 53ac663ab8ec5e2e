"""The Python shim: connects to the host, loads one handler, answers its calls one at a time. Standard library only, and as
little of it as possible: what is imported here is paid on every cold start."""

import sys


def main():
    sys.dont_write_bytecode = True
    # While the shim itself is imported the path has its folder and no other of the function's: PYTHONPATH may name any.
    folder = __file__.rpartition("/")[0] or "."
    named = named_entries()
    path = [entry for entry in sys.path if entry != folder and entry not in named]
    sys.path[:] = [folder] + path

    from coldframe_shim.shim import Shim

    sys.path[:] = path
    Shim().serve()


def named_entries():
    """What PYTHONPATH put on the path."""
    import os

    names = os.environ.get("PYTHONPATH", "")
    return {os.path.abspath(name) for name in names.split(":")} | set(names.split(":")) if names else set()


# A child of multiprocessing runs this file again under another name.
if __name__ == "__main__":
    main()
