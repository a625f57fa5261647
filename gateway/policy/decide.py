"""One call judged: any matching deny, else any matching allow, else base, else refused.

Pure: no I/O, no clock.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from gateway.model.call import Call
from gateway.model.permit import Decision
from gateway.model.principal import Principal, PrincipalKind
from gateway.policy.book import RuleBook
from gateway.policy.context import RequestContext
from gateway.policy.evaluation import Evaluation
from gateway.policy.index import RuleIndex
from gateway.policy.rule import Rule
from gateway.policy.vocabulary import BASE, NAMED, describes_calls, speaks, subject

BASE_RULE: Final = "base"
"""What a record names as the rule, without a policy, that allowed a base message."""

_GROWING: Final = frozenset({PrincipalKind.JWT, PrincipalKind.METADATA})


def candidates(index: RuleIndex, call: Call, principal: Principal, context: RequestContext) -> int:
    """The rules whose structured fields match the call; none for what no rule can judge."""
    mask = index.targeted(context.backend, context.head.route)
    mask &= index.by_method(call.method) & index.by_principal(principal)
    if call.method not in NAMED:
        return mask
    about = subject(call)
    return 0 if about is None else mask & index.by_name(*about)


def decide(book: RuleBook, call: Call, principal: Principal, context: RequestContext) -> Decision:
    """What the rules say of one call; calls that it implies are judged on their own.

    Nothing is raised for what a client sends: a `when` without a value does not allow, and in a
    deny rule denies.
    """
    if not speaks(call.protocol, call.method):
        return Decision(allowed=False)
    index = book.index
    mask = candidates(index, call, principal, context)
    enforced = mask & ~index.shadow
    evaluation = Evaluation(book.runtime, index.walk(mask), call, principal, context)
    decision = _first_match(index.walk(enforced), principal, evaluation)
    if decision is None and book.implied_base and call.method in BASE:
        decision = _base(book, call, principal, context)
    if decision is None:
        decision = _step_up(index.walk(enforced & index.allowing), principal, evaluation)
    if mask & index.shadow:
        return _with_shadow(decision, index.walk(mask & index.shadow), principal, evaluation)
    return decision


def matches(rule: Rule, principal: Principal, evaluation: Evaluation) -> bool:
    """Whether a candidate takes effect: its scopes are granted and its `when` holds, or, in a deny
    rule, cannot be shown not to."""
    if not rule.scopes <= principal.scopes:
        return False
    outcome = evaluation.outcome(rule)
    return outcome is True if rule.allows else outcome is not False


def can_step_up(principal: Principal) -> bool:
    """Whether the caller can come back with more scopes: tokens can be exchanged for others; keys
    and certificates cannot."""
    return principal.kind in _GROWING


def possible(book: RuleBook, call: Call, principal: Principal, context: RequestContext) -> bool:
    """Whether some allow rule of the backend or route could match some call of the principal.

    A `when` over attributes of the call counts as possible; one over principal, request and time
    alone is evaluated.
    """
    index = book.index
    mask = index.targeted(context.backend, context.head.route) & index.by_principal(principal)
    mask &= index.allowing & ~index.shadow
    rules = (rule for rule in index.walk(mask) if decidable(rule, frozenset()))
    evaluation = Evaluation(book.runtime, rules, call, principal, context)
    return any(could_match(rule, principal, evaluation, frozenset()) for rule in index.walk(mask))


def decidable(rule: Rule, known: frozenset[str]) -> bool:
    """Whether `when` has a value although only the fields `known` of the call are."""
    if rule.when is None:
        return True
    return all(not describes_calls(use.variable) or use.field in known for use in rule.when.uses)


def could_match(
    rule: Rule, principal: Principal, evaluation: Evaluation, known: frozenset[str]
) -> bool:
    """Whether an allow rule could match for some values of what is not known; unknown values
    never fail. Scopes that the caller can still get do not hide anything."""
    if not rule.scopes <= principal.scopes and not can_step_up(principal):
        return False
    return not decidable(rule, known) or evaluation.outcome(rule) is True


def _first_match(
    rules: Iterable[Rule], principal: Principal, evaluation: Evaluation
) -> Decision | None:
    for rule in rules:
        if matches(rule, principal, evaluation):
            return Decision(rule.allows, rule.policy, rule.name, rule.reason)
    return None


def _base(
    book: RuleBook, call: Call, principal: Principal, context: RequestContext
) -> Decision | None:
    if not possible(book, call, principal, context):
        return None
    return Decision(allowed=True, rule=BASE_RULE)


def _step_up(allows: Iterable[Rule], principal: Principal, evaluation: Evaluation) -> Decision:
    """The refusal, with all scopes of the allow rule for which the caller lacks the fewest."""
    lacking = [rule for rule in allows if not rule.scopes <= principal.scopes]
    lacking.sort(key=lambda rule: (len(rule.scopes - principal.scopes), len(rule.scopes)))
    for rule in lacking:
        if evaluation.outcome(rule) is True:
            return Decision(
                allowed=False,
                policy=rule.policy,
                rule=rule.name,
                reason=rule.reason,
                needed_scopes=tuple(sorted(rule.scopes)),
            )
    return Decision(allowed=False)


def _with_shadow(
    decision: Decision, shadows: Iterable[Rule], principal: Principal, evaluation: Evaluation
) -> Decision:
    """The decision with the shadow rules that, enforced, would have changed it."""
    matching = [rule for rule in shadows if matches(rule, principal, evaluation)]
    denying = tuple(rule.path for rule in matching if not rule.allows)
    if decision.allowed:
        return replace(decision, shadow=denying)
    if denying or _denied_by_rule(decision):
        return decision
    return replace(decision, shadow=tuple(rule.path for rule in matching))


def _denied_by_rule(decision: Decision) -> bool:
    return decision.rule != "" and not decision.needed_scopes
