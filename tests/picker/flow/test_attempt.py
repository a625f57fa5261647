"""A request tries for an endpoint of a real pool."""

import pytest

from gateway.model.demand import Demand
from gateway.model.placement import Dropped, Placement
from gateway.picker.cost import CostProfile
from gateway.picker.endpoint import Endpoint
from gateway.picker.flow.attempt import Attempt, is_none_of
from gateway.picker.flow.choice import Full
from gateway.picker.flow.gate import Room
from gateway.picker.flow.lane import ANY
from gateway.picker.flow.rules import FlowRules
from gateway.picker.flow.waiting_room import WaitingRoom
from gateway.picker.pool import PoolPicker

ADDRESSES = tuple(f"10.0.0.{number}:80" for number in range(1, 31))
ONE, TWO, *_ = ADDRESSES


def pool(*addresses: str) -> PoolPicker:
    made = PoolPicker(CostProfile())
    made.set_endpoints([Endpoint(address) for address in addresses], 0.0)
    return made


def room(*full: str, among: tuple[str, ...] = (ONE, TWO)) -> Room:
    """These are full since second 0, and the others have room."""
    return Room(
        open=dict.fromkeys([each for each in among if each not in full], 0.0),
        full=dict.fromkeys(full, 0.0),
    )


def nobody() -> WaitingRoom:
    return WaitingRoom(FlowRules())


def somebody(lane: str, priority: int = 0, work: float = 1.0) -> WaitingRoom:
    waiting, demand = nobody(), Demand("m", priority=priority)
    entry = waiting.enter(waiting.flow(demand, 0.0), demand, 1, 0.0)
    assert entry is not None
    waiting.move(entry, lane, work, 0.0)
    return waiting


def endpoint(found: Placement | Dropped | Full) -> str:
    assert isinstance(found, Placement)
    return found.endpoint


def test_with_room_everywhere_the_best_gets_it() -> None:
    assert endpoint(Attempt(Demand("m"), 0.0).made(pool(ONE), room(among=(ONE,)), nobody())) == ONE


def test_what_waits_for_nothing_is_charged_to_nobody() -> None:
    only = pool(ONE)
    found = Attempt(Demand("m"), 0.0).made(only, room(ONE, among=(ONE,)), nobody())
    assert isinstance(found, Full)
    assert found.address == ONE
    assert only.states()[0].in_flight.requests == 0


def test_one_that_may_have_a_full_endpoint_only_waits_for_that() -> None:
    demand = Demand("m", subset=(ONE,))
    found = Attempt(demand, 0.0).made(pool(ONE, TWO), room(ONE), nobody())
    assert isinstance(found, Full)
    assert found.address == ONE


def test_an_endpoint_that_no_explanation_names_is_found_when_all_that_are_named_are_full() -> None:
    full = ADDRESSES[:-1]
    found = Attempt(Demand("m"), 60.0).made(
        pool(*ADDRESSES), room(*full, among=ADDRESSES), nobody()
    )
    assert endpoint(found) == ADDRESSES[-1]


@pytest.mark.parametrize(("priority", "waits"), [(0, True), (1, False)])
def test_nobody_passes_one_of_the_same_priority_on_the_way_to_an_endpoint(
    priority: int, waits: bool
) -> None:
    demand = Demand("m", priority=priority)
    found = Attempt(demand, 0.0).made(pool(ONE), room(among=(ONE,)), somebody(ONE))
    assert isinstance(found, Full) is waits


def test_the_head_of_a_lane_does_not_wait_for_itself() -> None:
    found = Attempt(Demand("m"), 0.0, lane=ONE).made(pool(ONE), room(among=(ONE,)), somebody(ONE))
    assert endpoint(found) == ONE


def test_who_waits_for_another_endpoint_holds_up_nobody() -> None:
    waiting = somebody(TWO, priority=9)
    found = Attempt(Demand("m", subset=(ONE,)), 0.0).made(pool(ONE, TWO), room(TWO), waiting)
    assert endpoint(found) == ONE


def test_the_time_in_the_queue_is_told() -> None:
    found = Attempt(Demand("m"), 5.0, 2.5, ANY).made(pool(ONE), room(among=(ONE,)), nobody())
    assert isinstance(found, Placement)
    assert found.waited == 2.5


def test_a_subset_of_nothing_that_is_up_is_told_from_one_that_is_full() -> None:
    assert is_none_of(("10.9.9.9:1",), room(ONE))
    assert is_none_of((), room(ONE))
    assert not is_none_of((ONE,), room(ONE))
    assert not is_none_of(None, Room())
