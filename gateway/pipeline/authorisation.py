"""Whether policy allows every call of a message. No I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.model.call import Call, Deframed
from gateway.model.jsonvalue import RequestId
from gateway.model.permit import Decision, Permit
from gateway.model.principal import Principal
from gateway.policy.context import RequestContext
from gateway.policy.engine import PolicySet


@dataclass(frozen=True, slots=True)
class Denied:
    """What is not allowed: `method` by `decision`; `guilty` are the ids of all that are not."""

    method: str
    decision: Decision
    guilty: frozenset[RequestId | None]


def authorise(
    policies: PolicySet, message: Deframed, principal: Principal, context: RequestContext
) -> Permit | Denied:
    """The permit of a whole message: one call that is not allowed, or is implied by another,
    denies it."""
    calls = with_implied(message.calls)
    decisions = [policies.decide(call, principal, context) for call in calls]
    refused = [each for each in zip(calls, decisions, strict=True) if not each[1].allowed]
    if not refused:
        return Permit(message.calls, principal, tuple(decisions))
    # What no scope would allow comes first: a challenge for the rest would help nobody.
    call, decision = min(refused, key=lambda each: bool(each[1].needed_scopes))
    if decision.needed_scopes:
        bare = replace(principal, scopes=frozenset())
        again = [policies.decide(one, bare, context) for one in calls]
        decision = replace(decision, needed_scopes=_needed(decisions, again))
    return Denied(call.method, decision, frozenset(one.id for one, _ in refused))


def _needed(decisions: Sequence[Decision], bare: Sequence[Decision]) -> tuple[str, ...]:
    """The scopes of everything that the message does; `bare` are the decisions without any scope.
    Those behind what is allowed already are among them: the client comes back with exactly the
    scopes that it is told."""
    needed: set[str] = set()
    for decision, again in zip(decisions, bare, strict=True):
        needed.update((again if decision.allowed else decision).needed_scopes)
    return tuple(sorted(needed))


def with_implied(calls: tuple[Call, ...]) -> list[Call]:
    """Every call of a message and those that they imply, in order, with the id that answers."""
    return [
        one
        for call in calls
        for one in (call, *(replace(each, id=call.id) for each in call.implied))
    ]


def every_shadow(decisions: Sequence[Decision]) -> tuple[str, ...]:
    """The shadow rules of all decisions, each once, in order."""
    return tuple(dict.fromkeys(rule for decision in decisions for rule in decision.shadow))
