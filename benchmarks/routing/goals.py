"""What the production picker should reach beside its peers, and whether it does."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.routing.cells import ALONE, APART, FILLED
from benchmarks.routing.compare import Results, ratio
from benchmarks.routing.policies import FIXED, HOLDBACK, ORACLE, OURS, PEERS

KNEE = 2.0
"""Seconds of TTFT p90 under which a rate of the ladder is still before the knee."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What is wanted, what was seen."""

    wanted: str
    seen: str
    met: bool


def goals(results: Results) -> list[Goal]:
    """All goals of which these runs say something."""
    found = [*_beaten(results), *_ladder(results), *_oracle(results), *_seed(results)]
    return [*found, *_apart(results), *_filler(results)]


def _peers(results: Results) -> list[str]:
    return [name for name in PEERS if name in results.policies]


def _beaten(results: Results) -> Iterator[Goal]:
    """In no cell is a peer better by more than 5 %, its interval clear of zero."""
    for figure, sign in (("ttft_p90", 1), ("goodput", -1)):
        worse: list[str] = []
        compared = 0
        for cell in results.cells:
            for peer in _peers(results):
                if not results.has(cell, OURS, peer):
                    continue
                compared += 1
                found = results.compared(cell, OURS, peer, figure)
                if sign > 0 and found.mean > 1.05 and found.low > 1:
                    worse.append(f"{cell}/{peer} {found}")
                if sign < 0 and found.mean < 0.95 and found.high < 1:
                    worse.append(f"{cell}/{peer} {found}")
        if compared:
            seen = "; ".join(worse) or f"none in {compared} comparisons"
            yield Goal(f"no peer is better in {figure} by more than 5 %", seen, not worse)


def _ladder(results: Results) -> Iterator[Goal]:
    cell = "ladder"
    peers = [peer for peer in _peers(results) if results.has(cell, OURS, peer)]
    if not peers:
        return
    rates = [row.rate for row in results.of(cell, OURS)[0].stages]
    knees = {name: knee(results, name, rates) for name in (OURS, *peers)}
    best = max(peers, key=lambda name: (knees[name], -results.mean(cell, name, "ttft_p90")))
    yield Goal(
        "knee of the ladder 10 % above the best peer's",
        f"{knees[OURS]:g} rps, {best} {knees[best]:g} rps (the ladder ends at {rates[-1]:g})",
        knees[OURS] >= 1.1 * knees[best],
    )
    for stage, rate in enumerate(rates):
        if rate >= knees[best]:
            least = min(peers, key=lambda name: results.mean(cell, name, "ttft_p90", stage))
            found = results.compared(cell, OURS, least, "ttft_p90", stage)
            wanted = f"ladder at {rate:g} rps: TTFT p90 20 % below the best peer's ({least})"
            yield Goal(wanted, f"{found} of it", found.mean <= 0.8)
    if "round_robin" in peers:
        peaks = [
            max(range(len(rates)), key=lambda at: results.mean(cell, name, "output_rate", at))
            for name in (OURS, "round_robin")
        ]
        costs = [
            results.mean(cell, name, "server_ms", peak)
            for name, peak in zip((OURS, "round_robin"), peaks, strict=True)
        ]
        yield Goal(
            "cost per token at peak 25 % under round robin",
            f"{costs[0]:.0f} against {costs[1]:.0f} server-ms per 1,000 tokens",
            costs[0] <= 0.75 * costs[1],
        )


def knee(results: Results, policy: str, rates: list[float]) -> float:
    """The last rate before which, and at which, TTFT p90 is under two seconds; 0 if none is."""
    last = 0.0
    for stage, rate in enumerate(rates):
        if results.mean("ladder", policy, "ttft_p90", stage) >= KNEE:
            break
        last = rate
    return last


def _oracle(results: Results) -> Iterator[Goal]:
    """Half of the way from the best peer to the oracle, where there is one."""
    for cell in results.cells:
        peers = [peer for peer in _peers(results) if results.has(cell, peer)]
        if not peers or not results.has(cell, OURS, ORACLE):
            continue
        best = min(peers, key=lambda name: results.mean(cell, name, "ttft_p90"))
        if results.compared(cell, best, ORACLE, "ttft_p90").low <= 1:
            continue
        ours, peer, oracle = (results.mean(cell, name, "ttft_p90") for name in (OURS, best, ORACLE))
        closed = (peer - ours) / (peer - oracle)
        wanted = f"{cell}: half of the distance of {best} to the oracle is closed (TTFT p90)"
        yield Goal(wanted, f"{closed:.0%}: {ours:.3f}, {peer:.3f}, {oracle:.3f} s", closed >= 0.5)


def _seed(results: Results) -> Iterator[Goal]:
    """What production reports of better routing, against round robin and least request."""
    for cell in results.cells:
        for peer in ("round_robin", "least_request"):
            if not results.has(cell, OURS, peer):
                continue
            if cell.startswith("coding"):
                found = results.compared(cell, OURS, peer, "ttft_mean")
                yield Goal(f"{cell}: TTFT 35 % below {peer}", str(found), found.mean <= 0.65)
            if cell.startswith("chat"):
                tail = results.compared(cell, OURS, peer, "ttft_p95")
                middle = results.compared(cell, OURS, peer, "ttft_p50")
                met = tail.mean <= 0.48 and middle.mean <= 1
                wanted = f"{cell}: TTFT p95 52 % below {peer}, median no worse"
                yield Goal(wanted, f"p95 {tail}, p50 {middle}", met)
            start = results.mean(cell, peer, "hit_rate")
            if 0.3 <= start <= 0.4:
                ours = results.mean(cell, OURS, "hit_rate")
                wanted = f"{cell}: hit rate twice that of {peer}"
                yield Goal(wanted, f"{ours:.2f} against {start:.2f}", ours >= 2 * start)


def _apart(results: Results) -> Iterator[Goal]:
    """Deciding where to prefill is within 3 % of the better of always and never elsewhere."""
    for cell in APART:
        if not results.has(cell, OURS, *FIXED):
            continue
        for figure, sign in (("ttft_p90", 1), ("goodput", -1)):
            best = min(FIXED, key=lambda name: sign * results.mean(cell, name, figure))
            found = results.compared(cell, OURS, best, figure)
            met = found.mean <= 1.03 if sign > 0 else found.mean >= 0.97
            wanted = f"{cell}: decider within 3 % of the better fixed choice, {figure}"
            yield Goal(wanted, f"{found} of {best}", met)


def _filler(results: Results) -> Iterator[Goal]:
    """Sheddable work without end does not slow down what is urgent."""
    for name in (OURS, HOLDBACK):
        if results.has(ALONE, name) and results.has(FILLED, name):
            found = ratio(*(results.values(cell, name, "ttft_p95") for cell in (FILLED, ALONE)))
            work = results.mean(FILLED, name, "other_rate")
            wanted = f"filler moves real-time TTFT p95 by at most 5 % ({name})"
            yield Goal(
                wanted, f"{found} of it alone, {work:.0f} tok/s of filler", found.mean <= 1.05
            )
