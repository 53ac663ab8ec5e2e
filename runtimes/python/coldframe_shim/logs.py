"""The root logger's handler, as on Lambda: there before the function's first line runs, its format has the request's id."""

import sys

# The id of the running call; "" before the first.
_current = [""]


def set_request_id(request_id):
    _current[0] = request_id


def set_up(logging):
    """Gives the root logger its handler; for the module as soon as it is imported, whoever does that."""
    from time import gmtime

    class Handler(logging.Handler):
        def emit(self, record):
            try:
                sys.stdout.write(self.format(record))
            except Exception:
                self.handleError(record)

    class RequestId(logging.Filter):
        def filter(self, record):
            record.aws_request_id = _current[0]
            record.tenant_id = None
            return True

    logging.Formatter.converter = gmtime
    handler = Handler()
    text = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
    handler.setFormatter(logging.Formatter(text, "%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(RequestId())
    logging.getLogger().addHandler(handler)
