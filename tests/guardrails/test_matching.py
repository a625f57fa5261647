from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.guardrails.budget import Budget
from gateway.guardrails.matching import SETTLED, Matcher, Progress, Sighting, matcher
from gateway.guardrails.pattern import Candidate, Pattern
from gateway.model.passage import Part


def of(regex: str, longest: int = 256, **options: object) -> Matcher:
    made = Pattern("it", regex, "found", longest=longest)
    for name, value in options.items():
        object.__setattr__(made, name, value)
    return matcher(0, "some", made)


MATCHERS = (
    of("ab"),
    of("ab.{70,90}c|ab"),
    of("x[^y]{65,200}y|z", 210),
    of("[ab]{3,300}", 200),
    of("q[a-z ]*q", 150),
    of("[a-z]+", 64),
    of("b*c", 100),
    of(r"(?:ab)+\b", 90),
)
DATA = st.lists(
    st.sampled_from([b"a", b"b", b"ab", b"c", b"x", b"y", b"z", b"q", b" ", b"ab" * 40, b"." * 66]),
    max_size=14,
).map(b"".join)


def byte_by_byte(it: Matcher, data: bytes) -> Iterator[tuple[int, int, int]]:
    """What counts, and when, by the definition."""
    start, size = 0, len(data)
    for now in range(size + SETTLED + 1):
        while True:
            earliest = max(start, now - it.longest - SETTLED)
            found = it.regex.search(data, earliest, min(now, size))
            if found is None or found.span()[1] + SETTLED > now:
                break
            first, last = found.span()
            yield now, first, last
            start = max(last, first + 1)


def told(sightings: Iterator[Sighting]) -> list[tuple[int, int, int]]:
    return [(one.now, one.start, one.end) for one in sightings]


@settings(max_examples=200, deadline=None)
@given(it=st.sampled_from(MATCHERS), data=DATA)
def test_a_whole_text_has_what_counts_byte_by_byte(it: Matcher, data: bytes) -> None:
    assert told(it.sightings(data)) == list(byte_by_byte(it, data))


@settings(max_examples=100, deadline=None)
@given(it=st.sampled_from(MATCHERS), data=DATA, step=st.integers(1, 90))
def test_a_text_in_pieces_has_what_counts_byte_by_byte(it: Matcher, data: bytes, step: int) -> None:
    progress, found = Progress(it, always=True), list[Sighting]()
    for size in range(step, len(data), step):
        found += progress.advance(bytearray(data[:size]), 0, size - 1, size)
    found += progress.advance(bytearray(data), 0, len(data) + SETTLED, len(data))
    assert told(iter(found)) == list(byte_by_byte(it, data))


def test_a_match_that_is_longer_than_longest_never_counts() -> None:
    it = of("<x{0,500}>", 70)
    assert told(it.sightings(b"<" + b"x" * 69 + b">")) == []
    assert told(it.sightings(b"<" + b"x" * 68 + b">")) == [(134, 0, 70)]


def test_a_match_that_is_too_long_hides_another_until_it_is_out_of_sight() -> None:
    it = of("<[.z]{0,200}>|zz", 70)
    data = b"<" + b"." * 40 + b"zz" + b"." * 50 + b">" + b"." * 80
    assert told(it.sightings(data)) == [(135, 41, 43)] == list(byte_by_byte(it, data))


def test_a_match_that_settles_before_a_longer_one_ends_forestalls_it() -> None:
    it = of("x[.z]{65,210}y|z", 220)
    data = b"x" + b"." * 99 + b"z" + b"." * 90 + b"y" + b"." * 80
    assert told(it.sightings(data)) == [(165, 100, 101)] == list(byte_by_byte(it, data))


def test_characters_count_for_longest_where_they_are_more_than_a_byte() -> None:
    it = of("<[^>]{0,500}>", 70)
    text = "<" + "漢" * 69 + ">"
    (one,) = it.sightings(text.encode())
    assert it.score(text.encode(), one, 0, Part.USER, Budget()) is None
    text = "<" + "漢" * 68 + ">"
    (one,) = it.sightings(text.encode())
    assert it.score(text.encode(), one, 0, Part.USER, Budget()) == (0.5, text)


def test_the_group_is_the_finding() -> None:
    it = of("key=([0-9]+)", group=1)
    (one,) = it.sightings(b"a key=123")
    assert (one.start, one.end, one.first, one.last) == (2, 9, 6, 9)


def test_the_match_is_the_finding_where_the_group_takes_no_part() -> None:
    it = of("a(b)|c", group=1)
    (one,) = it.sightings(b"xc")
    assert (one.first, one.last) == (1, 2)


def test_a_validator_sees_64_characters_around_the_finding() -> None:
    seen: list[Candidate] = []

    def judge(candidate: Candidate) -> float | None:
        seen.append(candidate)
        return 0.75

    data = ("漢" * 80 + "<x>" + "." * 80).encode()
    it = of("<(x)>", group=1, validate=judge)
    (one,) = it.sightings(data)
    assert it.score(data, one, 0, Part.USER, Budget()) == (0.75, "x")
    assert seen == [Candidate("x", "漢" * 63 + "<", ">" + "." * 63, Part.USER)]


def test_a_costly_validator_is_not_called_beyond_the_budget() -> None:
    def sure(_: Candidate) -> float:
        return 1.0

    it = of("x", validate=sure, costly=True)
    (one,) = it.sightings(b"x")
    budget = Budget(calls=1)
    assert it.score(b"x", one, 0, Part.USER, budget) == (1.0, "x")
    assert it.score(b"x", one, 0, Part.USER, budget) is None
    assert budget.refused == ["some"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"regex": "(a"}, "missing"),
        ({"regex": "a*"}, "nothing"),
        ({"longest": 0}, "longest"),
        ({"longest": 5_000}, "longest"),
        ({"group": 2}, "group 2"),
        ({"opening": "(a"}, "opening"),
        ({"opening": "a*"}, "opening"),
        ({"raw": True, "costly": True}, "costly"),
    ],
)
def test_a_pattern_that_cannot_be_searched_is_told_to_its_author(
    options: dict[str, object], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        of(**{"regex": "(a)", **options})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_what_a_pattern_says_is_searched_in_its_normal_form() -> None:
    it = of("Grüße|игнорируй")
    assert it.source == of("Grusse|игнорируй").source
    assert it.source != of("Grüße|игнорируй", raw=True).source
