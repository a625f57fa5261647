"""A rule as the engine holds it. Pure: no I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.model.problem import Place
from gateway.policy.cel import Expression
from gateway.policy.glob import Glob
from gateway.policy.vocabulary import Selector


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled rule of one policy.

    `methods` is the whole set to which the rule applies: what it names, narrowed to the methods
    that carry what its selectors and its `when` use. A selector, `principals` or `actors` that is
    absent does not constrain; in `names` several selectors are alternatives.
    """

    policy: str
    name: str
    allows: bool
    shadow: bool
    place: Place
    methods: frozenset[str]
    backends: frozenset[str] = frozenset()
    routes: frozenset[str] = frozenset()
    principals: tuple[Glob, ...] | None = None
    actors: tuple[Glob, ...] | None = None
    names: Mapping[Selector, tuple[Glob, ...]] = field(
        default_factory=dict[Selector, tuple[Glob, ...]]
    )
    scopes: frozenset[str] = frozenset()
    when: Expression | None = None
    when_text: str = ""
    reason: str = ""

    @property
    def path(self) -> str:
        """How records name the rule."""
        return f"{self.policy}/{self.name}"
