"""What operators see of pools is what the placer has."""

import json
import time
from dataclasses import replace
from random import Random
from typing import Any

from gateway.config.endpoint_picker import EndpointPickerSpec
from gateway.config.pool import KvEvents
from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.model.placement import Placement, Served
from gateway.picker.flow.view import BandView
from gateway.picker.kv.feed import Feed
from gateway.picker.plan import PickerPlan, plan_of
from gateway.pipeline.placer import Entry
from gateway.server.counting import CountingPlacer
from gateway.server.pool_view import ANYWHERE, FLOWS, LANES, band_view, pool_view
from gateway.telemetry.picking import PickMetrics
from tests.picker.kv.publisher import Publisher
from tests.server.desks import POOL, endpoints, plan
from tests.telemetry.metered import Metered

ADDRESSES = ("10.0.0.1:80", "10.0.0.2:80")


def placer(picker: PickerPlan | None = None) -> CountingPlacer:
    one = CountingPlacer(time.monotonic, Random(1), PickMetrics(Metered().registry))
    one.configure({POOL: picker or plan(max_in_flight=1)})
    one.endpoints(POOL, endpoints(ADDRESSES))
    return one


def seen(one: CountingPlacer) -> dict[str, Any]:
    view = json.loads(json.dumps(pool_view(one, time.monotonic())))
    assert view["version"] == 1
    (pool,) = view["pools"]
    return pool


async def placed(one: CountingPlacer, **demand: Any) -> Placement:
    found = await one.place(POOL, Demand("llama", prompt_bytes=40_000, **demand), 10)
    assert isinstance(found, Placement)
    return found


async def test_an_endpoint_is_told_with_what_is_in_flight_and_what_it_says() -> None:
    one = placer()
    one.load(POOL, ADDRESSES[0], EngineLoad(time.monotonic(), waiting=2, running=3, kv_usage=0.5))
    found = await placed(one)
    told = {each["address"]: each for each in seen(one)["endpoints"]}
    picked = told[found.endpoint]
    assert picked["in_flight"]["requests"] == 1
    assert picked["in_flight"]["prefill_tokens"] == found.prompt_tokens
    assert picked["picks"] == 1
    assert picked["rates"]["prefill_tokens_per_second"] > 0
    load = told[ADDRESSES[0]]["load"]
    assert (load["running"], load["waiting"], load["kv_usage"]) == (3, 2, 0.5)
    assert load["age"] < 60
    assert told[ADDRESSES[1]]["load"] is None


def test_an_endpoint_is_told_with_what_its_events_came_to_where_they_are_heard() -> None:
    assert seen(placer())["endpoints"][0]["kv_events"] is None
    one = placer(replace(plan(), kv_events=KvEvents()))
    engine = Publisher(100)
    engine.serve(b"a" * 1024)
    one.heard(POOL, ADDRESSES[0], engine.received(Feed(replays=True), 0.0))
    told = {each["address"]: each["kv_events"] for each in seen(one)["endpoints"]}
    assert told == {
        ADDRESSES[0]: {"blocks": 16, "joined": 0, "unjoined": 0},
        ADDRESSES[1]: {"blocks": 0, "joined": 0, "unjoined": 0},
    }


async def test_a_queue_is_told_by_band_and_flow_the_longest_first() -> None:
    one = placer()
    for _ in ADDRESSES:
        await placed(one)
    for number in range(FLOWS + 2):
        for _ in range(2 if number == 7 else 1):
            found = await one.place(POOL, Demand("llama", flow=f"f{number}", priority=5), 100)
            assert isinstance(found, Entry)
    queue = seen(one)["queue"]
    assert (queue["waiting"], queue["bytes"]) == (FLOWS + 3, 100 * (FLOWS + 3))
    band = next(each for each in queue["bands"] if each["priority"] == 5)
    assert (band["waiting"], band["flow_count"], len(band["flows"])) == (
        FLOWS + 3,
        FLOWS + 2,
        FLOWS,
    )
    assert band["flows"][0]["flow"] == "f7"
    assert sum(band["endpoints"].values()) == FLOWS + 3
    assert set(band["endpoints"]) <= set(ADDRESSES)


def test_a_queue_is_told_by_endpoint_the_longest_first_and_no_more_than_some() -> None:
    lanes = {f"10.0.0.{number}:80": number for number in range(1, LANES + 1)}
    band = BandView(0, 1.0, 60, 0.0, 0, 1.0, 0, {}, (), {**lanes, "": LANES + 1})
    told = band_view(band)["endpoints"]
    assert isinstance(told, dict)
    assert list(told.items())[:2] == [(ANYWHERE, LANES + 1), (f"10.0.0.{LANES}:80", LANES)]
    assert len(told) == LANES


async def test_shares_and_percentiles_are_of_what_was_seen() -> None:
    one = placer(plan())
    empty = seen(one)
    assert empty["hit_share"] == {"believed": None, "reported": None}
    assert empty["first_token_ms"] == {"seen": 0, "p50": None, "p95": None}
    for number in range(1, 21):
        found = await placed(one)
        one.finish(found, Served(found.endpoint, 200, number / 10, 1000, 250))
    told = seen(one)
    assert told["first_token_ms"] == {"seen": 20, "p50": 1000.0, "p95": 1900.0}
    assert told["hit_share"]["reported"] == 0.25
    assert told["picks"] == {"own": 20}
    assert told["expected_ms"]["p50"] > 0


async def test_a_shadow_is_told_with_how_often_it_agreed() -> None:
    documents = {
        "own": EndpointPickerSpec.model_validate({"shadow": "other"}, strict=False),
        "other": EndpointPickerSpec(),
    }
    one = placer(plan_of("own", documents))
    await placed(one)
    told = seen(one)["shadow"]
    assert (told["profile"], told["compared"]) == ("other", 1)


async def test_requests_of_other_gateways_are_told_apart() -> None:
    one = placer()
    pool = one.desks[POOL].pool
    guest = pool.host(ADDRESSES[0], 100, 200, time.monotonic())
    assert guest is not None
    told = {each["address"]: each["in_flight"] for each in seen(one)["endpoints"]}
    assert told[ADDRESSES[0]]["requests"] == told[ADDRESSES[0]]["elsewhere"] == 1
    assert told[ADDRESSES[1]]["elsewhere"] == 0
    pool.see_off(guest, time.monotonic())
    told = {each["address"]: each["in_flight"] for each in seen(one)["endpoints"]}
    assert told[ADDRESSES[0]]["requests"] == told[ADDRESSES[0]]["elsewhere"] == 0
