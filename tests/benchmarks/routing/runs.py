"""Results for the tests of what is made of them."""

from dataclasses import replace

from benchmarks.routing.measure import Row, Run

ROW = Row(
    rate=10.0,
    requests=100,
    errors=0,
    ttft_p50=0.1,
    ttft_p90=0.5,
    ttft_p95=0.6,
    ttft_p99=0.9,
    ttft_mean=0.2,
    e2e_p50=3.0,
    e2e_p90=5.0,
    tpot_p50=0.02,
    goodput=9.0,
    hit_rate=0.5,
    imbalance=1.2,
    output_rate=1000.0,
    server_ms=1500.0,
    preemptions=0,
    timeouts=0,
    other_rate=0.0,
    relayed=0.0,
)


def run(policy: str, cell: str = "chat-1", seed: int = 0, **figures: float) -> Run:
    """A run with these figures and otherwise usual ones."""
    return Run(policy, cell, seed, replace(ROW, **figures))


def ladder_run(policy: str, seed: int, *stages: tuple[float, float, float]) -> Run:
    """A run of the ladder: rate, TTFT p90 and output rate of each stage."""
    rows = tuple(
        replace(ROW, rate=rate, ttft_p90=p90, output_rate=output, server_ms=1e6 / output)
        for rate, p90, output in stages
    )
    worst = max(p90 for _, p90, _ in stages)
    return Run(policy, "ladder", seed, replace(ROW, rate=0.0, ttft_p90=worst), rows)
