import math

import pytest

from gateway.model.engine import EngineLoad
from gateway.picker.endpoint import Endpoint, EndpointState
from gateway.picker.fleet import Fleet, Seen, adapters_of, row_of
from gateway.picker.index import PrefixIndex
from gateway.picker.ledger import Account, Ledger


def a_state(address: str = "a", *, healthy: bool = True) -> EndpointState:
    return EndpointState(Endpoint(address, healthy=healthy, round_trip=0.01), Account())


def a_fleet(*states: EndpointState, capacity: float = 100.0) -> tuple[Fleet, PrefixIndex]:
    index = PrefixIndex()
    for state in states:
        index.join(state.address, capacity)
    fleet = Fleet(index)
    fleet.begin(states)
    return fleet, index


def test_an_idle_endpoint_has_nothing_under_way() -> None:
    index = PrefixIndex()
    index.join("a", 100)
    row = row_of(a_state(), index.shelf("a"))

    assert (row.network, row.room, row.excess, row.busy) == (0.01, 100, -100, None)


def test_without_a_shelf_there_is_room_for_anything() -> None:
    row = row_of(a_state(), None)

    assert (row.room, row.excess) == (math.inf, -math.inf)


def test_a_busy_endpoint_says_what_is_in_front_and_what_is_answered_from() -> None:
    state, ledger = a_state(), Ledger()
    assert isinstance(state.in_flight, Account)
    first = ledger.charge(state.in_flight, "a", 1000, 1500, 1.0)
    ledger.charge(state.in_flight, "a", 200, 300, 2.0)
    state.load = EngineLoad(0, waiting=5)
    busy = row_of(state, None).busy
    assert busy is not None
    assert (busy.context_tokens, busy.answering_tokens, busy.requests) == (1800, 600, 2)
    assert busy.queue == (1200, 1000, 1.0, 3)

    ledger.first_token(first, 3.0)
    busy = row_of(state, None).busy
    assert busy is not None
    assert busy.queue == (200, 200, 3.0, 4)


def test_what_is_held_in_memory_makes_the_rest_scarce() -> None:
    index = PrefixIndex()
    index.join("a", 100)
    index.enter("a", range(40), reserve=10)
    row = row_of(a_state(), index.shelf("a"))

    assert (row.room, row.excess) == (50, -50)
    assert row.busy is not None
    assert (row.busy.held, row.busy.scarcity, row.busy.queue) == (50, 0.01, None)


def test_memory_is_dearest_just_before_it_is_full_and_who_waits_for_it_crowds_fewer() -> None:
    def scarcity(held: int) -> float:
        index = PrefixIndex()
        index.join("a", 100)
        index.enter("a", range(held))
        busy = row_of(a_state(), index.shelf("a")).busy
        assert busy is not None
        return busy.scarcity

    assert scarcity(99) == scarcity(95) == pytest.approx(0.19)
    assert scarcity(70) == scarcity(100) == scarcity(180) == pytest.approx(0.7 / 0.3 / 100)


def test_rows_are_renewed_for_what_was_touched_and_for_what_the_index_changed() -> None:
    one, two = a_state("a"), a_state("b")
    fleet, index = a_fleet(one, two)
    assert [row.busy for row in fleet.current()] == [None, None]

    one.in_flight.requests = 1
    assert fleet.current()[0].busy is None
    fleet.touch("a")
    assert fleet.current()[0].busy is not None
    index.enter("b", range(10))
    assert fleet.current()[1].room == 90
    fleet.touch("unknown")
    assert len(fleet.current()) == 2


def test_unhealthy_endpoints_have_no_row_and_places_have_a_life() -> None:
    fleet, _ = a_fleet(a_state("a", healthy=False), a_state("b"))
    assert fleet.places == {"b": 0}
    before = fleet.life
    fleet.begin([a_state("c")])
    assert (fleet.addresses, fleet.life) == (("c",), before + 1)


def test_how_full_it_is_follows_its_endpoints_and_the_capacity() -> None:
    one, two = a_state("a"), a_state("b")
    fleet, _ = a_fleet(one, two)
    one.in_flight.requests = 4
    assert fleet.saturation(None) == 0
    assert fleet.saturation(4) == 0.5
    one.in_flight.requests = 2
    fleet.touch("a")
    assert fleet.saturation(4) == 0.25
    assert fleet.saturation(None) == 0
    fleet.begin([])
    assert fleet.saturation(None) == 1


def test_adapters_are_counted_as_endpoints_come_by_them_and_lose_them() -> None:
    one, two = a_state("a"), a_state("b")
    fleet, _ = a_fleet(one, two)
    one.load = EngineLoad(0, max_adapters=2, running_adapters=frozenset({"x"}))
    two.load = EngineLoad(0, max_adapters=2, waiting_adapters=frozenset({"x"}))
    fleet.touch("a")
    fleet.touch("b")
    fleet.current()
    assert fleet.adapters == {"x": 2}
    one.load = None
    two.load = EngineLoad(0, running_adapters=frozenset({"x"}))
    assert adapters_of(two) == ()
    fleet.touch("a")
    fleet.touch("b")
    fleet.current()
    assert not fleet.adapters


def test_a_request_sees_a_fleet_whole_unless_told() -> None:
    fleet, _ = a_fleet(a_state())

    assert Seen(fleet, 100, {}).among is None
