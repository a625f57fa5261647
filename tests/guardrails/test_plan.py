"""Which detectors look at a text."""

from gateway.guardrails.plan import NOTHING
from gateway.model.passage import Part, Stage
from tests.guardrails.guarding import book, guardrail

JUDGING = book(
    guardrail("a", detectors="[{type: codes}, {type: loud}]", extra="streaming: {hold_back: 7}"),
    guardrail("b", stages="[tool_result]", extra="scope: {parts: [tool_result]}"),
    guardrail("c", extra="scope: {parts: [system]}"),
)
GUARDS = tuple(JUDGING.guards.values())


def test_each_detector_looks_once_for_all_guardrails_of_the_stage_and_part() -> None:
    plan = JUDGING.plan(GUARDS, Stage.REQUEST, Part.SYSTEM)
    assert [guard.name for guard in plan.guards] == ["a", "c"]
    assert len(plan.wanted) == 1
    assert [[guard.name for guard, _ in checks] for checks in plan.checks.values()] == [
        ["a", "c"],
        ["a"],
    ]
    assert [engine.detector for engine in plan.windows] == ["loud"]
    assert plan.hold_back == 128


def test_the_hold_back_is_the_most_that_any_asks_for() -> None:
    assert JUDGING.plan(GUARDS, Stage.REQUEST, Part.USER).hold_back == 7


def test_texts_that_nobody_is_about_have_no_plan() -> None:
    assert JUDGING.plan(GUARDS, Stage.TOOL_RESULT, Part.USER) is NOTHING
    assert JUDGING.plan(GUARDS, Stage.AGENT_CARD, Part.AGENT_CARD) is NOTHING
