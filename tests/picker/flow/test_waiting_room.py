"""All that wait: bands from high to low, bounds of all, flows bounded, the oldest known."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.demand import Demand
from gateway.model.placement import Drop
from gateway.picker.flow.entry import Entry
from gateway.picker.flow.lane import ANY
from gateway.picker.flow.rules import BandRules, FlowRules
from gateway.picker.flow.waiting_room import OVERFLOW_FLOW, WaitingRoom


def entered(
    room: WaitingRoom, priority: int = 0, flow: str = "a", size: int = 1, now: float = 0.0
) -> tuple[list[int], Entry | None]:
    demand = Demand("m", flow=flow, priority=priority)
    key = room.flow(demand, now)
    pressed = [victim.number for victim in room.pressed_out(key, size, now)]
    return pressed, room.enter(key, demand, size, now)


def room(**settings: Any) -> WaitingRoom:
    return WaitingRoom(FlowRules(**settings))


def test_bands_come_from_high_to_low() -> None:
    made = room()
    for priority in (0, 5, -3, 2):
        entered(made, priority)
    assert [band.priority for band in made.bands()] == [5, 2, 0, -3]
    assert [made.above(priority, ANY) for priority in (5, 0, -9)] == [0, 2, 4]


def test_what_waits_for_an_endpoint_counts_there_by_priority() -> None:
    made = room()
    for priority, work in ((0, 5.0), (1, 20.0), (0, 7.0)):
        _, entry = entered(made, priority)
        assert entry is not None
        made.move(entry, "10.0.0.1:80", work, 0.0)
        assert made.lane(entry) == "10.0.0.1:80"
    assert made.ahead(0, "10.0.0.1:80") == (3, 32.0)
    assert made.ahead(1, "10.0.0.1:80") == (1, 20.0)
    assert made.ahead(2, "10.0.0.1:80") == made.ahead(0, ANY) == (0, 0.0)


def test_a_named_priority_has_a_rank_before_it_is_seen() -> None:
    made = room(bands={10: BandRules()}, ceiling="priority-holdback", min_ceiling=0.5)
    entered(made, 0)
    assert made.ceilings(0.0) == {10: 1.0, 0: 0.5}
    assert list(made.ceilings(0.0)) == [10, 0]


def test_a_full_band_takes_no_more_and_sheds_nothing() -> None:
    made = room(band=BandRules(max_requests=2))
    entered(made, -1)
    entered(made, 0)
    entered(made, 0)
    assert entered(made, 0) == ([], None)
    assert len(made) == 3


def test_a_flow_that_fills_a_band_makes_room_for_one_with_less() -> None:
    made = room(band=BandRules(max_requests=4))
    for _ in range(4):
        entered(made, flow="greedy")
    assert entered(made, flow="greedy") == ([], None)
    pressed, entry = entered(made, flow="modest")
    assert pressed == [4]
    assert entry is not None
    assert entered(made, flow="modest")[0] == [3]
    assert entered(made, flow="modest") == ([], None)  # as many as the other by now
    assert len(made) == 4


def test_a_flow_makes_room_only_for_what_then_fits() -> None:
    made = room(band=BandRules(max_bytes=6), max_bytes=6)
    for _ in range(3):
        entered(made, flow="greedy", size=2)
    assert entered(made, flow="modest", size=3) == ([], None)
    assert entered(made, flow="modest", size=2)[0] == [3]
    assert made.bytes == 6


def test_under_pressure_the_lowest_is_shed_first_and_of_it_the_newest() -> None:
    made = room(max_bytes=6)
    for priority in (-1, -2, -2, 0, -1):
        entered(made, priority)
    pressed, entry = entered(made, 3, size=4)
    assert pressed == [3, 2, 5]
    assert entry is not None
    assert made.bytes == 6


def test_nothing_is_shed_if_that_would_not_do() -> None:
    made = room(max_bytes=6)
    for priority in (-1, 0, 0, 0):
        entered(made, priority)
    assert entered(made, 3, size=4) == ([], None)
    assert len(made) == 4


def test_requests_of_the_same_or_a_higher_priority_are_not_shed() -> None:
    made = room(max_requests=3)
    for priority in (-1, 0, -2):
        entered(made, priority)
    assert entered(made, -2) == ([], None)
    assert entered(made, -1)[0] == [3]
    assert entered(made, -1) == ([], None)
    assert entered(made, 0)[0] == [4]


def test_a_request_larger_than_all_is_refused_by_an_empty_room() -> None:
    assert entered(room(max_bytes=5), size=6) == ([], None)


def test_the_oldest_is_the_first_that_came_and_still_waits() -> None:
    made = room()
    _, first = entered(made, 0, now=1.0)
    _, second = entered(made, 9, now=2.0)
    assert first is not None
    assert made.oldest() is first
    made.remove(first, 3.0)
    assert made.oldest() is second
    assert made.find(first.number) is None


def test_flows_that_did_nothing_for_long_are_forgotten() -> None:
    made = room(flow_idle=300.0)
    made.count_drop(made.flow(Demand("m", flow="old"), 0.0), Drop.GONE, 0.0)
    entered(made, flow="waits", now=1.0)
    entered(made, flow="new", now=400.0)
    names = {flow.flow for band in made.views(0.0, 400.0) for flow in band.flows}
    assert names == {"waits", "new"}


def test_an_idle_flow_is_forgotten_though_an_older_one_still_waits() -> None:
    made = room(flow_idle=300.0)
    entered(made, flow="waits", now=0.0)
    made.flow(Demand("m", flow="idle"), 1.0)
    made.flow(Demand("m", flow="new"), 400.0)
    names = {flow.flow for band in made.views(0.0, 400.0) for flow in band.flows}
    assert names == {"waits", "new"}


def test_an_idle_flow_makes_place_though_an_older_one_still_waits() -> None:
    made = room(max_flows=2)
    entered(made, flow="waits")
    made.flow(Demand("m", flow="idle"), 0.0)
    assert made.flow(Demand("m", flow="new"), 0.0).flow == "new"


def test_bands_are_forgotten_later_and_their_counts_until_then_kept() -> None:
    made = room(flow_idle=300.0, band_idle=600.0)
    made.count_drop(made.flow(Demand("m", priority=4), 0.0), Drop.GONE, 0.0)
    made.flow(Demand("m"), 400.0)
    assert [(band.priority, band.dropped) for band in made.views(0.0, 400.0)] == [
        (4, {Drop.GONE: 1}),
        (0, {}),
    ]
    made.flow(Demand("m"), 1100.0)
    assert [band.priority for band in made.views(0.0, 1100.0)] == [0]


def test_clients_cannot_make_flows_without_end() -> None:
    made = room(max_flows=10)
    for number in range(1000):
        made.flow(Demand("m", flow=f"idle-{number}"), 0.0)
    (band,) = made.views(0.0, 0.0)
    assert len(band.flows) == 10


def test_requests_of_more_flows_than_may_be_known_share_one() -> None:
    made = room(max_flows=10)
    for number in range(50):
        entered(made, flow=f"busy-{number}")
    (band,) = made.views(0.0, 0.0)
    assert len(band.flows) == 11
    assert {flow.flow: flow.waiting for flow in band.flows}[OVERFLOW_FLOW] == 40


def test_service_of_a_forgotten_flow_is_not_counted() -> None:
    made = room(max_flows=1)
    gone = made.flow(Demand("m", flow="gone"), 0.0)
    stays = made.flow(Demand("m", flow="stays"), 0.0)
    made.served(gone, 100.0, 0.0)
    made.served(stays, 50.0, 0.0)
    (band,) = made.views(0.0, 0.0)
    assert [(flow.flow, flow.attained) for flow in band.flows] == [("stays", 50.0)]


def test_under_other_rules_the_same_requests_wait_and_the_counts_go_on() -> None:
    made = room(ttl=10.0)
    _, first = entered(made, 0, "a", size=5, now=1.0)
    _, second = entered(made, 7, "b", size=6, now=2.0)
    assert first is not None
    assert second is not None
    made.count_drop(first.key, Drop.GONE, 2.0)
    made.served(first.key, 80.0, 2.0)
    heir = made.successor(FlowRules(ttl=30.0, max_requests=1), 2.0)
    assert (len(heir), heir.bytes) == (2, 11)
    kept = heir.find(first.number)
    assert kept is not None
    assert (kept.demand, kept.arrived, kept.expires) == (first.demand, 1.0, 31.0)
    assert [band.priority for band in heir.bands()] == [7, 0]
    low = heir.views(0.0, 2.0)[1]
    assert (low.dropped, low.flows[0].attained) == ({Drop.GONE: 1}, 80.0)
    assert entered(heir, now=3.0)[1] is None
    heir.remove(kept, 3.0)
    heir.take(heir.find(second.number) or second, 3.0)
    _, third = entered(heir, now=3.0)
    assert third is not None
    assert third.number > second.number


@given(
    st.lists(
        st.tuples(
            st.integers(-3, 3),
            st.sampled_from("abcdef"),
            st.integers(0, 9),
            st.sampled_from(["enter", "enter", "take", "remove"]),
        ),
        max_size=120,
    )
)
def test_bounds_are_never_passed_and_every_entry_is_accounted_for(
    changes: list[tuple[int, str, int, str]],
) -> None:
    made = room(
        max_requests=12, max_bytes=50, max_flows=4, band=BandRules(max_requests=6, max_bytes=30)
    )
    alive: dict[int, Entry] = {}
    for now, (priority, flow, size, change) in enumerate(changes):
        if change == "enter":
            pressed, entry = entered(made, priority, flow, size, float(now))
            for number in pressed:
                assert alive.pop(number).key.priority < min(priority, 0)
            if entry is not None:
                alive[entry.number] = entry
        elif change == "take" and alive:
            band = next(made.bands())
            head = band.head(float(now))
            assert head is not None
            assert head.key.priority == max(each.key.priority for each in alive.values())
            made.take(alive.pop(head.number), float(now))
        elif alive:
            made.remove(alive.pop(next(iter(alive))), float(now))
        assert len(made) == len(alive) <= 12
        assert made.bytes == sum(each.size for each in alive.values()) <= 50
        views = made.views(0.0, float(now))
        assert sum(view.waiting for view in views) == len(alive)
        assert sum(flow.waiting for view in views for flow in view.flows) == len(alive)
        assert all(view.waiting <= 6 and view.bytes <= 30 for view in views)
