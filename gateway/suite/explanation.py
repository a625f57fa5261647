"""Why one request is decided as it is, as data, text and JSON. Pure: no I/O, no clock.

An explanation may quote the request: it is for the operator who asked, never for a log.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.model.call import Call, Deframed
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.permit import Decision
from gateway.model.principal import Principal
from gateway.model.refusal import Refusal
from gateway.policy.cel import CelFailure, Outcome
from gateway.policy.context import RequestContext
from gateway.policy.engine import PolicySet
from gateway.policy.explain import RuleTrace, Trace


@dataclass(frozen=True, slots=True)
class ExplainedCall:
    """One call of the message, or one that it implies, and what every rule said of it."""

    method: str
    target: str | None
    trace: Trace


@dataclass(frozen=True, slots=True)
class Explanation:
    """The stages that one request went through. `refusal` is the deframer's, when the message
    came no further; otherwise every call has its trace."""

    principal: str
    route: str
    backend: str
    refusal: Refusal | None = None
    calls: tuple[ExplainedCall, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the whole message goes on."""
        decided = all(call.trace.decision.allowed for call in self.calls)
        return self.refusal is None and bool(self.calls) and decided


def explain_message(
    message: Deframed | Refusal,
    policies: PolicySet,
    principal: Principal,
    context: RequestContext,
) -> Explanation:
    """Explain a message as the deframer returned it, for a principal."""
    whole = Explanation(principal.id, context.head.route, context.backend)
    if isinstance(message, Refusal):
        return Explanation(whole.principal, whole.route, whole.backend, refusal=message)
    calls = [one for call in message.calls for one in (call, *call.implied)]
    explained = tuple(_explained(call, policies, principal, context) for call in calls)
    return Explanation(whole.principal, whole.route, whole.backend, calls=explained)


def explanation_text(explanation: Explanation) -> str:
    """For people: the verdict of each call, then each rule with the conditions that failed."""
    return "\n".join(_lines(explanation)) + "\n"


def explanation_json(explanation: Explanation) -> str:
    """For programs; the form is stable: fields are added, never renamed."""
    refusal = explanation.refusal
    document: JsonObject = {
        "version": 1,
        "allowed": explanation.allowed,
        "principal": explanation.principal,
        "route": explanation.route,
        "backend": explanation.backend,
        "refusal": None
        if refusal is None
        else {"reason": refusal.reason.value, "message": refusal.message},
        "calls": [_call_json(call) for call in explanation.calls],
    }
    return json.dumps(document, indent=2) + "\n"


def _explained(
    call: Call, policies: PolicySet, principal: Principal, context: RequestContext
) -> ExplainedCall:
    return ExplainedCall(call.method, call.target, policies.explain(call, principal, context))


def _lines(explanation: Explanation) -> Iterator[str]:
    yield f"principal  {explanation.principal}"
    yield f"route      {explanation.route or '-'}, backend {explanation.backend or '-'}"
    if explanation.refusal is not None:
        refusal = explanation.refusal
        yield f"deframe    REFUSED {refusal.reason.value}: {refusal.message}"
    for call in explanation.calls:
        yield ""
        yield f"{call.method} {call.target or ''}".rstrip()
        for rule in call.trace.rules:
            yield from _rule_lines(rule)
        yield f"  => {_verdict(call.trace.decision)}"


def _rule_lines(rule: RuleTrace) -> Iterator[str]:
    mark = "*" if rule.decided else "+" if rule.matched else " "
    shadow = ", shadow" if rule.mode == "shadow" else ""
    yield f"{mark} {rule.effect:5} {rule.policy}/{rule.rule} ({rule.place}{shadow})"
    for condition in rule.conditions:
        if not condition.held:
            yield f"          {condition.field}: not among {condition.wanted}"
    if rule.value is not None:
        yield f"          when: {_value(rule.value)}  [{' '.join(rule.when.split())}]"


def _value(value: Outcome) -> str:
    return f"error: {value.detail}" if isinstance(value, CelFailure) else str(value).lower()


def _verdict(decision: Decision) -> str:
    by = f"{decision.policy}/{decision.rule}" if decision.policy else decision.rule or "default"
    text = f"{'ALLOWED' if decision.allowed else 'REFUSED'} by {by}"
    if decision.missing_scopes:
        text += f", missing scopes: {', '.join(decision.missing_scopes)}"
    if decision.shadow:
        text += f", shadow rules would change it: {', '.join(decision.shadow)}"
    return text


def _call_json(call: ExplainedCall) -> JsonObject:
    decision = call.trace.decision
    return {
        "method": call.method,
        "target": call.target,
        "allowed": decision.allowed,
        "policy": decision.policy,
        "rule": decision.rule,
        "reason": decision.reason,
        "missing_scopes": list(decision.missing_scopes),
        "shadow": list(decision.shadow),
        "rules": [_rule_json(rule) for rule in call.trace.rules],
    }


def _rule_json(rule: RuleTrace) -> JsonObject:
    conditions: list[JsonValue] = [
        {"field": one.field, "wanted": one.wanted, "held": one.held} for one in rule.conditions
    ]
    return {
        "policy": rule.policy,
        "rule": rule.rule,
        "effect": rule.effect,
        "mode": rule.mode,
        "place": str(rule.place),
        "conditions": conditions,
        "when": rule.when,
        "value": rule.value if isinstance(rule.value, bool) else None,
        "error": rule.value.detail if isinstance(rule.value, CelFailure) else None,
        "matched": rule.matched,
        "decided": rule.decided,
    }
