"""A request that somebody saved: a whole HTTP/1.1 request, or only its JSON body."""

import re

from gateway.model.head import Headers, RequestHead

_LINE_END = re.compile(rb"\r?\n")


class SavedRequestError(ValueError):
    """The text is no request."""


def read_request(raw: bytes, route: str, path: str) -> tuple[RequestHead, bytes]:
    """The head and body of a saved request; a bare body gets the head of a plain legacy POST.

    `route` is the route that it is for, `path` its URL path. Raises `SavedRequestError`.
    """
    if raw.lstrip()[:1] in (b"{", b"["):
        headers = Headers([("content-type", "application/json")])
        return RequestHead("POST", path, headers=headers, route=route), raw
    head, _, body = raw.partition(b"\r\n\r\n" if b"\r\n\r\n" in raw else b"\n\n")
    first, *lines = _LINE_END.split(head.strip())
    words = first.decode("latin-1").split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/"):
        raise SavedRequestError("want an HTTP request (POST /mcp HTTP/1.1, ...) or a JSON body")
    return (
        RequestHead(words[0], words[1], headers=Headers(map(_header, lines)), route=route),
        body.rstrip(b"\r\n"),
    )


def path_of(raw: bytes) -> str | None:
    """The path of a whole HTTP request; None for a bare body, or what is no request."""
    words = raw.lstrip().split(b"\n", 1)[0].decode("latin-1").split()
    return words[1] if len(words) == 3 and words[2].startswith("HTTP/") else None


def _header(line: bytes) -> tuple[str, str]:
    name, colon, value = line.decode("latin-1").partition(":")
    if not colon:
        raise SavedRequestError(f"a header line without a colon: {name[:40]!r}")
    return name.strip().lower(), value.strip()
