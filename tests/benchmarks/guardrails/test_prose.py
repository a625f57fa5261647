"""Texts of a given size."""

import pytest

from benchmarks.guardrails import prose


@pytest.mark.parametrize("size", [1_000, 8_000, 64_000])
def test_texts_have_the_size_that_was_asked_for(size: int) -> None:
    assert len(prose.english(size)) == size
    assert len(prose.dense(size)) == size
    assert len(prose.numbers(size)) == size
    assert size - 4 < len(prose.foreign(size).encode()) <= size


def test_english_is_ascii_and_the_languages_are_mostly_not() -> None:
    assert prose.english(8_000).isascii()
    assert prose.manual(8_000).isascii()
    text = prose.foreign(8_000)
    assert sum(not sign.isascii() for sign in text) > len(text) // 3


def test_a_seed_makes_a_text() -> None:
    assert prose.english(500, 1) == prose.english(500, 1)
    assert prose.english(500, 1) != prose.english(500, 2)
