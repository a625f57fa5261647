"""The compiled policies of one snapshot: what the other stages ask. Pure: no I/O, no clock."""

from collections.abc import Iterable

from gateway.model.call import Call
from gateway.model.permit import Decision
from gateway.model.principal import Principal
from gateway.model.problem import Problem
from gateway.policy.book import RuleBook
from gateway.policy.context import RequestContext
from gateway.policy.decide import decide
from gateway.policy.explain import Trace, explain
from gateway.policy.lists import shows
from gateway.policy.names import KnownNames
from gateway.policy.rule import Rule


class PolicySet:
    """Immutable; made by `compile.compile_policies`. `warnings` are findings of documents that
    work, but perhaps not as meant. `names` are those that rules spell out."""

    def __init__(self, book: RuleBook, warnings: Iterable[Problem] = ()) -> None:
        self._book = book
        self.warnings = tuple(warnings)
        self.names = KnownNames.of(book.index.rules)
        self._tainted = sum(
            1 << bit for bit, rule in enumerate(book.index.rules) if _reads_taints(rule)
        )

    @property
    def runtime(self) -> str:
        """The CEL implementation, as `check --engine` calls it."""
        return self._book.runtime.name

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule with the methods to which it applies: denies first, in document order."""
        return self._book.index.rules

    def reads_taints(self, backend: str, route: str) -> bool:
        """Whether a rule of the backend or route asks what a conversation has read."""
        return bool(self._tainted and self._tainted & self._book.index.targeted(backend, route))

    def decide(self, call: Call, principal: Principal, context: RequestContext) -> Decision:
        """Judge one call, without those that it implies. Never raises for what a client sends."""
        return decide(self._book, call, principal, context)

    def shows(
        self, list_method: str, item: str, principal: Principal, context: RequestContext
    ) -> bool:
        """Whether an item (tool, prompt, URI or URI template) of the result of `list_method` is
        shown to the principal."""
        return shows(self._book, list_method, item, principal, context)

    def explain(self, call: Call, principal: Principal, context: RequestContext) -> Trace:
        """The decision with every rule of the backend and route, and what became of it."""
        return explain(self._book, call, principal, context)


def _reads_taints(rule: Rule) -> bool:
    uses = rule.when.uses if rule.when is not None else ()
    return any(use.variable == "request" and use.field in {None, "taints"} for use in uses)
