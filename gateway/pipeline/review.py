"""A permit judged again, for a response that may go on for as long as the client likes.

No I/O, no clock. The stream keeps the snapshot that it began with for everything else.
"""

from dataclasses import dataclass

from gateway.identity.identify import identify
from gateway.model.call import Call
from gateway.model.head import RequestHead
from gateway.model.principal import Principal
from gateway.model.refusal import Refusal
from gateway.pipeline.snapshot import Snapshot
from gateway.policy.context import RequestContext


@dataclass(frozen=True, slots=True)
class Review:
    """What was permitted, to whom. `routed` is the name of Envoy's route, `head` has that of the
    configuration; `calls` are all that the message does, `taints` what was known of it."""

    routed: str
    head: RequestHead
    calls: tuple[Call, ...]
    principal: Principal
    listener: str
    taints: frozenset[str] = frozenset()

    @property
    def expires_at(self) -> float | None:
        """When the credential ends, in seconds since the epoch; None if it never does."""
        return self.principal.expires_at

    def permitted(self, snapshot: Snapshot, now: float) -> bool:
        """Whether the same request, if it came now, would be let through for the same principal."""
        route, rules = snapshot.routes.get(self.routed), snapshot.listeners.get(self.listener)
        if route is None or rules is None:
            return False
        principal = identify(self.head, rules, snapshot.keys, now)
        if isinstance(principal, Refusal) or principal.seal_scope != self.principal.seal_scope:
            return False
        context = RequestContext(self.head, route.backend, now, self.listener, taints=self.taints)
        decide = snapshot.policies.decide
        return all(decide(call, principal, context).allowed for call in self.calls)
