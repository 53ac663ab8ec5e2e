import base64
import hashlib
import hmac
import json
import os


def handler(event, context):
    body = (event.get("body") or "").encode()
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    digest = hmac.new(os.environ["WEBHOOK_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    given = event["headers"].get("x-hub-signature-256", "")
    if not hmac.compare_digest(given, f"sha256={digest}"):
        return {"statusCode": 401, "body": json.dumps({"message": "bad signature"})}
    return {"statusCode": 200, "body": json.dumps({"received": len(body)})}
