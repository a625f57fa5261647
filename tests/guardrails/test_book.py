"""All Guardrails of a snapshot."""

from gateway.guardrails.book import GuardrailBook
from gateway.model.passage import Part, Stage
from gateway.model.screening import Screened
from tests.guardrails.guarding import book, guardrail, passage

JUDGING = book(guardrail("a"), guardrail("b", stages="[tool_result]"))


def test_only_the_named_guardrails_judge() -> None:
    assert JUDGING.judge(("b",), [passage("KEY-abc")])[0] == Screened()
    verdict, outcome = JUDGING.judge(("a", "b"), [passage("KEY-abc")])
    assert verdict.blocked == "blocked by guardrail a (key)"
    assert outcome.guardrails == ("a", "b")


def test_an_empty_book_judges_nothing() -> None:
    assert GuardrailBook().judge((), [passage("KEY-abc")])[0] == Screened()
    text = GuardrailBook().screen(()).channel("c", Stage.RESPONSE, Part.ASSISTANT)
    assert text.feed("KEY-abc") == "KEY-abc"


def test_it_tells_the_stages_that_have_to_be_read() -> None:
    assert JUDGING.stages(("a",)) == {Stage.REQUEST, Stage.RESPONSE}
    assert JUDGING.stages(("a", "b")) == {Stage.REQUEST, Stage.RESPONSE, Stage.TOOL_RESULT}
    assert JUDGING.stages(()) == frozenset()


def test_plans_are_made_once() -> None:
    guards = tuple(JUDGING.guards.values())
    first = JUDGING.plan(guards, Stage.REQUEST, Part.USER)
    assert JUDGING.plan(guards, Stage.REQUEST, Part.USER) is first
