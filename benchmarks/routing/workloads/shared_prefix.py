"""Open-loop shared prefixes: the ladder's prompts at one rate, over fleets that are not alike."""

from collections.abc import Sequence
from random import Random
from typing import Final

from gateway.simulation.hardware import Server
from gateway.simulation.prompt import mixed, prompt_of
from gateway.simulation.request import Request
from gateway.simulation.workload import Change, Workload

GROUPS, SHARED, QUESTION, OUTPUT, SECONDS = 60, 6000, 1200, 300, 150.0
SLOWDOWN: Final = 2.5
DENSE: Final = 3.0
"""Bytes of a token where text is not English: routers that take four for one are a third off."""
DIES, JOINS = 50.0, 90.0


def steady(
    seed: int, rate: float, servers: Sequence[Server], changes: Sequence[Change] = ()
) -> Workload:
    """`rate` requests per second with a prefix of 6,000 tokens of one of 60 customers, whose
    questions never repeat."""
    random = Random(seed)
    requests: list[Request] = []
    at = random.expovariate(rate)
    while at < SECONDS:
        number = len(requests)
        group = random.randrange(GROUPS)
        prompt = prompt_of([(group + 1, SHARED), (mixed(seed, number), QUESTION)])
        output = max(int(random.expovariate(1 / OUTPUT)), 1)
        requests.append(Request(number, at, prompt, output, -1 - number))
        at += random.expovariate(rate)
    return Workload(servers, [requests], [rate], 1.0, 0.1, changes)


def mixed_fleet(seed: int, rate: float) -> Workload:
    """Eight servers of which one takes two and a half times as long for everything."""
    return steady(seed, rate, [*[Server()] * 7, Server(slow=SLOWDOWN)])


def dense_tokens(seed: int, rate: float) -> Workload:
    """A tokeniser that makes more tokens of a text than routers without it think."""
    made = steady(seed, rate, [Server()] * 8)
    made.bytes_per_token = DENSE
    return made


def churn(seed: int, rate: float) -> Workload:
    """One of eight servers dies after 50 s and joins again after 90 s with an empty cache."""
    changes = (Change(DIES, 3), Change(JOINS, 3, Server()))
    return steady(seed, rate, [Server()] * 8, changes)
