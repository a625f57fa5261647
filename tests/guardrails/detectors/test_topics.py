"""Named topics."""

from functools import cache

import pytest
from pydantic import ValidationError

from gateway.guardrails.budget import Budget
from gateway.guardrails.detectors.topics import DETECTOR, Options, Topic
from gateway.guardrails.patterns import Match, PatternSet
from gateway.model.finding import Level
from gateway.model.passage import Part

_OWN = Topic(name="rivals", words=("Globex", "Hooli cloud"))


@cache
def _engine() -> PatternSet:
    prepared = DETECTOR.prepare(Options(ready=("gambling",), own=(_OWN,)))
    return PatternSet({"topics": prepared.patterns})


def _found(text: str) -> list[Match]:
    return _engine().find(text, Part.USER, None, Budget())


def test_one_word_of_a_topic_is_low_and_has_the_topic_as_category() -> None:
    (match,) = _found("Tell me about GLOBEX, please.")
    assert (match.category, match.start, match.end) == ("rivals", 14, 20)
    assert DETECTOR.levels.of(match.score) is Level.LOW


def test_two_words_of_a_topic_close_together_are_medium() -> None:
    found = _found("Compare Globex with the Hooli  Cloud.")
    assert {DETECTOR.levels.of(match.score) for match in found} == {Level.MEDIUM}
    assert len(found) == 2


def test_the_same_word_twice_is_still_one_word() -> None:
    found = _found("Globex or Globex")
    assert {DETECTOR.levels.of(match.score) for match in found} == {Level.LOW}


def test_words_of_different_topics_do_not_add_up() -> None:
    found = _found("The casino of Globex")
    assert [match.category for match in found] == ["gambling", "rivals"]
    assert {DETECTOR.levels.of(match.score) for match in found} == {Level.LOW}


def test_part_of_a_word_is_not_found() -> None:
    assert _found("Globexian pokerface") == []


def test_some_topic_has_to_be_named() -> None:
    with pytest.raises(ValidationError, match="no topics"):
        Options()


def test_no_topic_is_there_twice() -> None:
    with pytest.raises(ValidationError, match="twice"):
        Options(ready=("weapons",), own=(Topic(name="weapons", words=("sword",)),))


def test_a_topic_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="no words"):
        DETECTOR.prepare(Options(own=(Topic(name="empty", words=(" ",)),)))


@pytest.mark.parametrize("ready", sorted(DETECTOR.categories))
def test_every_ready_topic_has_words(ready: str) -> None:
    options = Options.model_validate({"ready": (ready,)})
    assert {pattern.category for pattern in DETECTOR.prepare(options).patterns} == {ready}
