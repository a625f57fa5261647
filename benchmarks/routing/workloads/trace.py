"""A recorded trace as a workload: a window of it, at several speeds."""

from collections.abc import Sequence
from random import Random
from typing import Final

from gateway.simulation.hardware import Server
from gateway.simulation.mooncake import Row, requests_of
from gateway.simulation.workload import Workload

WINDOW: Final = 4000
"""Requests of one run: a seed chooses where in the trace they begin."""


def replay(rows: Sequence[Row], seed: int, speed: float) -> Workload:
    """A window of the trace, `speed` times as fast, over eight Qwen3-32B on two H100."""
    begin = Random(seed).randrange(max(len(rows) - WINDOW, 0) + 1)
    window = rows[begin : begin + WINDOW]
    span = max(window[-1].at - window[0].at, 1e-9) / speed
    requests = requests_of(window, speed)
    return Workload([Server()] * 8, [requests], [len(requests) / span], 2.0, 0.1)
