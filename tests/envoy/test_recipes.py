"""The recipes of policies/recipes, with the gateway.yaml that docs/pools.md shows to each, through
the real Envoy in front of imitated model servers."""

import asyncio
import contextlib
import hashlib
import re
import shutil
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.support.engines import ImitatedEngine, engines
from tests.support.gatehouse import SEAL_KEY, Gateway, gatehouse, gateway_config
from tests.support.processes import ROOT

LONG = "A long preface about the repository and its rules, which every turn repeats. " * 60


def shown(recipe: str) -> dict[str, Any]:
    """The gateway.yaml that the page shows to a recipe."""
    page = (ROOT / "docs" / "pools.md").read_text()
    start = rf"^```yaml\n(# with policies/recipes/{recipe}\.yaml\n.*?)^```"
    block = re.search(start, page, re.MULTILINE | re.DOTALL)
    assert block is not None
    document: dict[str, Any] = yaml.safe_load(block[1])
    return document


def configured(
    recipe: str, folder: Path, pool: Sequence[ImitatedEngine], **changes: Any
) -> dict[str, Any]:
    """That, on free ports in front of `pool`; the key of each caller is its name. `changes` are
    those of the pool."""
    spare = gateway_config({}, folder)
    document = shown(recipe)
    document["listeners"][0]["port"] = spare["listeners"][0]["port"]
    document["pools"][0] |= {"endpoints": [one.address for one in pool], **changes}
    for key in document["identity"]["keys"]:
        key["sha256"] = hashlib.sha256(key["name"].encode()).hexdigest()
    document["sessions"]["keys"] = [SEAL_KEY]
    return document | {name: spare[name] for name in ("record", "limits", "service")}


@contextlib.asynccontextmanager
async def running(
    recipe: str, folder: Path, pool: Sequence[ImitatedEngine], **changes: Any
) -> AsyncGenerator["Caller"]:
    """A gateway by the recipe, and somebody who asks it things."""
    (folder / "policies").mkdir()
    shutil.copy(ROOT / "policies" / "recipes" / f"{recipe}.yaml", folder / "policies")
    config = configured(recipe, folder, pool, **changes)
    with gatehouse(folder, config=config) as gateway:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=30, limits=limits) as http:
            yield Caller(gateway, http)


class Caller:
    """Asks the only route; `ended` has the callers in the order in which they had their answers."""

    def __init__(self, gateway: Gateway, http: httpx.AsyncClient) -> None:
        self._gateway = gateway
        self._base = str(gateway.ready["routes"][0]["url"])
        self._http = http
        self.ended: list[str] = []

    async def chat(
        self, caller: str, prompt: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        body = {"model": "chat", "messages": [{"role": "user", "content": prompt}], **more}
        return await self.ask(caller, "chat/completions", body, headers)

    async def until_some_wait(self, caller: str) -> None:
        """Until the gateway has heard of its servers' queues: before, it holds nothing back."""
        while not any("waited_us" in record for record in self._gateway.records()):
            await asyncio.gather(*(self.chat(caller, f"Wait, {number}") for number in range(12)))
        self.ended.clear()

    async def ask(
        self, caller: str, path: str, body: object, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        headers = {"x-api-key": caller, **(headers or {})}
        answer = await self._http.post(f"{self._base}/{path}", json=body, headers=headers)
        self.ended.append(caller)
        return answer


async def test_chat_lets_nobody_wait_behind_all_of_anothers_requests(tmp_path: Path) -> None:
    with engines(2, model="chat", max_num_seqs=2, speed=4, output_tokens=60) as pool:
        async with running("chat", tmp_path, pool) as caller:
            await caller.until_some_wait("chat-web")
            crowd = [caller.chat("chat-web", f"{number} is a number") for number in range(24)]
            begun = [asyncio.ensure_future(one) for one in crowd]
            await asyncio.wait(begun, return_when=asyncio.FIRST_COMPLETED)
            late = await asyncio.gather(*(caller.chat("chat-app", f"Late {n}") for n in range(2)))
            after = caller.ended.count("chat-web")
            answers = [*late, *await asyncio.gather(*begun)]
            refused = await caller.chat("chat-web", "Hello", n=2)
    assert {answer.status_code for answer in answers} == {200}
    assert after < 20, "in order of arrival the late ones would be the last"
    assert refused.status_code == 403
    assert "one answer at a time" in refused.text


async def test_coding_agents_find_their_prefix_again_in_every_turn(tmp_path: Path) -> None:
    with engines(2, model="coder", speed=20) as pool:
        async with running("coding-agents", tmp_path, pool) as caller:
            served: dict[str, set[str]] = {"agent-ann": set(), "agent-bob": set()}
            turns: dict[str, list[dict[str, str]]] = {name: [] for name in served}
            for turn in range(5):
                for name, messages in turns.items():
                    messages.append({"role": "user", "content": f"{name}, turn {turn}. {LONG}"})
                    answer = await caller.ask(
                        name,
                        "v1/messages",
                        {"model": "coder", "max_tokens": 16, "messages": messages},
                        {"x-claude-code-session-id": name, "anthropic-version": "2023-06-01"},
                    )
                    assert answer.status_code == 200, answer.text
                    served[name].add(answer.headers["x-inference-pod"])
                    text = answer.json()["content"][0]["text"]
                    messages.append({"role": "assistant", "content": text})
        hits = sum(one.metrics()["vllm:prefix_cache_hits_total"] for one in pool)
        asked = sum(one.metrics()["vllm:prefix_cache_queries_total"] for one in pool)
    assert [len(names) for names in served.values()] == [1, 1]
    assert hits / asked > 0.6


async def test_batch_filler_gives_way_to_people_and_must_say_that_it_does(tmp_path: Path) -> None:
    filler = {"x-llm-d-inference-objective": "filler"}
    with engines(1, model="chat", max_num_seqs=2, speed=8, output_tokens=60) as pool:
        async with running("batch-filler", tmp_path, pool) as caller:
            await caller.until_some_wait("web-shop")
            jobs = [caller.chat("job-nightly", f"{n} is a number", filler) for n in range(12)]
            begun = [asyncio.ensure_future(one) for one in jobs]
            await asyncio.wait(begun, return_when=asyncio.FIRST_COMPLETED)
            people = await asyncio.gather(*(caller.chat("web-shop", f"Now {n}") for n in range(3)))
            before = caller.ended.count("job-nightly")
            answers = [*people, *await asyncio.gather(*begun)]
            silent = await caller.chat("job-nightly", "Me first")
            claimed = await caller.chat(
                "job-nightly", "Me first", {"x-llm-d-inference-objective": "urgent"}
            )
    assert {answer.status_code for answer in answers} == {200}
    assert before <= 8, "of 12 jobs that came before"
    assert (silent.status_code, claimed.status_code) == (403, 403)
