"""Replies in chunks: what a generator yields."""

from . import channel as wire
from . import json_codec

_HTTP_PRELUDE_TYPE = "application/vnd.awslambda.http-integration-response"


class Cancelled(BaseException):
    """Raised while the host's credit is awaited, where a cancel can safely end the call."""


class StreamedReply:
    """Sends values as chunks within the host's credit; `wait_for_frame(stream)` waits for credit or a cancel."""

    def __init__(self, channel, stream, wait_for_credit):
        self._channel = channel
        self._stream = stream
        self._wait_for_credit = wait_for_credit
        self._credit = wire.CREDIT_BYTES
        self._head = None

    def send(self, value):
        if self._head is None:
            self._head = {"contentType": "application/octet-stream"}
            if isinstance(value, str):
                self._head = {"contentType": "text/plain; charset=utf-8"}
            elif isinstance(value, dict) and isinstance(value.get("statusCode"), int):
                self._head = {"contentType": _HTTP_PRELUDE_TYPE, "prelude": True}
                value = json_codec.dumps(value) + bytes(8)
            self._send_bytes(_as_bytes(value), json_codec.dumps(self._head))
        else:
            self._send_bytes(_as_bytes(value), b"")

    def end(self):
        """An empty stream still says that it is one."""
        if self._head is None:
            self.send(b"")

    def _send_bytes(self, data, meta):
        at = 0
        while True:
            if self._credit <= 0 and data:
                self._credit += self._wait_for_credit(self._stream)
            end = min(len(data), at + self._credit)
            self._credit -= end - at
            self._channel.send(wire.CHUNK, self._stream, meta, data[at:end])
            meta = b""
            at = end
            if at >= len(data):
                return


def _as_bytes(value):
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    return json_codec.dumps(value)
