"""Factors of servers that measured a trace are found again."""

from dataclasses import replace
from math import exp, isclose, log

import pytest

from gateway.simulation.fitting import (
    DATA_SHEET,
    LONG_ANSWER,
    MOST,
    WIDEST,
    Fit,
    Point,
    at_limit,
    fitted,
    measured_tpot,
    measured_ttft,
)
from gateway.simulation.hardware import ADMISSION
from gateway.simulation.mooncake import Row, Serving
from gateway.simulation.replaying import Fleet, Progress, replayed, silent
from gateway.simulation.request import Outcome
from tests.simulation.measured import COST, FLEET, asked, measured


def fit(rows: list[Row], progress: Progress = silent) -> Fit:
    def run(servers: Fleet) -> list[Outcome]:
        return replayed(rows, COST, servers)

    return Fit(rows, range(len(rows)), FLEET, run, progress)


@pytest.mark.parametrize(
    ("prefill", "decode", "admission"),
    [(1.0, 1.0, ADMISSION), (5.0, 0.5, 0.08), (0.4, 2.0, 0.002), (3.0, 3.0, 0.3)],
)
def test_factors_are_found_again(prefill: float, decode: float, admission: float) -> None:
    rows = measured(asked(), prefill=prefill, decode=decode, admission=admission)
    found = fitted(FLEET, fit(rows).all()).server
    assert isclose(found.prefill, prefill, rel_tol=0.1)
    assert isclose(found.decode, decode, rel_tol=0.1)
    assert isclose(found.admission, admission, rel_tol=0.15)


def test_one_factor_is_for_all_of_a_step_and_leaves_the_wait_before() -> None:
    prefill, decode, wait = fit(measured(asked(), prefill=2.5, decode=2.5)).one()
    assert prefill == decode
    assert isclose(exp(prefill), 2.5, rel_tol=0.1)
    assert wait == 0.0


def test_what_servers_had_cached_before_the_trace_began_is_no_speed() -> None:
    """The second half of a trace: its hits are of what the first half asked."""
    rows = measured(asked(120), prefill=4.0)[60:]
    warm = [row for row in rows if row.served is not None and row.served.cached]
    assert len(warm) > 20
    found = fitted(FLEET, fit(rows).all()).server
    assert isclose(found.prefill, 4.0, rel_tol=0.15)


def test_what_took_long_behind_others_counts_less_than_what_was_alone() -> None:
    """Two of three requests come to a server that never ends any, and take eight times as long."""
    rows = measured(asked(gap=2.0), prefill=2.0, decode=2.0)

    def told(row: Row, late: bool, server: int | None) -> Row:
        assert row.served is not None
        assert row.served.ttft is not None
        ttft = row.served.ttft * (8 if late else 1)
        duration = 1000.0 if late else row.served.duration
        served = replace(row.served, ttft=ttft, duration=duration, endpoint=server, counted=False)
        return row._replace(served=served)

    known = [told(row, at % 3 > 0, int(at % 3 > 0)) for at, row in enumerate(rows)]
    unknown = [told(row, at % 3 > 0, None) for at, row in enumerate(rows)]
    assert isclose(exp(fit(known).one()[0]), 2.0, rel_tol=0.2)
    assert exp(fit(unknown).one()[0]) > 8.0


def test_simulations_are_bounded_and_each_is_told() -> None:
    told: list[str] = []
    rows = measured(asked(16), prefill=7.0, decode=0.2, admission=0.1)
    fit(rows, told.append).all()
    assert told[0] == f"fitting, simulation 1 of {MOST} at most"
    assert len(told) == len(set(told)) <= MOST + 8


def test_the_same_trace_gives_the_same_factors() -> None:
    rows = measured(asked(20), prefill=3.0)
    assert fit(rows).all() == fit(rows).all()


def test_factors_end_at_the_range() -> None:
    rows = [row._replace(served=Serving(ttft=1e-6)) for row in asked(20)]
    found = fit(rows).all()
    assert at_limit(found)
    assert max(map(abs, found)) <= log(WIDEST)
    assert not at_limit(DATA_SHEET)


def test_factors_multiply_those_that_the_servers_have() -> None:
    at: Point = (log(2), log(3), log(0.5))
    slower = fitted(replace(FLEET, server=replace(FLEET.server, prefill=2.0)), at).server
    assert slower.prefill == pytest.approx(4.0)
    assert slower.decode == pytest.approx(3.0)
    assert slower.admission == pytest.approx(ADMISSION / 2)


def test_times_are_measured_where_an_answer_tells_them() -> None:
    def row(output: int = 11, **told: float | bool) -> Row:
        served = Serving(**told)  # pyright: ignore[reportArgumentType]
        return Row(0.0, 600, output, (0, 1), served)

    assert measured_ttft(row(ttft=0.5)) == 0.5
    assert measured_ttft(row(ttft=0.0)) is None
    assert measured_ttft(Row(0.0, 600, 9, (0, 1))) is None
    assert measured_tpot(row(ttft=0.5, duration=1.5)) == pytest.approx(0.1)
    assert measured_tpot(row(LONG_ANSWER - 1, ttft=0.5, duration=1.5)) is None
    assert measured_tpot(row(ttft=0.5, duration=1.5, counted=False)) is None
    assert measured_tpot(row(ttft=0.5)) is None
    assert measured_tpot(row(ttft=0.5, duration=0.5)) is None
    assert measured_tpot(row(duration=0.5)) is None
