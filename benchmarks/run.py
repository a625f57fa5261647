"""Runs what was ordered, one benchmark after another, and says on stderr where it is."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks import events, micro, picking, protocols, soak, through_envoy
from benchmarks.cells import Cell
from benchmarks.generator import Generator, choose
from benchmarks.machine import this_machine
from benchmarks.report import Report

MICRO: Final = {
    "work": micro.work,
    "decide": micro.decide,
    "session": micro.session,
    "lists": micro.lists,
    "events": events.events,
}
MICRO_SHARE: Final = 0.3
"""Of the seconds of a load, for one round of a figure that needs no Envoy."""

QUICK_SECONDS: Final = 0.4
QUICK_SHARE: Final = 0.1
QUICK_SCALE: Final = 0.002
QUICK_SIZES: Final = (1,)
QUICK_BODIES: Final = (1024,)
QUICK_MANY: Final = 2
QUICK_ENDPOINTS: Final = (4,)


@dataclass(frozen=True, slots=True)
class Order:
    """What to measure. `quick` is one round of everything, too short to mean anything; `own` does
    without wrk; `litellm` is whether LiteLLM's proxy is measured beside the others."""

    names: Sequence[str]
    rounds: int
    seconds: float
    quick: bool = False
    own: bool = False
    litellm: bool = True


def measure(order: Order) -> Report:
    """The report of everything that `order` names."""
    rounds = 1 if order.quick else order.rounds
    seconds = QUICK_SECONDS if order.quick else order.seconds
    label, generate = choose(own=order.own or order.quick)
    report = Report(this_machine(), label, rounds, seconds)
    share = QUICK_SHARE if order.quick else MICRO_SHARE
    for name, one in MICRO.items():
        if name in order.names:
            report.figures += one(progress, rounds=rounds, seconds=seconds * share)
    if "envoy" in order.names:
        report.cells += _through_envoy(generate, rounds, seconds, quick=order.quick)
    if asked := [name for name in protocols.NAMES if name in order.names]:
        report.cells += protocols.measure(
            asked,
            generate,
            progress,
            rounds=rounds,
            seconds=seconds,
            litellm=order.litellm,
            many=QUICK_MANY if order.quick else protocols.MANY,
            streams=QUICK_MANY if order.quick else protocols.STREAMS,
        )
    if "pick" in order.names:
        report.cells += _picks(generate, rounds, seconds, quick=order.quick)
    if "soak" in order.names:
        scale = QUICK_SCALE if order.quick else 1.0
        report.soaks.append(soak.in_this_process(progress, scale))
        report.soaks.append(soak.through_envoy(generate, progress, scale))
    progress("")
    return report


def _through_envoy(generate: Generator, rounds: int, seconds: float, *, quick: bool) -> list[Cell]:
    return through_envoy.measure(
        generate,
        progress,
        rounds=rounds,
        seconds=seconds,
        sizes=QUICK_SIZES if quick else through_envoy.SIZES,
        bodies=QUICK_BODIES if quick else through_envoy.BODIES,
    )


def _picks(generate: Generator, rounds: int, seconds: float, *, quick: bool) -> list[Cell]:
    return picking.measure(
        generate,
        progress,
        rounds=rounds,
        seconds=seconds,
        prompts=QUICK_BODIES if quick else picking.PROMPTS,
        endpoints=QUICK_ENDPOINTS if quick else picking.ENDPOINTS,
    )


def progress(what: str) -> None:
    """One line on stderr: on a terminal each replaces the last, elsewhere they follow."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{what}", end="", file=sys.stderr, flush=True)
    elif what:
        print(what, file=sys.stderr, flush=True)
