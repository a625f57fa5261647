"""Routes of two protocols to one pool: servers, load and names are the same for both."""

import asyncio
import json
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.envoy.pool_stage import EVERYTHING, MODEL, Answer, Client, client, happens
from tests.support.engines import ImitatedEngine, engines
from tests.support.gatehouse import Gateway, gatehouse

ROUTES = [
    {"name": "models", "path": "/models/v1", "protocol": "openai", "upstream_path": "/v1"},
    {"name": "claude", "path": "/claude", "protocol": "anthropic", "upstream_path": "/"},
]
LONG = 2_000  # tokens of an answer that lasts until it is looked at


@contextmanager
def shared(folder: Path, pool: list[ImitatedEngine]) -> Generator[Gateway]:
    described = {"name": "models", "endpoints": [one.address for one in pool], "models": [MODEL]}
    with gatehouse(
        folder,
        policies=[EVERYTHING],
        routes=[{**route, "backend": "models"} for route in ROUTES],
        pools=[described],
    ) as gateway:
        yield gateway


async def message(one: Client, text: str, **more: Any) -> Answer:
    """A request in Anthropic's form."""
    said = [{"role": "user", "content": text}]
    body = {"model": MODEL, "messages": said, "max_tokens": 2, **more}
    return await one.ask("v1/messages", body, route="claude")


def in_flight(gateway: Gateway) -> list[int]:
    """Requests at each server, of the only pool there is."""
    (pool,) = httpx.get(f"{gateway.admin}/pools").json()["pools"]
    return [one["in_flight"]["requests"] for one in pool["endpoints"]]


async def test_requests_of_both_protocols_are_counted_together_and_spread(tmp_path: Path) -> None:
    with (
        engines(2, metrics_fault="error", max_num_seqs=64) as pool,
        shared(tmp_path, pool) as gateway,
    ):
        async with client(gateway) as one:
            asked: list[asyncio.Task[Answer]] = []

            async def begun(request: Any) -> None:
                asked.append(asyncio.create_task(request))
                await happens(lambda: sum(in_flight(gateway)) == len(asked))

            for number in range(5):  # a pool for each would send both to the same server
                await begun(one.chat(f"{number} chats", max_tokens=LONG, min_tokens=LONG))
                await begun(message(one, f"{number} texts", max_tokens=LONG, min_tokens=LONG))
            counts = in_flight(gateway)
            paths = [row["path"] for each in pool for row in each.seen()["recent"]]
            for task in asked:
                task.cancel()
            await happens(lambda: in_flight(gateway) == [0, 0])
    assert counts == [5, 5]
    assert Counter(paths) == {"/v1/chat/completions": 5, "/v1/messages": 5}


async def test_both_list_the_same_models_and_take_the_same_names(tmp_path: Path) -> None:
    with engines(1, speed=20) as pool, shared(tmp_path, pool) as gateway:
        async with client(gateway) as one:
            openai = json.loads((await one.ask("models")).text)["data"]
            claude = json.loads((await one.ask("v1/models", route="claude")).text)["data"]
            answers = [await one.chat("Hello"), await message(one, "Hello")]
            unknown = [
                await one.chat("Hello", model="base-modle"),
                await message(one, "Hello", model="base-modle"),
            ]
    assert [row["id"] for row in openai] == [row["id"] for row in claude] == [MODEL]
    assert {answer.status for answer in answers} == {200}
    assert {answer.status for answer in unknown} == {404}
    assert all(MODEL in answer.text for answer in unknown)


async def test_without_any_server_each_protocol_is_refused_in_its_own_form(tmp_path: Path) -> None:
    with engines(1) as (only,), shared(tmp_path, [only]) as gateway:
        only.kill()
        async with client(gateway) as one:
            chat, text = await one.chat("Hello"), await message(one, "Hello")
        records = gateway.wait_for_records(2)
    assert (chat.status, text.status) == (503, 529)
    assert "error" in json.loads(chat.text)
    assert json.loads(text.text)["type"] == "error"
    assert {record["reason"] for record in records} == {"no_endpoint"}
    assert {record["audit_id"] for record in records} == {chat.audit_id, text.audit_id}
