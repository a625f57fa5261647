"""The endpoint picker protocol for an Envoy that somebody else configures."""

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from gateway.pipeline.hints import CONTROL_HEADERS
from tests.edge.own_envoy import OwnEnvoy
from tests.envoy.picker_stage import (
    DESTINATION,
    MODES,
    Picker,
    ask,
    ext_proc,
    original_dst,
    override_host,
    picking,
    pool_of,
    subset_hint,
)
from tests.envoy.pool_stage import EVERYTHING, client, happens, picker, pool_gateway
from tests.support.engines import ImitatedEngine, engines
from tests.support.gatehouse import KEY, key_entry, policy
from tests.support.waiting import until

STORY = "A long preface that every question about the same document begins with. " * 40
CODE = ("code-large", "code-small")
DROPPED = "x-llm-d-request-dropped-reason"
TRUSTED = {"x-api-key": "trusted-key-0123456789"}
GUEST = {"x-api-key": "guest-key-0123456789"}
FAR_CHECKS = 60.0
"""Seconds between health checks: a server that dies is found by those who are sent there."""


@dataclass
class Stage:
    """One gateway, and an Envoy of somebody else for each mode of bodies."""

    picker: Picker
    chat: list[ImitatedEngine]
    code: ImitatedEngine
    envoys: dict[str, OwnEnvoy]

    @property
    def addresses(self) -> list[str]:
        return [one.address for one in (*self.chat, self.code)]

    def newest(self, name: str) -> dict[str, Any]:
        """The newest request that the engine of that name was sent."""
        every = [*self.chat, self.code]
        return next(one for one in every if one.name == name).seen()["recent"][-1]

    def asked(self) -> int:
        """How many requests the engines have seen."""
        return sum(one.seen()["count"] for one in (*self.chat, self.code))

    @contextlib.contextmanager
    def envoy(self, folder: Path, mode: str, *filters: Any) -> Generator[OwnEnvoy]:
        """Another Envoy, with filters of its own before the one that asks for a pick."""
        cluster = override_host(self.addresses)
        with self.picker.envoy(folder, cluster, *filters, ext_proc(MODES[mode])) as envoy:
            yield envoy


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    coder = {"model": ",".join(CODE), "lora_modules": "code-lora", "name": "coder"}
    half = [{"model": name, "weight": 1} for name in CODE]
    keys = {"tester": KEY, "trusted": TRUSTED["x-api-key"], "guest": GUEST["x-api-key"]}
    deny = {"name": "no-guests", "effect": "deny", "principals": ["key:guest"]}
    allow = {"name": "all", "effect": "allow"}
    hints = {"principals": ["key:trusted"], "allow": ["rewrite", "subset"]}
    route: dict[str, Any] = {"match": {"prefix": "/"}, "route": {"cluster": "models"}}
    route["match"]["headers"] = [
        {"name": "x-gateway-base-model-name", "string_match": {"exact": CODE[0]}},
        {"name": "x-gateway-pool", "string_match": {"exact": "code"}},
    ]
    marked = {"header": {"key": "x-route", "value": "%REQ(x-gateway-model-name)%"}}
    folder = tmp_path_factory.mktemp("picker")
    with contextlib.ExitStack() as stack:
        settings: Any = {"latency": "constant", "inter_token_latency": 0}
        *chat, code = stack.enter_context(engines(3, each=[{}, {}, coder], **settings))
        running = stack.enter_context(
            picking(
                folder / "gatehouse",
                [
                    pool_of(chat, name="chat"),
                    pool_of(
                        [code],
                        name="code",
                        models=list(CODE),
                        adapters={"code-lora": CODE[0]},
                        rewrites=[{"model": "code", "targets": half}],
                    ),
                ],
                picks={"fallbacks": 2, "tell": ["model", "base-model", "pool"]},
                route={"hints": [hints]},
                policies=[policy("chat", "chat", allow), policy("code", "code", deny, allow)],
                identity={"keys": [key_entry(*item) for item in keys.items()]},
            )
        )
        cluster = override_host([one.address for one in (*chat, code)])
        routes = [{**route, "response_headers_to_add": [marked]}]
        envoys = {
            mode: stack.enter_context(
                running.envoy(folder / mode, cluster, ext_proc(modes), routes=routes)
            )
            for mode, modes in MODES.items()
        }
        yield Stage(running, chat, code, envoys)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["original_dst", "override_host"])
def test_a_foreign_envoy_goes_where_a_document_is_cached(
    tmp_path: Path, mode: str, kind: str
) -> None:
    with engines(2, speed=20) as pool, picking(tmp_path / "gatehouse", [pool_of(pool)]) as running:
        addresses = [one.address for one in pool]
        cluster = original_dst() if kind == "original_dst" else override_host(addresses)
        with running.envoy(tmp_path / "envoy", cluster, ext_proc(MODES[mode])) as envoy:
            served: list[set[str]] = [set(), set()]
            for number in range(3):
                for document, names in enumerate(served):
                    prompt = f"Document {document}. {STORY} Question {number}?"
                    answer = ask(envoy, prompt)
                    assert answer.status_code == 200, answer.text
                    names.add(answer.headers["x-inference-pod"])
        records = running.gateway.wait_for_records(6)
    assert sorted(map(sorted, served)) == [["engine-0"], ["engine-1"]]
    assert {record["decision"] for record in records} == {"allow"}
    assert {record["principal"] for record in records} == {"key:tester"}
    assert sum(record["pick"]["cached_tokens"] > 0 for record in records) == 4


@pytest.mark.parametrize("mode", MODES)
def test_a_dead_server_is_left_for_the_next_of_the_list_and_what_is_known_goes_there(
    tmp_path: Path, mode: str
) -> None:
    far = {"health_interval": FAR_CHECKS}
    with (
        engines(2, speed=20) as pool,
        picking(tmp_path / "gatehouse", [pool_of(pool, **far)], picks={"fallbacks": 2}) as running,
    ):
        cluster = override_host([one.address for one in pool])
        with running.envoy(tmp_path / "envoy", cluster, ext_proc(MODES[mode])) as envoy:
            first = ask(envoy, f"{STORY} One?").headers["x-inference-pod"]
            dead, other = sorted(pool, key=lambda each: each.name != first)
            dead.kill()
            answers = [ask(envoy, f"{STORY} {number}?") for number in ("Two", "Three")]
        records = running.gateway.wait_for_records(3)
    _, second, third = sorted(records, key=lambda each: each["time"])
    assert [answer.status_code for answer in answers] == [200, 200]
    assert {answer.headers["x-inference-pod"] for answer in answers} == {other.name}
    assert (second["pick"]["endpoint"], second["endpoint"]) == (dead.address, other.address)
    assert (third["pick"]["endpoint"], third["endpoint"]) == (other.address, other.address)
    assert third["pick"]["cached_tokens"] > 0, "the server that answered is known to have it"


async def test_what_is_known_follows_a_retry_of_our_own_envoy_too(tmp_path: Path) -> None:
    with (
        engines(2, speed=20) as pool,
        pool_gateway(tmp_path, pool, health_interval=FAR_CHECKS) as gateway,
    ):
        async with client(gateway) as one:
            first = await one.chat(f"{STORY} One?")
            dead, other = sorted(pool, key=lambda each: each.name != first.engine)
            dead.kill()
            answers = [await one.chat(f"{STORY} {number}?") for number in ("Two", "Three")]
        records = gateway.wait_for_records(3)
    _, second, third = sorted(records, key=lambda each: each["time"])
    assert {(answer.status, answer.engine) for answer in answers} == {(200, other.name)}
    assert (second["pick"]["endpoint"], second["endpoint"]) == (dead.address, other.address)
    assert third["pick"]["endpoint"] == other.address
    assert third["pick"]["cached_tokens"] > 0


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_long_answer_counts_for_the_server_that_gives_it(
    tmp_path: Path, workers: int
) -> None:
    def in_flight(admin: str) -> dict[str, int]:
        (pool,) = httpx.get(f"{admin}/pools").json()["pools"]
        return {one["address"]: one["in_flight"]["requests"] for one in pool["endpoints"]}

    with (
        engines(2, speed=20) as pool,
        pool_gateway(tmp_path, pool, workers=workers, health_interval=FAR_CHECKS) as gateway,
    ):
        async with client(gateway) as one:
            first = await one.chat(f"{STORY} One?")
            dead, other = sorted(pool, key=lambda each: each.name != first.engine)
            dead.kill()
            async with one.stream(f"{STORY} Two?", max_tokens=20_000, min_tokens=20_000) as answer:
                lines = answer.aiter_lines()  # without it the answer is closed
                await anext(lines)
                wanted = {dead.address: 0, other.address: 1}
                await happens(lambda: in_flight(gateway.admin) == wanted)
            await happens(lambda: not any(in_flight(gateway.admin).values()))


@pytest.mark.parametrize("mode", MODES)
def test_the_model_in_the_body_chooses_pool_and_route_in_the_same_pass(
    stage: Stage, mode: str
) -> None:
    envoy = stage.envoys[mode]
    chat, lora = ask(envoy), ask(envoy, model="code-lora")
    assert chat.headers["x-inference-pod"] in {"engine-0", "engine-1"}
    assert "x-route" not in chat.headers
    assert lora.headers["x-inference-pod"] == "coder"
    assert lora.headers["x-route"] == "code-lora"


@pytest.mark.parametrize("mode", MODES)
def test_a_name_is_split_over_models_and_the_server_gets_the_new_one(
    stage: Stage, mode: str
) -> None:
    answers = [ask(stage.envoys[mode], f"Number {number}", model="code") for number in range(30)]
    assert {answer.status_code for answer in answers} == {200}
    models = Counter(answer.json()["model"] for answer in answers)
    assert set(models) == set(CODE)


@pytest.mark.parametrize("name", ["x-llm-d-model-name-rewrite", "x-gateway-model-name-rewrite"])
@pytest.mark.parametrize("mode", MODES)
def test_a_rewrite_by_header_counts_by_its_old_and_new_name_for_those_who_may(
    stage: Stage, mode: str, name: str
) -> None:
    header = {name: "code-small"}
    trusted = ask(stage.envoys[mode], headers={**TRUSTED, **header})
    tester = ask(stage.envoys[mode], headers=header)
    assert (trusted.headers["x-inference-pod"], trusted.json()["model"]) == ("coder", "code-small")
    assert tester.json()["model"] == "base-model"


@pytest.mark.parametrize("mode", MODES)
def test_no_header_of_a_client_leads_to_a_server_or_reaches_one(stage: Stage, mode: str) -> None:
    names = [DESTINATION, f"{DESTINATION}-served", "x-gateway-pool", "x-gateway-model-name"]
    engines_only = ["x-prefiller-host-port", "x-data-parallel-host-port", "x-prefiller-url"]
    headers = {
        **dict.fromkeys([*names, *engines_only], stage.code.address),
        **dict.fromkeys((name for name in CONTROL_HEADERS if "rewrite" not in name), "1"),
        "authorization": "Bearer own",
        "cookie": "a=b",
    }
    before = stage.code.seen()["count"]
    answer = ask(stage.envoys[mode], headers=headers)
    assert answer.status_code == 200, answer.text
    assert stage.code.seen()["count"] == before
    reached = set(stage.newest(answer.headers["x-inference-pod"])["headers"])
    told = {DESTINATION, "x-gateway-pool", "x-gateway-model-name"}
    assert reached & {*headers, "x-api-key"} == told, "as the gateway wrote them"


@pytest.mark.parametrize("mode", MODES)
def test_what_is_denied_reaches_no_server(stage: Stage, mode: str) -> None:
    before = stage.asked()
    denied = ask(stage.envoys[mode], headers=GUEST, model="code")
    nobody = ask(stage.envoys[mode], headers={"x-api-key": "wrong"})
    unknown = ask(stage.envoys[mode], model="base-modle")
    assert [one.status_code for one in (denied, nobody, unknown)] == [403, 401, 404]
    assert unknown.json()["error"]["code"] == "model_not_found"
    assert stage.asked() == before
    (record,) = stage.picker.gateway.wait_for_records(
        1, audit_id=denied.headers["x-gatehouse-audit-id"]
    )
    assert (record["decision"], record["reason"]) == ("refuse", "denied")


@pytest.mark.parametrize("mode", MODES)
def test_a_large_body_arrives_whole(stage: Stage, mode: str) -> None:
    words = "many words " * 10_000
    answer = ask(stage.envoys[mode], words)
    assert answer.status_code == 200, answer.text
    assert answer.json()["usage"]["prompt_tokens"] >= len(words) // 4


@pytest.mark.parametrize("mode", MODES)
def test_an_official_client_streams(stage: Stage, mode: str) -> None:
    base = str(stage.envoys[mode].client.base_url.join("/v1"))
    with openai.OpenAI(
        base_url=base, api_key="none", default_headers={"x-api-key": KEY}, max_retries=0
    ) as sdk:
        stream = sdk.chat.completions.create(
            model="base-model",
            messages=[{"role": "user", "content": "Hello"}],
            max_tokens=9,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(stream)
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 9


@pytest.mark.parametrize("mode", MODES)
def test_only_endpoints_that_the_proxy_names_are_picked(
    stage: Stage, tmp_path: Path, mode: str
) -> None:
    with stage.envoy(tmp_path, mode, subset_hint(stage.chat[1].address)) as envoy:
        answers = [ask(envoy, f"Number {number}") for number in range(8)]
    assert {answer.headers["x-inference-pod"] for answer in answers} == {"engine-1"}


@pytest.mark.parametrize("named", [[], ["127.0.0.1:1"]], ids=["empty", "elsewhere"])
@pytest.mark.parametrize("mode", MODES)
def test_where_the_proxy_names_no_endpoint_of_the_pool_the_answer_is_503(
    stage: Stage, tmp_path: Path, mode: str, named: list[str]
) -> None:
    before = stage.asked()
    with stage.envoy(tmp_path, mode, subset_hint(*named)) as envoy:
        answer = ask(envoy)
    assert answer.status_code == 503
    assert answer.headers[DROPPED] == "rejected-no-endpoints"
    assert answer.json()["error"]["code"] == "upstream_failed"
    assert stage.asked() == before


def test_a_subset_by_header_counts_for_those_alone_who_may_name_one(stage: Stage) -> None:
    envoy, header = stage.envoys["buffered"], {f"{DESTINATION}-subset": stage.chat[1].address}
    trusted = [ask(envoy, f"Of {number}", headers={**TRUSTED, **header}) for number in range(6)]
    tester = [ask(envoy, f"By {number}", headers=header) for number in range(6)]
    assert {answer.headers["x-inference-pod"] for answer in trusted} == {"engine-1"}
    assert {answer.headers["x-inference-pod"] for answer in tester} == {"engine-0", "engine-1"}


@pytest.mark.parametrize("mode", MODES)
def test_what_waits_too_long_is_answered_429_with_the_reason(tmp_path: Path, mode: str) -> None:
    flow = {"max_in_flight": 1, "ttl": 0.5}
    with (
        engines(1) as pool,
        picking(
            tmp_path / "gatehouse",
            [pool_of(pool, picker="own")],
            policies=[EVERYTHING, picker("own", flow=flow)],
        ) as running,
        running.envoy(tmp_path / "envoy", original_dst(), ext_proc(MODES[mode])) as envoy,
    ):
        lasting: dict[str, Any] = {"max_tokens": 5_000, "min_tokens": 5_000}
        first = threading.Thread(target=lambda: ask(envoy, "For ever", **lasting))
        first.start()
        until(lambda: pool[0].metrics()["vllm:num_requests_running"] == 1)
        answer = ask(envoy)
        pool[0].kill()
        first.join()
    assert answer.status_code == 429
    assert answer.headers[DROPPED] == "rejected-ttl-expired"
    assert int(answer.headers["retry-after"]) >= 1
    assert json.loads(answer.text)["error"]["type"] == "rate_limit_error"


@pytest.mark.parametrize("mode", MODES)
def test_without_a_server_the_answer_is_503_with_the_reason(tmp_path: Path, mode: str) -> None:
    with (
        engines(1) as pool,
        picking(tmp_path / "gatehouse", [pool_of(pool)]) as running,
        running.envoy(tmp_path / "envoy", original_dst(), ext_proc(MODES[mode])) as envoy,
    ):
        pool[0].kill()
        until(lambda: ask(envoy).headers.get(DROPPED) is not None)
        answer = ask(envoy)
    assert (answer.status_code, answer.headers[DROPPED]) == (503, "rejected-no-endpoints")


def test_a_gateway_that_was_not_told_to_refuses_streams_without_wiring(tmp_path: Path) -> None:
    with (
        engines(1) as pool,
        picking(tmp_path / "gatehouse", [pool_of(pool)], serves=False) as running,
        running.envoy(tmp_path / "envoy", original_dst(), ext_proc(MODES["duplex"])) as envoy,
    ):
        answer = ask(envoy, headers={DESTINATION: pool[0].address})
        seen = pool[0].seen()["count"]
    assert answer.status_code >= 500
    assert seen == 0
