"""Who is measured, all running at the same time so that rounds can take turns."""

import contextlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.corpus import PROBES, Corpus, corpus
from benchmarks.envoys import plain_envoy, upstream
from benchmarks.messages import ToolCall
from tests.support.gatehouse import Gateway, gatehouse, gateway_config

MESSAGES = "stream_msgs_sent"


@dataclass(frozen=True, slots=True)
class Contender:
    """One configuration that requests can be sent to.

    `policies` is how many are in force and `width` how many of them can match; both are 0 where
    nothing is judged. `worker` is None where there is no gateway, `admin` likewise.
    """

    name: str
    policies: int
    width: int
    port: int
    path: str
    envoy: int
    worker: int | None = None
    admin: str | None = None

    def call(self, size: int) -> ToolCall:
        """The request that this contender is measured with."""
        return ToolCall(size, self.width or 1)

    def messages(self) -> int:
        """ext_proc messages that Envoy has sent so far."""
        if self.admin is None:
            return 0
        query = {"format": "json", "filter": MESSAGES}
        stats = httpx.get(f"http://{self.admin}/stats", params=query).json()["stats"]
        return sum(int(one.get("value", 0)) for one in stats)

    def check(self, size: int) -> None:
        """Nothing is measured that does not work. Raises `RuntimeError`."""
        call = self.call(size)
        answer = httpx.post(
            f"http://127.0.0.1:{self.port}{self.path}",
            content=call.body,
            headers=dict(call.headers),
        )
        if not answer.is_success or "result" not in answer.json():
            raise RuntimeError(f"{self.name}: {answer.status_code} {answer.text[:200]}")


@contextlib.contextmanager
def contenders(folder: Path, sizes: Sequence[int]) -> Generator[list[Contender]]:
    """Envoy alone, Envoy's own filters and Gatehouse with the corpora of `sizes`, and a gateway
    that only says "continue"."""
    rules = [corpus(size) for size in sizes]
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(upstream(folder))
        process, ports = stack.enter_context(plain_envoy(folder, port, rules))
        path = f"/{rules[0].backends[0]}"
        found = [Contender("envoy alone", 0, 0, ports[0], path, process.pid)]
        for size, native_port in zip(sizes, ports[1:], strict=True):
            found += [
                Contender("envoy mcp+rbac", size, width, native_port, path, process.pid)
                for width in widths(size)
            ]
        idle = stack.enter_context(
            _gateway(folder / "continue", rules[0], port, "benchmarks.continuing")
        )
        found.append(_contender("continue", 0, 0, idle))
        for size, one in zip(sizes, rules, strict=True):
            gateway = stack.enter_context(_gateway(folder / f"policies-{size}", one, port))
            found += [_contender("gatehouse", size, width, gateway) for width in widths(size)]
        yield found


@contextlib.contextmanager
def gateway_alone(folder: Path, size: int) -> Generator[Contender]:
    """Gatehouse with a corpus, and nobody beside it."""
    with (
        upstream(folder) as port,
        _gateway(folder / f"policies-{size}", corpus(size), port) as gateway,
    ):
        yield _contender("gatehouse", size, 1, gateway)


def widths(size: int) -> tuple[int, ...]:
    """How many policies can match the requests to a corpus."""
    return PROBES if size >= sum(PROBES) else PROBES[:1]


@contextlib.contextmanager
def _gateway(
    folder: Path, rules: Corpus, upstream_port: int, program: str = "gateway"
) -> Generator[Gateway]:
    folder.mkdir()
    config = gateway_config(
        {name: [f"http://127.0.0.1:{upstream_port}/mcp"] for name in rules.backends},
        folder,
        identity={"keys": rules.keys},
    )
    config["backends"] = [_unhurried(backend) for backend in config["backends"]]
    with gatehouse(folder, config=config, policies=rules.policies, program=program) as gateway:
        yield gateway


def _unhurried(backend: Mapping[str, Any]) -> dict[str, Any]:
    """Health checks of 50 backends on one machine would be measured too."""
    return {**backend, "health_interval": 60}


def _contender(name: str, policies: int, width: int, gateway: Gateway) -> Contender:
    url = httpx.URL(gateway.ready["routes"][0]["url"])
    return Contender(
        name,
        policies,
        width,
        url.port or 80,
        url.path,
        gateway.envoy_pid,
        gateway.workers[0],
        gateway.config["service"]["envoy_admin"],
    )
