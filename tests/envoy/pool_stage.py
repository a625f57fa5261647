"""A gateway in front of imitated model servers, and a client that asks many things at once."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from tests.support.engines import ImitatedEngine
from tests.support.gatehouse import KEY, Gateway, gatehouse, policy
from tests.support.waiting import until

MODEL: Final = "base-model"
PATIENCE_SECONDS: Final = 30.0
EVERYTHING: Final = policy("everything", "models", {"name": "all", "effect": "allow"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client got: `engine` is the name of the one that served, "" for the gateway's own.

    `audit_id` is that of its record. `seconds` passed until the whole answer was there.
    """

    status: int
    engine: str
    text: str
    audit_id: str
    headers: httpx.Headers
    seconds: float


class Client:
    """Asks the route `models` of a gateway, unless told of another."""

    def __init__(self, gateway: Gateway, http: httpx.AsyncClient) -> None:
        """`http` keeps the connections."""
        self._gateway = gateway
        self._http = http

    async def chat(self, prompt: str, **more: Any) -> Answer:
        """One chat completion, to its end; httpx.HTTPError if it has none."""
        headers = more.pop("headers", {})
        body = {"model": MODEL, "messages": [{"role": "user", "content": prompt}], **more}
        return await self.ask("chat/completions", body, headers)

    async def respond(self, prompt: str, **more: Any) -> Answer:
        """One response, which the server keeps unless `store` says otherwise."""
        return await self.ask("responses", {"model": MODEL, "input": prompt, **more})

    async def ask(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        route: str = "models",
    ) -> Answer:
        """`body` to a path below the route, or a GET without one."""
        began = time.monotonic()
        answer = await self._http.request(
            "GET" if body is None else "POST",
            f"{self._gateway.url(route)}/{path}",
            json=body,
            headers={"x-api-key": KEY, **(headers or {})},
        )
        return Answer(
            answer.status_code,
            answer.headers.get("x-inference-pod", ""),
            answer.text,
            answer.headers.get("x-gatehouse-audit-id", ""),
            answer.headers,
            time.monotonic() - began,
        )

    @contextlib.asynccontextmanager
    async def stream(self, prompt: str, **more: Any) -> AsyncGenerator[httpx.Response]:
        """One chat completion that is streamed."""
        said = [{"role": "user", "content": prompt}]
        body = {"model": MODEL, "messages": said, "stream": True, **more}
        url = f"{self._gateway.url('models')}/chat/completions"
        async with self._http.stream("POST", url, json=body, headers={"x-api-key": KEY}) as answer:
            yield answer


@contextlib.asynccontextmanager
async def client(gateway: Gateway, *, patience: float = PATIENCE_SECONDS) -> AsyncGenerator[Client]:
    """A client of the gateway that gives up after `patience` seconds."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=patience, limits=limits) as http:
        yield Client(gateway, http)


def picker(name: str, **spec: Any) -> dict[str, Any]:
    """An EndpointPicker document."""
    head = {"apiVersion": "gatehouse.dev/v1", "kind": "EndpointPicker"}
    return {**head, "metadata": {"name": name}, "spec": spec}


@contextlib.contextmanager
def pool_gateway(
    folder: Path,
    engines: Sequence[ImitatedEngine],
    *,
    workers: int = 1,
    route: Mapping[str, Any] | None = None,
    flow: Mapping[str, Any] | None = None,
    limits: Mapping[str, Any] | None = None,
    policies: Sequence[Mapping[str, Any]] = (EVERYTHING,),
    identity: Mapping[str, Any] | None = None,
    state: str | None = None,
    **pool: Any,
) -> Generator[Gateway]:
    """A gateway with one route `models` to one pool of these engines.

    `pool` adds to the pool, `route` to the route, `limits` to the limits, `flow` is how requests
    wait; `identity` and `state` are those of the whole gateway.
    """
    described: dict[str, Any] = {
        "name": "models",
        "path": "/v1",
        "endpoints": [one.address for one in engines],
        "models": [MODEL],
        **({} if flow is None else {"picker": "own"}),
        **pool,
    }
    routed = {"name": "models", "path": "/models/v1", "protocol": "openai", "backend": "models"}
    further: dict[str, Any] = {} if identity is None else {"identity": identity}
    further |= {} if state is None else {"state": state}
    documents = [*policies, *([] if flow is None else [picker("own", flow=flow)])]
    with gatehouse(
        folder,
        policies=documents,
        routes=[{**routed, **(route or {})}],
        pools=[described],
        workers=workers,
        limits={"drain_seconds": 1.0, **(limits or {})},
        **further,
    ) as gateway:
        yield gateway


def picker_pid(gateway: Gateway) -> int:
    """The process that picks for all workers; AssertionError if there is none."""
    supervisor = gateway.process.pid
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    found = [
        int(pid) for pid in children if b"\0picker\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert len(found) == 1, found
    return found[0]


async def until_running(engine: ImitatedEngine, requests: int) -> None:
    """Until so many requests run on the engine."""
    name = "vllm:num_requests_running"
    await happens(lambda: engine.metrics()[name] >= requests)


async def happens(condition: Callable[[], bool]) -> None:
    """Waits, without holding up the event loop, until `condition` is true."""
    await asyncio.to_thread(until, condition)
