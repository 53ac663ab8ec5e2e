import json


def handler(event, context):
    print(f"called with {json.dumps(event)}, {context.get_remaining_time_in_millis()} ms left")
    return {"hello": event.get("name", "world")}
