from gateway.guardrails.budget import Budget
from gateway.guardrails.matching import Match, matcher
from gateway.guardrails.pattern import Pattern
from gateway.guardrails.search import Search, Wanted
from gateway.guardrails.segments import Encoding
from gateway.model.passage import Part

PATTERNS = (
    Pattern("counted", "a{40,60}b", "long", longest=61),
    Pattern("score", "x[0-9]", "sure", validate=lambda it: int(it.text[1]) / 10),
)
SEARCH = Search([matcher(n, "it", one) for n, one in enumerate(PATTERNS)], None)
WANTED = Wanted(Part.USER, ("it",), frozenset((0, 1)), frozenset())


def find(text: str) -> list[Match]:
    return [told.match for told in SEARCH.find(text, WANTED, Budget())]


def test_long_repeats_are_counted_although_the_engine_does_not() -> None:
    assert [one.start for one in find("a" * 40 + "b")] == [0]
    assert find("a" * 39 + "b") == []


def test_findings_come_in_the_order_in_which_they_count() -> None:
    assert [one.score for one in find("x3 x1 x2")] == [0.3, 0.1, 0.2]


def test_a_segment_has_the_surest_finding_of_each_pattern() -> None:
    encoded = b"%78" + b"4%20" + b"%789 " + b"." * 20
    (told,) = SEARCH.inside(encoded, Encoding.PERCENT, WANTED, Budget())
    assert told.match.score == 0.9


def test_the_numbers_of_encodings_are_not_those_of_patterns() -> None:
    assert [SEARCH.encoding(n) for n in range(2)] == [None, None]
    assert [SEARCH.encoding(SEARCH.number_of(one)) for one in Encoding] == list(Encoding)


def test_what_is_past_the_matches_that_may_be_looked_at_is_refused_and_named() -> None:
    budget = Budget(sightings=2)
    told = SEARCH.find("x3 x1 x2 x4", WANTED, budget)
    assert [one.match.score for one in told] == [0.3, 0.1]
    assert budget.refused == ["it"]


def test_short_segments_count_for_more_than_they_say() -> None:
    encoded = b"%78" + b"4%20" + b"%789 " + b"." * 20
    budget = Budget(decoded=40)
    assert SEARCH.inside(encoded, Encoding.PERCENT, WANTED, budget) == []
    assert budget.refused == ["it"]
