"""llm-d's ladder: 150 customers with a context of 6,000 tokens each, Poisson, 3 to 60 rps.

guide_optimized-baseline_1.yaml of llm-d-benchmark: shared_prefix with 150 groups of 5 prompts,
6,000 + 1,200 tokens in and 1,000 out, warm-up of 15 rps for 50 s; the prompts repeat.
"""

from collections.abc import Sequence
from random import Random
from typing import Final

from gateway.simulation.hardware import Server
from gateway.simulation.prompt import mixed, prompt_of
from gateway.simulation.request import Request
from gateway.simulation.workload import Workload

WARM_UP: Final = (15, 50)
STAGES: Final = (
    *((3, 20), (10, 20), (15, 20), (20, 38), (22, 34), (25, 30), (30, 25), (35, 21)),
    *((40, 38), (43, 36), (46, 33), (49, 30), (52, 29), (55, 27), (57, 26), (60, 25)),
)
"""Requests per second and seconds of each stage, as published."""

BEYOND: Final = (
    *((70, 22), (80, 20), (100, 20), (125, 20), (150, 20), (175, 20), (200, 20), (225, 20)),
    *((250, 20), (275, 20), (300, 20), (325, 20)),
)
"""Ours, until every policy has its knee. Prompts repeat, so that those that keep prefixes together
answer at once at any of these rates; what ends is the time that clients wait for whole answers."""

GROUPS, PROMPTS, SHARED, QUESTION, OUTPUT = 150, 5, 6000, 1200, 1000


def ladder(seed: int, stages: Sequence[tuple[int, int]] = (*STAGES, *BEYOND)) -> Workload:
    """The ladder over eight Qwen3-32B on two H100 each."""
    random = Random(seed)
    prompts = [
        prompt_of([(group + 1, SHARED), (mixed(group + 1, one), QUESTION)])
        for group in range(GROUPS)
        for one in range(PROMPTS)
    ]
    random.shuffle(prompts)
    made: list[list[Request]] = []
    number = 0
    for stage, (rate, seconds) in enumerate((WARM_UP, *stages)):
        requests: list[Request] = []
        at = random.expovariate(rate)
        while at < seconds:
            prompt = prompts[number % len(prompts)]
            requests.append(Request(number, at, prompt, OUTPUT, -1 - number, stage=stage))
            requests[-1].measured = stage > 0
            number += 1
            at += random.expovariate(rate)
        made.append(requests)
    rates = [rate for rate, _ in (WARM_UP, *stages)]
    return Workload([Server()] * 8, made, rates)
