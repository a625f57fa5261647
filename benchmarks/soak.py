"""Does memory grow with requests? RSS after 200,000 of them against RSS after 50,000."""

import asyncio
import gc
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.contenders import gateway_alone
from benchmarks.generator import Generator
from benchmarks.inprocess import in_process, request, served
from benchmarks.machine import rss_mib
from benchmarks.messages import KILOBYTE, ToolCall

EARLY: Final = 50_000
LATE: Final = 200_000
POLICIES: Final = 100
STEP: Final = 500
LOAD_SECONDS: Final = 5.0
CONNECTIONS: Final = 32

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Soak:
    """RSS in MiB after `early` and after `late` requests."""

    name: str
    early: int
    late: int
    early_mib: float
    late_mib: float

    @property
    def growth(self) -> float:
        """As a fraction of the earlier figure."""
        return self.late_mib / self.early_mib - 1


def in_this_process(progress: Progress, scale: float = 1.0) -> Soak:
    """A worker's stream driver without Envoy; `scale` shortens it."""
    early, late = round(EARLY * scale), round(LATE * scale)
    return asyncio.run(_in_this_process(progress, early, late))


async def _in_this_process(progress: Progress, early: int, late: int) -> Soak:
    messages = request(POLICIES, ToolCall(KILOBYTE))
    with in_process(POLICIES) as worker:
        done, rss = 0, {early: 0.0, late: 0.0}
        for goal in (early, late):
            while done < goal:
                step = min(STEP, goal - done)
                await served(worker, messages, step)
                done += step
                progress(f"soak in this process: {done:,} of {late:,}")
            gc.collect()
            rss[goal] = rss_mib(os.getpid())
        await worker.close()
    return Soak("in process", early, late, rss[early], rss[late])


def through_envoy(generate: Generator, progress: Progress, scale: float = 1.0) -> Soak:
    """A worker behind Envoy, under load from 32 connections."""
    early, late = round(EARLY * scale), round(LATE * scale)
    with tempfile.TemporaryDirectory() as name, gateway_alone(Path(name), POLICIES) as target:
        if target.worker is None:
            raise RuntimeError("no worker to measure")
        done, rss, reached = 0, {early: 0.0, late: 0.0}, {early: 0, late: 0}
        for goal in (early, late):
            while done < goal:
                call = target.call(KILOBYTE)
                seconds = max(1.0, LOAD_SECONDS * min(1.0, scale))
                load = generate(target.port, target.path, call, CONNECTIONS, seconds)
                if load.errors or not load.sent:
                    raise RuntimeError(f"{load.errors} of {load.requests} failed")
                done += load.sent
                progress(f"soak through Envoy: {done:,} of {late:,}")
            rss[goal], reached[goal] = rss_mib(target.worker), done
    return Soak("through Envoy", reached[early], reached[late], rss[early], rss[late])
