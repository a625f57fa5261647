"""Who is measured, all running at the same time so that rounds can take turns.

Everything ends with the benchmark that starts it, however that ends.
"""

import contextlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.corpus import PROBES, Corpus, corpus
from benchmarks.envoys import plain_envoy, upstream
from benchmarks.messages import ToolCall
from benchmarks.tied import tied_to_us
from tests.support.gatehouse import Gateway, gatehouse, gateway_config

MESSAGES = "stream_msgs_sent"

ALONE = "envoy alone"
CONTINUE = "continue"
GATEHOUSE = "gatehouse"


@dataclass(frozen=True, slots=True)
class Contender:
    """One configuration that requests can be sent to.

    `policies` is how many are in force and `width` how many of them can match; both are 0 where
    nothing is judged. `envoy` and `worker` are process ids, None where there is no such process;
    `worker` is what judges. `others` also belong to it. `admin` is Envoy's address of statistics.
    """

    name: str
    policies: int
    width: int
    port: int
    path: str
    envoy: int | None = None
    worker: int | None = None
    admin: str | None = None
    others: tuple[int, ...] = ()

    @property
    def pids(self) -> list[int]:
        """Every process that it consists of."""
        return [pid for pid in (self.envoy, self.worker, *self.others) if pid is not None]

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


@contextlib.contextmanager
def contenders(folder: Path, sizes: Sequence[int]) -> Generator[list[Contender]]:
    """Envoy alone, Envoy's own filters and Gatehouse with the corpora of `sizes`, and a gateway
    that only says "continue"."""
    rules = [corpus(size) for size in sizes]
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(upstream(folder))
        process, ports = stack.enter_context(plain_envoy(folder, port, rules))
        path = f"/{rules[0].backends[0]}"
        found = [Contender(ALONE, 0, 0, ports[0], path, process.pid)]
        for size, native_port in zip(sizes, ports[1:], strict=True):
            found += [
                Contender("envoy mcp+rbac", size, width, native_port, path, process.pid)
                for width in widths(size)
            ]
        idle = stack.enter_context(
            _gateway(folder / "continue", rules[0], port, "benchmarks.continuing")
        )
        found.append(of_route(CONTINUE, idle))
        for size, one in zip(sizes, rules, strict=True):
            gateway = stack.enter_context(_gateway(folder / f"policies-{size}", one, port))
            found += [of_route(GATEHOUSE, gateway, rules=(size, width)) for width in widths(size)]
        yield found


@contextlib.contextmanager
def gateway_alone(folder: Path, size: int) -> Generator[Contender]:
    """Gatehouse with a corpus, and nobody beside it."""
    with (
        upstream(folder) as port,
        _gateway(folder / f"policies-{size}", corpus(size), port) as gateway,
    ):
        yield of_route(GATEHOUSE, gateway, rules=(size, 1))


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
    with running_gateway(folder, config, rules.policies, program) as gateway:
        yield gateway


@contextlib.contextmanager
def running_gateway(
    folder: Path,
    config: Mapping[str, Any],
    policies: Sequence[Mapping[str, Any]],
    program: str = "gateway",
) -> Generator[Gateway]:
    """A gateway with one worker. `program` is the module of which it is made."""
    # Health checks of 50 backends on one machine would be measured too.
    backends = [{**backend, "health_interval": 60} for backend in config["backends"]]
    whole = {**config, "backends": backends}
    env = tied_to_us(program)
    with gatehouse(
        folder, config=whole, policies=policies, program="benchmarks.tied", env=env
    ) as gateway:
        yield gateway


def of_route(
    name: str,
    gateway: Gateway,
    route: str | None = None,
    *,
    rules: tuple[int, int] = (0, 0),
    below: str = "",
) -> Contender:
    """A route of a gateway, the first if none is named. `rules` is how many policies are in force
    and how many of them can match; `below` is what follows the route's base path."""
    url = httpx.URL(gateway.url(route or gateway.config["routes"][0]["name"]))
    return Contender(
        name,
        *rules,
        url.port or 80,
        url.path.rstrip("/") + below,
        gateway.envoy_pid,
        gateway.workers[0],
        gateway.config["service"]["envoy_admin"],
        (gateway.process.pid,),
    )
