"""Why one request is decided as it is, as data, text and JSON. Pure: no I/O, no clock.

An explanation may quote the request: it is for the operator who asked, never for a log.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.guardrails.tools.book import Observed, ToolBook, ToolFault
from gateway.model.call import Call, Deframed
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.principal import Principal
from gateway.model.refusal import Refusal
from gateway.policy.cel import CelFailure, Outcome
from gateway.policy.context import RequestContext
from gateway.policy.engine import PolicySet
from gateway.policy.explain import Condition, RuleTrace, Trace
from gateway.policy.matching import GuardrailMatches, MatchTrace

_ELSEWHERE: Final = {"methods": "methods", "principals": "principals", "actors": "principals"}
"""Conditions that make a rule one for something or somebody else, and what to call those."""

_NO_SELECTORS: Final = frozenset({*_ELSEWHERE, "scopes"})
"""Conditions that do not name what a call is about."""


@dataclass(frozen=True, slots=True)
class ExplainedCall:
    """One call of the message, or one that it implies, what every rule said of it, and which
    Guardrails judge its texts. `fault` is what is wrong with the name of the tool that it calls:
    what servers offer now a running gateway knows."""

    method: str
    target: str | None
    trace: Trace
    guardrails: tuple[MatchTrace, ...] = ()
    fault: ToolFault | None = None


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
        decided = all(call.trace.decision.allowed and call.fault is None for call in self.calls)
        return self.refusal is None and bool(self.calls) and decided


def explain_message(  # noqa: PLR0913  what a configuration says of a message
    message: Deframed | Refusal,
    policies: PolicySet,
    principal: Principal,
    context: RequestContext,
    matches: GuardrailMatches | None = None,
    *,
    tools: ToolBook | None = None,
) -> Explanation:
    """Explain a message as the deframer returned it, for a principal; `matches` says which
    Guardrails apply, `tools` which tools were reviewed."""
    whole = Explanation(principal.id, context.head.route, context.backend)
    if isinstance(message, Refusal):
        return Explanation(whole.principal, whole.route, whole.backend, refusal=message)
    calls = [one for call in message.calls for one in (call, *call.implied)]
    guarded = matches or GuardrailMatches()
    explained = tuple(
        ExplainedCall(
            call.method,
            call.target,
            policies.explain(call, principal, context),
            guarded.explain(call, principal, context),
            _fault(call, context, tools or ToolBook()),
        )
        for call in calls
    )
    return Explanation(whole.principal, whole.route, whole.backend, calls=explained)


def _fault(call: Call, context: RequestContext, tools: ToolBook) -> ToolFault | None:
    if context.protocol != "mcp" or call.method != "tools/call" or not call.target:
        return None
    return tools.called(context.backend, call.target, Observed())


def explanation_text(explanation: Explanation) -> str:
    """For people: the verdict of each call, then each rule with the conditions that failed. `*`
    marks the rule that decided, `+` others that match."""
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


def _lines(explanation: Explanation) -> Iterator[str]:
    yield f"principal  {explanation.principal}"
    yield f"route      {explanation.route or '-'}, backend {explanation.backend or '-'}"
    if explanation.refusal is not None:
        refusal = explanation.refusal
        yield f"deframe    REFUSED {refusal.reason.value}: {refusal.message}"
    for call in explanation.calls:
        yield ""
        yield f"{call.method} {call.target or ''}".rstrip()
        yield _verdict(call.trace)
        if call.fault is not None and call.trace.decision.allowed:
            yield f"REFUSED all the same: the tool is {call.fault.value} (tools.lock.yaml)"
        yield from _rules(call.trace.rules)
        yield from _guardrail_lines(call.guardrails)


def _verdict(trace: Trace) -> str:
    decision = trace.decision
    if decision.needed_scopes:
        text = f"REFUSED: {decision.policy}/{decision.rule} needs the scopes "
        text += ", ".join(decision.needed_scopes)
    elif decision.policy:
        text = (
            f"{'ALLOWED' if decision.allowed else 'REFUSED'} by {decision.policy}/{decision.rule}"
        )
    elif decision.allowed:
        text = f"ALLOWED by {decision.rule}: some rule allows this principal something here"
    else:
        text = f"REFUSED by default: no rule allows it{_closest(trace.rules)}"
    if decision.reason:
        text += f": {decision.reason}"
    if decision.shadow:
        text += f", shadow rules would change it: {', '.join(decision.shadow)}"
    return text


def _closest(rules: Iterable[RuleTrace]) -> str:
    """The allow rules for this very name, as a clause: what a person would look at first."""
    near = [
        _name(rule)
        for rule in rules
        if rule.effect == "allow" and not _for_others(rule) and not _names_others(rule)
    ]
    return f"; closest: {', '.join(near)}" if near else ""


def _rules(rules: Iterable[RuleTrace]) -> Iterator[str]:
    """The one that decided, what else matches, then what comes closest; rules that are for other
    methods or principals are only named."""
    named: dict[str, list[str]] = {}
    near: list[RuleTrace] = []
    for rule in rules:
        if whose := _for_others(rule):
            named.setdefault(whose, []).append(_name(rule))
        else:
            near.append(rule)
    for rule in sorted(near, key=_distance):
        yield from _rule_lines(rule)
    for whose, names in named.items():
        yield f"  for other {whose}: {', '.join(names)}"


def _distance(rule: RuleTrace) -> tuple[bool, bool, bool, int]:
    return not rule.decided, not rule.matched, _names_others(rule), len(_failures(rule))


def _names_others(rule: RuleTrace) -> bool:
    """Whether the rule is for other tools, prompts or resources."""
    return any(not one.held and one.field not in _NO_SELECTORS for one in rule.conditions)


def _for_others(rule: RuleTrace) -> str:
    """The condition that makes a rule one for somebody or something else, "" if none does."""
    return _elsewhere(rule.conditions)


def _elsewhere(conditions: Iterable[Condition]) -> str:
    failed = (one.field for one in conditions if not one.held)
    return next((_ELSEWHERE[field] for field in failed if field in _ELSEWHERE), "")


def _failures(rule: RuleTrace) -> list[str]:
    """What keeps a rule from taking effect. `when` counts once everything else holds."""
    failed = [f"{one.field}: not among {one.wanted}" for one in rule.conditions if not one.held]
    if not failed and not rule.matched and rule.value is not None:
        failed.append(f"when: {_value(rule.value)}  [{_when(rule)}]")
    return failed


def _rule_lines(rule: RuleTrace) -> Iterator[str]:
    mark = "*" if rule.decided else "+" if rule.matched else " "
    shadow = ", shadow" if rule.mode == "shadow" else ""
    yield f"{mark} {rule.effect:5} {_name(rule)} ({rule.place}{shadow})"
    for failure in _failures(rule):
        yield f"          {failure}"
    if rule.matched and rule.value is not None:
        yield f"          when: {_value(rule.value)}  [{_when(rule)}]"


def _guardrail_lines(guardrails: Iterable[MatchTrace]) -> Iterator[str]:
    """Those that apply, then the others with what keeps each from it; those that are for other
    methods or principals are only named."""
    named: dict[str, list[str]] = {}
    near: list[MatchTrace] = []
    for one in guardrails:
        if whose := "" if one.applies else _elsewhere(one.conditions):
            named.setdefault(whose, []).append(one.guardrail)
        else:
            near.append(one)
    for one in sorted(near, key=lambda trace: not trace.applies):
        place = f" ({one.place})" if one.conditions else ""
        yield f"{'*' if one.applies else ' '} guardrail {one.guardrail}{place}"
        for failed in one.conditions if not one.applies else ():
            if not failed.held:
                yield f"          {failed.field}: not among {failed.wanted}"
        if one.value:
            yield f"          when: {one.value}  [{' '.join(one.when.split())}]"
    for whose, names in named.items():
        yield f"  guardrails for other {whose}: {', '.join(dict.fromkeys(names))}"


def _name(rule: RuleTrace) -> str:
    return f"{rule.policy}/{rule.rule}"


def _when(rule: RuleTrace) -> str:
    return " ".join(rule.when.split())


def _value(value: Outcome) -> str:
    return f"error: {value.detail}" if isinstance(value, CelFailure) else str(value).lower()


def _call_json(call: ExplainedCall) -> JsonObject:
    decision = call.trace.decision
    return {
        "method": call.method,
        "target": call.target,
        "allowed": decision.allowed,
        "policy": decision.policy,
        "rule": decision.rule,
        "reason": decision.reason,
        "needed_scopes": list(decision.needed_scopes),
        "shadow": list(decision.shadow),
        "rules": [_rule_json(rule) for rule in call.trace.rules],
        "guardrails": [_guardrail_json(one) for one in call.guardrails],
        "tool": "" if call.fault is None else call.fault.value,
    }


def _guardrail_json(one: MatchTrace) -> JsonObject:
    return {
        "guardrail": one.guardrail,
        "place": str(one.place),
        "conditions": _conditions_json(one.conditions),
        "when": one.when,
        "value": one.value,
        "applies": one.applies,
    }


def _conditions_json(conditions: Iterable[Condition]) -> list[JsonValue]:
    return [{"field": one.field, "wanted": one.wanted, "held": one.held} for one in conditions]


def _rule_json(rule: RuleTrace) -> JsonObject:
    return {
        "policy": rule.policy,
        "rule": rule.rule,
        "effect": rule.effect,
        "mode": rule.mode,
        "place": str(rule.place),
        "conditions": _conditions_json(rule.conditions),
        "when": rule.when,
        "value": rule.value if isinstance(rule.value, bool) else None,
        "error": rule.value.detail if isinstance(rule.value, CelFailure) else None,
        "matched": rule.matched,
        "decided": rule.decided,
    }
