"""From a call to the rules that can match it. Pure: no I/O, no clock.

Every rule is one bit. Each structured field maps a value to the mask of the rules that accept it,
and the candidates are the intersection: the cost is a few look-ups and the AND of integers of one
bit a rule, however many policies cannot match. Denies have the lowest bits, so that walking a mask
upwards is the order of judgement.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from gateway.model.principal import Principal
from gateway.policy.glob import Glob, GlobIndex
from gateway.policy.rule import Rule
from gateway.policy.vocabulary import SELECTORS, Selector


class RuleIndex:
    """An immutable index over all rules of a snapshot."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: rule.allows))
        self.allowing = self._mask(lambda rule: rule.allows)
        self.shadow = self._mask(lambda rule: rule.shadow)
        self._backends = self._by_value(lambda rule: rule.backends)
        self._routes = self._by_value(lambda rule: rule.routes)
        self._methods = self._by_value(lambda rule: rule.methods)
        self._principals = self._by_glob(lambda rule: rule.principals)
        self._actors = self._by_glob(lambda rule: rule.actors)
        self._unnamed = self._mask(lambda rule: not rule.names)
        self._names = {
            selector: GlobIndex(self._entries(_globs_of(selector)), self._unnamed)
            for selector in SELECTORS
        }

    def targeted(self, backend: str, route: str) -> int:
        """The rules of the policies for a backend or a route."""
        return self._backends.get(backend, 0) | self._routes.get(route, 0)

    def by_principal(self, principal: Principal) -> int:
        """The rules whose `principals` and `actors` accept a principal."""
        acting = self._actors.rest
        for actor in principal.actors:
            acting |= self._actors.lookup(actor)
        return acting & self._principals.lookup(principal.id)

    def by_method(self, method: str) -> int:
        """The rules that apply to a method."""
        return self._methods.get(method, 0)

    def by_name(self, selector: Selector, name: str) -> int:
        """The rules without selectors, and those that select the name."""
        return self._names[selector].lookup(name)

    def walk(self, mask: int) -> Iterator[Rule]:
        """The rules of a mask: denies first, each effect in the order of the documents."""
        while mask:
            low = mask & -mask
            yield self.rules[low.bit_length() - 1]
            mask ^= low

    def covering(self, rule: Rule) -> int:
        """The rules whose structured fields accept everything that those of `rule` accept."""
        mask = -1
        for backend in rule.backends:
            mask &= self._backends.get(backend, 0)
        for route in rule.routes:
            mask &= self._routes.get(route, 0)
        for method in rule.methods:
            mask &= self._methods.get(method, 0)
        for selector, globs in rule.names.items():
            mask &= self._names[selector].covering(globs)
        if not rule.names:
            mask &= self._unnamed
        return (
            mask & self._principals.covering(rule.principals) & self._actors.covering(rule.actors)
        )

    def _mask(self, accepts: Callable[[Rule], bool]) -> int:
        return sum(1 << bit for bit, rule in enumerate(self.rules) if accepts(rule))

    def _by_value(self, values: Callable[[Rule], Collection[str]]) -> dict[str, int]:
        masks: dict[str, int] = {}
        for bit, rule in enumerate(self.rules):
            for value in values(rule):
                masks[value] = masks.get(value, 0) | 1 << bit
        return masks

    def _by_glob(self, globs: Callable[[Rule], Sequence[Glob] | None]) -> GlobIndex:
        return GlobIndex(self._entries(globs), rest=self._mask(lambda rule: globs(rule) is None))

    def _entries(self, globs: Callable[[Rule], Sequence[Glob] | None]) -> list[tuple[Glob, int]]:
        masks: dict[Glob, int] = {}
        for bit, rule in enumerate(self.rules):
            for glob in globs(rule) or ():
                masks[glob] = masks.get(glob, 0) | 1 << bit
        return list(masks.items())


def _globs_of(selector: Selector) -> Callable[[Rule], Sequence[Glob] | None]:
    return lambda rule: rule.names.get(selector)
