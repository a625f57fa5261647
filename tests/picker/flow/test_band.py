"""One priority: flows take turns, bounds hold, what is set aside comes back."""

from collections import Counter

import pytest

from gateway.model.demand import Demand
from gateway.model.placement import Drop
from gateway.picker.flow.band import Band
from gateway.picker.flow.entry import Entry, FlowKey
from gateway.picker.flow.rules import BandRules, FlowRules


def band(**settings: object) -> Band:
    rules = BandRules(**{"fairness": "round-robin", **settings})  # pyright: ignore[reportArgumentType]
    return Band(0, FlowRules(band=rules), 0.0)


def entry(number: int, flow: str, size: int = 1) -> Entry:
    return Entry(number, FlowKey(flow, 0), Demand("m", flow=flow), size, float(number), 99.0)


def filled(*flows: str) -> Band:
    made = band()
    for number, flow in enumerate(flows):
        made.add(entry(number, flow), float(number))
    return made


def taken(made: Band) -> list[int]:
    order: list[int] = []
    while (head := made.head(9.0)) is not None:
        made.took(head, 9.0)
        order.append(head.number)
    return order


def test_flows_take_turns() -> None:
    assert taken(filled("a", "a", "a", "b", "c")) == [0, 3, 4, 1, 2]


def test_a_request_that_leaves_takes_no_turn_of_its_flow() -> None:
    made = filled("a", "a", "b")
    head = made.head(9.0)
    assert head is not None
    made.remove(head, 9.0)
    assert taken(made) == [1, 2]


def test_a_flow_set_aside_waits_until_it_is_restored() -> None:
    made = filled("a", "b", "a")
    head = made.head(9.0)
    assert head is not None
    made.set_aside(head)
    made.add(entry(3, "a"), 9.0)
    made.served("a", 10.0, 9.0)
    assert taken(made) == [1]
    assert len(made) == 3
    made.restore(9.0)
    assert taken(made) == [0, 2, 3]


def test_a_flow_that_empties_while_it_is_aside_does_not_come_back() -> None:
    made = filled("a")
    head = made.head(9.0)
    assert head is not None
    made.set_aside(head)
    made.remove(head, 9.0)
    made.restore(9.0)
    assert made.head(9.0) is None


def test_each_lane_has_its_own_turns_and_a_flow_waits_in_several() -> None:
    made, lanes = band(), ("", "x", "y", "x")
    entries = [entry(number, flow) for number, flow in enumerate("aaab")]
    for each, lane in zip(entries, lanes, strict=True):
        made.add(each, 0.0)
        made.move(each, lane, 10.0, 4.0)
    assert made.ahead("x") == (2, 20.0)
    assert tuple(made.lane(each) for each in entries) == lanes
    assert numbers(made, {"x"}) == [0, 2]
    assert numbers(made, {"y"}) == [1, 3]
    assert made.ahead("x") == (0, 0.0)
    assert len(made) == 0


def numbers(made: Band, without: set[str]) -> list[int]:
    order: list[int] = []
    while (head := made.head(9.0, without)) is not None:
        made.took(head, 9.0)
        order.append(head.number)
    return order


def test_the_view_tells_how_many_wait_for_which_endpoint() -> None:
    made = filled("a", "b", "a")
    made.move(made.newest(), "x", 1.0, 3.0)
    assert made.view(1.0, 4.0).lanes == {"": 2, "x": 1}


@pytest.mark.parametrize(
    ("settings", "fits"),
    [
        ({"max_requests": 2}, False),
        ({"max_requests": 3}, True),
        ({"max_bytes": 11}, False),
        ({"max_bytes": 12}, True),
        ({"max_requests": None, "max_bytes": None}, True),
    ],
)
def test_bounds_count_requests_and_bytes(settings: dict[str, int | None], fits: bool) -> None:
    made = band(**settings)
    made.add(entry(0, "a", size=4), 0.0)
    made.add(entry(1, "b", size=3), 0.0)
    assert made.fits(5) is fits


def test_the_newest_is_the_last_that_came_and_still_waits() -> None:
    made = filled("a", "b", "a")
    newest = made.newest()
    assert newest.number == 2
    made.remove(newest, 9.0)
    assert made.newest().number == 1
    with pytest.raises(LookupError, match="priority 0"):
        band().newest()


def test_the_view_tells_flows_ages_bytes_and_what_became_of_the_rest() -> None:
    made = filled("a", "a", "b")
    made.count_dispatch("a", 9.0)
    made.count_drop("b", Drop.EXPIRED, 9.0)
    made.served("a", 300.0, 10.0)
    view = made.view(0.9, 10.0)
    assert (view.priority, view.ceiling, view.waiting, view.bytes) == (0, 0.9, 3, 3)
    assert (view.oldest, view.dispatched, view.dropped) == (10.0, 1, {Drop.EXPIRED: 1})
    assert view.fairness == pytest.approx(0.5)
    first, second = view.flows
    assert (first.flow, first.waiting, first.oldest, first.bytes) == ("a", 2, 10.0, 2)
    assert (first.attained, first.dispatched, first.dropped) == (300.0, 1, {})
    assert (second.flow, second.oldest, second.dropped) == ("b", 8.0, {Drop.EXPIRED: 1})


def test_service_of_a_flow_that_is_not_known_is_not_counted() -> None:
    made = band()
    made.served("ghost", 5.0, 0.0)
    assert made.flows == {}
    assert made.dropped == Counter()
