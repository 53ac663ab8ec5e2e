# Decides what is old enough to go. Made for a schedule, and useful by hand: call it with `dryRun` to see what would happen.
# A schedule sends its time in `event["time"]`; a call by hand may leave it out.
from datetime import datetime, timedelta, timezone


def handler(event, context):
    items = event.get("items", [])
    dry_run = event.get("dryRun", True)
    now = parse(event["time"]) if "time" in event else datetime.now(timezone.utc)
    oldest_kept = now - timedelta(days=event.get("keepDays", 30))
    newest_first = sorted(items, key=lambda item: item["createdAt"], reverse=True)
    old = [item for item in newest_first[event.get("keepLast", 1) :] if parse(item["createdAt"]) < oldest_kept]
    for item in old:
        print(f"{'would remove' if dry_run else 'removing'} {item['id']}, made {item['createdAt']}")
        if not dry_run:
            remove(item)
    return {"dryRun": dry_run, "kept": len(items) - len(old), "removed": [item["id"] for item in old]}


def parse(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def remove(item):
    """Put your own deletion here: a request to your API, a file on a share."""
