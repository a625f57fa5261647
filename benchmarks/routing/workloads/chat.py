"""A bursty chat about hot documents: short questions about long texts that many read at once."""

from random import Random
from typing import Final

from gateway.simulation.hardware import LLAMA_8B, Server
from gateway.simulation.prompt import mixed, prompt_of
from gateway.simulation.request import Request
from gateway.simulation.workload import Workload

DOCUMENTS, SKEW, SECONDS = 400, 1.0, 180.0
QUIET, BURST, FACTOR = 12.0, 3.0, 4.0
"""Seconds that quiet times and bursts last on average; a burst is four times as dense, and half of
its questions are about one document."""

QUESTION: Final = 96


def bursty_chat(seed: int, rate: float) -> Workload:
    """`rate` requests per second in quiet times, over eight 8B models on one H100 each."""
    random = Random(seed)
    sizes = [random.randrange(4000, 16000) // 16 * 16 for _ in range(DOCUMENTS)]
    weights = [1 / (place + 1) ** SKEW for place in range(DOCUMENTS)]
    requests: list[Request] = []
    at, until, hot = 0.0, random.expovariate(1 / QUIET), -1
    while at < SECONDS:
        at += random.expovariate(rate * FACTOR if hot >= 0 else rate)
        if at > until:
            hot = random.randrange(DOCUMENTS) if hot < 0 else -1
            at, until = until, until + random.expovariate(1 / (BURST if hot >= 0 else QUIET))
            continue
        document = random.choices(range(DOCUMENTS), weights)[0]
        if hot >= 0 and random.random() < 0.5:
            document = hot
        number = len(requests)
        prompt = prompt_of(
            [(7, 160), (document + 100, sizes[document]), (mixed(seed, number), QUESTION)]
        )
        output = max(int(random.lognormvariate(5.0, 0.7)), 1)
        requests.append(Request(number, at, prompt, output, -1 - number))
    return Workload([Server(LLAMA_8B, gpus=1)] * 8, [requests], [rate], 1.0, 0.05)
