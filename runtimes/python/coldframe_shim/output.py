"""Standard output and error without a buffer: what was written is there even if the process is killed next, unfinished lines too."""

import io

_write, _flush = io.BufferedWriter.write, io.BufferedWriter.flush


class _AtOnce(io.BufferedWriter):
    def write(self, data):
        count = _write(self, data)
        _flush(self)
        return count


def at_once(stream):
    """The same stream without a buffer; None for one that was closed before the start."""
    if stream is None:
        return None
    raw = io.FileIO(stream.fileno(), "wb", closefd=False)
    raw.name = stream.name
    text = io.TextIOWrapper(_AtOnce(raw), encoding="utf-8", errors="backslashreplace", write_through=True)
    text.mode = "w"
    return text
