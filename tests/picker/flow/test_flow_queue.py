"""One flow: its requests in order, its bytes, its oldest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.demand import Demand
from gateway.picker.flow.attained_service import AttainedService
from gateway.picker.flow.entry import Entry, FlowKey
from gateway.picker.flow.flow_queue import FlowQueue
from gateway.picker.flow.ordering import find_ordering

KEY = FlowKey("a", 0)


def entry(number: int, target: float | None = None, size: int = 1) -> Entry:
    arrived = float(number)
    return Entry(number, KEY, Demand("m", ttft_slo=target), size, arrived, arrived + 60)


def queue(ordering: str = "fcfs") -> FlowQueue:
    return FlowQueue("a", find_ordering()[ordering], AttainedService(60.0), 0.0)


def drained(flow: FlowQueue) -> list[int]:
    numbers: list[int] = []
    while len(flow):
        numbers.append(flow.head().number)
        flow.remove(flow.head())
    return numbers


def test_requests_leave_in_the_order_of_the_policy() -> None:
    flow = queue("slo-deadline")
    for number, target in ((1, None), (2, 90.0), (3, 5.0), (4, None), (5, 3.0)):
        flow.add(entry(number, target))
    assert flow.oldest() == 1.0
    assert drained(flow) == [3, 5, 2, 1, 4]


@given(st.lists(st.integers(0, 30), unique=True), st.sets(st.integers(0, 30)))
def test_any_of_them_may_leave_at_any_time(numbers: list[int], gone: set[int]) -> None:
    flow = queue()
    entries = {number: entry(number, size=number) for number in sorted(numbers)}
    for each in entries.values():
        flow.add(each)
    for number in gone & entries.keys():
        flow.remove(entries[number])
    left = sorted(entries.keys() - gone)
    assert flow.bytes == sum(left)
    assert flow.oldest() == (left[0] if left else None)
    assert drained(flow) == left
    assert flow.bytes == 0


def test_an_empty_flow_has_no_head() -> None:
    with pytest.raises(LookupError, match="'a'"):
        queue().head()


def test_what_does_not_wait_cannot_be_removed() -> None:
    with pytest.raises(KeyError):
        queue().remove(entry(1))
