"""Runs what was ordered, one table after another, and says on stderr where it is."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.generator import choose
from benchmarks.guardrails import accuracy, cost, deltas, disguised, peers, sources, through
from benchmarks.guardrails.datasets import datasets, part_of
from benchmarks.guardrails.documents import compiled, guardrail
from benchmarks.guardrails.results import Results
from benchmarks.guardrails.subject import (
    FULL,
    QUICK,
    Options,
    Subject,
    cache_folder,
    database_cache,
    subject,
    together,
)
from benchmarks.machine import this_machine
from benchmarks.peer_venv import InstallationError
from benchmarks.run import progress
from gateway.guardrails.patterns import PatternSet
from gateway.guardrails.scorer.linear import shipped

DISGUISED: Final = ("secrets", "pii", "prompt_injection", "jailbreak", "code_injection")
BENIGN_BYTES: Final = 400_000
MICRO_SHARE: Final = 0.15
"""Of the seconds of a load, for one round of a figure that needs no Envoy."""

QUICK_SECONDS: Final = 0.2
QUICK_MICRO: Final = 0.003
QUICK_SIZES: Final = (1_000,)
QUICK_PACED: Final = 150
QUICK_MANY: Final = 2
QUICK_COUNT: Final = 20


@dataclass(frozen=True, slots=True)
class Order:
    """What to measure. `data` has labelled files, `kept` results that take minutes; `quick` is too
    short to mean anything; `own` does without wrk; `presidio` says that it is installed and run."""

    names: Sequence[str]
    rounds: int
    seconds: float
    data: Path | None = None
    kept: Path | None = None
    quick: bool = False
    own: bool = False
    presidio: bool = True

    @property
    def chosen(self) -> dict[str, Options]:
        """The detectors with their options."""
        return dict(QUICK if self.quick else FULL)

    @property
    def micro(self) -> float:
        """Seconds for one figure of one process."""
        return QUICK_MICRO if self.quick else self.seconds * MICRO_SHARE


def measure(order: Order) -> Results:
    """Everything that `order` names."""
    os.environ["XDG_CACHE_HOME"] = _own_cache()
    label, generate = choose(own=order.own or order.quick)
    rounds = 1 if order.quick else order.rounds
    seconds = QUICK_SECONDS if order.quick else order.seconds
    results = Results(this_machine(), label, rounds, seconds, tuple(order.chosen))
    if {"stream", "envoy"} & set(order.names):
        load = through.Load(
            rounds,
            seconds,
            _sizes(order) if "envoy" in order.names else (),
            _many(order) if "stream" in order.names else 0,
            QUICK_PACED if order.quick else through.PACED_LENGTH,
        )
        cells = through.measure(order.chosen, generate, progress, load)
        results.through += through.rows(cells)
    if set(order.names) - {"envoy"}:
        _in_process(order, results, rounds)
    progress("")
    return results


def _own_cache() -> str:
    """The folder for caches of every process that is started: gateways that are measured push
    nothing out of the cache of those that are not."""
    folder = cache_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return str(folder)


def _sizes(order: Order) -> Sequence[int]:
    return QUICK_SIZES if order.quick else through.SIZES


def _many(order: Order) -> int:
    return QUICK_MANY if order.quick else 32


def _in_process(order: Order, results: Results, rounds: int) -> None:
    progress("compiling patterns: a minute where they are not kept yet")
    everything = together(order.chosen)
    results.slow = len(everything.slow)
    each = {name: subject(name, told) for name, told in order.chosen.items()}
    if {"detectors", "peers"} & set(order.names):
        results.costs += cost.costs(
            everything, each, progress, rounds=rounds, seconds=order.micro, few=order.quick
        )
    if "detectors" in order.names:
        _detectors(order, results, everything, each)
    if "evasion" in order.names:
        _evasion(order, results, each)
    if "stream" in order.names:
        results.deltas += _streams(order, everything, rounds)
    if "peers" in order.names:
        _peers(order, results)


def _detectors(
    order: Order, results: Results, everything: PatternSet, each: dict[str, Subject]
) -> None:
    results.capped += cost.capped(everything, few=order.quick)
    for name, one in each.items():
        progress(f"accuracy: {name}")
        results.accuracy += accuracy.of_detector(one, order.data, few=order.quick)
        results.benign.append(accuracy.in_benign(one, BENIGN_BYTES, few=order.quick))
    progress("accuracy: scorer")
    results.accuracy += accuracy.of_scorer(shipped(), order.data, few=order.quick)
    progress("accuracy: personal data by type")
    types = order.chosen["pii"].get("types")
    only = [str(one) for one in types] if isinstance(types, list) else None
    count = QUICK_COUNT if order.quick else 2_000
    results.types += accuracy.of_types(each["pii"], count, only)
    if order.data is not None and not order.quick:
        results.sources += sources.by_source(order.data, order.kept, progress)


def _evasion(order: Order, results: Results, each: dict[str, Subject]) -> None:
    most = QUICK_COUNT if order.quick else 300
    for name in DISGUISED:
        if name in each:
            progress(f"evasion: {name}")
            raw = subject(name, order.chosen[name], raw=True)
            texts = [
                text for dataset in datasets(name, None, few=order.quick) for text in dataset.yes
            ] or accuracy.personal(QUICK_COUNT if order.quick else 100)
            results.disguised += disguised.of_patterns(each[name], raw, texts, part_of(name), most)
    progress("evasion: scorer")
    results.disguised += disguised.of_scorer(shipped(), most, few=order.quick)


def _streams(order: Order, everything: PatternSet, rounds: int) -> list[deltas.Figure]:
    scored = {**order.chosen, "jailbreak": {"scorer": True}}
    books = {
        deltas.SCREEN: compiled([guardrail(deltas.NAME, order.chosen)], database_cache("book")),
        deltas.SCORED: compiled([guardrail(deltas.NAME, scored)], database_cache("book")),
    }
    return deltas.streams(everything, books, progress, rounds=rounds, seconds=order.micro)


def _peers(order: Order, results: Results) -> None:
    results.peers += peers.published(results.costs)
    if order.quick or not order.presidio:
        return
    try:
        program = peers.installed(progress)
    except (InstallationError, OSError) as error:
        results.notes.append(f"Presidio could not be installed, so it was not measured: {error}")
        return
    progress("peers: Presidio")
    results.peers += peers.measured(results.costs, cost.texts(few=True), program)
