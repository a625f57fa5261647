"""A span's name and attributes. Pure: no I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.model.jsonvalue import JsonValue

TEXT_LIMIT: Final = 256
"""Characters that an attribute keeps of a text that a client or an upstream chose."""
LIST_LIMIT: Final = 16
"""Elements that an attribute keeps of a list."""

Value: TypeAlias = str | bool | int | float | Sequence[str]
Attributes: TypeAlias = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Description:
    """How a span is called, and what it says of its request."""

    name: str
    attributes: Attributes


def bounded(text: str) -> str:
    """At most `TEXT_LIMIT` characters of a text."""
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + "…"


def address(prefix: str, endpoint: str) -> Attributes:
    """`prefix`.address and .port of "ip:port", nothing of an empty text."""
    host, _, port = endpoint.rpartition(":")
    if not host or not port.isdecimal():
        return {f"{prefix}.address": bounded(endpoint)} if endpoint else {}
    return {f"{prefix}.address": bounded(host.strip("[]")), f"{prefix}.port": int(port)}


def texts(value: JsonValue) -> tuple[str, ...]:
    """The strings of a list, bounded."""
    if not isinstance(value, list):
        return ()
    return tuple(bounded(one) for one in value[:LIST_LIMIT] if isinstance(one, str))
