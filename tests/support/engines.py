"""Imitated model servers for the length of a test: `python -m tests.engine`, a process each.

    with engines(3, speed=10) as pool:
        addresses = [one.address for one in pool]
        pool[0].configure(fault="unavailable")

Settings are those of tests/engine/settings.py. Everything here blocks.
"""

import contextlib
import signal
import sys
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.support.ports import free_port
from tests.support.processes import Process

ASK_SECONDS = 10.0


class ImitatedEngine:
    """One engine that runs, or has run; it does not come back by itself."""

    def __init__(self, name: str, port: int, process: Process) -> None:
        """The engine of that `process`, which listens on loopback."""
        self.name = name
        self.port = port
        self.process = process

    @property
    def address(self) -> str:
        """ "ip:port"."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where its paths begin, without a slash at the end."""
        return f"http://{self.address}"

    def seen(self) -> dict[str, Any]:
        """What it was asked: `count`, `models`, `prompts` by hash, `outcomes`, and `recent`."""
        return httpx.get(f"{self.url}/admin/seen", timeout=ASK_SECONDS).raise_for_status().json()

    def configure(self, **settings: object) -> None:
        """Changes settings at run time: latencies and what goes wrong."""
        answer = httpx.post(f"{self.url}/admin/config", json=settings, timeout=ASK_SECONDS)
        assert answer.status_code == 200, answer.text

    def metrics(self) -> dict[str, float]:
        """Every sample's value, summed over its labels."""
        answer = httpx.get(f"{self.url}/metrics", timeout=ASK_SECONDS).raise_for_status()
        sums: dict[str, float] = {}
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
        return sums

    def kill(self) -> None:
        """SIGKILL, and returns once it is dead: connections are reset, new ones refused."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(ASK_SECONDS)

    def freeze(self) -> None:
        """SIGSTOP: connections stay, and new ones are accepted by the kernel, without answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def engines(
    count: int, *, each: Sequence[Mapping[str, object]] = (), **settings: str | float
) -> Generator[list[ImitatedEngine]]:
    """`count` engines that listen, named engine-0 and so on, all ended at the end of the block.

    `each` has settings of single engines, which go before `settings`. An engine with
    `startup_seconds` listens too, but is not ready.
    """
    started: list[ImitatedEngine] = []
    try:
        for index in range(count):
            values: dict[str, object] = {"name": f"engine-{index}", **settings}
            if index < len(each):
                values |= each[index]
            started.append(_started(values))
        for one in started:
            one.process.wait_for_line("^ready ")
        yield started
    finally:
        for one in started:
            one.process.end()


@contextlib.contextmanager
def engine(**settings: str | float) -> Generator[ImitatedEngine]:
    """One engine; `port` is a setting here, so that one can come back where it was."""
    with engines(1, each=[settings]) as (one,):
        yield one


def _started(settings: Mapping[str, object]) -> ImitatedEngine:
    values = {"port": 0, **settings}
    port = int(str(values["port"])) or free_port()
    command = [sys.executable, "-m", "tests.engine"]
    for name, value in {**values, "port": port}.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            command.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            command.append(f"--{flag}={value}")
    return ImitatedEngine(str(values["name"]), port, Process(command))
