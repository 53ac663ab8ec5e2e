# Calls another API. That takes the network setting `egress`; with `none`, the default, a function reaches nothing outside.
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

PATIENCE_SECONDS = 2


class NetworkError(Exception):
    pass


def handler(event, context):
    url = event.get("url", "https://api.github.com/zen")
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError("Send an http or https address as `url`.")
    try:
        with urlopen(url, timeout=PATIENCE_SECONDS) as reply:
            return {"status": reply.status, "body": reply.read(10_000).decode("utf-8", "replace")}
    except HTTPError as error:
        raise RuntimeError(f"{url} answered {error.code}.") from error
    except (URLError, TimeoutError) as error:
        print(error)
        raise NetworkError(
            f"Could not reach {urlsplit(url).netloc}. If this function's network setting is none, "
            "nothing outside can be reached: set it to egress."
        ) from error
