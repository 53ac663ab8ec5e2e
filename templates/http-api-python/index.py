import json

NOTES = {"1": "water the seedlings", "2": "open the frame at noon"}


def handler(event, context):
    note_id = event["rawPath"].split("/")[-1]
    note = NOTES.get(note_id)
    if note is None:
        return {"statusCode": 404, "body": json.dumps({"message": f"no note {note_id}"})}
    upper = (event.get("queryStringParameters") or {}).get("upper") == "yes"
    return {"statusCode": 200, "body": json.dumps({"id": note_id, "text": note.upper() if upper else note})}
