"""Why a call is decided as it is, rule by rule. Pure: no I/O, no clock.

Reads the rules one after the other and does not use the index, so it is slow, shows rules that
the index leaves out, and checks the index in the tests.
"""

from dataclasses import dataclass

from gateway.model.call import Call
from gateway.model.permit import Decision
from gateway.model.principal import Principal
from gateway.model.problem import Place
from gateway.policy.book import RuleBook
from gateway.policy.cel import Outcome
from gateway.policy.context import RequestContext
from gateway.policy.decide import decide, matches
from gateway.policy.evaluation import Evaluation
from gateway.policy.glob import Glob, any_matches
from gateway.policy.rule import Rule
from gateway.policy.vocabulary import NAMED, subject


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a rule: the field of the document, what it asks for, whether that held."""

    field: str
    wanted: str
    held: bool


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule. `value` is that of its `when`: None when the rule has none or does not apply to
    the method. `matched` is whether the rule takes effect, `decided` whether it was the one."""

    policy: str
    rule: str
    effect: str
    mode: str
    place: Place
    conditions: tuple[Condition, ...]
    when: str
    value: Outcome | None
    matched: bool
    decided: bool


@dataclass(frozen=True, slots=True)
class Trace:
    """A decision and every rule of the policies for the backend or route, in the order in which
    they are judged."""

    decision: Decision
    rules: tuple[RuleTrace, ...]


def explain(book: RuleBook, call: Call, principal: Principal, context: RequestContext) -> Trace:
    """The decision and how it came about. Values may quote the call: for the eyes of operators,
    never for a log or a record."""
    decision = decide(book, call, principal, context)
    rules = [
        rule
        for rule in book.index.rules
        if context.backend in rule.backends or context.head.route in rule.routes
    ]
    applying = [rule for rule in rules if call.method in rule.methods]
    evaluation = Evaluation(book.runtime, applying, call, principal, context)
    return Trace(
        decision, tuple(_trace(rule, decision, call, principal, evaluation) for rule in rules)
    )


def _trace(
    rule: Rule, decision: Decision, call: Call, principal: Principal, evaluation: Evaluation
) -> RuleTrace:
    asked = tuple(conditions(rule, call, principal))
    applies = call.method in rule.methods
    matched = all(one.held for one in asked) and matches(rule, principal, evaluation)
    return RuleTrace(
        policy=rule.policy,
        rule=rule.name,
        effect="allow" if rule.allows else "deny",
        mode="shadow" if rule.shadow else "enforce",
        place=rule.place,
        conditions=asked,
        when=rule.when_text,
        value=evaluation.outcome(rule) if applies and rule.when is not None else None,
        matched=matched,
        decided=matched and (decision.policy, decision.rule) == (rule.policy, rule.name),
    )


def conditions(rule: Rule, call: Call, principal: Principal) -> list[Condition]:
    """The structured fields that a rule has, and whether each accepts a call."""
    found = [Condition("methods", _list(sorted(rule.methods)), call.method in rule.methods)]
    if rule.principals is not None:
        held = any_matches(rule.principals, principal.id)
        found.append(Condition("principals", _texts(rule.principals), held))
    if rule.actors is not None:
        held = any(any_matches(rule.actors, actor) for actor in principal.actors)
        found.append(Condition("actors", _texts(rule.actors), held))
    if rule.names:
        found.append(_named(rule, call))
    if rule.scopes:
        held = rule.scopes <= principal.scopes
        found.append(Condition("scopes", _list(sorted(rule.scopes)), held))
    return found


def _named(rule: Rule, call: Call) -> Condition:
    """Selectors are alternatives, so they are one condition."""
    about = subject(call) if call.method in NAMED else None
    held = about is not None and any_matches(rule.names.get(about[0], ()), about[1])
    wanted = "; ".join(_texts(globs) for globs in rule.names.values())
    return Condition(" or ".join(rule.names), wanted, held)


def _texts(globs: tuple[Glob, ...]) -> str:
    return _list([glob.text for glob in globs])


def _list(texts: list[str]) -> str:
    return ", ".join(texts)
