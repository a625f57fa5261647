"""A placer that counts: what operators see is what happened."""

import asyncio
import time
from random import Random

from gateway.config.endpoint_picker import EndpointPickerSpec
from gateway.model.demand import Demand
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.picker.plan import PickerPlan, plan_of
from gateway.pipeline.placer import Entry
from gateway.server.counting import RECENT, CountingPlacer
from gateway.telemetry.picking import PickMetrics
from tests.server.desks import POOL, endpoints, plan
from tests.telemetry.metered import Metered


def counting(picker: PickerPlan | None = None, /, addresses: int = 1) -> "Stage":
    return Stage(picker or plan(), addresses)


class Stage:
    """A placer of one pool with its metrics."""

    def __init__(self, picker: PickerPlan, count: int) -> None:
        self.metered = Metered()
        metrics = PickMetrics(self.metered.registry)
        self.placer = CountingPlacer(time.monotonic, Random(1), metrics)
        self.placer.configure({POOL: picker})
        self.placer.endpoints(POOL, endpoints([f"10.0.0.{i}:80" for i in range(1, count + 1)]))

    @property
    def dropped(self) -> dict[Drop, int]:
        return dict(self.placer.tallies[POOL].dropped)

    def value(self, sample: str, **labels: str) -> float:
        return self.metered.value(f"gatehouse_pool_{sample}", labels)

    async def placed(self, demand: Demand) -> Placement:
        found = await self.placer.place(POOL, demand, 10)
        assert isinstance(found, Placement)
        return found

    async def queued(self, demand: Demand) -> Entry:
        found = await self.placer.place(POOL, demand, 10)
        assert isinstance(found, Entry)
        return found


ASKED = Demand("llama", prompt_bytes=4000, priority=3)


async def test_a_pick_counts_for_its_profile_endpoint_and_band() -> None:
    one = counting()
    await one.placed(ASKED)
    tally = one.placer.tallies[POOL]
    assert tally.picks == {"own": 1}
    assert tally.endpoints == {"10.0.0.1:80": 1}
    assert one.value("picks_total", pool=POOL, profile="own", endpoint="10.0.0.1:80") == 1
    waited = {"pool": POOL, "priority": "3", "outcome": "placed"}
    assert one.value("waited_seconds_count", **waited) == 1
    assert one.value("degraded_picks_total") == 0


async def test_a_worker_that_picks_alone_says_so() -> None:
    one = counting()
    one.placer.alone = True
    await one.placed(ASKED)
    assert one.value("degraded_picks_total", pool=POOL) == 1
    assert one.value("picks_total", pool=POOL) == 1


async def test_who_waited_counts_once_however_it_ended() -> None:
    one = counting(plan(max_in_flight=1))
    first = await one.placed(ASKED)
    entry, gone = await one.queued(ASKED), await one.queued(ASKED)
    one.placer.leave(gone)
    one.placer.leave(gone)
    waiting = asyncio.ensure_future(one.placer.wait(entry))
    await asyncio.sleep(0)
    one.placer.finish(first, Served())
    async with asyncio.timeout(5):
        assert isinstance(await waiting, Placement)
    one.placer.leave(entry)
    assert one.placer.tallies[POOL].picks == {"own": 2}
    assert one.dropped == {Drop.GONE: 1}
    assert one.value("dropped_total", priority="3", reason="rejected-context-cancelled") == 1


async def test_who_gets_nothing_counts_with_the_reason() -> None:
    one = counting(addresses=0)
    assert isinstance(await one.placer.place(POOL, ASKED, 10), Dropped)
    assert one.dropped == {Drop.NO_ENDPOINTS: 1}
    assert one.value("dropped_total", priority="3", reason="rejected-no-endpoints") == 1
    assert one.value("waited_seconds_count", priority="3", outcome="dropped") == 1


async def test_a_request_that_has_to_give_way_counts_as_evicted() -> None:
    one = counting(plan(max_in_flight=1, eviction=True))
    filler = await one.placed(Demand("llama", priority=-1))
    told: list[str] = []
    one.placer.when_evicted(filler, lambda: told.append("filler"))
    entry = await one.queued(ASKED)
    assert told == ["filler"]
    assert one.dropped == {Drop.EVICTED: 1}
    assert one.value("dropped_total", priority="-1", reason="evicted") == 1
    one.placer.leave(entry)


async def test_what_servers_report_is_held_against_what_was_believed_and_predicted() -> None:
    one = counting()
    found = await one.placed(ASKED)
    assert found.expected is not None
    one.placer.finish(
        found,
        Served(
            found.endpoint, 200, 2 * found.expected / 1000, prompt_tokens=900, cached_tokens=300
        ),
    )
    tally = one.placer.tallies[POOL]
    assert list(tally.reported) == [(300, 900)]
    assert list(tally.first) == [(2 * found.expected / 1000, found.expected / 1000)]
    assert one.value("cached_tokens_total", source="reported") == 300
    assert one.value("prompt_tokens_total", source="believed") == found.prompt_tokens
    assert one.value("first_token_ratio_sum") == 2


async def test_an_answer_of_another_server_says_nothing_of_the_pick() -> None:
    one = counting()
    for served in (Served("10.9.9.9:80", 200, 0.5), Served("10.0.0.1:80", 503, 0.5)):
        one.placer.finish(await one.placed(ASKED), served)
    assert not one.placer.tallies[POOL].first
    assert one.value("first_token_seconds_count") == 0


async def test_a_shadow_counts_by_whether_it_agreed() -> None:
    documents = {
        "own": EndpointPickerSpec.model_validate({"shadow": "other"}, strict=False),
        "other": EndpointPickerSpec(),
    }
    one = counting(plan_of("own", documents), addresses=1)
    for _ in range(3):
        await one.placed(ASKED)
    one.placer.tend()
    one.placer.tend()
    assert one.value("shadow_picks_total", pool=POOL, agreed="true") == 3
    assert one.value("shadow_picks_total", pool=POOL, agreed="false") == 0


async def test_nothing_grows_with_requests_or_with_endpoints_that_come_and_go() -> None:
    one = counting()
    for number in range(RECENT + 10):
        one.placer.endpoints(POOL, endpoints([f"10.1.{number // 250}.{number % 250}:80"]))
        found = await one.placed(ASKED)
        one.placer.finish(found, Served(found.endpoint, 200, 0.1, 10, 5))
    one.placer.tend()
    tally = one.placer.tallies[POOL]
    assert len(tally.endpoints) == 1
    assert {len(kept) for kept in (tally.believed, tally.reported, tally.first)} == {RECENT}


async def test_a_pool_that_goes_takes_its_counts_with_it() -> None:
    one = counting()
    found = await one.placed(ASKED)
    one.placer.configure({"other": plan()})
    one.placer.finish(found, Served())
    assert set(one.placer.tallies) == {"other"}
