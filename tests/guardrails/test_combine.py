"""From what detectors hit to what Guardrails make of it."""

import pytest

from gateway.guardrails.combine import Hit, Judged, Where, judge_hits, missed
from gateway.guardrails.mask import Span
from gateway.model.finding import Action, SkipReason
from gateway.model.passage import Part, Stage
from tests.guardrails.guarding import book, guardrail

WHERE = Where("text", Stage.REQUEST, Part.USER, "tool")
JUDGING = book(
    guardrail("blocks", detectors="[{type: codes, categories: [code]}]"),
    guardrail("masks", detectors="[{type: codes, action: mask}]"),
    guardrail(
        "low", detectors="[{type: codes, action: log, threshold: LOW}]", extra="mode: shadow"
    ),
)
PLAN = JUDGING.plan(tuple(JUDGING.guards.values()), Stage.REQUEST, Part.USER)
(KEY,) = PLAN.wanted


def judged(*hits: Hit, where: Where = WHERE, to_the_end: bool = True, **cuts: int) -> Judged:
    found = Judged()
    judge_hits(
        found,
        hits,
        PLAN,
        where,
        cuts=cuts,
        around=lambda _start, _end: ("", "", ""),
        to_the_end=to_the_end,
    )
    return found


def acts(found: Judged) -> list[tuple[str, Action]]:
    return [(one.guardrail, one.action) for one in found.found]


def test_each_guardrail_makes_of_a_finding_what_it_says() -> None:
    found = judged(Hit(9, 0, KEY, "code", 0.9))
    assert acts(found) == [
        ("blocks", Action.BLOCK),
        ("masks", Action.MASK),
        ("low", Action.LOG),
    ]
    assert found.blocked
    assert found.spans == [Span(0, 9, "code")]
    assert {one.name for one in found.found} == {"tool"}


def test_a_score_below_the_threshold_counts_only_for_those_that_want_it() -> None:
    found = judged(Hit(9, 0, KEY, "maybe", 0.4))
    assert acts(found) == [("low", Action.LOG)]
    assert not found.blocked
    assert judged(Hit(9, 0, KEY, "maybe", 0.1)).found == []


def test_findings_are_judged_by_where_they_end_and_stop_at_the_first_that_blocks() -> None:
    hits = (Hit(30, 1, KEY, "key", 0.7), Hit(20, 10, KEY, "code", 0.9), Hit(8, 2, KEY, "key", 0.7))
    found = judged(*hits, to_the_end=False)
    assert [one.finding.end for one in found.found if one.guardrail == "masks"] == [8, 20]
    assert len(judged(*hits).found) > len(found.found)


@pytest.mark.parametrize(
    ("hit", "where"),
    [
        (Hit(9, 0, KEY, "key", 0.7, window="all of it"), WHERE),
        (Hit(9, 0, KEY, "key", 0.7), Where("text", Stage.REQUEST, Part.USER, fixed=True)),
    ],
    ids=["window", "fixed"],
)
def test_what_cannot_be_masked_is_blocked(hit: Hit, where: Where) -> None:
    found = judged(hit, where=where)
    assert ("masks", Action.BLOCK) in acts(found)
    assert found.blocked
    assert found.spans == []


def test_what_is_beyond_the_limit_of_a_guardrail_is_none_of_its_findings() -> None:
    found = judged(Hit(9, 0, KEY, "code", 0.9), blocks=8)
    assert [name for name, _ in acts(found)] == ["masks", "low"]


def test_a_check_that_did_not_happen_blocks_where_errors_are_closed() -> None:
    found = Judged()
    for one in missed(PLAN, WHERE, [KEY], SkipReason.ERROR):
        found.miss(one)
    assert [(one.guardrail, one.action, one.shadow) for one in found.missed] == [
        ("blocks", Action.BLOCK, False),
        ("masks", Action.BLOCK, False),
        ("low", Action.BLOCK, True),
    ]
    assert found.blocked
