"""What is wrong with a tool of a server: not reviewed, changed since, or another one's name.

Pure: no I/O, no clock. Pins win: a tool that somebody has reviewed is what its server may offer,
whatever others call theirs.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256
from typing import Final

from gateway.guardrails.tools.definition import digest
from gateway.guardrails.tools.shadowing import BUILT_IN, tool_skeleton
from gateway.model.jsonvalue import JsonMapping

_LONGEST_NAME: Final = 256
_KEPT: Final = 4_096
"""Hashes of definitions that are kept."""


class ToolFault(Enum):
    """Why a tool is not offered, and not called."""

    UNPINNED = "unpinned"
    CHANGED = "changed"
    SHADOWED = "shadowed"
    UNOBSERVED = "unobserved"


@dataclass(frozen=True, slots=True)
class Observed:
    """What a server offers, as the gateway itself has seen it: for each name the SHA-256 of every
    definition, since its replicas may differ. Empty: it offers nothing."""

    tools: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])


class ToolBook:
    """The pins of a configuration: server -> tool -> SHA-256 of its canonical definition. Immutable
    but for hashes, which are kept when they were first made.

    With `refuse_unobserved` no tool of a pinned server is called before the server was observed;
    without `judge_names` tools of servers without pins may have any name.
    """

    def __init__(
        self,
        pins: Mapping[str, Mapping[str, str]] | None = None,
        *,
        refuse_unobserved: bool = False,
        judge_names: bool = True,
    ) -> None:
        self._pins = pins or {}
        self._refuse_unobserved = refuse_unobserved
        self._judge_names = judge_names
        self._looks: dict[str, set[str]] = {}
        for server, tools in self._pins.items():
            for name in tools:
                self._looks.setdefault(tool_skeleton(name), set()).add(server)
        self._digests: dict[bytes, str] = {}
        self._reserved = {tool_skeleton(name) for name in BUILT_IN}

    @property
    def servers(self) -> frozenset[str]:
        """The servers whose tools are pinned."""
        return frozenset(self._pins)

    def listed(self, server: str, definition: JsonMapping) -> ToolFault | None:
        """Why a tool of a list is not offered, None if it is."""
        name = definition.get("name")
        if not isinstance(name, str):
            return ToolFault.UNPINNED
        pins = self._pins.get(server)
        if pins is None:
            return ToolFault.SHADOWED if self._shadows(server, name) else None
        if name not in pins:
            return ToolFault.UNPINNED
        return None if self._digest(definition) == pins[name] else ToolFault.CHANGED

    def called(self, server: str, name: str, observed: Observed | None) -> ToolFault | None:
        """Why a tool is not called, None if it may be. `observed` is None where nobody has listed
        the server yet."""
        pins = self._pins.get(server)
        if pins is None:
            return ToolFault.SHADOWED if self._shadows(server, name) else None
        if name not in pins:
            return ToolFault.UNPINNED
        if observed is None:
            return ToolFault.UNOBSERVED if self._refuse_unobserved else None
        return (
            ToolFault.CHANGED if observed.tools.get(name, frozenset[str]()) - {pins[name]} else None
        )

    def faults(self, server: str, observed: Observed) -> Iterator[tuple[str, ToolFault]]:
        """What is wrong with the tools that a server offers, by name."""
        for name in sorted(observed.tools):
            fault = self.called(server, name, observed)
            if fault is not None:
                yield name, fault

    def missing(self, server: str, observed: Observed) -> tuple[str, ...]:
        """Tools that are pinned and no longer offered, sorted."""
        return tuple(sorted(self._pins.get(server, {}).keys() - observed.tools.keys()))

    def _digest(self, definition: JsonMapping) -> str:
        """Of a definition as it came; "" of one without a canonical form, which nobody can have
        pinned. The same lists come again and again, and a canonical form costs ten times as much as
        to know them by what the C encoder makes of them."""
        key = sha256(json.dumps(definition).encode()).digest()
        known = self._digests.get(key)
        if known is not None:
            return known
        try:
            found = digest(definition)
        except ValueError:
            found = ""
        if len(self._digests) >= _KEPT:
            self._digests.clear()
        self._digests[key] = found
        return found

    def _shadows(self, server: str, name: str) -> bool:
        """Whether a name that nobody has reviewed is, or looks like, a pinned one of another
        server; or looks like a tool of agents themselves, with letters that are not those."""
        if not self._judge_names or (name.isascii() and not self._looks):
            return False
        if len(name) > _LONGEST_NAME:
            return True  # nobody has such a tool, and a caller must not have us look at it for long
        look = tool_skeleton(name)
        owners = self._looks.get(look)
        if owners is not None and owners - {server}:
            return True
        return not name.isascii() and look in self._reserved
