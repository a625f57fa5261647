"""A pool that listens to KV events picks by what its servers have, not by what they should have."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.envoy.pool_stage import MODEL, Answer, Client, client, happens, pool_gateway
from tests.support.engines import ImitatedEngine, engine, engines
from tests.support.gatehouse import Gateway
from tests.support.ports import free_ports

DOCUMENT = "A long preface that every question about the same document begins with. " * 100
TOKENS = len(DOCUMENT) // 4
BLOCKS = 220
"""Of a server's cache: 3,520 tokens, not twice as many as the document has."""


@contextmanager
def publishing(count: int) -> Generator[tuple[list[ImitatedEngine], list[dict[str, Any]]]]:
    """Servers that publish what they have, and how a pool lists them."""
    ports = free_ports(2 * count)
    each = [{"kv_events": ports[2 * n], "kv_replay": ports[2 * n + 1]} for n in range(count)]
    with engines(count, each=each, speed=20, num_gpu_blocks=BLOCKS) as pool:
        yield (
            pool,
            [
                {
                    "address": one.address,
                    "labels": {
                        "kv-events-port": str(own["kv_events"]),
                        "kv-replay-port": str(own["kv_replay"]),
                    },
                }
                for one, own in zip(pool, each, strict=True)
            ],
        )


def directly(one: ImitatedEngine, text: str) -> None:
    """Somebody asks a server without the gateway."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": text}], "max_tokens": 1}
    httpx.post(f"{one.url}/v1/chat/completions", json=body).raise_for_status()


def fill(one: ImitatedEngine) -> None:
    """Somebody asks a server for so much else that all it had is evicted."""
    for name in "abc":
        directly(one, f"{name}, which nobody else has ever heard of. " * (BLOCKS * 40 // 45))


def known(gateway: Gateway, what: str, one: ImitatedEngine) -> float:
    """What the gateway has been told of a server."""
    return gateway.metric(f'gatehouse_pool_kv_event_{what}{{endpoint="{one.address}"')


def removed(gateway: Gateway, one: ImitatedEngine) -> float:
    """How many blocks a server has said to be gone."""
    labels = f'endpoint="{one.address}",kind="removed"'
    return gateway.metric(f"gatehouse_pool_kv_events_total{{{labels}")


def reset(one: ImitatedEngine) -> None:
    """A server's cache is emptied."""
    httpx.post(f"{one.url}/reset_prefix_cache").raise_for_status()


async def settled(gateway: Gateway, requests: int) -> None:
    """Until it is known of so many requests which blocks they left."""
    name = "gatehouse_pool_kv_event_joined_requests{"
    await happens(lambda: gateway.metric(name) >= requests)


async def asked(gateway: Gateway, one: Client, text: str) -> tuple[Answer, dict[str, Any]]:
    """An answer, and what was believed and used for it."""
    number = len(gateway.records()) + 1
    answer = await one.chat(text, max_tokens=1)
    assert answer.status == 200
    record = gateway.wait_for_records(number)[-1]
    return answer, {
        "believed": record["pick"]["cached_tokens"],
        "cached": record["usage"]["cached"],
    }


@pytest.mark.parametrize(
    ("listening", "workers"), [(True, 1), (True, 2), (False, 1)], ids=["one", "two", "deaf"]
)
async def test_what_a_server_has_evicted_draws_nobody_to_it(
    tmp_path: Path, *, listening: bool, workers: int
) -> None:
    more: dict[str, Any] = {"kv_events": {"topic": "kv@"}} if listening else {}
    with (
        publishing(2) as (pool, members),
        pool_gateway(tmp_path, [], workers=workers, members=members, **more) as gateway,
    ):
        async with client(gateway) as one:
            first, _ = await asked(gateway, one, f"{DOCUMENT} One?")
            again, _ = await asked(gateway, one, f"{DOCUMENT} Two?")
            here, there = sorted(pool, key=lambda each: each.name != first.engine)
            if listening:
                await settled(gateway, 2)
            fill(here)
            directly(there, DOCUMENT)
            if listening:
                await happens(lambda: known(gateway, "blocks", there) >= TOKENS // 16)
                await happens(lambda: removed(gateway, here) >= TOKENS // 16)
            third, found = await asked(gateway, one, f"{DOCUMENT} Three?")
    assert again.engine == first.engine
    if listening:
        assert third.engine == there.name, "whose own client asked about the same document"
        assert found["cached"] >= TOKENS * 0.9
        assert abs(found["believed"] - found["cached"]) <= 256 + 16
    else:
        assert third.engine == here.name
        assert (found["believed"] >= TOKENS * 0.9, found["cached"]) == (True, 0)


async def test_a_cache_that_was_cleared_is_believed_to_be_empty(tmp_path: Path) -> None:
    with (
        publishing(1) as ((only,), members),
        pool_gateway(tmp_path, [], members=members, kv_events={}) as gateway,
    ):
        async with client(gateway) as one:
            await asked(gateway, one, DOCUMENT)
            await settled(gateway, 1)
            reset(only)
            await happens(lambda: known(gateway, "blocks", only) == 0)
            _, found = await asked(gateway, one, DOCUMENT)
    assert found == {"believed": 0, "cached": 0}


async def test_a_server_that_was_started_anew_has_nothing(tmp_path: Path) -> None:
    with (
        publishing(1) as ((only,), members),
        pool_gateway(tmp_path, [], members=members, kv_events={}) as gateway,
    ):
        async with client(gateway) as one:
            await asked(gateway, one, DOCUMENT)
            await settled(gateway, 1)
            only.kill()
            labels: dict[str, str] = members[0]["labels"]
            events, replay = labels["kv-events-port"], labels["kv-replay-port"]
            with engine(
                port=only.port, speed=20, kv_events=int(events), kv_replay=int(replay)
            ) as other:
                await happens(lambda: heard(gateway, other))
                _, found = await asked(gateway, one, DOCUMENT)
    assert found == {"believed": 0, "cached": 0}


def heard(gateway: Gateway, one: ImitatedEngine) -> bool:
    """Whether the gateway hears a server: it says something, and that has come."""
    directly(one, f"{time.monotonic()} is said by nobody else, so that a block or two are filled.")
    return 0 < known(gateway, "blocks", one) < 100
