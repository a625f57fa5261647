"""Cases of suites about Guardrails."""

# ruff: noqa: E501  a case of a table is one line

import pytest

from gateway.policy.matching import GuardrailMatches, MatchSource, compile_matches
from gateway.suite.results import Difference, Report
from gateway.suite.run import deframer, run_suites
from gateway.suite.screening import Guards
from tests.guardrails.guarding import book, guardrail, sources
from tests.suite.suites import POLICIES, suite

TEXTS = (
    guardrail("calls", stages="[tool_call]"),
    guardrail("masks", stages="[tool_result]", detectors="[{type: codes, action: mask}]"),
    guardrail("broken", stages="[notification]", detectors="[{type: broken}]"),
)


def guards() -> Guards:
    found = [
        MatchSource(one.name, spec.targets, spec.stages, spec.match, one.place)
        for one in sources(*TEXTS)
        for spec in [one.model.spec]
    ]
    matches = compile_matches(found, backends={"tracker"}, routes=set())
    assert isinstance(matches, GuardrailMatches), matches
    return Guards(book(*TEXTS), matches)


GUARDS = guards()


def report(*cases: str) -> Report:
    return run_suites([suite(*cases)], POLICIES, deframer(1 << 20), GUARDS)


CALL = "call: {method: tools/call, name: get, arguments: {a: 1}}"
RESULT = "text: {stage: tool_result, text: 'a KEY-abc b', part: tool_result}"
RAW = "request: {headers: {content-type: application/json, accept: 'application/json, text/event-stream'}, body: {jsonrpc: '2.0', id: 1, method: tools/call, params: {name: get, arguments: {a: 1, b: CODE-1234}}}}"


@pytest.mark.parametrize(
    "case",
    [
        f"{RESULT}, want: {{action: mask, findings: [codes/key], guardrails: [masks], masked: 'a [KEY] b', skipped: []}}",
        f"{RESULT}, {CALL}, want: {{decision: allow, action: mask}}",
        "text: {stage: tool_call, text: KEY-abc}, want: {action: block, masked: ''}",
        "text: {stage: notification, text: x}, want: {action: block, skipped: [broken/error], findings: []}",
        "text: {stage: tool_call, text: fine}, want: {action: none, findings: [], masked: fine}",
        f"{RAW}, want: {{decision: allow, action: block, findings: [codes/code], guardrails: [calls]}}",
    ],
    ids=["mask", "call", "block", "skipped", "nothing", "request"],
)
def test_a_case_about_guardrails_that_comes_out_as_wanted_passes(case: str) -> None:
    found = report(f"name: c, principal: agent, {case}")
    assert found.failed == 0, found


def test_what_guardrails_do_otherwise_is_a_difference() -> None:
    found = report(f"name: c, {RESULT}, want: {{action: block, masked: 'a b'}}")
    assert found.suites[0].cases[0].differences == (
        Difference("action", "block", "mask"),
        Difference("masked", "a b", "a [KEY] b"),
    )


def test_guardrails_that_do_not_apply_to_the_call_judge_nothing() -> None:
    call = "call: {method: prompts/get, name: p}"
    assert report(f"name: c, {RESULT}, {call}, want: {{action: none}}").failed == 0
