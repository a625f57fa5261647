"""Brokers of pools in an event loop: who waits is woken, who leaves leaves nothing behind."""

import asyncio

from gateway.model.demand import Demand
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.pipeline.placer import Entry
from gateway.server.placing import LocalPlacer
from tests.server.desks import POOL, endpoints, placer, plan


async def placed(one: LocalPlacer, demand: Demand | None = None) -> Placement:
    found = await one.place(POOL, demand or Demand("llama"), 100)
    assert isinstance(found, Placement)
    return found


async def queued(one: LocalPlacer, demand: Demand | None = None) -> Entry:
    found = await one.place(POOL, demand or Demand("llama"), 100)
    assert isinstance(found, Entry)
    return found


def in_flight(one: LocalPlacer) -> int:
    return sum(state.in_flight.requests for state in one.desks[POOL].pool.states())


async def test_a_request_is_placed_and_its_end_frees_the_endpoint() -> None:
    one = placer()
    found = await placed(one)
    assert in_flight(one) == 1
    one.first_token(found)
    one.finish(found, Served(found.endpoint, 200))
    assert in_flight(one) == 0


async def test_a_pool_that_is_not_there_has_no_endpoints() -> None:
    assert await placer().place("other", Demand("llama"), 1) == Dropped(Drop.NO_ENDPOINTS)


async def test_who_waits_goes_when_another_ends() -> None:
    one = placer(max_in_flight=1)
    first = await placed(one)
    entry = await queued(one)
    waiting = asyncio.ensure_future(one.wait(entry))
    one.finish(first, Served())
    async with asyncio.timeout(5):
        second = await waiting
    assert isinstance(second, Placement)
    assert in_flight(one) == 1


async def test_who_waits_too_long_is_told_by_the_clock_alone() -> None:
    one = placer(max_in_flight=1, ttl=0.02)
    await placed(one)
    entry = await queued(one)
    assert entry.seconds >= 0.02
    async with asyncio.timeout(5):
        found = await one.wait(entry)
    assert isinstance(found, Dropped)
    assert found.drop is Drop.EXPIRED


async def test_who_leaves_makes_room_for_the_next() -> None:
    one = placer(max_in_flight=1)
    first = await placed(one)
    gone, next_one = await queued(one), await queued(one)
    one.leave(gone)
    one.leave(gone)
    one.finish(first, Served())
    async with asyncio.timeout(5):
        assert isinstance(await one.wait(next_one), Placement)


async def test_what_was_placed_for_somebody_who_left_is_given_back() -> None:
    one = placer(max_in_flight=1)
    first = await placed(one)
    entry = await queued(one)
    waiting = asyncio.ensure_future(one.wait(entry))
    await asyncio.sleep(0)
    one.finish(first, Served())  # the placement is there, and its owner has not seen it
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    one.leave(entry)
    assert in_flight(one) == 0


async def test_a_placement_for_a_cancelled_wait_is_given_back() -> None:
    one = placer(max_in_flight=1)
    first = await placed(one)
    entry = await queued(one)
    waiting = asyncio.ensure_future(one.wait(entry))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    one.finish(first, Served())
    one.leave(entry)
    assert in_flight(one) == 0


async def test_a_pool_that_goes_sends_away_who_waits_there() -> None:
    one = placer(max_in_flight=1)
    await placed(one)
    entry = await queued(one)
    waiting = asyncio.ensure_future(one.wait(entry))
    await asyncio.sleep(0)
    one.configure({"other": plan()})
    async with asyncio.timeout(5):
        assert await waiting == Dropped(Drop.NO_ENDPOINTS)


async def test_new_endpoints_take_who_waits() -> None:
    one = placer((), no_endpoint_ttl=60.0)
    entry = await queued(one)
    waiting = asyncio.ensure_future(one.wait(entry))
    await asyncio.sleep(0)
    one.endpoints(POOL, endpoints())
    async with asyncio.timeout(5):
        assert isinstance(await waiting, Placement)


async def test_another_plan_takes_over_what_is_in_flight_and_what_waits() -> None:
    one = placer(max_in_flight=1)
    first = await placed(one)
    entry = await queued(one)
    waiting = asyncio.ensure_future(one.wait(entry))
    await asyncio.sleep(0)
    one.configure({POOL: plan(max_in_flight=2)})
    async with asyncio.timeout(5):
        assert isinstance(await waiting, Placement)
    assert in_flight(one) == 2
    one.finish(first, Served())
    assert in_flight(one) == 1


async def test_the_same_plan_changes_nothing() -> None:
    one = placer()
    desk = one.desks[POOL]
    profile = desk.pool.profile
    one.configure({POOL: plan()})
    assert one.desks[POOL].pool.profile is profile
    one.configure({POOL: plan(ttl=5.0)})
    assert one.desks[POOL] is desk
    assert desk.pool.profile is not profile


async def test_a_sheddable_request_is_told_to_give_way_to_one_that_waits() -> None:
    one = placer(max_in_flight=1, eviction=True)
    shed = await placed(one, Demand("llama", priority=-1))
    told: list[str] = []
    one.when_evicted(shed, lambda: told.append("give way"))
    entry = await queued(one, Demand("llama", priority=1))
    assert told == ["give way"]
    one.finish(shed, Served())
    async with asyncio.timeout(5):
        assert isinstance(await one.wait(entry), Placement)


def test_the_members_of_a_pool_are_told_and_none_of_one_that_there_is_not() -> None:
    one = placer(["10.0.0.1:80", "10.0.0.2:80"])
    assert [state.address for state in one.states(POOL)] == ["10.0.0.1:80", "10.0.0.2:80"]
    assert not one.states("another")


async def test_whoever_waits_goes_when_another_gateways_request_has_ended() -> None:
    one = placer(max_in_flight=1)
    pool = one.desks[POOL].pool
    guest = pool.host("10.0.0.1:80", 100, 200, 0.0)
    assert guest is not None
    entry = await queued(one, Demand("llama"))
    waiting = asyncio.ensure_future(one.wait(entry))
    pool.see_off(guest, 1.0)
    one.stir()
    async with asyncio.timeout(5):
        assert isinstance(await waiting, Placement)


async def test_what_another_endpoint_answers_makes_room_for_who_waits() -> None:
    one = placer(max_in_flight=1)
    one.endpoints(POOL, endpoints(("10.0.0.1:80", "10.0.0.2:80")))
    first, second = await placed(one), await placed(one)
    entry = await queued(one)
    waiting = asyncio.ensure_future(one.wait(entry))
    one.moved(first, second.endpoint)
    async with asyncio.timeout(5):
        third = await waiting
    assert isinstance(third, Placement)
    assert third.endpoint == first.endpoint
