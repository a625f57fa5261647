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
    if target is None:
        return []
    return [(_members(text)["model"], dumps(target).decode("ascii"))]


def with_usage(text: str, body: JsonMapping) -> list[tuple[Span, str]]:
    """The edit that makes the server end its stream with a chunk of usage."""
    options = body.get(_OPTIONS)
    members = _members(text)
    if options is None:
        wanted = f'{{"{_USAGE}":true}}'
        if _OPTIONS in members:
            return [(members[_OPTIONS], wanted)]
        return [(_inside(jsonspans.root(text)), _before(f'"{_OPTIONS}":{wanted}', members))]
    within = jsonspans.members(text, members[_OPTIONS])
    if _USAGE in within:
        return [(within[_USAGE], "true")]
    return [(_inside(members[_OPTIONS]), _before(f'"{_USAGE}":true', within))]


def renamed_part(body: bytes, parts: Sequence[Part], aliases: Mapping[str, str]) -> bytes | None:
    """A form with the backend's model where the client named an alias; None for any other."""
    for part in parts:
        if part.name == "model":
            target = aliases.get(body[part.start : part.end].decode("utf-8"))
            if target is not None:
                return body[: part.start] + target.encode("utf-8") + body[part.end :]
    return None


def _members(text: str) -> dict[str, Span]:
    return jsonspans.members(text, jsonspans.root(text))


def _inside(value: Span) -> Span:
    """The place of a first member."""
    return Span(value.start + 1, value.start + 1)


def _before(member: str, others: Mapping[str, Span]) -> str:
    return f"{member}," if others else member
