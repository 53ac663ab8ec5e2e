"""JSON through the C parts of the json module alone: importing the whole module takes longer than the rest of the boot,
and code that replaces json.dumps does not reach us."""

import sys
from _json import encode_basestring, encode_basestring_ascii, make_encoder, make_scanner

# Non-ASCII text stays as it is where Lambda's runtimes leave it so.
_encode_text = encode_basestring if sys.version_info >= (3, 12) else encode_basestring_ascii
_SPACE = " \t\n\r"
_str, _float, _int, _TypeError, _ValueError = str, float, int, TypeError, ValueError


def _refuse_constant(name):
    raise _ValueError("%s is not JSON" % name)


class _Rules:
    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_refuse_constant)
    memo = {}


_scan = make_scanner(_Rules())


def loads(data):
    """The value of JSON bytes; raises ValueError (RecursionError for thousands of levels)."""
    text = _str(data, "utf-8").strip(_SPACE)
    try:
        value, end = _scan(text, 0)
    except StopIteration as stop:
        raise _ValueError("Expecting value: char %s" % stop.value) from None
    if end != len(text):
        raise _ValueError("Extra data: char %d" % end)
    return value


def dumps(value):
    """JSON bytes as json.dumps makes them (NaN allowed, Decimal as a number); raises what cannot be serialised."""
    text = "".join(_encoder(_encode_text)(value, 0))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(_encoder(encode_basestring_ascii)(value, 0)).encode("utf-8")


def _encoder(encode_text):
    return make_encoder({}, _default, encode_text, None, ": ", ", ", False, False, True)


def _default(value):
    kind = type(value)
    if kind.__module__ == "decimal" and kind.__name__ == "Decimal":
        return _int(value) if value == value.to_integral_value() else _float(value)
    raise _TypeError("Object of type %s is not JSON serializable" % kind.__name__)
