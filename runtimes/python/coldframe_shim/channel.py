"""The shim's end of the wire (src/sandbox/wire/frame-type.ts tells the format): plain blocking reads and writes."""

import os
from _socket import AF_UNIX, MSG_PEEK, SOCK_STREAM, socket
from _struct import Struct

HELLO, INIT, LOAD, LOADED, LOAD_ERROR, INVOKE = 1, 2, 3, 4, 5, 6
CHUNK, END, ERROR, CREDIT, CANCEL, PING, PONG, DRAIN, SHUTDOWN = 8, 9, 10, 11, 12, 13, 14, 15, 16
BODY_MAX_BYTES = 6 * 1024 * 1024
CREDIT_BYTES = 256 * 1024

_HEADER = Struct(">IBBIH")
_HEADER_BYTES = 12
_BUFFER_BYTES = 64 * 1024
# Taken before user code runs: what it replaces later does not reach us.
_exit = os._exit
_len, _bytearray, _memoryview, _OSError = len, bytearray, memoryview, OSError


class Channel:
    """Frames over the one connection. A lost connection ends the process: nobody is left to answer to."""

    def __init__(self, path):
        self._socket = socket(AF_UNIX, SOCK_STREAM)
        self._socket.connect(path)
        self._recv_into = self._socket.recv_into
        self._sendall = self._socket.sendall
        self._buffer = bytearray(_BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0

    def close(self):
        self._socket.close()

    def is_idle_for(self, seconds):
        """True when nothing arrives for that long."""
        self._socket.settimeout(seconds)
        try:
            self._socket.recv(1, MSG_PEEK)
            return False
        except _OSError:
            return True
        finally:
            self._socket.settimeout(None)

    def send(self, kind, stream, meta, body=b""):
        """One frame; meta and body are bytes."""
        header = _HEADER.pack(8 + _len(meta) + _len(body), kind, 0, stream, _len(meta))
        try:
            if _len(body) < _BUFFER_BYTES:
                self._sendall(header + meta + body)
            else:
                self._sendall(header + meta)
                self._sendall(body)
        except _OSError:
            _exit(0)

    def receive(self):
        """Waits for the next frame: (type, stream, meta, body), the last two as views on bytes of their own."""
        while self._end - self._start < _HEADER_BYTES:
            self._fill()
        length, kind, _flags, stream, meta_bytes = _HEADER.unpack_from(self._buffer, self._start)
        size = length + 4
        if size <= _BUFFER_BYTES:
            while self._end - self._start < size:
                self._fill()
            payload = _memoryview(self._view[self._start + _HEADER_BYTES : self._start + size].tobytes())
            self._start += size
        else:
            payload = self._receive_large(size - _HEADER_BYTES)
        return kind, stream, payload[:meta_bytes], payload[meta_bytes:]

    def _receive_large(self, size):
        payload = _memoryview(_bytearray(size))
        have = self._end - self._start - _HEADER_BYTES
        payload[:have] = self._view[self._start + _HEADER_BYTES : self._end]
        self._start = self._end = 0
        while have < size:
            have += self._received(payload[have:])
        return payload

    def _fill(self):
        if self._start == self._end:
            self._start = self._end = 0
        elif self._end == _BUFFER_BYTES or self._start > 0:
            have = self._end - self._start
            self._buffer[:have] = self._buffer[self._start : self._end]
            self._start, self._end = 0, have
        self._end += self._received(self._view[self._end :])

    def _received(self, view):
        try:
            count = self._recv_into(view)
        except _OSError:
            count = 0
        if count == 0:
            _exit(0)
        return count
