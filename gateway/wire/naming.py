"""A name within a JSON text, replaced where it stands. Pure: no I/O, no clock."""

from collections.abc import Iterable

from gateway.wire import jsonspans
from gateway.wire.strictjson import Document, decode, dumps

Path = tuple[str, ...]
"""Keys from the document's object to a member, of objects only."""


def renamed(data: bytes, limit: int, paths: Iterable[Path], old: str, new: str) -> bytes:
    """`data`, at most `limit` bytes of JSON, with `new` for every member at one of `paths` that is
    the string `old`. `data` itself where there is none, or it is no strict JSON document."""
    document = decode(data, limit)
    if not isinstance(document, Document):
        return data
    edits = [
        (span, dumps(new).decode("ascii"))
        for path in paths
        if (span := _span(document, path, old)) is not None
    ]
    return jsonspans.spliced(document.text, edits).encode("utf-8") if edits else data


def _span(document: Document, path: Path, name: str) -> jsonspans.Span | None:
    """Where the member at `path` is, if it is the string `name`."""
    value = document.value
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if value != name:
        return None
    (at,) = jsonspans.objects(document.text)
    for key in path:
        found = jsonspans.member(document.text, at, key)
        if found is None:
            return None
        at = found
    return at
