"""Fleets in which some servers only prefill: one workload gains by it, one does not."""

from collections.abc import Callable
from random import Random
from typing import Final

from benchmarks.routing.workloads.conversation import Talk, blocks, closed
from gateway.simulation.hardware import SLOW_LINK, Server
from gateway.simulation.prompt import mixed, prompt_of
from gateway.simulation.request import Request
from gateway.simulation.workload import Workload

SECONDS: Final = 120.0
SHARED: Final = 256

TURNS: Final = Talk(
    shared=512,
    first=lambda random: random.lognormvariate(8.7, 0.5),
    added=lambda random: random.lognormvariate(5.0, 0.8),
    answer=lambda random: random.lognormvariate(5.4, 0.6),
    pause=lambda random: random.expovariate(1 / 8),
    turns=lambda random: random.gauss(24, 5),
    limit=60_000,
)
"""Conversations over documents, whose turns add little to what their server has cached."""


def documents(seed: int, rate: float) -> Workload:
    """Long documents that nobody sent before, short answers, over four servers that prefill and
    four that decode, all Qwen3-32B on two H100, with InfiniBand between them."""
    servers = [Server(role="prefill")] * 4 + [Server(role="decode")] * 4
    return _open_loop(seed, rate, servers, lambda random: random.lognormvariate(9.0, 0.5))


def conversations(seed: int, clients: int) -> Workload:
    """Conversations of many turns over one server that prefills and seven that decode, with 10 Gbit
    Ethernet between them: moving a prompt takes longer than what is left to compute of it."""
    servers = [Server(role="prefill", link=SLOW_LINK)] + [Server(role="decode")] * 7
    return closed(TURNS, seed, clients, servers)


def _open_loop(
    seed: int, rate: float, servers: list[Server], length: Callable[[Random], float]
) -> Workload:
    random = Random(seed)
    requests: list[Request] = []
    at = random.expovariate(rate)
    while at < SECONDS:
        number = len(requests)
        own = min(blocks(length(random)), 60_000)
        prompt = prompt_of([(3, SHARED), (mixed(seed, number), own)])
        output = max(int(random.lognormvariate(5.0, 0.5)), 1)
        requests.append(Request(number, at, prompt, output, -1 - number))
        at += random.expovariate(rate)
    return Workload(servers, [requests], [rate], 2.0, 0.05)
