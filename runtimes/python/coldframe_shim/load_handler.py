"""From `path/module.function` to the function, or to the error that says why not."""

import sys

from .errors import error_json, runtime_error

_SyntaxError, _ImportError = SyntaxError, ImportError


def load_handler(name):
    """Returns (handler, None) or (None, error bytes). SystemExit passes through."""
    module_name, _, function_name = name.rpartition(".")
    if not module_name or not function_name or ".." in name or name.startswith("/"):
        return None, runtime_error("Runtime.MalformedHandlerName", "Bad handler '%s': expected path/module.function" % name)
    module_name = module_name.replace("/", ".")
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = "Cannot use built-in module %s as a handler module" % module_name
        return None, runtime_error("Runtime.BuiltInModuleConflict", message)
    try:
        __import__(module_name)
        handler = getattr(sys.modules[module_name], function_name, None)
    except _SyntaxError as error:
        message = "Syntax error in module '%s': %s" % (module_name, error)
        return None, error_json(error, "Runtime.UserCodeSyntaxError", message)
    except _ImportError as error:
        message = "Unable to import module '%s': %s" % (module_name, error)
        return None, error_json(error, "Runtime.ImportModuleError", message)
    except SystemExit:
        raise
    except BaseException as error:
        return None, error_json(error)
    if handler is None:
        message = "Handler '%s' missing on module '%s'" % (function_name, module_name)
        return None, runtime_error("Runtime.HandlerNotFound", message)
    if not callable(handler):
        message = "Handler '%s' on module '%s' is not a function" % (function_name, module_name)
        return None, runtime_error("Runtime.HandlerNotFound", message)
    return handler, None
