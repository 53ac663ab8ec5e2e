# Answers in pieces, each sent as soon as it is there: a generator is a stream.
import time


def handler(event, context):
    steps = event.get("steps", 5)
    for step in range(1, steps + 1):
        yield f"step {step} of {steps}\n"
        time.sleep(event.get("pauseMs", 100) / 1000)
    yield "done\n"
