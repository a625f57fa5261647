"""Pools of imitated model servers behind the real Envoy."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import httpx
import openai
import pytest

from tests.envoy.pool_stage import MODEL, Client, client, happens, pool_gateway, until_running
from tests.support.engines import ImitatedEngine, engine, engines
from tests.support.gatehouse import KEY
from tests.support.waiting import until

RUNNING = "vllm:num_requests_running"
STORY = "A long preface that every question about the same document begins with. " * 40
LONG = 60  # tokens of answers that last until something happens to them


def question(document: int, number: int) -> str:
    return f"Document {document}. {STORY} Question {number}?"


def running(one: ImitatedEngine) -> int:
    return int(one.metrics()[RUNNING])


async def both(one: Client, count: int, **more: object) -> Counter[str]:
    """Who served `count` requests at once that have nothing in common."""
    answers = await asyncio.gather(
        *(one.chat(f"{number} is the number", **more) for number in range(count))
    )
    assert {answer.status for answer in answers} == {200}
    return Counter(answer.engine for answer in answers)


async def test_questions_about_a_document_go_where_it_is_cached(tmp_path: Path) -> None:
    with engines(2, speed=20) as pool, pool_gateway(tmp_path, pool) as gateway:
        async with client(gateway) as one:
            served: dict[int, set[str]] = {}
            for number in range(4):
                for document in range(4):
                    answer = await one.chat(question(document, number))
                    assert answer.status == 200
                    served.setdefault(document, set()).add(answer.engine)
        hits = sum(each.metrics()["vllm:prefix_cache_hits_total"] for each in pool)
        queries = sum(each.metrics()["vllm:prefix_cache_queries_total"] for each in pool)
    assert [len(names) for names in served.values()] == [1, 1, 1, 1]
    assert {name for names in served.values() for name in names} == {"engine-0", "engine-1"}
    assert hits / queries > 0.7


async def test_requests_with_nothing_in_common_are_spread(tmp_path: Path) -> None:
    with engines(2, speed=5) as pool, pool_gateway(tmp_path, pool) as gateway:
        async with client(gateway) as one:
            served = await both(one, 20)
    assert set(served) == {"engine-0", "engine-1"}
    assert max(served.values()) <= 13


async def test_the_record_says_what_was_picked_and_what_served(tmp_path: Path) -> None:
    with engine(speed=20) as only, pool_gateway(tmp_path, [only]) as gateway:
        async with client(gateway) as one:
            await one.chat(question(1, 1))
            await one.chat(question(1, 2))
        record = max(gateway.wait_for_records(2), key=lambda one: one["time"])
    assert record["pick"]["pool"] == "models"
    assert record["pick"]["endpoint"] == only.address
    assert record["pick"]["cached_tokens"] > 0
    assert record["endpoint"] == only.address


@pytest.mark.parametrize("mode", ["buffered", "duplex"])
async def test_every_answer_tells_the_audit_id_of_its_record_whatever_a_client_says(
    tmp_path: Path, mode: str
) -> None:
    forged = {"x-gatehouse-audit-id": "0" * 32}
    with engine(speed=20) as only, pool_gateway(tmp_path, [only], route={"mode": mode}) as gateway:
        async with client(gateway) as one:
            answers = [await one.chat("Hello", headers=forged), await one.chat("Ho", stream=True)]
            only.configure(fault="server_error")
            answers.append(await one.chat("Again"))
            only.kill()
            answers.append(await one.chat("Nobody"))
        records = gateway.wait_for_records(4)
    assert [answer.status for answer in answers] == [200, 200, 500, 503]
    told = [answer.headers.get_list("x-gatehouse-audit-id") for answer in answers]
    assert told == [[record["audit_id"]] for record in sorted(records, key=lambda r: r["time"])]


async def test_an_unknown_model_is_told_the_name_that_it_may_have_meant(tmp_path: Path) -> None:
    with engine() as only, pool_gateway(tmp_path, [only]) as gateway:
        async with client(gateway) as one:
            answer = await one.chat("Hello", model="base-modle")
        seen = only.seen()["count"]
    assert answer.status == 404
    error = json.loads(answer.text)["error"]
    assert error["code"] == "model_not_found"
    assert MODEL in error["message"]
    assert seen == 0


async def test_an_official_client_streams_through_a_pool(tmp_path: Path) -> None:
    with engines(2, speed=20) as pool, pool_gateway(tmp_path, pool) as gateway:
        async with openai.AsyncOpenAI(
            base_url=gateway.url("models"), api_key="none", default_headers={"x-api-key": KEY}
        ) as sdk:
            stream = await sdk.chat.completions.create(
                model=MODEL,
                messages=[{"role": "user", "content": "Hello"}],
                max_tokens=9,
                stream=True,
                stream_options={"include_usage": True},
            )
            chunks = [chunk async for chunk in stream]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 9
    assert chunks[-2].choices[0].finish_reason == "length"


@pytest.mark.parametrize(("mode", "workers"), [("buffered", 1), ("duplex", 1), ("buffered", 4)])
async def test_a_replica_that_is_killed_costs_no_client_its_answer(
    tmp_path: Path, mode: str, workers: int
) -> None:
    with (
        engines(3) as pool,
        pool_gateway(tmp_path, pool, workers=workers, route={"mode": mode}) as gateway,
    ):
        victim = pool[1]
        async with client(gateway) as one:
            burst = asyncio.gather(
                *(
                    one.chat(f"{number} times", max_tokens=LONG, min_tokens=LONG)
                    for number in range(18)
                )
            )
            await until_running(victim, 2)
            victim.kill()
            answers = await burst
            after = await both(one, 6)
    assert Counter(answer.status for answer in answers) == {200: 18}
    assert victim.name not in {answer.engine for answer in answers}
    assert victim.name not in after


async def test_what_a_killed_replica_may_have_kept_is_refused_and_not_asked_again(
    tmp_path: Path,
) -> None:
    with engines(2) as pool, pool_gateway(tmp_path, pool) as gateway:
        victim, other = pool
        async with client(gateway) as one:
            burst = asyncio.gather(
                *(one.respond(f"{number} times", max_output_tokens=LONG) for number in range(8))
            )
            await happens(lambda: running(victim) >= 2 and running(victim) + running(other) == 8)
            lost = running(victim)
            victim.kill()
            answers = await burst
        seen = other.seen()["count"]
        refused = [answer for answer in answers if answer.status != 200]
        records = [gateway.wait_for_records(1, audit_id=one.audit_id)[0] for one in refused]
    served = [answer for answer in answers if answer.status == 200]
    assert max(one.seconds for one in refused) < max(one.seconds for one in served), "at once"
    assert 1 <= len(refused) <= lost
    assert {answer.status for answer in refused} == {503}
    assert all("error" in json.loads(answer.text) for answer in refused)
    assert {record["status"] for record in records} == {503}
    assert {(record["decision"], record["reason"]) for record in records} == {
        ("refuse", "no_endpoint")
    }
    assert seen == 8 - len(refused)


@pytest.mark.parametrize("mode", ["buffered", "duplex"])
async def test_a_stream_that_had_begun_is_cut_with_its_server(tmp_path: Path, mode: str) -> None:
    with engines(2) as pool, pool_gateway(tmp_path, pool, route={"mode": mode}) as gateway:
        async with client(gateway) as one:
            async with one.stream("For ever", max_tokens=20_000, min_tokens=20_000) as answer:
                lines = answer.aiter_lines()
                await anext(lines)
                served = answer.headers["x-inference-pod"]
                victim, other = sorted(pool, key=lambda each: each.name != served)
                victim.kill()
                with pytest.raises(httpx.RemoteProtocolError):
                    await anext(line async for line in lines if "[DONE]" in line)
            after = await one.chat("Hello", max_tokens=1)
            seen = other.seen()["count"]
        record = gateway.wait_for_records(2)[0]
    assert seen == 1, "nobody else was asked to go on"
    assert (after.status, after.engine) == (200, other.name)
    assert record["pick"]["endpoint"] == victim.address


async def test_a_replica_that_says_503_is_left_for_another(tmp_path: Path) -> None:
    with engines(2, speed=20) as pool, pool_gateway(tmp_path, pool) as gateway:
        pool[0].configure(fault="unavailable")
        async with client(gateway) as one:
            served = await both(one, 12)
    assert set(served) == {"engine-1"}


async def test_a_503_about_what_may_have_been_kept_is_passed_on_and_asked_nobody_else(
    tmp_path: Path,
) -> None:
    with engines(2, speed=20) as pool, pool_gateway(tmp_path, pool) as gateway:
        pool[0].configure(fault="unavailable")
        async with client(gateway) as one:
            answers = await asyncio.gather(*(one.respond(f"{number} times") for number in range(8)))
        seen = [each.seen()["count"] for each in pool]
        records = gateway.wait_for_records(8)
    statuses = Counter(answer.status for answer in answers)
    assert set(statuses) == {200, 503}
    assert seen == [statuses[503], statuses[200]]
    assert Counter(record["status"] for record in records) == statuses
    assert {record["endpoint"] for record in records if record["status"] == 503} == {
        pool[0].address
    }


async def test_a_replica_that_stalls_gets_less_than_its_share(tmp_path: Path) -> None:
    with engines(2, speed=20) as pool, pool_gateway(tmp_path, pool) as gateway:
        pool[0].configure(fault="stall")
        lost = 0
        async with client(gateway, patience=60) as one:
            stuck: list[asyncio.Task[object]] = []
            for number in range(20):
                task: asyncio.Task[object] = asyncio.create_task(one.chat(f"{number} again"))
                done, _ = await asyncio.wait([task], timeout=1)
                if not done:
                    lost += 1
                    stuck.append(task)
            for task in stuck:
                task.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)
        served = pool[1].seen()["outcomes"].get("served", 0)
    assert 1 <= lost <= 2, "half of 20 would be its share"
    assert served >= 20 - lost


async def test_a_replica_that_is_added_while_running_is_used(tmp_path: Path) -> None:
    members = tmp_path / "members.yaml"
    with engines(2, speed=20) as pool:
        members.write_text(json.dumps([{"address": pool[0].address}]))
        with pool_gateway(tmp_path, [], file=str(members)) as gateway:
            async with client(gateway) as one:
                assert set(await both(one, 4)) == {"engine-0"}
                fresh = tmp_path / "members.new"
                fresh.write_text(json.dumps([{"address": each.address} for each in pool]))
                fresh.replace(members)
                async with asyncio.timeout(20):
                    while "engine-1" not in await both(one, 4):
                        pass
                fresh.write_text(json.dumps([{"address": pool[1].address}]))
                fresh.replace(members)
                async with asyncio.timeout(20):
                    while "engine-0" in await both(one, 4):
                        pass


@pytest.mark.parametrize("fault", ["hang", "garbage", "error"])
async def test_pools_work_without_the_metrics_of_their_servers(tmp_path: Path, fault: str) -> None:
    with (
        engines(2, speed=5, metrics_fault=fault) as pool,
        pool_gateway(tmp_path, pool) as gateway,
    ):
        async with client(gateway) as one:
            served = await both(one, 20)
    assert set(served) == {"engine-0", "engine-1"}


async def test_a_server_whose_metrics_hang_holds_up_no_others(tmp_path: Path) -> None:
    each = [{"metrics_fault": "hang"}, {}]
    with engines(2, speed=5, each=each) as pool, pool_gateway(tmp_path, pool) as gateway:

        def loads() -> dict[str, dict[str, float] | None]:
            (only,) = gateway.status()["pools"]
            return {one["address"]: one["load"] for one in only["endpoints"]}

        def counted() -> float:
            return (loads()[pool[1].address] or {}).get("generation_tokens", 0)

        async with client(gateway) as one:
            before = counted()
            served = await both(one, 20)
            await happens(lambda: counted() > before)
            again = await both(one, 8)
        known = loads()
    assert set(served) == set(again) == {"engine-0", "engine-1"}
    assert known[pool[0].address] is None


async def test_a_client_that_goes_away_frees_the_place_of_its_request(tmp_path: Path) -> None:
    with engine(max_num_seqs=1) as only, pool_gateway(tmp_path, [only]) as gateway:
        async with client(gateway, patience=1.0) as one:
            with pytest.raises(httpx.TimeoutException):
                await one.chat("For ever", max_tokens=20_000, min_tokens=20_000)
        until(lambda: only.metrics()["vllm:num_requests_running"] == 0)
        async with client(gateway) as one:
            assert (await one.chat("Hello", max_tokens=1)).status == 200
