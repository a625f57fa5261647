"""The model of a server is fitted to a part of what was measured, and the error is of the rest."""

from dataclasses import replace
from math import isclose

import pytest

from gateway.simulation import calibration
from gateway.simulation.calibration import FEWEST, Calibration, calibrated, served_by
from gateway.simulation.hardware import ADMISSION
from gateway.simulation.mooncake import Row, Serving
from tests.simulation.measured import COST, FLEET, asked, measured

ROWS = asked()


def found_of(rows: list[Row]) -> Calibration:
    found = calibrated(rows, COST, FLEET)
    assert found is not None
    return found


def test_servers_that_are_unlike_their_data_sheet_are_found_and_then_the_error_is_small() -> None:
    """Prefill takes five times as long, decoding half, and there are 80 ms before all."""
    found = found_of(measured(ROWS, prefill=5.0, decode=0.5, admission=0.08))
    sheet, one, three = found.tried
    assert three is found.best
    assert abs(three.errors.ttft_p50) < 0.05
    assert abs(three.errors.ttft_p90) < 0.05
    assert three.errors.tpot_p50 is not None
    assert abs(three.errors.tpot_p50) < 0.05
    assert three.typical < 0.05
    assert sheet.errors.ttft_p50 < -0.5
    assert one.errors.tpot_p50 is not None
    assert one.errors.tpot_p50 > 1, "one factor is not enough"
    assert (sheet.server.prefill, sheet.server.admission) == (1.0, ADMISSION)
    assert isclose(three.server.prefill, 5.0, rel_tol=0.1)
    assert not found.at_limit
    assert found.measured_hits == found.simulated_hits


def test_the_error_is_that_of_the_requests_after_those_that_the_fit_saw() -> None:
    rows = measured(ROWS)
    later = [row._replace(served=replace(row.served, ttft=10.0)) for row in rows[30:] if row.served]
    found = found_of([*rows[:30], *later])
    assert (found.fitted, found.requests) == (30, 30)
    assert isclose(found.best.server.prefill, 1.0, rel_tol=0.1)
    assert (found.measured.ttft_p50, found.measured.ttft_p90) == (10.0, 10.0)
    assert found.best.errors.ttft_p50 < -0.9


def test_only_the_beginning_of_a_long_trace_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = measured(ROWS)
    monkeypatch.setattr(calibration, "LOOKED_AT", 40)
    found = found_of(rows)
    assert (found.fitted, found.requests) == (20, 20)
    monkeypatch.setattr(calibration, "FITTED", 10)
    found = found_of(rows)
    assert (found.fitted, found.requests) == (10, 30)


def test_a_trace_that_nothing_fits_says_so() -> None:
    assert found_of([row._replace(served=Serving(ttft=1e-6)) for row in ROWS]).at_limit


def test_too_few_measured_times_are_none() -> None:
    few = [*measured(ROWS)[: FEWEST - 1], *ROWS[FEWEST - 1 :]]
    assert calibrated(few, COST, FLEET) is None
    zero = [row._replace(served=Serving(ttft=0.0)) for row in ROWS]
    assert calibrated(zero, COST, FLEET) is None


def test_answers_that_nobody_counted_have_no_time_per_token() -> None:
    rows = [
        row._replace(served=replace(row.served, counted=False))
        for row in measured(ROWS)
        if row.served is not None
    ]
    found = found_of(rows)
    assert found.measured.tpot_p50 is None
    assert found.best.simulated.tpot_p50 is None
    assert found.best.errors.tpot_p50 is None


def test_progress_is_told_of_the_fit_and_of_the_comparison() -> None:
    told: list[str] = []
    calibrated(measured(ROWS)[:8], COST, FLEET, progress=told.append)
    assert told[0].startswith("fitting, simulation 1 of ")
    assert told[-3:] == [
        f"comparing, {name}" for name in ("data sheet", "one factor", "three factors")
    ]


def test_hit_rates_are_compared_where_servers_reported_what_was_cached() -> None:
    silent = [
        row._replace(served=replace(row.served, cached=None))
        for row in measured(ROWS)
        if row.served is not None
    ]
    plain = found_of(silent)
    assert (plain.measured_hits, plain.simulated_hits) == (None, None)
    none = [
        row._replace(served=replace(row.served, cached=0))
        for row in silent
        if row.served is not None
    ]
    found = found_of(none)
    assert found.measured_hits == 0.0
    assert found.simulated_hits is not None
    assert found.simulated_hits > 0.2


def test_a_trace_was_served_as_most_of_it_was() -> None:
    told = [Serving(endpoints=2, profile="a"), Serving(endpoints=3), Serving(endpoints=3)]
    rows = [row._replace(served=one) for row, one in zip(ROWS, told, strict=False)]
    assert served_by([*rows, ROWS[5]]) == (3, "a")
    assert served_by(ROWS) == (None, None)
    assert served_by([ROWS[0]._replace(served=Serving(endpoints=0, ttft=1.0))]) == (None, None)
    assert served_by([ROWS[0]._replace(served=Serving(endpoints=10**6))]) == (None, None)
