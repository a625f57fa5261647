"""A route that leads to two pools of model servers, and a placer that notes what it is asked."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from gateway.config.pool import Hints, Pool
from gateway.model.demand import Demand
from gateway.model.head import RequestHead
from gateway.model.placement import Dropped, Placement, Served
from gateway.model.verdict import Forward, Queued, Refuse
from gateway.pipeline.exchange import HttpExchange
from gateway.pipeline.hints import HintRules
from gateway.pipeline.placer import Entry
from gateway.pipeline.pool import pool_stage
from gateway.pipeline.snapshot import RouteStage, Snapshot
from gateway.protocols.base import Settings
from gateway.protocols.openai import OpenAi
from tests.pipeline.exchange_stage import Seen, rescued
from tests.pipeline.stage import asked, snapshot
from tests.policy.documents import compiled

ROUTED = "openai:models@chat"
HEADERS = (("content-type", "application/json"),)
POLICIES = """
apiVersion: gatehouse.dev/v1
kind: AccessPolicy
metadata: {name: chat}
spec:
  targets: [{backend: chat}]
  rules:
  - {name: use, effect: allow, models: [llama, fast], principals: ["*"]}
---
apiVersion: gatehouse.dev/v1
kind: AccessPolicy
metadata: {name: code}
spec:
  targets: [{backend: code}]
  rules:
  - {name: use, effect: allow, models: [coder], principals: ["*"]}
---
apiVersion: gatehouse.dev/v1
kind: AccessPolicy
metadata: {name: files}
spec:
  targets: [{backend: chat}]
  rules:
  - {name: files, effect: allow, methods: ["files/*"], principals: ["*"]}
"""
POOLS = (
    {
        "name": "chat",
        "endpoints": ["10.0.0.1:80"],
        "models": ["llama", "secret"],
        "rewrites": [{"model": "fast", "targets": [{"model": "llama"}]}],
        "objectives": {"urgent": 10},
    },
    {"name": "code", "endpoints": ["10.0.0.2:80"], "models": ["coder"]},
)


class Placing:
    """Places everything at once on the pool's endpoint."""

    def __init__(self, answer: Dropped | Entry | None = None) -> None:
        self.answer = answer
        self.demands: list[tuple[str, Demand]] = []
        self.ends: list[Served] = []
        self.moves: list[tuple[str, str]] = []

    async def place(self, pool: str, demand: Demand, size: int) -> Placement | Dropped | Entry:
        del size
        self.demands.append((pool, demand))
        return self.answer or Placement(1, "10.0.0.1:80", pool)

    async def wait(self, entry: Entry) -> Placement | Dropped:
        return Placement(1, "10.0.0.1:80", entry.pool)

    def leave(self, entry: Entry) -> None:
        del entry

    def when_evicted(self, placement: Placement, tell: Callable[[], None]) -> None:
        del placement
        self.evict = tell

    def moved(self, placement: Placement, endpoint: str) -> None:
        self.moves.append((placement.endpoint, endpoint))

    def first_token(self, placement: Placement) -> None:
        del placement

    def finish(self, placement: Placement, served: Served) -> None:
        del placement
        self.ends.append(served)


def models(*hints: str, aliases: Mapping[str, str] | None = None, opaque: bool = False) -> Snapshot:
    """A snapshot whose route leads to both pools; `hints` count for everybody."""
    aliases = aliases or {}
    pools = tuple(
        pool_stage(Pool.model_validate_json(json.dumps(one), context=None)) for one in POOLS
    )
    names = tuple(name for pool in pools for name in pool.models)
    settings = Settings("/v1", "chat", 10_000, aliases=aliases, usage="json", models=names)
    rules = [Hints.model_validate_json(json.dumps({"allow": hints}))] if hints else []
    route = RouteStage(
        "models",
        "/v1",
        None,
        "chat",
        OpenAi(settings),
        10_000,
        pools=pools,
        usage="json",
        aliases=frozenset(aliases),
        renamed=aliases,
        hints=HintRules(rules),
    )
    policies = compiled(POLICIES, backends=("chat", "code"))
    assert not isinstance(policies, tuple), policies
    return snapshot(routes={ROUTED: route}, policies=policies, opaque=opaque)


def asking(path: str, *lines: tuple[str, str], method: str = "POST") -> RequestHead:
    head = asked(*(HEADERS if method == "POST" else ()), *lines, method=method, route=ROUTED)
    return RequestHead(method, path, headers=head.headers, route=ROUTED, peer=head.peer)


class Asking:
    """One exchange on the route."""

    def __init__(
        self, placing: Placing | None = None, hints: tuple[str, ...] = (), **changes: Any
    ) -> None:
        self.placing = placing or Placing()
        self.seen = Seen(placer=self.placing)
        self.exchange: HttpExchange = self.seen.exchange(models(*hints, **changes))

    async def chat(
        self, model: str, *lines: tuple[str, str], **more: Any
    ) -> Forward | Refuse | Queued:
        """The verdict on a chat completion."""
        head = asking("/v1/chat/completions", *lines)
        await self.exchange.preview(head)
        messages = [{"role": "user", "content": "hi" * 2000}]
        body = json.dumps({"model": model, "messages": messages, **more}).encode()
        return await rescued(self.exchange, self.exchange.judge(head, body, None))

    async def get(self, path: str) -> Forward | Refuse | Queued:
        """The verdict on a GET."""
        head = asking(path, method="GET")
        return await rescued(self.exchange, self.exchange.judge(head, b"", None))
