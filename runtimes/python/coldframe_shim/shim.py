"""Boot, frames, calls. What is used after user code has run was taken before, so that code which replaces json, sys.stdout,
sys.exit or builtins changes only itself."""

import os
import sys
from time import perf_counter_ns

_boot_ns = perf_counter_ns()

from . import channel as wire  # noqa: E402
from . import json_codec, logs  # noqa: E402
from .context import Context  # noqa: E402
from .errors import error_json, exit_error, runtime_error, set_task_root  # noqa: E402
from .load_handler import load_handler  # noqa: E402
from .output import at_once  # noqa: E402
from .standard_modules import PinnedFinder, import_standard  # noqa: E402
from .stream import Cancelled, StreamedReply  # noqa: E402

# A sandbox that waits this long is a spare one: time to import what most functions will.
_SPARE_AFTER_SECONDS = 0.02
_exit = os._exit
set_request_id = logs.set_request_id
_environ = os.environ
_modules = sys.modules
_BaseException, _SystemExit, _isinstance, _bytes = BaseException, SystemExit, isinstance, bytes
_Generator = type((lambda: (yield))())
_stdio = (at_once(sys.stdout), at_once(sys.stderr))


class Shim:
    """Serves one call after the other; frames that arrive meanwhile wait in the socket."""

    def __init__(self):
        path = _environ["COLDFRAME_CHANNEL"]
        self._token = _environ["COLDFRAME_TOKEN"]
        self._runtime = _environ["COLDFRAME_RUNTIME"]
        for name in [name for name in _environ if name.startswith("COLDFRAME_")]:
            del _environ[name]
        self._channel = wire.Channel(path)
        self._waiting = []
        self._load_meta = None
        self._handler = None
        self._loop = None
        self._is_draining = False
        self._is_fork = False

    def serve(self):
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__ = _stdio
        os.register_at_fork(after_in_child=self._become_fork)
        sys.meta_path.insert(0, PinnedFinder(logs.set_up))
        self._say_hello()
        if self._channel.is_idle_for(_SPARE_AFTER_SECONDS):
            import json  # noqa: F401
            import logging  # noqa: F401
            import traceback  # noqa: F401
        while True:
            kind, stream, meta, body = self._waiting.pop(0) if self._waiting else self._channel.receive()
            if kind == wire.INVOKE:
                self._invoke(stream, json_codec.loads(meta), body)
            elif kind == wire.LOAD:
                self._load(json_codec.loads(meta))
            elif kind == wire.INIT:
                self._init(json_codec.loads(meta), json_codec.loads(body))
            else:
                self._handle_control(kind, meta)

    def _become_fork(self):
        """In a child that the function forked: the host's calls are its parent's, and it ends like any program."""
        self._is_fork = True
        self._channel.close()

    def _handle_control(self, kind, meta):
        if kind == wire.PING:
            self._channel.send(wire.PONG, 0, _bytes(meta))
        elif kind == wire.DRAIN:
            self._is_draining = True
        elif kind == wire.SHUTDOWN:
            _exit(0)

    def _say_hello(self):
        hello = {
            "protocol": 1,
            "features": ["stream"],
            "token": self._token,
            "runtime": self._runtime,
            "version": "%d.%d.%d" % sys.version_info[:3],
            "bootMs": (perf_counter_ns() - _boot_ns) // 100_000 / 10,
        }
        self._channel.send(wire.HELLO, 0, json_codec.dumps(hello))

    def _init(self, meta, env):
        """Sets the function's environment; what was seeded before the sandbox was bound draws anew."""
        _environ.update(env)
        if "time" in _modules and "TZ" in env:
            import time

            time.tzset()
        if "random" in _modules:
            import binascii

            _modules["random"].seed(binascii.a2b_base64(meta["entropy"]))
        if "tempfile" in _modules:
            _modules["tempfile"]._name_sequence = None

    def _load(self, meta):
        self._load_meta = meta
        self._set_environment(meta)
        os.chdir(meta["taskRoot"])
        set_task_root(meta["taskRoot"])
        _set_path(meta["taskRoot"])
        start_ns = perf_counter_ns()
        exit_code = 1
        try:
            self._handler, error = load_handler(meta["handler"])
            if error is None and getattr(getattr(self._handler, "__code__", None), "co_flags", 0) & 0x80:
                self._event_loop()
        except _SystemExit as exit_request:
            if self._is_fork:
                raise
            exit_code = _exit_code(exit_request)
            error = exit_error(exit_code, None)
        if self._is_fork:
            raise _SystemExit(0 if error is None else 1)
        _flush()
        done = b'{"importUs":%d}' % ((perf_counter_ns() - start_ns) // 1000)
        if error is None:
            self._channel.send(wire.LOADED, 0, done)
        else:
            self._channel.send(wire.LOAD_ERROR, 0, done, error)
            _exit(exit_code)

    def _set_environment(self, meta):
        region = (meta["functionArn"].split(":") + [""] * 4)[3]
        _environ["_HANDLER"] = meta["handler"]
        _environ["LAMBDA_TASK_ROOT"] = _environ["PWD"] = meta["taskRoot"]
        _environ["AWS_LAMBDA_FUNCTION_NAME"] = meta["functionName"]
        _environ["AWS_LAMBDA_FUNCTION_VERSION"] = meta["functionVersion"]
        _environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = str(meta["memoryMib"])
        _environ["AWS_LAMBDA_LOG_GROUP_NAME"] = meta["logGroup"]
        _environ["AWS_LAMBDA_LOG_STREAM_NAME"] = meta["logStream"]
        _environ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand"
        _environ["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + self._runtime
        if region:
            _environ.setdefault("AWS_REGION", region)
            _environ.setdefault("AWS_DEFAULT_REGION", region)

    def _invoke(self, stream, meta, body):
        start_ns = perf_counter_ns()
        kind, rest, reply = self._run(stream, meta, body)
        _flush()
        us = (perf_counter_ns() - start_ns) // 1000
        self._channel.send(kind, stream, b'{"us":%d%s}' % (us, rest), reply)
        if rest == _EXIT_META:
            _exit(self._exit_status)

    def _run(self, stream, meta, body):
        """(frame type, rest of its meta, body) of the call's answer, whatever the handler does."""
        if self._is_draining:
            return wire.ERROR, b"", runtime_error("Runtime.Draining", "The sandbox is draining.")
        try:
            event = json_codec.loads(body) if len(body) else {}
        except _BaseException as error:
            message = "Unable to unmarshal input: %s" % error
            return wire.ERROR, b"", runtime_error("Runtime.UnmarshalError", message)
        try:
            if "traceId" in meta and meta["traceId"]:
                _environ["_X_AMZN_TRACE_ID"] = meta["traceId"]
            set_request_id(meta["id"])
            result = self._handler(event, Context(self._load_meta, meta))
            if hasattr(result, "__await__"):
                result = self._event_loop().run_until_complete(result)
            if _isinstance(result, _Generator) or hasattr(result, "__anext__"):
                return self._run_stream(stream, result)
        except _SystemExit as exit_request:
            if self._is_fork:
                raise
            self._exit_status = _exit_code(exit_request)
            return wire.ERROR, _EXIT_META, exit_error(self._exit_status, meta["id"])
        except _BaseException as error:
            if self._is_fork:
                raise
            return wire.ERROR, b"", error_json(error)
        if self._is_fork:
            raise _SystemExit(0)
        return _encode_result(result)

    def _run_stream(self, stream, generator):
        reply = StreamedReply(self._channel, stream, self._wait_for_credit)
        try:
            if hasattr(generator, "__anext__"):
                loop = self._event_loop()
                while True:
                    try:
                        reply.send(loop.run_until_complete(generator.__anext__()))
                    except StopAsyncIteration:
                        break
            else:
                for value in generator:
                    reply.send(value)
            reply.end()
        except Cancelled:
            if _isinstance(generator, _Generator):
                generator.close()
            return wire.ERROR, b"", runtime_error("Runtime.Cancelled", "The invocation was cancelled.")
        return wire.END, b"", b""

    def _wait_for_credit(self, stream):
        """Other calls that arrive meanwhile wait their turn; the host bounds how many it sends."""
        while True:
            frame = self._channel.receive()
            kind, number, meta, _body = frame
            if kind == wire.CREDIT and number == stream:
                return json_codec.loads(meta)["bytes"]
            if kind == wire.CANCEL and number == stream:
                raise Cancelled()
            if kind == wire.INVOKE:
                self._waiting.append(frame)
            else:
                self._handle_control(kind, meta)

    def _event_loop(self):
        if self._loop is None:
            asyncio = import_standard("asyncio")
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop


_EXIT_META = b',"exit":true'


def _set_path(task_root):
    """The function's folder comes first and then what its PYTHONPATH names; nothing is remembered of folders that were missing."""
    named = [entry for entry in _environ.get("PYTHONPATH", "").split(":") if entry]
    sys.path[:0] = [task_root, *named]
    for entry in [entry for entry in sys.path_importer_cache if entry in named or entry.startswith(task_root)]:
        del sys.path_importer_cache[entry]


def _encode_result(result):
    try:
        body = _bytes(result) if _isinstance(result, (_bytes, bytearray)) else json_codec.dumps(result)
    except _BaseException as error:
        message = "Unable to marshal response: %s" % error
        return wire.ERROR, b"", runtime_error("Runtime.MarshalError", message)
    if len(body) <= wire.BODY_MAX_BYTES:
        return wire.END, b"", body
    message = "Response payload size (%d bytes) exceeded maximum allowed payload size (%d bytes)."
    error = runtime_error("Function.ResponseSizeTooLarge", message % (len(body), wire.BODY_MAX_BYTES))
    return wire.ERROR, b',"tooLarge":%d' % len(body), error


def _exit_code(exit_request):
    code = exit_request.code
    if code is None:
        return 0
    if _isinstance(code, int):
        # As Python's own exit: what no C long holds is -1.
        return code & 0xFF if -(2**63) <= code < 2**63 else 0xFF
    try:
        _stdio[1].write("%s\n" % code)
    except _BaseException:
        pass
    return 1


def _flush():
    """What was printed leaves before the result; closed or replaced streams are the function's own affair."""
    for own, current in zip(_stdio, (sys.stdout, sys.stderr)):
        if current is not own:
            try:
                current.flush()
            except _BaseException:
                pass
