"""Real-time requests, alone and with as much sheddable work as the fleet would take."""

from functools import partial
from random import Random
from typing import Final

from benchmarks.routing.workloads.conversation import blocks
from gateway.simulation.hardware import LLAMA_8B, Server
from gateway.simulation.prompt import mixed, prompt_of
from gateway.simulation.request import Request
from gateway.simulation.workload import Workload

SECONDS, RATE, GROUPS = 150.0, 24.0, 60
SHARED, ANSWER = 3008, 200

CLIENTS: Final = 1600
READ, WRITTEN = 1008, 500
SHEDDABLE: Final = -1
"""Each filler client always has one request of 1,000 tokens in and 500 out, with a priority that
may be shed; together they would fill the caches of all servers."""


def realtime(seed: int, clients: int = 0) -> Workload:
    """Poisson requests of 60 customers over eight 8B models on one H100 each, and `clients` that
    send filler until the last of them has come. The former alone are measured, and the same
    whatever the filler."""
    random = Random(seed)
    requests: list[Request] = []
    at = random.expovariate(RATE)
    while at < SECONDS:
        number = len(requests)
        group = random.randrange(GROUPS)
        question = min(blocks(random.lognormvariate(7.2, 0.8)), 16_000)
        prompt = prompt_of([(group + 1, SHARED), (mixed(seed, number), question)])
        output = max(int(random.expovariate(1 / ANSWER)), 1)
        requests.append(Request(number, at, prompt, output, -1 - number))
        at += random.expovariate(RATE)
    work = _Filler(seed, len(requests))
    stage = [*requests, *(work.request(random.uniform(0, 10)) for _ in range(clients))]
    return Workload([Server(LLAMA_8B, gpus=1)] * 8, [stage], [RATE], 1.0, 0.05)


class _Filler:
    """Numbers from `first` on, so that they are nobody else's."""

    def __init__(self, seed: int, first: int) -> None:
        self.seed = seed
        self.number = first

    def request(self, at: float) -> Request:
        """The next piece of work, at `at` seconds."""
        number = self.number
        self.number += 1
        made = Request(
            number, at, prompt_of([(mixed(self.seed, number), READ)]), WRITTEN, -1 - number
        )
        made.priority, made.measured, made.patient = SHEDDABLE, False, True
        made.following = partial(self._after)
        return made

    def _after(self, now: float) -> Request | None:
        return self.request(now) if now < SECONDS else None
