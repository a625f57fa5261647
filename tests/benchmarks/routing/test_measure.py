"""Figures of a run."""

import pytest

from benchmarks.routing.measure import HOPELESS, measured, run_of
from benchmarks.routing.policies.unaware import RoundRobin
from gateway.simulation.hardware import Server
from gateway.simulation.simulation import simulate
from gateway.simulation.workload import Change, Workload
from tests.simulation.fleet import asking


def test_figures_are_those_of_the_requests() -> None:
    work = Workload([Server()], [[asking(at, (1, 1600), output=50) for at in range(4)]])
    trace = simulate(work, RoundRobin(0))
    row = measured("round_robin", "x", 0, work, trace).total
    ttfts = sorted(each.ttft for each in trace.outcomes)
    assert row.ttft_p50 == pytest.approx((ttfts[1] + ttfts[2]) / 2)
    assert row.hit_rate == pytest.approx(trace.hits / trace.queries)
    assert row.output_rate == pytest.approx(200 / trace.finished)
    assert row.server_ms == pytest.approx(trace.busy[0] * 1000 / 0.2)
    assert row.imbalance == 1.0
    assert row.goodput == pytest.approx(4 / trace.finished)


def test_warm_up_is_not_measured_and_stages_have_rows() -> None:
    stages = [[asking(stage, (stage + 1, 1600))] for stage in range(3)]
    stages[0][0].measured = False
    for stage in range(3):
        stages[stage][0].stage = stage
    work = Workload([Server()], stages, [1.0, 2.0, 3.0])
    run = measured("round_robin", "x", 0, work, simulate(work, RoundRobin(0)))
    assert run.total.requests == 2
    assert [row.rate for row in run.stages] == [2.0, 3.0]


def test_an_answer_that_never_came_is_an_error_and_no_goodput() -> None:
    lost = asking(0, (1, 1600), output=2000)
    work = Workload([Server()] * 2, [[lost, asking(1, (2, 1600))]], changes=(Change(5.0, 1),))
    row = measured("round_robin", "x", 0, work, simulate(work, RoundRobin(0))).total
    assert row.errors == 1
    assert row.e2e_p90 > HOPELESS / 2
    assert row.goodput * 5.0 <= 1.1


def test_a_run_survives_being_written_down() -> None:
    work = Workload([Server()], [[asking(0, (1, 1600))]])
    run = measured("round_robin", "x", 0, work, simulate(work, RoundRobin(0)))
    assert run_of(run.document()) == run


def test_an_answer_whose_client_gave_up_counts_as_never_come() -> None:
    work = Workload([Server()], [[asking(0, (1, 1600), output=2000)]], timeout=5.0)
    row = measured("round_robin", "x", 0, work, simulate(work, RoundRobin(0))).total
    assert (row.errors, row.timeouts) == (1, 1)
    assert row.ttft_p50 == HOPELESS


def test_filler_is_counted_apart() -> None:
    fillers = [asking(1, (2, 1600), output=100), asking(2, (3, 1600), output=3000)]
    for filler in fillers:
        filler.measured = False
    work = Workload([Server()], [[asking(0, (1, 1600), output=200), *fillers]])
    trace = simulate(work, RoundRobin(0))
    row = measured("round_robin", "x", 0, work, trace).total
    assert row.requests == 1
    assert trace.stages[0].ended < trace.finished / 10
    assert row.output_rate == pytest.approx(200 / trace.stages[0].ended)
    assert row.other_rate == pytest.approx(100 / trace.stages[0].ended)
