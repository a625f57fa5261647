"""Which pool and which model a request gets behind the real Envoy, and what a client may say of it.

One gateway for all: the pool `chat` has two engines, the pool `code` one. `guest` may use `chat`
alone; the hints of `tester` do not count, those of the others do.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest
from anthropic.types import MessageParam

from gateway.pipeline.hints import CONTROL_HEADERS
from tests.envoy.pool_stage import Answer, client
from tests.support.engines import ImitatedEngine, engines
from tests.support.gatehouse import KEY, Gateway, gatehouse, key_entry, policy

TRUSTED = {"x-api-key": "trusted-key-0123456789"}
GUEST = {"x-api-key": "guest-key-0123456789"}
CODE = ("code-large", "code-small")
PATH = "chat/completions"


@dataclass
class Stage:
    gateway: Gateway
    chat: list[ImitatedEngine]
    code: ImitatedEngine

    async def ask(
        self, model: str, headers: dict[str, str] | None = None, *, prompt: str = "Hello"
    ) -> Answer:
        """One chat completion of `tester`, unless the headers have another key."""
        said = [{"role": "user", "content": prompt}]
        body: dict[str, Any] = {"model": model, "messages": said, "max_tokens": 2}
        async with client(self.gateway) as one:
            return await one.ask(PATH, body, headers)

    def newest(self, name: str) -> dict[str, Any]:
        """The newest request that the engine of that name was sent."""
        every = [*self.chat, self.code]
        recent: list[dict[str, Any]] = next(one for one in every if one.name == name).seen()[
            "recent"
        ]
        return recent[-1]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    each = [{}, {}, {"model": ",".join(CODE), "name": "coder"}]
    everything = ["objective", "fairness", "slo", "rewrite", "session", "subset"]
    half = [{"model": name, "weight": 1} for name in CODE]
    keys = {"tester": KEY, "trusted": TRUSTED["x-api-key"], "guest": GUEST["x-api-key"]}
    deny = {"name": "no-guests", "effect": "deny", "principals": ["key:guest"]}
    allow = {"name": "all", "effect": "allow"}
    with engines(3, each=each, latency="constant", inter_token_latency=0) as (one, two, coder):
        chat = {"name": "chat", "endpoints": [one.address, two.address], "models": ["base-model"]}
        pools: list[dict[str, Any]] = [
            chat,
            {
                "name": "code",
                "endpoints": [coder.address],
                "models": list(CODE),
                "rewrites": [{"model": "code", "targets": half}],
            },
            {**chat, "name": "claude", "path": "/"},
        ]
        route = {
            "name": "models",
            "path": "/models/v1",
            "protocol": "openai",
            "backend": "chat",
            "pools": ["code"],
            "aliases": {"gpt": "base-model"},
            "hints": [{"principals": ["key:trusted", "key:guest"], "allow": everything}],
        }
        claude = {"name": "claude", "path": "/claude", "protocol": "anthropic"}
        with gatehouse(
            tmp_path_factory.mktemp("models"),
            policies=[
                policy("chat", "chat", allow),
                policy("code", "code", deny, allow),
                policy("claude", "claude", allow),
            ],
            routes=[route, {**claude, "backend": "claude"}],
            pools=[{"path": "/v1", **pool} for pool in pools],
            identity={"keys": [key_entry(*item) for item in keys.items()]},
        ) as gateway:
            yield Stage(gateway, [one, two], coder)


def test_a_model_leads_to_its_pool(stage: Stage) -> None:
    async def ask() -> list[Answer]:
        return [await stage.ask(model) for model in ("base-model", "gpt", *CODE)]

    base, alias, *code = asyncio.run(ask())
    assert {base.engine, alias.engine} <= {"engine-0", "engine-1"}
    assert json.loads(base.text)["model"] == json.loads(alias.text)["model"] == "base-model"
    assert [answer.engine for answer in code] == ["coder", "coder"]
    assert [json.loads(answer.text)["model"] for answer in code] == list(CODE)


async def test_a_name_may_be_split_over_models(stage: Stage) -> None:
    answers = await asyncio.gather(*(stage.ask("code") for _ in range(40)))
    assert {answer.engine for answer in answers} == {"coder"}
    models = Counter(json.loads(answer.text)["model"] for answer in answers)
    assert set(models) == set(CODE)
    assert min(models.values()) >= 5


async def test_an_unknown_model_is_told_the_nearest_of_all_pools(stage: Stage) -> None:
    answer = await stage.ask("code-larg")
    error = json.loads(answer.text)["error"]
    assert (answer.status, error["code"]) == (404, "model_not_found")
    assert '"code-large"' in error["message"]


async def test_who_may_not_use_a_pool_does_not_learn_its_names(stage: Stage) -> None:
    answer = await stage.ask("code-larg", GUEST)
    assert answer.status == 404
    assert "code-large" not in answer.text


@pytest.mark.parametrize("model", ["code", *CODE])
async def test_a_deny_for_a_pool_holds_for_its_models(stage: Stage, model: str) -> None:
    before = stage.code.seen()["count"]
    refused = await stage.ask(model, GUEST)
    allowed = await stage.ask("base-model", GUEST)
    assert (refused.status, allowed.status) == (403, 200)
    assert stage.code.seen()["count"] == before


async def test_a_header_leads_nobody_to_a_model_that_is_denied(stage: Stage) -> None:
    before = stage.code.seen()["count"]
    for model in ("code", *CODE):
        answer = await stage.ask("base-model", {**GUEST, "x-llm-d-model-name-rewrite": model})
        assert answer.status == 403
    assert stage.code.seen()["count"] == before


async def test_models_of_all_pools_are_listed_to_those_who_may_use_them(stage: Stage) -> None:
    async def listed(key: str) -> set[str]:
        async with openai.AsyncOpenAI(
            base_url=stage.gateway.url("models"), api_key="none", default_headers={"x-api-key": key}
        ) as sdk:
            return {model.id async for model in sdk.models.list()}

    assert await listed(KEY) == {"base-model", "gpt", "code", *CODE}
    assert await listed(GUEST["x-api-key"]) == {"base-model", "gpt"}


def said(model: str) -> dict[str, str]:
    """Every control header, of which some name `model`."""
    return {name: model if "rewrite" in name else "1000" for name in CONTROL_HEADERS}


async def test_the_hints_of_a_client_without_the_right_count_for_nothing(stage: Stage) -> None:
    answer = await stage.ask("base-model", said("code-large"))
    assert answer.status == 200
    assert answer.engine != "coder"
    assert not set(stage.newest(answer.engine)["headers"]) & set(CONTROL_HEADERS)


async def test_hints_that_count_do_and_end_at_the_gateway(stage: Stage) -> None:
    answer = await stage.ask("base-model", {**TRUSTED, **said("code-large")})
    assert (answer.status, answer.engine) == (200, "coder")
    newest = stage.newest("coder")
    assert newest["model"] == "code-large"
    assert not set(newest["headers"]) & set(CONTROL_HEADERS)


@pytest.mark.parametrize(
    "name",
    [
        "x-gateway-destination-endpoint",
        "x-gateway-destination-endpoint-subset",
        "x-gateway-destination-endpoint-served",
        "x-gateway-session-endpoint",
        "x-gateway-pool",
        "x-gatehouse-nowhere",
        "x-prefiller-host-port",
        "x-encoder-hosts-ports",
        "x-data-parallel-host-port",
        "x-envoy-retry-on",
        "x-envoy-upstream-alt-stat-name",
        "x-session-token",
    ],
)
@pytest.mark.parametrize("key", [{}, TRUSTED], ids=["tester", "trusted"])
async def test_no_header_of_a_client_leads_to_a_server(
    stage: Stage, name: str, key: dict[str, str]
) -> None:
    for value in (stage.code.address, "code", "127.0.0.1:1"):
        answer = await stage.ask("base-model", {**key, name: value})
        assert answer.status == 200
        assert answer.engine in {"engine-0", "engine-1"}
        assert name not in stage.newest(answer.engine)["headers"]


@pytest.mark.parametrize("length", [257, 30_000])
async def test_a_hint_of_any_length_is_no_danger(stage: Stage, length: int) -> None:
    headers = dict.fromkeys(("x-session-id", "x-llm-d-inference-fairness-id"), "x" * length)
    answer = await stage.ask("base-model", {**TRUSTED, **headers})
    assert answer.status == 200


async def test_messages_of_anthropic_go_over_a_pool(stage: Stage) -> None:
    async with anthropic.AsyncAnthropic(
        base_url=stage.gateway.url("claude"), api_key=KEY, max_retries=0
    ) as sdk:
        ask: MessageParam = {"role": "user", "content": "Hello"}
        message = await sdk.messages.create(model="base-model", max_tokens=3, messages=[ask])
        with pytest.raises(anthropic.NotFoundError, match='did you mean "base-model"'):
            await sdk.messages.create(model="base-modle", max_tokens=3, messages=[ask])
    assert message.usage.output_tokens == 3
    (record,) = stage.gateway.wait_for_records(1, route="claude", status=200)
    assert record["pick"]["pool"] == "claude"
