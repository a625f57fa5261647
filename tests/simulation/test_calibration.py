"""The speed of simulated servers is fitted to what was measured, and the error is told."""

from dataclasses import replace
from math import isclose
from random import Random

import pytest

from gateway.simulation.calibration import FEWEST, WIDEST, calibrated, served_by
from gateway.simulation.hardware import Server
from gateway.simulation.mooncake import Row, Serving
from gateway.simulation.presets import PRESETS
from gateway.simulation.replaying import Fleet, Profile, replayed

COST = Profile("cost", PRESETS)
FLEET = Fleet(Server(), 2)
RANDOM = Random(7)
ROWS = [
    Row(
        at * 0.4,
        512 * (blocks := RANDOM.randint(2, 12)),
        30,
        tuple(range(at * 20, at * 20 + blocks)),
    )
    for at in range(60)
]


def measured(slow: float, overhead: float = 1.0, rows: list[Row] = ROWS) -> list[Row]:
    """The trace as servers would have measured it that take so many times as long to compute and
    for everything else."""
    server = replace(FLEET.server, slow=slow, overhead=overhead)
    outcomes = replayed(rows, COST, Fleet(server, 2))
    return [
        row._replace(served=Serving(ttft=outcome.ttft))
        for row, outcome in zip(rows, outcomes, strict=True)
    ]


@pytest.mark.parametrize(("slow", "overhead"), [(0.3, 0.3), (1.0, 1.0), (2.5, 0.5), (1.2, 4.0)])
def test_the_speed_of_the_servers_that_were_measured_is_found(slow: float, overhead: float) -> None:
    found = calibrated(measured(slow, overhead), COST, FLEET)
    assert found is not None
    assert isclose(found.slow, slow, rel_tol=0.15)
    assert abs(found.error_p50) < 0.05
    assert abs(found.error_p90) < 0.05
    assert found.requests == 30
    assert not found.at_limit
    assert (found.server.slow, found.server.overhead) == (found.slow, found.overhead)


def test_what_no_computing_explains_is_fitted_apart() -> None:
    found = calibrated(measured(1.2, 6.0), COST, FLEET)
    assert found is not None
    assert found.overhead > 3 * found.slow


def test_the_error_is_that_of_requests_that_the_fit_did_not_see() -> None:
    rows = measured(1.0)
    rows[1::2] = [row._replace(served=Serving(ttft=10.0)) for row in rows[1::2]]
    found = calibrated(rows, COST, FLEET)
    assert found is not None
    assert isclose(found.slow, 1.0, rel_tol=0.1)
    assert (found.measured_p50, found.measured_p90) == (10.0, 10.0)
    assert found.error_p50 < -0.9


def test_a_trace_that_no_speed_fits_says_so() -> None:
    rows = [row._replace(served=Serving(ttft=1e-6)) for row in ROWS]
    found = calibrated(rows, COST, FLEET)
    assert found is not None
    assert found.at_limit
    assert found.slow < 1.05 / WIDEST


def test_too_few_measured_times_are_none() -> None:
    few = [*measured(1.0)[: FEWEST - 1], *ROWS[FEWEST - 1 :]]
    assert calibrated(few, COST, FLEET) is None
    zero = [row._replace(served=Serving(ttft=0.0)) for row in ROWS]
    assert calibrated(zero, COST, FLEET) is None


def test_progress_is_told_of_every_step() -> None:
    told: list[str] = []
    calibrated(measured(1.0)[:8], COST, FLEET, progress=told.append)
    assert told[0] == "fitting the speed, 1 of 80 at most"
    assert 20 < len(told) < 80


def test_hit_rates_are_compared_where_servers_reported_what_was_cached() -> None:
    rows = measured(1.0)
    plain = calibrated(rows, COST, FLEET)
    assert plain is not None
    assert (plain.measured_hits, plain.simulated_hits) == (None, None)
    half = [
        row._replace(served=replace(row.served, cached=row.tokens // 2))
        for row in rows
        if row.served is not None
    ]
    found = calibrated(half, COST, FLEET)
    assert found is not None
    assert (found.measured_hits, found.simulated_hits) == (0.5, 0.0)


def test_a_trace_was_served_as_most_of_it_was() -> None:
    told = [Serving(endpoints=2, profile="a"), Serving(endpoints=3), Serving(endpoints=3)]
    rows = [row._replace(served=one) for row, one in zip(ROWS, told, strict=False)]
    assert served_by([*rows, ROWS[5]]) == (3, "a")
    assert served_by(ROWS) == (None, None)
    assert served_by([ROWS[0]._replace(served=Serving(endpoints=0, ttft=1.0))]) == (None, None)
    assert served_by([ROWS[0]._replace(served=Serving(endpoints=10**6))]) == (None, None)
