"""The one shape of a failure, {errorType, errorMessage, stackTrace}, with the author's own paths."""

from . import json_codec
from .standard_modules import import_standard

_SHIM_FOLDER = __file__.rpartition("/")[0].rpartition("/")[0] + "/"
_MESSAGE_MAX_CHARS = 32 * 1024
_STACK_LINES_MAX = 100
_STACK_LINE_MAX_CHARS = 1024
# The host reads no larger error.
_ERROR_MAX_BYTES = 256 * 1024
_roots = []
_str, _isinstance, _BaseException, _SyntaxError = str, isinstance, BaseException, SyntaxError


def set_task_root(task_root):
    """Paths below it are shown as /var/task from now on, wherever the code lies."""
    from os.path import realpath

    for root in (task_root, realpath(task_root)):
        if root != "/var/task" and root not in _roots:
            _roots.append(root)


def runtime_error(error_type, message, stack=()):
    """A failure as JSON bytes."""
    stack = [_cut(_author_paths(line), _STACK_LINE_MAX_CHARS) for line in stack][:_STACK_LINES_MAX]
    message = _cut(_author_paths(message), _MESSAGE_MAX_CHARS)
    body = json_codec.dumps({"errorType": error_type, "errorMessage": message, "stackTrace": stack})
    if len(body) <= _ERROR_MAX_BYTES:
        return body
    return json_codec.dumps({"errorType": error_type, "errorMessage": _cut(message, 1024), "stackTrace": []})


def error_json(error, error_type=None, message=None):
    """What a handler raised; never raises, whatever it is."""
    try:
        return runtime_error(error_type or type(error).__name__, message or _message_of(error), _stack_of(error))
    except _BaseException:
        return runtime_error("Error", "The handler raised an exception that cannot be described.")


def exit_error(code, request_id):
    """Words for an exit the function's code asked for."""
    reason = "Runtime exited with error: exit status %d" % code if code else "Runtime exited without providing a reason"
    prefix = "RequestId: %s " % request_id if request_id else ""
    return runtime_error("Runtime.ExitError", prefix + "Error: " + reason)


def _message_of(error):
    return _str(error)


def _stack_of(error):
    traceback = import_standard("traceback")
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(_SHIM_FOLDER) and not frame.filename.startswith("<frozen importlib")
    ]
    # The innermost frames tell most; a recursion has a thousand of them.
    lines = traceback.format_list(frames[-_STACK_LINES_MAX:])
    if _isinstance(error, _SyntaxError):
        lines += ["".join(traceback.format_exception_only(type(error), error)[:-1])]
    return lines


def _author_paths(text):
    for root in _roots:
        text = text.replace(root, "/var/task")
    return text


def _cut(text, max_chars):
    return text[:max_chars] + "..." if len(text) > max_chars else text
