"""A gateway in front of imitated model servers, and a client that asks many things at once."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator, Sequence
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
    """What a client got: `engine` is the name of the one that served, "" for the gateway's own."""

    status: int
    engine: str
    text: str
    audit_id: str


class Client:
    """Asks the route `models` of a gateway."""

    def __init__(self, gateway: Gateway, http: httpx.AsyncClient) -> None:
        """`http` keeps the connections."""
        self._url = gateway.url("models")
        self._http = http

    async def chat(self, prompt: str, **more: Any) -> Answer:
        """One chat completion, to its end; httpx.HTTPError if it has none."""
        headers = {"x-api-key": KEY, **more.pop("headers", {})}
        body = {"model": MODEL, "messages": [{"role": "user", "content": prompt}], **more}
        return await self._ask("chat/completions", body, headers)

    async def respond(self, prompt: str, **more: Any) -> Answer:
        """One response, which the server keeps unless `store` says otherwise."""
        body = {"model": MODEL, "input": prompt, **more}
        return await self._ask("responses", body, {"x-api-key": KEY})

    async def _ask(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> Answer:
        answer = await self._http.post(f"{self._url}/{path}", json=body, headers=headers)
        return Answer(
            answer.status_code,
            answer.headers.get("x-inference-pod", ""),
            answer.text,
            answer.headers.get("x-gatehouse-audit-id", ""),
        )


@contextlib.asynccontextmanager
async def client(gateway: Gateway, *, patience: float = PATIENCE_SECONDS) -> AsyncGenerator[Client]:
    """A client of the gateway that gives up after `patience` seconds."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=patience, limits=limits) as http:
        yield Client(gateway, http)


@contextlib.contextmanager
def pool_gateway(
    folder: Path, engines: Sequence[ImitatedEngine], *, workers: int = 1, **pool: Any
) -> Generator[Gateway]:
    """A gateway with one route `models` to one pool of these engines; `pool` adds to the pool."""
    described: dict[str, Any] = {
        "name": "models",
        "path": "/v1",
        "endpoints": [one.address for one in engines],
        "models": [MODEL],
        **pool,
    }
    route = {"name": "models", "path": "/models/v1", "protocol": "openai", "backend": "models"}
    with gatehouse(
        folder, policies=[EVERYTHING], routes=[route], pools=[described], workers=workers
    ) as gateway:
        yield gateway


async def until_running(engine: ImitatedEngine, requests: int) -> None:
    """Until so many requests run on the engine."""
    name = "vllm:num_requests_running"
    await asyncio.to_thread(until, lambda: engine.metrics()[name] >= requests)
