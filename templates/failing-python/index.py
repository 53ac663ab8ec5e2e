# Fails on purpose, to learn from it: send `broken`, then follow the error to its line and mend it.
class OrderError(Exception):
    pass


def handler(event, context):
    order = event["order"]
    if not order["lines"]:
        raise OrderError(f"Order {order['id']} has no lines.")
    cents = sum(price_of(line) for line in order["lines"])
    return {"id": order["id"], "total": f"{cents / 100:.2f}"}


def price_of(line):
    # A line without a price breaks here.
    return line["price"]["cents"] * line["quantity"]
