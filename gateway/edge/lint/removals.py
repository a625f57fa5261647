"""Which headers a list of header mutations takes away."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import re2  # pyright: ignore[reportMissingTypeStubs]

from gateway.edge.lint.node import Node


@dataclass(frozen=True, slots=True)
class Removals:
    """Names, prefixes and regular expressions (of the whole name) of headers that are removed."""

    names: frozenset[str]
    prefixes: tuple[str, ...]
    patterns: frozenset[str]

    def removes(self, name: str) -> bool:
        """Whether a header of this name is gone."""
        return (
            name in self.names
            or self.removes_all(name)
            or any(_matches(pattern, name) for pattern in self.patterns)
        )

    def removes_all(self, prefix: str) -> bool:
        """Whether every header whose name starts so is gone."""
        starts = any(prefix.startswith(one) for one in self.prefixes)
        return starts or any(
            pattern in self.patterns for pattern in (f"{prefix}.*", f"^{prefix}.*", f"^{prefix}.*$")
        )


def removals_of(mutations: Iterable[Node]) -> Removals:
    """What the mutations of a list (of envoy.config.common.mutation_rules) remove."""
    names: set[str] = set()
    prefixes: list[str] = []
    patterns: set[str] = set()
    for one in mutations:
        matcher = one["remove_on_match.key_matcher"]
        names |= {text.lower() for text in (one["remove"].text, matcher["exact"].text) if text}
        prefixes += [matcher["prefix"].text.lower()] if matcher["prefix"].text else []
        patterns |= {text} if (text := matcher["safe_regex.regex"].text) else set()
    return Removals(frozenset(names), tuple(prefixes), frozenset(patterns))


def _matches(pattern: str, name: str) -> bool:
    """By Envoy's own engine, which takes linear time; what is no expression matches nothing."""
    library: Any = re2  # comes without types
    options = library.Options()
    options.log_errors = False
    try:
        return bool(library.fullmatch(pattern, name, options))
    except library.error:
        return False
