"""JSON through the C parts of the json module alone: importing the whole module takes longer than the rest of the boot,
and code that replaces json.dumps does not reach us."""

import sys
from _json import encode_basestring, encode_basestring_ascii, make_encoder, make_scanner
from marshal import dumps as _marshalled

# Non-ASCII text stays as it is where Lambda's runtimes leave it so.
_encode_text = encode_basestring if sys.version_info >= (3, 12) else encode_basestring_ascii
_SPACE = " \t\n\r"
_str, _float, _int, _TypeError, _ValueError = str, float, int, TypeError, ValueError
_bytes, _dict, _list, _tuple = bytes, dict, list, tuple
_isinstance, _getattr, _map, _id = isinstance, getattr, map, id
_PLAIN = frozenset((str, int, float, bool, type(None)))


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
    """JSON bytes as Lambda's client makes them: NaN and Infinity stand, a Decimal keeps its digits, bytes are UTF-8 text and a named
    tuple is an object. Raises what cannot be serialised."""
    try:
        text = "".join(_encoder(_encode_text)(value, 0))
        # To the encoder a named tuple is a list, and a list begins with a bracket.
        if "[" in text and _holds_named_tuple(value):
            raise _NeedsRewrite
    except (_NeedsRewrite, _TypeError):
        value = _rewritten(value, set())
        text = "".join(_encoder(_encode_raw)(value, 0))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(_encoder(_encode_raw_ascii)(_rewritten(value, set()), 0)).encode("utf-8")


def _encoder(encode_text):
    return make_encoder({}, _default, encode_text, None, ": ", ", ", False, False, True)


class _NeedsRewrite(Exception):
    pass


class _Raw(str):
    """Text that is JSON already."""


def _encode_raw(text):
    return _str(text) if type(text) is _Raw else _encode_text(text)


def _encode_raw_ascii(text):
    return _str(text) if type(text) is _Raw else encode_basestring_ascii(text)


def _default(value):
    if _isinstance(value, _bytes) or _is_decimal(value) or callable(_getattr(value, "_asdict", None)):
        raise _NeedsRewrite
    raise _TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


def _holds_named_tuple(value):
    try:
        # Written in C, and refuses every kind of tuple but the plain one.
        _marshalled(value)
        return False
    except _ValueError:
        pass
    pending = [value]
    while pending:
        one = pending.pop()
        if _isinstance(one, _dict):
            members = _dict.values(one)
        elif _isinstance(one, _list) or type(one) is _tuple:
            members = one
        elif _isinstance(one, _tuple):
            return True
        else:
            continue
        if not _PLAIN.issuperset(_map(type, members)):
            pending.extend(members)
    return False


def _rewritten(value, above):
    """The same in what the encoder knows; `above` holds the containers it lies in."""
    if value is None or _isinstance(value, (_str, _int, _float)):
        return value
    if _isinstance(value, _bytes):
        return _str(value, "utf-8")
    if _is_decimal(value):
        return _float("nan") if value.is_nan() else _Raw(value)
    mark = _id(value)
    if mark in above:
        raise _ValueError("Circular reference detected")
    above.add(mark)
    as_dict = _getattr(value, "_asdict", None)
    if not _isinstance(value, _list) and callable(as_dict):
        value = as_dict()
    if _isinstance(value, (_list, _tuple)):
        found = [_rewritten(member, above) for member in value]
    elif _isinstance(value, _dict):
        found = {_key(key): _rewritten(member, above) for key, member in value.items()}
    else:
        found = _default(value)
    above.discard(mark)
    return found


def _key(key):
    return _str(key, "utf-8") if _isinstance(key, _bytes) else key


def _is_decimal(value):
    """Without importing what only few functions do."""
    return any(kind.__module__ == "decimal" and kind.__name__ == "Decimal" for kind in type(value).__mro__)
