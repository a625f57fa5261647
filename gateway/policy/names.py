"""The names that policies spell out: what telemetry may make labels of. Pure: no I/O, no clock.

A client chooses the name of a tool or a model, and a time series or a span name for each of its
choices would grow without end. What some rule names exactly is finite by configuration.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.policy.rule import Rule
from gateway.policy.vocabulary import METHODS, Selector
from gateway.telemetry.conventions import OTHER


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The selectors without wildcard of all rules, denies and shadow rules included. `methods` are
    those of every protocol, and the extensions of MCP that rules name."""

    tools: frozenset[str] = frozenset()
    prompts: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    methods: frozenset[str] = METHODS

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> "KnownNames":
        """The names in `rules`. URIs of resources are not kept: nothing may be labelled by one."""
        kept = tuple(rules)
        return cls(
            tools=_exact(kept, "tools"),
            prompts=_exact(kept, "prompts"),
            models=_exact(kept, "models"),
            agents=_exact(kept, "agents"),
            methods=METHODS.union(*(rule.methods for rule in kept)),
        )

    def known(self, selector: Selector, name: str) -> str:
        """`name` if a rule spells it out as one of `selector`, else `OTHER`. A URI never is."""
        return name if selector != "resources" and name in getattr(self, selector) else OTHER

    def method(self, name: str) -> str:
        """`name` if it is a method that the gateway or a rule knows, else `OTHER`: a client may
        send any other method to an MCP server of the legacy revisions."""
        return name if name in self.methods else OTHER


def _exact(rules: Iterable[Rule], selector: Selector) -> frozenset[str]:
    return frozenset(
        glob.text for rule in rules for glob in rule.names.get(selector, ()) if glob.exact
    )
