"""Runs suites against compiled policies. No I/O, no clock: the time is the case's."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, TypeAlias

from gateway.model.call import Call, Deframed
from gateway.model.head import RequestHead
from gateway.model.permit import Decision
from gateway.model.principal import ANONYMOUS, Principal
from gateway.model.refusal import Refusal
from gateway.policy.context import RequestContext
from gateway.policy.engine import PolicySet
from gateway.protocols.base import Settings
from gateway.protocols.registry import plugin_of
from gateway.suite.inputs import body_from, call_from, context_from, principal_from
from gateway.suite.loading import LoadedSuite
from gateway.suite.results import CaseResult, Difference, Report, SuiteResult
from gateway.suite.schema import Case, ListInput, SuiteSpec, Want
from gateway.suite.screening import Got, Guards, screen_request, screen_text

Deframe: TypeAlias = Callable[[SuiteSpec, RequestHead, bytes], Deframed | Refusal]
"""The deframer of the suite's protocol, for cases that give a raw request."""

_COMPARED: Final = (
    *("decision", "rule", "reason", "needed_scopes", "shadow", "shown"),
    *("action", "guardrails", "findings", "skipped", "masked"),
)
_Deframe: TypeAlias = Callable[[RequestHead, bytes], Deframed | Refusal]


def deframer(body_limit: int) -> Deframe:
    """Deframes whole requests of at most `body_limit` bytes as a route of the suite's would."""

    def deframe(suite: SuiteSpec, head: RequestHead, body: bytes) -> Deframed | Refusal:
        settings = Settings(suite.path, suite.backend, body_limit, batches=True)
        opening = plugin_of(suite.protocol)(settings).open(head)
        return opening.verdict or opening.deframe(body)

    return deframe


def run_suites(
    suites: Iterable[LoadedSuite],
    policies: PolicySet,
    deframe: Deframe,
    guards: Guards | None = None,
) -> Report:
    """Judge every case of every suite, by Guardrails too where there are some."""
    return Report(tuple(run_suite(suite, policies, deframe, guards) for suite in suites))


def run_suite(
    suite: LoadedSuite, policies: PolicySet, deframe: Deframe, guards: Guards | None = None
) -> SuiteResult:
    """Judge every case of one suite, in order."""
    spec = suite.model.spec
    principals = {name: principal_from(given) for name, given in spec.principals.items()}
    results: list[CaseResult] = []
    for number, case in enumerate(spec.cases):
        principal = principals.get(case.principal, ANONYMOUS)
        context = context_from(case, spec)
        deframed = _deframed(case, partial(deframe, spec), context)
        got = _outcome(case, deframed, policies, principal, context)
        if not isinstance(deframed, Refusal) and case.list is None:
            got |= _screened(case, deframed, guards or Guards(), principal, context)
        place = suite.place(("spec", "cases", number))
        results.append(CaseResult(case.name, place, differences(case.want, got)))
    return SuiteResult(suite.model.metadata.name, suite.file, tuple(results))


def decide_all(
    calls: Iterable[Call], policies: PolicySet, principal: Principal, context: RequestContext
) -> Decision:
    """The decision on a message: the first refusal of its calls and of what they imply, else what
    allowed the first call."""
    decisions: list[Decision] = []
    for call in calls:
        for one in (call, *call.implied):
            decisions.append(policies.decide(one, principal, context))
            if not decisions[-1].allowed:
                return decisions[-1]
    return decisions[0]


def differences(want: Want, got: Got) -> tuple[Difference, ...]:
    """What is wanted and came out otherwise. The order of names does not matter."""
    found: list[Difference] = []
    for field in _COMPARED:
        wanted: str | tuple[str, ...] | None = getattr(want, field)
        if wanted is not None and _sorted(wanted) != _sorted(got.get(field, "")):
            found.append(Difference(field, _text(wanted), _text(got.get(field, ""))))
    return tuple(found)


def _outcome(
    case: Case,
    deframed: Deframed | Refusal,
    policies: PolicySet,
    principal: Principal,
    context: RequestContext,
) -> Got:
    if case.list is not None:
        return {"shown": _shown(case.list, policies, principal, context)}
    if isinstance(deframed, Refusal):
        return {"decision": "malformed", "reason": deframed.reason.value}
    if not deframed.calls:
        return {}
    return _described(decide_all(deframed.calls, policies, principal, context))


def _screened(
    case: Case, deframed: Deframed, guards: Guards, principal: Principal, context: RequestContext
) -> Got:
    if case.text is not None:
        return screen_text(case.text, deframed.calls, guards, principal, context)
    return screen_request(deframed, guards, principal, context)


def _deframed(case: Case, deframe: _Deframe, context: RequestContext) -> Deframed | Refusal:
    """The message of a case; one without calls for a list or a text alone."""
    if case.request is not None:
        return deframe(context.head, body_from(case.request))
    if case.call is None:
        return Deframed(())
    given = case.call
    short = {
        "name": given.name,
        "uri": given.uri,
        "model": given.model,
        "agent": given.agent,
        "arguments": given.arguments,
    }
    attributes = {name: value for name, value in short.items() if value is not None}
    return Deframed((call_from(given.method, {**given.attributes, **attributes}),))


def _shown(
    given: ListInput, policies: PolicySet, principal: Principal, context: RequestContext
) -> tuple[str, ...]:
    return tuple(
        item for item in given.items if policies.shows(given.method, item, principal, context)
    )


def _described(decision: Decision) -> Got:
    path = f"{decision.policy}/{decision.rule}" if decision.policy else decision.rule
    return {
        "decision": "allow" if decision.allowed else "deny",
        "rule": path,
        "reason": decision.reason,
        "needed_scopes": decision.needed_scopes,
        "shadow": decision.shadow,
    }


def _sorted(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(sorted(value))


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ", ".join(value)
