"""A permitted request goes to the pool that has its model, and demands there what it may."""

import gzip
import json
from typing import Any

import pytest

from gateway.model.call import Call, Deframed, Kind
from gateway.model.head import Headers, ResponseHead
from gateway.model.placement import Drop, Dropped
from gateway.model.prompt import Prompt
from gateway.model.verdict import Forward, Proceed, Queued, Refuse
from gateway.pipeline.placer import Entry
from gateway.pipeline.pool import PoolStage
from gateway.pipeline.selection import judged_backend
from gateway.pipeline.snapshot import RouteStage
from tests.pipeline.exchange_stage import passed
from tests.pipeline.pool_stage import Asking, Placing, asking

REWRITE = ("x-gateway-model-name-rewrite", "coder")


def header(verdict: object, name: str) -> str | None:
    assert isinstance(verdict, Forward), verdict
    return dict(verdict.mutation.set).get(name)


def error(verdict: object) -> Any:
    assert isinstance(verdict, Refuse), verdict
    return verdict.answer.status, json.loads(verdict.answer.body)["error"]


async def test_a_request_goes_to_the_pool_that_has_its_model() -> None:
    for model, pool in (("llama", "chat"), ("coder", "code")):
        one = Asking()
        assert header(await one.chat(model), "x-gateway-pool") == pool
        ((asked, demand),) = one.placing.demands
        assert (asked, demand.model) == (pool, model)
        assert len(demand.chain) == demand.prompt_bytes // demand.block_bytes > 1


async def test_the_end_of_the_response_is_waited_for_and_ends_the_placement() -> None:
    one = Asking()
    proceed = await one.exchange.preview(asking("/v1/chat/completions"))
    assert proceed == Proceed(response_headers=True, lasts=True)
    verdict = await one.chat("llama")
    assert isinstance(verdict, Forward)
    assert verdict.reroutes
    await one.exchange.judge_response(
        ResponseHead(200, details="via_upstream", upstream="10.0.0.1:80"), end_of_stream=True
    )
    assert one.placing.ends == []
    one.exchange.finish(unread=False)
    assert [(end.endpoint, end.status) for end in one.placing.ends] == [("10.0.0.1:80", 200)]


async def test_policies_of_the_pool_judge_not_those_of_another() -> None:
    one = Asking()
    status, said = error(await one.chat("secret"))
    assert (status, said["code"]) == (403, "policy_denied")
    assert one.placing.demands == []


async def test_a_model_that_nothing_serves_is_told_with_the_nearest_that_are_allowed() -> None:
    one = Asking()
    status, said = error(await one.chat("lama"))
    assert (status, said["code"], said["param"]) == (404, "model_not_found", "model")
    assert '"llama"' in said["message"]
    _, nothing_near = error(await Asking().chat("secre"))
    assert "secret" not in nothing_near["message"]
    assert one.placing.demands == []


async def test_a_rewritten_name_asks_for_its_target() -> None:
    one = Asking()
    verdict = await one.chat("fast")
    assert isinstance(verdict, Forward)
    assert verdict.body is not None
    assert json.loads(verdict.body)["model"] == "llama"
    assert one.placing.demands[0][1].model == "llama"


async def test_the_client_reads_the_name_that_it_used() -> None:
    one = Asking()
    await one.chat("fast")
    headers = Headers((("content-type", "application/json"),))
    await one.exchange.judge_response(
        ResponseHead(200, headers, "via_upstream", "10.0.0.1:80"), end_of_stream=False
    )
    answer = await one.exchange.read(b'{"model": "llama", "choices": []}', end_of_stream=True)
    assert json.loads(passed(answer))["model"] == "fast"


async def test_a_header_may_name_the_model_only_where_hints_and_policy_allow_it() -> None:
    ignored, allowed = Asking(), Asking(hints=("rewrite",))
    assert header(await ignored.chat("llama", REWRITE), "x-gateway-pool") == "chat"
    verdict = await allowed.chat("llama", REWRITE)
    assert header(verdict, "x-gateway-pool") == "code"
    assert isinstance(verdict, Forward)
    assert json.loads(verdict.body or b"")["model"] == "coder"
    denied = Asking(hints=("rewrite",))
    status, _ = error(await denied.chat("llama", (REWRITE[0], "secret")))
    assert status == 403
    assert denied.placing.demands == []


async def test_an_objective_is_a_priority_only_where_it_counts() -> None:
    urgent = ("x-gateway-inference-objective", "urgent")
    ignored, counted = Asking(), Asking(hints=("objective",))
    await ignored.chat("llama", urgent)
    await counted.chat("llama", urgent)
    assert ignored.placing.demands[0][1].priority == 0
    assert counted.placing.demands[0][1].priority == 10


async def test_the_gateway_lists_the_models_that_the_caller_may_use() -> None:
    one = Asking()
    verdict = await one.get("/v1/models")
    assert isinstance(verdict, Refuse)
    assert verdict.answer.status == 200
    names = [item["id"] for item in json.loads(verdict.answer.body)["data"]]
    assert names == ["llama", "fast", "coder"]
    assert ("x-gatehouse-audit-id", "audit-1") in verdict.answer.headers
    assert one.placing.demands == []


async def test_a_request_that_no_model_answers_still_gets_an_endpoint() -> None:
    one = Asking()
    verdict = await one.get("/v1/files")
    assert header(verdict, "x-gateway-pool") == "chat"
    assert one.placing.demands[0][1].repeatable


async def test_who_has_to_wait_is_queued_and_who_is_dropped_is_told_when_to_come_again() -> None:
    waiting = Asking(Placing(Entry("chat", 1, 60.0)))
    queued = await waiting.chat("llama")
    assert isinstance(queued, Queued)
    assert queued.seconds == 60.0
    assert queued.size > 4000
    assert isinstance(await waiting.exchange.dispatched(), Forward)
    full = Asking(Placing(Dropped(Drop.SATURATED, 3.0)))
    verdict = await full.chat("llama")
    assert isinstance(verdict, Refuse)
    assert verdict.answer.status == 429
    assert dict(verdict.answer.headers)["retry-after"] == "3"
    assert full.seen.records[-1]["reason"] == "limited"


async def test_who_gives_way_is_refused_with_the_reason_and_its_place_is_given_back() -> None:
    one = Asking()
    assert isinstance(await one.chat("llama"), Forward)
    one.placing.evict()
    verdict = one.exchange.gave_way()
    one.exchange.finish(unread=False)
    assert verdict.answer.status == 429
    headers = dict(verdict.answer.headers)
    assert (headers["retry-after"], headers["x-llm-d-request-dropped-reason"]) == ("1", "evicted")
    (record,) = one.seen.records
    assert [record[name] for name in ("decision", "reason", "status")] == ["refuse", "evicted", 429]
    assert [served.status for served in one.placing.ends] == [0]


async def test_the_record_tells_pool_and_pick() -> None:
    one = Asking()
    await one.chat("coder")
    one.exchange.finish(unread=False)
    (record,) = one.seen.records
    assert record["backend"] == "code"
    pick = record["pick"]
    assert isinstance(pick, dict)
    assert (pick["pool"], pick["endpoint"]) == ("code", "10.0.0.1:80")


async def test_a_body_that_was_inflated_counts_as_long_as_it_is_held() -> None:
    one = Asking(Placing(Entry("chat", 1, 60.0)))
    messages = [{"role": "user", "content": "x" * 8000}]
    body = gzip.compress(json.dumps({"model": "llama", "messages": messages}).encode())
    head = asking("/v1/chat/completions", ("content-encoding", "gzip"))
    await one.exchange.preview(head)
    queued = await one.exchange.judge(head, body, None)
    assert isinstance(queued, Queued)
    assert queued.size >= 2 * 8000


async def test_who_is_told_nothing_cannot_tell_a_hidden_model_from_none() -> None:
    def without_reference(verdict: object) -> Any:
        status, said = error(verdict)
        return status, {**said, "reference": "", "message": ""}

    hidden, missing = Asking(opaque=True), Asking(opaque=True)
    assert without_reference(await hidden.chat("secret")) == without_reference(
        await missing.chat("nothing-like-it")
    )


async def test_an_alias_is_listed_by_the_policies_of_its_pool() -> None:
    one = Asking(aliases={"nick": "coder", "name": "secret"})
    verdict = await one.get("/v1/models")
    assert isinstance(verdict, Refuse)
    names = [item["id"] for item in json.loads(verdict.answer.body)["data"]]
    assert "name" not in names


@pytest.mark.parametrize(
    ("model", "backend"),
    [("llama", "chat"), ("coder", "code"), ("quick", "code"), ("other", "chat"), (None, "chat")],
)
def test_policies_judge_a_message_for_the_pool_that_its_model_leads_to(
    model: str | None, backend: str
) -> None:
    pools = (PoolStage("chat", models=("llama",)), PoolStage("code", models=("coder",)))
    route = RouteStage(
        "llm", "/v1", None, "chat", None, 1000, pools=pools, renamed={"quick": "coder"}
    )
    attributes = {} if model is None else {"model": model}
    call = Call("openai", "models/get", Kind.REQUEST, attributes=attributes)
    assert judged_backend(route, Deframed((call,))) == backend
    if model is not None:
        read = Deframed((call,), prompt=lambda: Prompt(model, ()))
        assert judged_backend(route, read) == backend
