"""Readers with a screen, fed in any chunking."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from gateway.model.refusal import Reason
from gateway.model.screening import AnswerScreen
from gateway.protocols.base import Reading, ResponseReader

LIMIT = 20_000


def encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def error(reason: Reason, why: str) -> bytes:
    """The error of a protocol that has just a code and a message."""
    return encode({"error": {"message": why, "code": reason.value}})


def shows(_method: str, _name: str) -> bool:
    """Everything."""
    return True


def reading(screen: AnswerScreen | None, **more: Any) -> Reading:
    """A reading with a screen."""
    known: dict[str, Any] = {"shows": shows, "limit": LIMIT, "error": error}
    return Reading(**{**known, **more}, screen=screen)


def event(value: Any, name: str = "") -> bytes:
    """An event with a document."""
    return (f"event: {name}\n" if name else "").encode() + b"data: " + encode(value) + b"\n\n"


def fed(one: ResponseReader, body: bytes, cuts: Sequence[int] = ()) -> bytes:
    """What a client gets of a body that comes cut at `cuts`."""
    inner = sorted({cut % (len(body) + 1) for cut in cuts})
    pieces = [body[start:end] for start, end in pairwise([0, *inner, len(body)])]
    return b"".join([*map(one.feed, pieces), one.finish()])


def documents(out: bytes) -> list[Any]:
    """The documents of the events of a stream."""
    found = [line[6:] for line in out.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(one) for one in found if one != b"[DONE]"]
