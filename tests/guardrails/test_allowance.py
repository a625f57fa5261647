"""How much of a text is judged."""

import pytest

from gateway.guardrails.allowance import Allowance
from gateway.guardrails.guard import Guard
from gateway.model.passage import Stage


def guard(name: str, most: int, on_oversize: str, *, shadow: bool = False) -> Guard:
    stages = frozenset({Stage.REQUEST})
    return Guard(name, stages, (), max_bytes=most, on_oversize=on_oversize, shadow=shadow)


def taken(pieces: list[str], *guards: Guard) -> tuple[str, Allowance]:
    allowance = Allowance(guards)
    return "".join(allowance.take(piece) for piece in pieces), allowance


PIECES = [["aébc\U0001f600defgh"], list("aébc\U0001f600defgh"), ["aéb", "c\U0001f600d", "efgh"]]


@pytest.mark.parametrize("pieces", PIECES, ids=["whole", "characters", "pieces"])
def test_a_text_that_is_too_long_ends_for_everybody_where_it_is_refused(pieces: list[str]) -> None:
    refusing, other = guard("refusing", 5, "block"), guard("other", 100, "block")
    text, allowance = taken(pieces, refusing, other)
    assert text == "aébc"  # the next character has four bytes
    assert (allowance.over, allowance.refused, allowance.cuts) == (
        True,
        [refusing],
        {"refusing": 4},
    )


@pytest.mark.parametrize("pieces", PIECES, ids=["whole", "characters", "pieces"])
def test_one_that_skips_what_is_too_long_leaves_the_rest_to_others(pieces: list[str]) -> None:
    text, allowance = taken(
        pieces, guard("skips", 2, "skip_logged"), guard("all", 3, "scan_windows")
    )
    assert text == "".join(pieces)
    assert (allowance.over, allowance.refused, allowance.cuts) == (False, [], {"skips": 1})


@pytest.mark.parametrize("pieces", PIECES, ids=["whole", "characters", "pieces"])
def test_nothing_is_judged_for_nobody(pieces: list[str]) -> None:
    one, two = guard("one", 3, "skip_logged"), guard("two", 4, "skip_logged")
    text, allowance = taken(pieces, one, two)
    assert text == "aéb"
    assert (allowance.over, allowance.cuts) == (True, {"one": 2, "two": 3})


def test_a_shadow_that_would_refuse_ends_nothing() -> None:
    text, allowance = taken(["abcdef"], guard("s", 3, "block", shadow=True), guard("o", 9, "block"))
    assert text == "abcdef"
    assert not allowance.over


def test_a_text_of_just_as_many_bytes_is_judged_whole() -> None:
    text, allowance = taken(["éé"], guard("g", 4, "block"))
    assert (text, allowance.cuts) == ("éé", {})
