"""A recorded trace as a workload."""

from benchmarks.routing.workloads.trace import WINDOW, replay
from gateway.simulation.mooncake import Row

ROWS = [
    Row(0.0, 1500, 10, (0, 1, 2)),
    Row(1.0, 1536, 20, (0, 1, 3)),
    Row(3.0, 2000, 30, (0, 1, 3, 4)),
]


def test_a_faster_replay_has_the_same_requests_closer_together() -> None:
    slow, fast = replay(ROWS, 0, 1.0), replay(ROWS, 0, 2.0)
    assert [each.at for each in fast.stages[0]] == [each.at / 2 for each in slow.stages[0]]
    assert fast.rates[0] == 2 * slow.rates[0]


def test_a_seed_chooses_where_in_a_long_trace_a_run_begins() -> None:
    long = [Row(float(at), 100 + at, 1, (at,)) for at in range(WINDOW + 50)]
    begins = {replay(long, seed, 1.0).stages[0][0].prompt.tokens for seed in range(8)}
    assert len(begins) > 1
    assert len(replay(long, 0, 1.0).stages[0]) == WINDOW
