"""The detector of personal data."""

import pytest
from pydantic import ValidationError

from benchmarks.guardrails.pii import benign, lookalikes, measured, positives
from benchmarks.guardrails.pii_values import VALUES
from gateway.guardrails.budget import Budget
from gateway.guardrails.detectors import find_detectors
from gateway.guardrails.detectors.pii import DETECTOR, PiiOptions
from gateway.guardrails.patterns import Match, PatternSet
from gateway.model.passage import Part
from tests.guardrails.finding import scorer

PATTERNS = DETECTOR.prepare(PiiOptions()).patterns
SET = PatternSet({"pii": PATTERNS})
find = scorer(PATTERNS)


def _find(text: str) -> list[Match]:
    return SET.find(text, Part.USER, None, Budget())


def test_it_is_known_by_its_name() -> None:
    assert find_detectors()["pii"] is DETECTOR


def test_every_pattern_finds_a_category_that_the_detector_names() -> None:
    assert {pattern.category for pattern in PATTERNS} == set(DETECTOR.categories)


def test_all_of_it_is_searched_in_one_pass() -> None:
    assert SET.slow == frozenset()


@pytest.mark.parametrize("category", sorted(VALUES))
def test_made_up_values_are_found_and_what_breaks_a_rule_is_not(category: str) -> None:
    samples = [*positives(category, 60), *lookalikes(category, 60)]
    figures = measured(samples, _find)
    assert figures[category].recall >= 0.98
    assert sum(one.wrong for one in figures.values()) <= 1


def test_numbers_of_other_things_are_no_finding() -> None:
    assert sum(one.wrong for one in measured(benign(600), _find).values()) <= 2


def test_what_is_sure_scores_higher_than_a_form_alone() -> None:
    scores = {
        category: score
        for category, _, score in find(
            "4111 1111 1111 1111; ACUPA7085R; 10.20.30.40; passport no. 533380006"
        )
    }
    assert scores["credit_card"] == 0.9
    assert scores["india_pan"] == 0.5
    assert scores["ip_address"] == scores["passport"] == 0.4


def test_types_limit_what_is_looked_for() -> None:
    only = DETECTOR.prepare(PiiOptions(types=("iban", "email_address"))).patterns
    assert {pattern.category for pattern in only} == {"iban", "email_address"}


def test_unknown_types_and_regions_are_refused() -> None:
    with pytest.raises(ValueError, match="there is no 'name'"):
        DETECTOR.prepare(PiiOptions(types=("name",)))
    with pytest.raises(ValueError, match="'XX' has no telephone numbers"):
        DETECTOR.prepare(PiiOptions(regions=("XX",)))
    with pytest.raises(ValidationError):
        PiiOptions.model_validate({"kinds": []})


def test_regions_that_are_named_need_no_word() -> None:
    german = scorer(DETECTOR.prepare(PiiOptions(regions=("DE",))).patterns)
    assert ("phone_number", "030 901820", 0.5) in german("030 901820")
    assert find("030 901820") == []


@pytest.mark.parametrize("size", [1, 3, 17])
def test_a_stream_has_the_same_findings_as_the_whole(size: int) -> None:
    text = " ".join(sample.text for name in sorted(VALUES) for sample in positives(name, 2))
    stream = SET.stream(Part.ASSISTANT, None, Budget())
    for start in range(0, len(text), size):
        stream.feed(text[start : start + size])
    stream.finish()
    whole = SET.find(text, Part.ASSISTANT, None, Budget())
    assert sorted(stream.settled, key=repr) == sorted(whole, key=repr)
    assert len(whole) >= 2 * len(VALUES)
