"""Which modules are the standard library's whatever the function's package holds, so that a sandbox that has waited, one that was
made for this call and one that has served before import the same."""

import os
import sys
from _frozen_importlib_external import PathFinder

# What the shim and Lambda's own client have imported, or import while they serve: a types.py or json.py of the author's own never
# takes their place. Every other name is looked for in the package first, as on Lambda.
PINNED = frozenset(
    """
    _bisect _collections_abc _colorize _datetime _decimal _json _random _sha2 _sha512 _socket _ssl _struct _weakrefset abc array
    ast base64 binascii bisect calendar codecs codeop collections contextlib copyreg datetime decimal email encodings enum
    functools genericpath http importlib io ipaddress json keyword linecache locale logging math numbers operator os posixpath
    quopri random re reprlib select selectors signal socket ssl stat string struct textwrap threading token tokenize traceback
    types unicodedata urllib warnings weakref
    """.split()
)
_folder = os.path.dirname(os.__file__)
_path = [entry for entry in sys.path if entry == _folder or entry.endswith("lib-dynload")] or [_folder]
_modules = sys.modules
_getattr, _isinstance, _str = getattr, isinstance, str


class PinnedFinder:
    """Finds the pinned modules; `on_logging(module)` is called as soon as somebody has imported logging."""

    def __init__(self, on_logging):
        self._on_logging = on_logging

    def find_spec(self, name, path=None, target=None):
        if path is not None or name not in PINNED:
            return None
        spec = PathFinder.find_spec(name, _path, target)
        if name == "logging" and spec is not None and spec.loader is not None:
            spec.loader = _Watched(spec.loader, self._on_logging)
        return spec


class _Watched:
    """A loader that tells when its module is there, and leaves no trace of itself."""

    def __init__(self, loader, on_loaded):
        self._loader = loader
        self._on_loaded = on_loaded

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._on_loaded(module)


def import_standard(name):
    """A module of the standard library and all it imports, when the function has modules of its own by any of their names."""
    there = _modules.get(name)
    if there is not None and not _is_shadow(name, there):
        return there
    own = {key: module for key, module in _modules.items() if _is_shadow(key, module)}
    path = sys.path
    sys.path = _path
    for key in own:
        del _modules[key]
    try:
        return __import__(name)
    finally:
        sys.path = path
        _modules.update(own)


def _is_shadow(name, module):
    if name.partition(".")[0] not in sys.stdlib_module_names:
        return False
    file = _getattr(module, "__file__", None)
    return _isinstance(file, _str) and not file.startswith(_folder)
