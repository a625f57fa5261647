"""The step-time model beside what was published about the same model on the same GPUs."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.routing.compare import Results
from gateway.simulation.hardware import QWEN3_32B, Server, StepTime

PUBLISHED = 60.0
"""Requests per second at which the published ladder ends."""


@dataclass(frozen=True, slots=True)
class Check:
    """A predicted figure and the published one; `agrees` is None where that is a range of others'
    measurements that one cannot be within or without."""

    name: str
    predicted: str
    published: str
    agrees: bool | None = None


def step_checks() -> Iterator[Check]:
    """Of the step-time model alone, Qwen3-32B on two H100."""
    server = Server()
    model = StepTime(server)
    prompt = 7200
    rate = prompt / model.step(prompt, prompt * prompt / 2, 1, 0, 0)
    within = 15928 <= rate <= 20480
    yield Check("peak prefill, tok/s (R_peak)", f"{rate:.0f}", "15,928 to 20,480", within)
    single = model.step(0, 0.0, 0, 1, 1000) * 1e3
    floor = QWEN3_32B.parameters * 2 / (2 * 3.35e12) * 1e3
    yield Check(
        "time per token alone, ms",
        f"{single:.1f}",
        f"above {floor:.1f} (weights at peak bandwidth)",
    )
    many = model.step(0, 0.0, 0, 64, 64 * 7700) * 1e3
    yield Check("time per token of 64 at 7,700 tokens, ms", f"{many:.1f}", "not published")
    yield Check("blocks of 16 tokens", str(server.blocks), "not published")


def ladder_checks(results: Results) -> Iterator[Check]:
    """Of llm-d's ladder as a whole, for the policies that it was published for. The memory
    efficiency was fitted with the ladder in view, so that agreement here is no independent test."""
    cell, base, peer = "ladder", "round_robin", "llmd_sticky"
    if not results.has(cell, base, peer):
        return
    stages = results.of(cell, base)[0].stages
    count = sum(row.rate <= PUBLISHED for row in stages)
    peaks: dict[str, float] = {}
    for name in (base, peer):
        peaks[name] = max(results.mean(cell, name, "output_rate", at) for at in range(count))
    last = count - 1
    rate = stages[last].rate
    yield Check("round robin, peak output tok/s", f"{peaks[base]:.0f}", "7,049")
    yield Check("affinity filter and token load, peak output tok/s", f"{peaks[peer]:.0f}", "14,941")
    times = peaks[peer] / peaks[base]
    yield Check("the second over the first", f"{times:.2f}", "2.12", 1.6 <= times <= 2.6)
    for name, published in ((base, "88.1 / 154.1 s"), (peer, "0.2 / 0.9 s")):
        p50, p90 = (results.mean(cell, name, f"ttft_{part}", last) for part in ("p50", "p90"))
        yield Check(
            f"{name} at {rate:g} rps, TTFT p50 / p90", f"{p50:.1f} / {p90:.1f} s", published
        )
