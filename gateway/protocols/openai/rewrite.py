"""What a request says to the backend that its client did not. Pure: no I/O, no clock.

Edits are by position: every other byte of the body is the client's.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.model.jsonvalue import JsonMapping
from gateway.wire import jsonspans
from gateway.wire.jsonspans import Span
from gateway.wire.multipart import Part
from gateway.wire.strictjson import dumps

_OPTIONS: Final = "stream_options"
_USAGE: Final = "include_usage"


def asks_usage(body: JsonMapping) -> bool:
    """Whether the client wants the last chunk of its stream to say what it cost."""
    options = body.get(_OPTIONS)
    return isinstance(options, dict) and options.get(_USAGE) is True


def renamed(text: str, body: JsonMapping, aliases: Mapping[str, str]) -> list[tuple[Span, str]]:
    """The edit that names the backend's model where the client named an alias."""
    model = body.get("model")
    target = aliases.get(model) if isinstance(model, str) else None
    return [] if target is None else named(text, body, target)


def named(text: str, body: JsonMapping, model: str) -> list[tuple[Span, str]]:
    """The edit that names `model`, whatever the client named; none where it is that already."""
    if body.get("model") == model:
        return []
    root = _root(text)
    spelt = dumps(model).decode("ascii")
    at = jsonspans.member(text, root, "model")
    return [(_inside(root), _before(f'"model":{spelt}', body)) if at is None else (at, spelt)]


def with_usage(text: str, body: JsonMapping) -> list[tuple[Span, str]]:
    """The edit that makes the server end its stream with a chunk of usage."""
    options = body.get(_OPTIONS)
    root = _root(text)
    wanted = f'{{"{_USAGE}":true}}'
    at = jsonspans.member(text, root, _OPTIONS) if _OPTIONS in body else None
    if at is None:
        return [(_inside(root), _before(f'"{_OPTIONS}":{wanted}', body))]
    if options is None:
        return [(at, wanted)]
    within = jsonspans.members(text, at)
    if _USAGE in within:
        return [(within[_USAGE], "true")]
    return [(_inside(at), _before(f'"{_USAGE}":true', within))]


def renamed_part(body: bytes, parts: Sequence[Part], aliases: Mapping[str, str]) -> bytes | None:
    """A form with the backend's model where the client named an alias; None for any other."""
    part = model_part(parts)
    target = None if part is None else aliases.get(body[part.start : part.end].decode("utf-8"))
    return None if part is None or target is None else named_part(body, part, target)


def named_part(body: bytes, part: Part, model: str) -> bytes:
    """A form that names `model` in `part`."""
    return body[: part.start] + model.encode("utf-8") + body[part.end :]


def model_part(parts: Sequence[Part]) -> Part | None:
    """The part of a form that names a model."""
    return next((part for part in parts if part.name == "model"), None)


def _root(text: str) -> Span:
    """The place of the body, an object; what is in it is not read."""
    (root,) = jsonspans.objects(text)
    return root


def _inside(value: Span) -> Span:
    """The place of a first member."""
    return Span(value.start + 1, value.start + 1)


def _before(member: str, others: Mapping[str, object]) -> str:
    return f"{member}," if others else member
