"""A permitted request gets an endpoint, waits for one, or is told why there is none."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.audit.record import Record
from gateway.model.demand import Demand
from gateway.model.head import ResponseHead
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.model.refusal import Reason
from gateway.model.usage import Usage
from gateway.model.verdict import Forward, Mutation, Queued
from gateway.pipeline.picking import (
    MOST_ANSWER,
    MOST_PROMPT,
    Pick,
    Picking,
    dropped,
    placed,
)
from gateway.pipeline.placer import Entry
from gateway.pipeline.rescue import RefusedError

DEMAND = Demand("llama", repeatable=False)
PICK = Pick("chat", DEMAND, 100)
PLACED = Placement(7, "10.0.0.1:80", "chat", "cost", ("10.0.0.2:80",))
ENTRY = Entry("chat", 3, 60.0)
USAGE = Usage(input=100, output=20, cached=64, tells_cached=True)


class Scripted:
    """A placer that says what a test says, and notes what it is told."""

    def __init__(
        self, answer: Placement | Dropped | Entry, then: Placement | Dropped = PLACED
    ) -> None:
        self._answer = answer
        self._then = then
        self.told: list[object] = []

    async def place(self, pool: str, demand: Demand, size: int) -> Placement | Dropped | Entry:
        self.told.append((pool, demand, size))
        return self._answer

    async def wait(self, entry: Entry) -> Placement | Dropped:
        self.told.append(entry)
        return self._then

    def leave(self, entry: Entry) -> None:
        self.told.append(("left", entry))

    def when_evicted(self, placement: Placement, tell: Callable[[], None]) -> None:
        del placement
        self.evict = tell

    def moved(self, placement: Placement, endpoint: str) -> None:
        self.told.append(("moved", placement.ticket, endpoint))

    def first_token(self, placement: Placement) -> None:
        self.told.append(("first token", placement.ticket))

    def finish(self, placement: Placement, served: Served) -> None:
        self.told.append((placement.ticket, served))


class Ticking:
    """Half a second more each time."""

    def __init__(self) -> None:
        self._now = 0

    def __call__(self) -> int:
        self._now += 500_000_000
        return self._now


def picking(placer: Scripted) -> tuple[Picking, Record]:
    record = Record("audit", 0.0, 1, "digest")
    return Picking(placer, record, Ticking(), lambda: placer.told.append("cut")), record


def begun(placer: Scripted) -> tuple[Picking, Record, Forward | Queued]:
    one, record = picking(placer)
    return one, record, asyncio.run(one.begin(PICK, Forward()))


def test_a_request_goes_where_it_was_placed() -> None:
    placer = Scripted(PLACED)
    _, record, verdict = begun(placer)
    assert verdict == placed(Forward(), PLACED, DEMAND)
    assert record.picked == PLACED
    assert placer.told == [("chat", DEMAND, 100)]


def test_header_and_metadata_name_the_same_endpoints_in_order() -> None:
    before = Forward(Mutation((("a", "b"),), ("c",)), b"{}", metadata={"gatehouse": {"x": 1}})
    after = placed(before, PLACED, DEMAND)
    order = "10.0.0.1:80,10.0.0.2:80"
    wanted = (
        ("a", "b"),
        ("x-gateway-pool", "chat"),
        ("x-gateway-destination-endpoint", order),
        ("x-envoy-max-retries", "1"),
    )
    assert after.mutation == Mutation(wanted, ("c",))
    lb = {"x-gateway-destination-endpoint": order}
    assert after.metadata == {"gatehouse": {"x": 1}, "envoy.lb": lb}
    assert (after.reroutes, after.body) == (True, b"{}")


def test_only_what_leaves_nothing_behind_may_be_asked_again() -> None:
    once = placed(Forward(), PLACED, DEMAND)
    again = placed(Forward(), PLACED, replace(DEMAND, repeatable=True))
    assert "x-envoy-retry-on" not in dict(once.mutation.set)
    assert "reset" in dict(again.mutation.set)["x-envoy-retry-on"].split(",")


def test_envoy_tries_nobody_who_was_not_picked() -> None:
    alone = placed(Forward(), replace(PLACED, fallbacks=()), replace(DEMAND, repeatable=True))
    assert dict(alone.mutation.set)["x-envoy-max-retries"] == "0"


def test_the_sidecar_is_told_who_prefills() -> None:
    found = placed(Forward(), replace(PLACED, prefiller="10.0.0.9:80"), DEMAND)
    assert dict(found.mutation.set)["x-prefiller-host-port"] == "10.0.0.9:80"


def test_a_request_that_waits_is_queued_and_goes_on_later() -> None:
    placer = Scripted(ENTRY, replace(PLACED, waited=2.0))
    one, record, verdict = begun(placer)
    assert verdict == Queued(60.0, PICK.size)
    assert isinstance(asyncio.run(one.go_on()), Forward)
    assert record.waited == 2.0
    assert placer.told[-1] == ENTRY


def test_who_leaves_the_queue_leaves_it_at_once_and_only_then() -> None:
    placer = Scripted(ENTRY)
    one, _, _ = begun(placer)
    one.finish(None)
    one.finish(None)
    assert placer.told[1:] == [("left", ENTRY)]
    waited = Scripted(ENTRY)
    other, _, _ = begun(waited)
    asyncio.run(other.go_on())
    other.finish(None)
    assert waited.told[2:] == [(7, Served())]


def test_the_end_is_told_once_with_all_that_was_seen() -> None:
    placer = Scripted(PLACED)
    one, _, _ = begun(placer)
    one.answered(ResponseHead(200, upstream="10.0.0.2:80"))
    one.began()
    one.began()
    one.finish(USAGE)
    one.finish(USAGE)
    seen = Served("10.0.0.2:80", 200, 0.5, 100, 64, 20)
    assert placer.told[1:] == [("moved", 7, "10.0.0.2:80"), ("first token", 7), (7, seen)]


def test_a_server_that_does_not_count_what_was_cached_says_nothing_of_it() -> None:
    placer = Scripted(PLACED)
    one, _, _ = begun(placer)
    one.finish(Usage(input=100, output=20))
    assert placer.told[-1] == (7, Served(prompt_tokens=100, output_tokens=20))


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        (Usage(input=MOST_PROMPT, output=MOST_ANSWER), (MOST_PROMPT, None, MOST_ANSWER)),
        (Usage(input=MOST_PROMPT + 1, output=MOST_ANSWER + 1), (None, None, None)),
        (Usage(input=5, output=5, cached=6, tells_cached=True), (5, None, 5)),
        (Usage(input=1 << 52, cached=1 << 52, tells_cached=True), (None, None, 0)),
    ],
)
def test_a_server_that_counts_more_than_can_be_is_not_heard(
    usage: Usage, told: tuple[int | None, ...]
) -> None:
    placer = Scripted(PLACED)
    one, _, _ = begun(placer)
    one.finish(usage)
    prompt, cached, output = told
    seen = Served(prompt_tokens=prompt, cached_tokens=cached, output_tokens=output)
    assert placer.told[-1] == (7, seen)


def test_a_request_that_has_to_give_way_is_cut_off_and_still_finished() -> None:
    placer = Scripted(PLACED)
    one, record, _ = begun(placer)
    placer.evict()
    one.finish(None)
    placer.evict()
    assert placer.told[1:] == ["cut", (7, Served())]
    assert record.reason == "evicted"


def test_what_was_never_placed_is_never_finished() -> None:
    placer = Scripted(Dropped(Drop.SATURATED))
    one, _ = picking(placer)
    with pytest.raises(RefusedError):
        asyncio.run(one.begin(PICK, Forward()))
    one.began()
    one.finish(None)
    assert placer.told == [("chat", DEMAND, 100)]


@pytest.mark.parametrize("drop", list(Drop))
def test_every_drop_is_a_refusal_with_its_reason_and_when_to_come_again(drop: Drop) -> None:
    refusal = dropped(Dropped(drop, retry_after=2.4))
    none = drop is Drop.NO_ENDPOINTS
    assert refusal.reason is (Reason.NO_ENDPOINT if none else Reason.LIMITED)
    headers = dict(refusal.headers)
    assert headers == {"x-llm-d-request-dropped-reason": drop.value, "retry-after": "2"}


@pytest.mark.parametrize(
    ("upstream", "moves"),
    [("10.0.0.2:80", True), ("10.0.0.1:80", False), ("", False)],
)
def test_the_endpoint_that_answers_is_told_when_it_is_not_the_one_picked(
    upstream: str, *, moves: bool
) -> None:
    placer = Scripted(PLACED)
    one, _, _ = begun(placer)
    one.answered(ResponseHead(200, upstream=upstream))
    assert (("moved", PLACED.ticket, upstream) in placer.told) is moves
    one.finish(None)
    assert placer.told[-1] == (PLACED.ticket, Served(upstream or None, 200))
