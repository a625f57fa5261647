"""Texts with made-up personal data, and how findings in them are counted."""

from dataclasses import dataclass

import pytest

from benchmarks.guardrails.pii import Figures, Sample, benign, lookalikes, measured, positives
from benchmarks.guardrails.pii_values import VALUES


@dataclass(frozen=True)
class One:
    category: str
    start: int
    end: int


@pytest.mark.parametrize("category", sorted(VALUES))
def test_the_same_seed_makes_the_same_texts(category: str) -> None:
    assert list(positives(category, 20, 3)) == list(positives(category, 20, 3))
    assert list(positives(category, 20, 3)) != list(positives(category, 20, 4))
    assert list(lookalikes(category, 20, 3)) == list(lookalikes(category, 20, 3))
    assert list(benign(20, 3)) == list(benign(20, 3))


@pytest.mark.parametrize("category", sorted(VALUES))
def test_a_positive_knows_where_its_value_is(category: str) -> None:
    for sample in positives(category, 50):
        value = sample.text[sample.start : sample.end]
        assert value
        assert value == value.strip()
        assert sample.category == category


def test_findings_are_right_if_they_cover_the_value_and_little_more() -> None:
    sample = Sample("x 123 y", "n", 2, 5)
    assert measured([sample], lambda _: [One("n", 2, 5)])["n"] == Figures(1, 0, 0)
    assert measured([sample], lambda _: [One("n", 1, 6)])["n"] == Figures(1, 0, 0)
    assert measured([sample], lambda _: [One("n", 3, 5)])["n"] == Figures(0, 1, 1)
    assert measured([sample], lambda _: [])["n"] == Figures(0, 1, 0)


def test_a_finding_of_another_category_is_wrong() -> None:
    figures = measured([Sample("x 123 y", "n", 2, 5)], lambda _: [One("n", 2, 5), One("m", 2, 5)])
    assert figures == {"n": Figures(1, 0, 0), "m": Figures(0, 0, 1)}


def test_shares_are_of_what_there_was() -> None:
    figures = Figures(right=6, missed=2, wrong=4)
    assert figures.recall == 0.75
    assert figures.precision == 0.6
    assert Figures().recall == Figures().precision == 1.0
