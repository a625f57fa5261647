"""What was found in two parts of an exchange."""

from gateway.model.finding import Action, Finding, Level
from gateway.model.outcome import Found, Outcome, joined
from gateway.model.passage import Part, Stage


def found(category: str) -> Found:
    finding = Finding("words", category, "c", 0, 1, 0.9, Level.HIGH)
    return Found("edge", finding, Action.MASK, False, Stage.REQUEST, Part.USER)


def test_what_was_found_in_request_and_answer_is_told_together() -> None:
    asked = Outcome(
        guardrails=("edge",),
        found=(found("a"),),
        action=Action.MASK,
        masked=1,
        microseconds={"patterns": 5},
    )
    told = Outcome(
        guardrails=("edge",),
        found=(found("b"),),
        action=Action.BLOCK,
        shadow=Action.LOG,
        blocked_by="edge",
        masked=2,
        released=9,
        microseconds={"patterns": 7, "jailbreak": 3},
    )
    whole = joined(asked, told)
    assert [one.finding.category for one in whole.found] == ["a", "b"]
    assert (whole.action, whole.shadow, whole.blocked_by) == (Action.BLOCK, Action.LOG, "edge")
    assert (whole.masked, whole.released) == (3, 9)
    assert whole.microseconds == {"patterns": 12, "jailbreak": 3}


def test_a_request_that_was_blocked_stays_so() -> None:
    asked = Outcome(blocked_by="edge", action=Action.BLOCK)
    whole = joined(asked, Outcome())
    assert (whole.blocked_by, whole.action, whole.shadow) == ("edge", Action.BLOCK, None)
