# CSV text to a list of objects, by the names in its first line. Quoted fields may hold commas, quotes ("") and line breaks.
import csv
import io


def handler(event, context):
    text = event.get("csv")
    if not isinstance(text, str):
        raise TypeError("Send the text as `csv`.")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=event.get("separator", ","), restval=""))
