"""A desk keeps the seats of those who wait, whichever broker serves them."""

import asyncio
from random import Random

from gateway.model.demand import Demand
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.server.desk import Desk
from tests.server.desks import POOL, endpoints, plan

DEMAND = Demand("llama")


def desk(**flow: float) -> Desk:
    one = Desk.opened(POOL, plan(**flow), Random(1))
    one.pool.set_endpoints(endpoints(), 0.0)
    return one


def seated(one: Desk, now: float = 0.0) -> int:
    number = one.offer(DEMAND, 10, now)
    assert isinstance(number, int)
    return number


def given(one: Desk, now: float = 0.0) -> Placement:
    found = one.offer(DEMAND, 10, now)
    assert isinstance(found, Placement)
    return found


async def test_seats_are_served_in_order() -> None:
    one = desk(max_in_flight=1)
    first = given(one)
    second, third = seated(one), seated(one)
    one.broker.finish(first.ticket, Served(), 1.0)
    one.step(1.0)
    assert isinstance(await one.wait(second), Placement)
    assert not one.seats[third].done()


async def test_a_desk_says_when_to_look_again() -> None:
    one = desk(max_in_flight=1, ttl=5.0)
    given(one)
    number = seated(one)
    due = one.step(0.0)
    assert due is not None
    assert due <= 5.0
    one.step(6.0)
    found = await one.wait(number)
    assert isinstance(found, Dropped)
    assert found.drop is Drop.EXPIRED


async def test_a_seat_keeps_its_number_under_another_plan() -> None:
    one = desk(max_in_flight=1)
    given(one)
    first, second = seated(one), seated(one)
    one.leave(first, 0.0)
    one.change(plan(max_in_flight=2), Random(1), 1.0)
    one.step(1.0)
    async with asyncio.timeout(5):
        assert isinstance(await one.wait(second), Placement)
    assert one.patience == plan().spec.flow.ttl


async def test_a_seat_that_nobody_has_is_not_waited_for() -> None:
    assert await desk().wait(7) == Dropped(Drop.NO_ENDPOINTS)


async def test_a_closed_desk_sends_everybody_away() -> None:
    one = desk(max_in_flight=1)
    given(one)
    number = seated(one)
    one.close()
    assert await one.wait(number) == Dropped(Drop.NO_ENDPOINTS)
