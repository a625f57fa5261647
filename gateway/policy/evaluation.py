"""The values of `when` within one decision. Pure: no I/O, no clock."""

from collections.abc import Iterable

from gateway.model.call import Call
from gateway.model.principal import Principal
from gateway.policy.attributes import UnbindableError, bind
from gateway.policy.cel import Activation, CelFailure, Outcome, Runtime
from gateway.policy.context import RequestContext
from gateway.policy.rule import Rule


class Evaluation:
    """Binds the attributes once, when the first `when` is asked for, and only those that the
    candidate rules read; all rules of the decision share them."""

    __slots__ = ("_activation", "_call", "_context", "_principal", "_rules", "_runtime")

    def __init__(
        self,
        runtime: Runtime,
        rules: Iterable[Rule],
        call: Call,
        principal: Principal,
        context: RequestContext,
    ) -> None:
        self._runtime = runtime
        self._rules = rules
        self._call = call
        self._principal = principal
        self._context = context
        self._activation: Activation | CelFailure | None = None

    def outcome(self, rule: Rule) -> Outcome:
        """The value of the rule's `when`; True if it has none."""
        if rule.when is None:
            return True
        if self._activation is None:
            self._activation = self._bind()
        if isinstance(self._activation, CelFailure):
            return self._activation
        return rule.when.evaluate(self._activation)

    def _bind(self) -> Activation | CelFailure:
        uses = {use for rule in self._rules if rule.when is not None for use in rule.when.uses}
        try:
            return self._runtime.bind(bind(uses, self._call, self._principal, self._context))
        except UnbindableError:
            return CelFailure("the call holds a value that CEL cannot represent")
