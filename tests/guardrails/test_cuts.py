"""Every pattern that is shipped is found in a text that comes in pieces as in the whole."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from random import Random

import pytest

from gateway.bootstrap.guardrails import pattern_cache
from gateway.guardrails.budget import Budget
from gateway.guardrails.detectors import find_detectors
from gateway.guardrails.matching import Match
from gateway.guardrails.pattern import Pattern
from gateway.guardrails.patterns import PatternSet
from gateway.model.passage import Part
from tests.guardrails.detectors.searched import prepared
from tests.guardrails.samples import sample

AROUND = (
    "Some ordinary words about it. The weather is fine and tools are what they are; "
    "12 of them, in e-mail or not. "
)
OPTIONS = {
    "canary": {"tokens": ["a-canary-that-sings-7421"]},
    "custom": {"patterns": [{"name": "ticket", "regex": r"\bTCK-\d{4,8}\b", "category": "ticket"}]},
    "topics": {"own": [{"name": "zoo", "words": ["aardvark", "red panda"]}]},
    "words": {"lists": [{"category": "animal", "words": ["aardvark", "red panda"]}]},
}
WINDOWS_ONLY = {"language"}
SAMPLES = 40
"""Texts for each detector, at least one for each pattern."""


@cache
def engine(detector: str) -> tuple[PatternSet, tuple[Pattern, ...]]:
    """All patterns of a detector; without their validators every match is a finding."""
    found = prepared(detector, OPTIONS.get(detector)).patterns
    patterns = tuple(replace(one, validate=None, costly=False) for one in found)
    return PatternSet({detector: patterns}, pattern_cache()), patterns


def texts(detector: str) -> Iterator[str]:
    random = Random(detector)
    patterns = engine(detector)[1]
    for pattern in patterns:
        for _ in range(max(1, SAMPLES // len(patterns))):
            first, last = random.randrange(80), random.randrange(len(AROUND))
            said = sample(pattern.regex, random)
            apart = random.choice(["", " ", "\n"])
            yield f"{AROUND[:first]}{apart}{said}{apart}{AROUND[:last]}"


def pieces_of(text: str, random: Random) -> Iterator[list[str]]:
    """A few ways to cut a text: in two, in some, and in pieces of 1 to 64 characters."""
    for cut in random.sample(range(1, len(text)), min(6, len(text) - 1)):
        yield [text[:cut], text[cut:]]
    for _ in range(2):
        cuts = sorted(random.sample(range(len(text)), min(3, len(text))))
        yield [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    for size in (1, 5, random.randint(2, 15), random.randint(16, 64)):
        yield [text[at : at + size] for at in range(0, len(text), size)]


def whole(detector: str, text: str) -> list[Match]:
    return sorted(engine(detector)[0].find(text, Part.ASSISTANT, None, endless()), key=repr)


def streamed(detector: str, pieces: Sequence[str]) -> list[Match]:
    stream = engine(detector)[0].stream(Part.ASSISTANT, None, endless())
    for piece in pieces:
        stream.feed(piece)
    stream.finish()
    return sorted(stream.settled, key=repr)


def endless() -> Budget:
    return Budget(10**9, 10**9)


DETECTORS = sorted(set(find_detectors()) - WINDOWS_ONLY)


@pytest.mark.parametrize("detector", DETECTORS)
def test_however_a_text_is_cut_the_same_is_found(detector: str) -> None:
    random = Random(detector)
    some = 0
    for text in texts(detector):
        found = whole(detector, text)
        some += bool(found)
        for pieces in pieces_of(text, random):
            assert streamed(detector, pieces) == found, [len(one) for one in pieces]
    assert some


@pytest.mark.parametrize("detector", DETECTORS)
def test_what_re2_finds_the_engine_does_not_pass_over(detector: str) -> None:
    patterns = engine(detector)[0]._search  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    for text in texts(detector):
        data = text.encode()
        hits = {number for number, _ in patterns.scanner.scan(data)} | patterns.unsupported
        for one in patterns.matchers:
            if one.regex.search(data, 0, len(data)) is not None:
                assert one.number in hits, (one.pattern.name, text)
