import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guardrails.provider import (
    MAX_FINDINGS,
    OTHER,
    PASSED,
    Direction,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
    category_name,
    checked,
    finding_of,
    not_judged,
)
from gateway.model.finding import Finding, Level, Levels, SkipReason
from gateway.model.passage import Part, Stage

ASKED = Question(("abc", "de"), Stage.REQUEST, (Part.USER, Part.USER), Direction.REQUEST)


def found(text: int | None = None, span: tuple[int, int] | None = None) -> ProviderFinding:
    return ProviderFinding("hate", Level.HIGH, text, span)


def test_a_question_has_one_part_for_each_text() -> None:
    with pytest.raises(ValueError, match="one part"):
        Question(("a", "b"), Stage.REQUEST, (Part.USER,), Direction.REQUEST)
    assert ASKED.characters == 5


def test_what_was_not_judged_is_no_pass() -> None:
    assert not_judged(SkipReason.TIMEOUT) != PASSED
    assert not_judged(SkipReason.TIMEOUT).skipped is SkipReason.TIMEOUT


@pytest.mark.parametrize(
    "verdict",
    [
        ProviderVerdict(ProviderAction.MASK),
        ProviderVerdict(ProviderAction.MASK, texts=("a",)),
        ProviderVerdict(ProviderAction.NONE, texts=("a", "b")),
        ProviderVerdict(ProviderAction.BLOCK, texts=("a", "b")),
    ],
    ids=["nothing masked", "too few", "no mask", "blocked"],
)
def test_a_verdict_that_does_not_fit_its_question_is_none(verdict: ProviderVerdict) -> None:
    assert checked(verdict, ASKED) is None


@pytest.mark.parametrize(
    "verdict",
    [ProviderVerdict(ProviderAction.BLOCK), ProviderVerdict(ProviderAction.MASK, texts=("a", "b"))],
    ids=["block", "mask"],
)
def test_an_action_without_a_finding_is_one_for_something(verdict: ProviderVerdict) -> None:
    judged = checked(verdict, ASKED)
    assert judged is not None
    assert judged.findings == (ProviderFinding(OTHER, Level.HIGH),)
    assert checked(PASSED, ASKED) == PASSED


def test_a_place_that_is_not_in_the_texts_is_none() -> None:
    wrong = (found(2), found(-1), found(0, (1, 4)), found(1, (2, 2)), found(None, (0, 1)))
    verdict = checked(ProviderVerdict(ProviderAction.BLOCK, (*wrong, found(1, (0, 2)))), ASKED)
    assert verdict is not None
    assert verdict.findings == (found(), found(0), found(1), found(1, (0, 2)))


def test_no_more_findings_go_on_than_a_record_can_hold() -> None:
    many = tuple(ProviderFinding(f"c{number}", Level.LOW) for number in range(2 * MAX_FINDINGS))
    verdict = checked(ProviderVerdict(findings=many), ASKED)
    assert verdict is not None
    rest = ProviderFinding(OTHER, Level.LOW)
    assert verdict.findings == (*many[: MAX_FINDINGS - 1], rest)
    sure = ProviderFinding("sure", Level.HIGH)
    verdict = checked(ProviderVerdict(findings=(*many, sure)), ASKED)
    assert verdict is not None
    assert verdict.findings[0] == sure, "the surest stay"
    verdict = checked(ProviderVerdict(findings=many[:MAX_FINDINGS]), ASKED)
    assert verdict is not None
    assert verdict.findings == many[:MAX_FINDINGS]


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("hate", "hate"),
        ("EMAIL_ADDRESS", "email_address"),
        ("self-harm/intent", "self_harm_intent"),
        ("house rules", "house_rules"),
        ("", OTHER),
        ("my card is 4111 1111 1111 1111, and more text that a provider quotes", OTHER),
        ("line\nbreak", OTHER),
        ("1", OTHER),
    ],
)
def test_categories_become_lower_snake_names(name: str, ours: str) -> None:
    assert category_name(name) == ours


@given(st.text())
def test_whatever_a_provider_calls_a_category_it_is_a_name_and_stays_it(name: str) -> None:
    ours = category_name(name)
    assert 0 < len(ours) <= 63
    assert ours.isascii()
    assert ours.replace("_", "x").isalnum()
    assert category_name(ours) == ours


def test_a_finding_of_a_provider_is_one_of_a_detector_of_its_name() -> None:
    channels, texts = ("messages/0", "messages/1"), ASKED.texts
    assert finding_of(found(1, (0, 1)), "armor", channels, texts) == Finding(
        "armor", "hate", "messages/1", 0, 1, 0.85, Level.HIGH
    )
    whole = finding_of(found(0), "armor", channels, texts)
    assert (whole.channel, whole.start, whole.end) == ("messages/0", 0, 3)
    nowhere = finding_of(found(), "armor", channels, texts)
    assert (nowhere.channel, nowhere.start, nowhere.end) == ("", 0, 0)


@pytest.mark.parametrize("level", list(Level), ids=str)
def test_the_score_of_a_finding_has_its_level(level: Level) -> None:
    one = finding_of(ProviderFinding("hate", level), "armor", ("a", "b"), ASKED.texts)
    assert Levels().of(one.score) is level
