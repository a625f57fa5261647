"""The grid's cells: a workload at one load, by name."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.routing.policies import FIXED, HOLDBACK, OURS, POLICIES, QUEUED, REPLICATED
from benchmarks.routing.policies.llmd import StickyUntilSaturated, WeightedScorers
from benchmarks.routing.policies.unaware import RoundRobin
from benchmarks.routing.workloads.chat import bursty_chat
from benchmarks.routing.workloads.conversation import agents, coding, mooncake_like, reasoning
from benchmarks.routing.workloads.disaggregated import conversations, documents
from benchmarks.routing.workloads.filler import CLIENTS, realtime
from benchmarks.routing.workloads.ladder import ladder
from benchmarks.routing.workloads.shared_prefix import churn, dense_tokens, mixed_fleet
from benchmarks.routing.workloads.trace import replay
from gateway.simulation.mooncake import read_trace
from gateway.simulation.workload import Workload

Cell = Callable[[int], Workload]
"""From a seed to its workload."""

ALONE: Final = "realtime-alone"
FILLED: Final = "realtime-filler"

SYNTHETIC: Final[Mapping[str, Cell]] = {
    "ladder": ladder,
    "mooncake-like-1.5": partial(mooncake_like, rate=1.5),
    "mooncake-like-3": partial(mooncake_like, rate=3.0),
    "mooncake-like-4.5": partial(mooncake_like, rate=4.5),
    "agents-24": partial(agents, clients=24),
    "agents-48": partial(agents, clients=48),
    "reasoning-250": partial(reasoning, clients=250),
    "reasoning-450": partial(reasoning, clients=450),
    "chat-20": partial(bursty_chat, rate=20.0),
    "chat-30": partial(bursty_chat, rate=30.0),
    "chat-40": partial(bursty_chat, rate=40.0),
    "mixed-fleet-20": partial(mixed_fleet, rate=20.0),
    "mixed-fleet-40": partial(mixed_fleet, rate=40.0),
    "churn-20": partial(churn, rate=20.0),
    "churn-40": partial(churn, rate=40.0),
    "coding-24": partial(coding, clients=24),
    "coding-48": partial(coding, clients=48),
    "dense-tokens-30": partial(dense_tokens, rate=30.0),
    ALONE: realtime,
    FILLED: partial(realtime, clients=CLIENTS),
    "documents-apart-5": partial(documents, rate=5.0),
    "conversations-apart-120": partial(conversations, clients=120),
}

SPEEDS: Final = (1.0, 1.5, 2.0)
APART: Final = ("documents-apart-5", "conversations-apart-120")
"""Cells in which some servers only prefill, of which the first gains by it."""

QUICK: Final = ("chat-20", "churn-20")


def cells(trace: Path | None) -> dict[str, Cell]:
    """All cells; those of a trace only if one is given. Raises as `read_trace` does."""
    found: dict[str, Cell] = dict(SYNTHETIC)
    if trace is not None:
        rows = read_trace(trace)
        for speed in SPEEDS:
            found[f"trace-x{speed:g}"] = partial(replay, rows, speed=speed)
    return found


SHARED: Final = ("agents-48", "coding-48", "chat-30")
"""Where two gateways are tried as well, which share what they have sent, or do not."""


def policies_in(cell: str) -> tuple[str, ...]:
    """Who runs in a cell: everybody, where all can. Peers know no servers that only prefill; with
    filler without end few are enough, since none of them queues it."""
    if cell in APART:
        return (OURS, *FIXED)
    if cell == ALONE:
        return (*POLICIES, QUEUED, HOLDBACK)
    if cell == FILLED:
        peers = (RoundRobin.name, WeightedScorers.name, StickyUntilSaturated.name)
        return (OURS, QUEUED, HOLDBACK, *peers)
    if cell in SHARED:
        return (*POLICIES, QUEUED, *REPLICATED)
    return (*POLICIES, QUEUED)
