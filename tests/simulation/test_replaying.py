"""A trace goes through the production picker to simulated servers."""

from math import inf

import pytest

from gateway.simulation.hardware import Server
from gateway.simulation.mooncake import Row
from gateway.simulation.presets import PRESETS
from gateway.simulation.replaying import (
    Fleet,
    MisfitError,
    Profile,
    figures_of,
    percentile,
    replayed,
    silent,
)
from gateway.simulation.request import Outcome
from tests.simulation.fleet import asking

COST = Profile("cost", PRESETS)
ROWS = [Row(at / 2, 4096, 20, tuple(range(at % 4 * 8, at % 4 * 8 + 8))) for at in range(40)]


def test_documents_are_found_again_where_they_are_cached() -> None:
    outcomes = replayed(ROWS, COST, Fleet(Server(), 4))
    homes = [{outcomes[at].endpoint for at in range(first, 40, 4)} for first in range(4)]
    assert [len(home) for home in homes] == [1, 1, 1, 1]
    assert all(each.cached > 3500 for each in outcomes[4:])


def test_chance_finds_less_than_the_cost_profile() -> None:
    fleet = Fleet(Server(), 4)
    by_chance = figures_of(replayed(ROWS, Profile("random", PRESETS), fleet), 2.0, 0.1)
    by_cost = figures_of(replayed(ROWS, COST, fleet), 2.0, 0.1)
    assert by_chance.hit_rate < by_cost.hit_rate - 0.1


def test_the_same_seed_gives_the_same_run_and_another_one_another() -> None:
    chance, fleet = Profile("random", PRESETS), Fleet(Server(), 4)
    runs = [
        [each.endpoint for each in replayed(ROWS, chance, fleet, seed=seed)] for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_a_request_that_no_server_can_hold_is_told_at_once() -> None:
    small = Fleet(Server(cache_tokens=4096), 1)
    with pytest.raises(MisfitError, match=r"4096 tokens and 20 .* does not fit .* 4096"):
        replayed(ROWS, COST, small)


def test_a_profile_that_no_document_has_is_an_error() -> None:
    with pytest.raises(KeyError):
        replayed(ROWS, Profile("nobody", PRESETS), Fleet(Server(), 1))


def outcome(number: int, first: float | None, last: float | None, *, cached: int = 0) -> Outcome:
    request = asking(number, (number, 1024), output=11)
    request.at = float(number)
    made = Outcome(request, 0, cached, first, last)
    made.failed = last is None
    return made


def test_figures_count_what_kept_both_slos() -> None:
    figures = figures_of(
        [
            outcome(0, 1.0, 2.0, cached=512),  # as good as can be
            outcome(1, 5.0, 6.0),  # late to begin
            outcome(2, 3.0, 9.0),  # slow to go on
            outcome(3, None, None),
        ],
        2.0,
        0.1,
    )
    assert (figures.requests, figures.errors, figures.kept) == (4, 1, 0.25)
    assert (figures.ttft_p50, figures.ttft_p90) == (1.0, inf)
    assert figures.goodput == 1 / 9
    assert figures.hit_rate == 512 / 4096


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile([3, 1, 2, 4], share) for share in (0.0, 0.25, 0.5, 0.51, 0.9, 1.0)] == [
        *(1, 1, 2, 3, 4, 4)
    ]
    assert percentile([7], 0.9) == 7


def test_nobody_has_to_be_told_of_progress() -> None:
    silent("anything")
