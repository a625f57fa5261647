"""The results as JSON and as text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.guardrails import cost, disguised, peers, through
from benchmarks.guardrails.goals import goals
from benchmarks.guardrails.results import Results
from benchmarks.guardrails.training.evasion import DISGUISES

BLIND = (
    "Blind: text that makes a model do something in ordinary words, without overriding anything,",
    "reads like any other text and is not found (indirect injection in a mail, a page, a ticket).",
    "Provenance documents are for that: what may be done after a result from there was read.",
)


def document(results: Results) -> dict[str, Any]:
    """Everything, as JSON values."""
    return {
        "machine": asdict(results.machine),
        "generator": results.generator,
        "rounds": results.rounds,
        "seconds": results.seconds,
        "detectors": list(results.detectors),
        "slow_patterns": results.slow,
        "costs": [asdict(one) for one in results.costs],
        "capped": [asdict(one) for one in results.capped],
        "accuracy": [one.document() for one in results.accuracy],
        "benign": [asdict(one) for one in results.benign],
        "personal_data": [asdict(one) for one in results.types],
        "scorer_by_source": [asdict(one) for one in results.sources],
        "evasion": [asdict(one) for one in results.disguised],
        "deltas": [asdict(one) for one in results.deltas],
        "through_envoy": [one.document() for one in results.through],
        "streams_a_core": {
            one.contender: through.streams_a_core(one)
            for one in results.through
            if one.bench == through.PACED
        },
        "peers": peers.document(results.peers),
        "notes": results.notes,
        "blind": " ".join(BLIND),
        "goals": [goal.document() for goal in goals(results)],
    }


def text(results: Results, *, colour: bool) -> Iterator[str]:
    """Lines to read."""
    machine = results.machine
    load = ", ".join(f"{one:.2f}" for one in machine.load_average)
    yield f"{machine.cpu}, {machine.cores} cores, {machine.memory_mib:,} MiB, {machine.kernel}"
    yield f"Python {machine.python}, Envoy {machine.envoy}, load average before {load}"
    yield f"{results.rounds} rounds; load by {results.generator}, {results.seconds:g} s each"
    if results.slow:
        yield f"{results.slow} patterns are searched by RE2 alone, at many times the cost"
    for table in (_costs(results), _capped(results), _accuracy(results), _types(results)):
        yield from _lines(table)
    for table in (_sources(results), _evasion(results), _deltas(results), _peers(results)):
        yield from _lines(table)
    for bench in dict.fromkeys(one.bench for one in results.through):
        yield from _lines(_through(results, bench))
    yield from ("", *BLIND, *results.notes, "")
    yield from (goal.text(colour=colour) for goal in goals(results))


Row = tuple[str, ...]


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    """A table, with an empty line before it; nothing where it has no rows but the heading."""
    table = list(rows)
    if len(table) < 2:
        return
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
    yield ""
    for row in table:
        rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        yield "  ".join((row[0].ljust(widths[0]), *rest)).rstrip()


def _costs(results: Results) -> Iterator[Row]:
    names = tuple(dict.fromkeys(one.text for one in results.costs))
    yield ("µs/kB", *names)
    by: dict[str, dict[str, cost.Cost]] = {}
    for one in results.costs:
        by.setdefault(one.what, {})[one.text] = one
    for what, found in by.items():
        yield (what, *(found[name].microseconds.text(1) for name in names))


def _capped(results: Results) -> Iterator[Row]:
    yield ("cap on validators", "kB", "calls", "ms", "findings", "skipped")
    for one in results.capped:
        cap = f"{one.cap:,}" if one.cap else "no cap"
        counts = (f"{one.findings:,}", f"{one.refused:,}")
        yield (one.text, f"{one.kilobytes:.0f}", cap, f"{one.milliseconds:.1f}", *counts)


def _accuracy(results: Results) -> Iterator[Row]:
    shares = ("recall", "precision", "FPR", "found wrongly")
    yield ("detector", "dataset", "attacks", "benign", *shares, "µs/kB")
    for one in results.accuracy:
        yield (
            one.detector,
            one.dataset,
            f"{one.positives:,}",
            f"{one.negatives:,}",
            _share(one.recall),
            _share(one.precision),
            _share(one.false_positive_rate),
            str(one.false_positives),
            f"{one.microseconds:.0f}",
        )


def _types(results: Results) -> Iterator[Row]:
    yield ("personal data", "values", "recall", "precision", "wrong findings")
    for one in results.types:
        shares = (_share(one.recall), _share(one.precision))
        yield (one.category, f"{one.values:,}", *shares, str(one.wrong))


def _sources(results: Results) -> Iterator[Row]:
    yield ("scorer, trained without", "attacks", "AUC", "recall at MEDIUM", "at 1 % FPR", "at 5 %")
    for one in results.sources:
        shares = (_share(each) for each in (one.auc, one.medium, one.at_one, one.at_five))
        yield (one.source, str(one.count), *shares)


def _evasion(results: Results) -> Iterator[Row]:
    table: Mapping[str, Mapping[str, disguised.Disguised]] = disguised.table(results.disguised)
    names: Sequence[str] = tuple(dict.fromkeys(one.detector for one in results.disguised))
    yield ("found as it came -> in normal form", *names)
    for disguise in DISGUISES:
        row = table.get(disguise, {})
        if row:
            shown = (f"{row[name].before:.2f} -> {row[name].after:.2f}" for name in names)
            yield (disguise, *shown)


def _deltas(results: Results) -> Iterator[Row]:
    yield ("a delta of 5 characters, in process", "µs")
    for one in results.deltas:
        yield (one.name, one.spread.text(2))


def _peers(results: Results) -> Iterator[Row]:
    yield ("peer", "source", "µs/kB", "ours", "times ours")
    for one in results.peers:
        yield (one.name, one.source, f"{one.microseconds:,.0f}", one.ours, f"{one.times:,.1f}")


def _through(results: Results, bench: str) -> Iterator[Row]:
    paced = bench == through.PACED
    unit = "µs/event" if paced else "µs"
    more = (f"streams of {through.DELTAS_A_SECOND} deltas/s a core",) if paced else ()
    spent = (f"worker {unit}", f"added {unit}", f"Envoy {unit}")
    yield (bench, "p50 ms", "p99 ms", "added ms", "times", *spent, "messages", *more)
    for one in results.through:
        if one.bench != bench:
            continue
        last = (f"{through.streams_a_core(one):,.0f}",) if paced else ()
        yield (
            one.contender,
            one.p50_ms.text(2),
            f"{one.p99_ms.median:.2f}",
            one.added_ms.text(2),
            one.ratio.text(2),
            one.worker_us.text(0),
            one.worker_added_us.text(0),
            f"{one.envoy_us.median:.0f}",
            f"{one.messages.median:.1f}",
            *last,
        )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
