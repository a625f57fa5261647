"""Pins of tools: is what a server offers now what somebody has reviewed? Pure: no I/O, no clock.

A server that changes a tool after it was approved ("rug pull", OWASP MCP03) is noticed by the hash
of the whole definition, whichever member it changed.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from gateway.guardrails.tools.definition import digest, member_digests, readable
from gateway.model.jsonvalue import JsonMapping


class PinState(Enum):
    """What a pin says of a definition."""

    OK = "ok"
    UNPINNED = "unpinned"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Pin:
    """One reviewed definition: `sha256` of all of it, `members` as `member_digests`, `summary` as
    `readable`."""

    sha256: str
    members: Mapping[str, str] = field(default_factory=dict[str, str])
    summary: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """One definition of a list. `changed` names the members that are not as they were pinned, that
    are new or that are gone; empty unless `state` is CHANGED."""

    name: str
    state: PinState
    changed: tuple[str, ...] = ()


class ToolPins:
    """The pins of every server, by the names of servers and tools."""

    def __init__(self, pins: Mapping[str, Mapping[str, Pin]]) -> None:
        self._pins = pins

    def has(self, server: str) -> bool:
        """Whether the server's tools are pinned at all."""
        return server in self._pins

    def judge(self, server: str, definitions: Iterable[JsonMapping]) -> tuple[Judged, ...]:
        """One judgement for each definition, in their order. One without a name is unpinned, and
        so is every tool of a server without pins."""
        pins = self._pins.get(server, {})
        return tuple(_judged(pins, definition) for definition in definitions)

    def missing(self, server: str, definitions: Iterable[JsonMapping]) -> tuple[str, ...]:
        """Pinned tools that the server no longer offers, sorted."""
        offered = [definition.get("name") for definition in definitions]
        return tuple(sorted(name for name in self._pins.get(server, {}) if name not in offered))


def pinned(definition: JsonMapping) -> Pin:
    """The pin that says that a definition is right as it is."""
    return Pin(digest(definition), member_digests(definition), readable(definition))


def difference(name: str, pin: Pin | None, definition: JsonMapping | None) -> Sequence[str]:
    """Lines of a unified diff between what was reviewed and what is offered, for people; the names
    of members stand there where their words are the same. None for what is not there."""
    before = pin.summary if pin is not None else ()
    after = readable(definition) if definition is not None else ()
    lines = list(
        difflib.unified_diff(before, after, f"{name} (pinned)", f"{name} (offered)", lineterm="")
    )
    if lines or pin is None or definition is None or pin.sha256 == digest(definition):
        return lines
    changed = ", ".join(_changed(pin, definition)) or "the definition"
    return [f"--- {name} (pinned)", f"+++ {name} (offered)", f"! {changed}: not as pinned"]


def _judged(pins: Mapping[str, Pin], definition: JsonMapping) -> Judged:
    name = definition.get("name")
    if not isinstance(name, str) or name not in pins:
        return Judged(name if isinstance(name, str) else "", PinState.UNPINNED)
    pin = pins[name]
    if digest(definition) == pin.sha256:
        return Judged(name, PinState.OK)
    return Judged(name, PinState.CHANGED, _changed(pin, definition))


def _changed(pin: Pin, definition: JsonMapping) -> tuple[str, ...]:
    now = member_digests(definition)
    return tuple(
        sorted(key for key in now.keys() | pin.members if now.get(key) != pin.members.get(key))
    )
