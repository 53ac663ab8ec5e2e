"""Lambda's context object."""

from time import monotonic


class _Identity:
    cognito_identity_id = None
    cognito_identity_pool_id = None


class Context:
    def __init__(self, load, meta):
        self.aws_request_id = meta["id"]
        self.invoked_function_arn = meta["arn"]
        self.function_name = load["functionName"]
        self.function_version = load["functionVersion"]
        self.memory_limit_in_mb = str(load["memoryMib"])
        self.log_group_name = load["logGroup"]
        self.log_stream_name = load["logStream"]
        self.client_context = None
        self.identity = _Identity()
        self.tenant_id = None
        self._deadline = monotonic() + meta["remainingMs"] / 1000

    def get_remaining_time_in_millis(self):
        """Milliseconds until the timeout, on a monotonic clock; never negative."""
        return max(0, int((self._deadline - monotonic()) * 1000))

    def log(self, message):
        import sys

        sys.stdout.write(str(message))
