# Slow on purpose, to learn from its waterfall: work outside the handler is the import, paid once per sandbox; work inside
# it is paid on every call. Its timeout is one second, and the event `too-slow` takes longer.
import time

IMPORT_MS = 150


def spend(ms):
    end_at = time.monotonic() + ms / 1000
    while time.monotonic() < end_at:
        pass


spend(IMPORT_MS)


def handler(event, context):
    busy_ms, wait_ms = event.get("busyMs", 50), event.get("waitMs", 100)
    print(f"{context.get_remaining_time_in_millis()} ms left; computing for {busy_ms} ms (counts as CPU)")
    spend(busy_ms)
    print(f"waiting for {wait_ms} ms (costs no CPU)")
    time.sleep(wait_ms / 1000)
    return {"busyMs": busy_ms, "waitMs": wait_ms}
