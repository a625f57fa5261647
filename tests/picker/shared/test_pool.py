import pytest

from gateway.model.engine import EngineLoad
from gateway.model.placement import Placement, Served
from gateway.picker.cost import CostProfile
from gateway.picker.endpoint import Endpoint
from gateway.picker.shared.news import PARTS, Began, Ended
from gateway.picker.shared.outbox import Outbox, Sent
from gateway.picker.shared.pool import SharedPool
from tests.picker.shared.gateways import a_demand, a_pool


def telling(pool: SharedPool) -> Outbox:
    outbox = Outbox()
    pool.tell(outbox)
    return outbox


def placed(pool: SharedPool, group: int = 1, now: float = 0.0) -> Placement:
    placement = pool.place(a_demand(group), now)
    assert isinstance(placement, Placement)
    return placement


def test_what_is_placed_is_told_with_its_tokens_and_chain() -> None:
    pool = a_pool()
    outbox = telling(pool)
    placement = placed(pool)
    (event,) = outbox.take(9)
    assert isinstance(event, Sent)
    assert (event.ticket, event.address) == (placement.ticket, placement.endpoint)
    assert event.prefill == placement.prompt_tokens == 7680
    assert event.context > event.prefill
    assert event.chain == a_demand(1).chain
    assert event.reserve > 0


def test_first_tokens_and_ends_are_told_with_what_they_leave() -> None:
    pool = a_pool()
    outbox = telling(pool)
    placement = placed(pool)
    pool.first_token(placement.ticket, 1.0)
    assert outbox.take(9)[1:] == [Began(placement.ticket, False), Began(placement.ticket, True)]
    pool.finish(placement.ticket, Served(placement.endpoint, 200, output_tokens=512), 2.0)
    assert outbox.take(9) == [Ended(placement.ticket, 2 * PARTS, True)]


@pytest.mark.parametrize(
    ("served", "read"),
    [
        (Served(None, 200, 0.5), True),
        (Served(None, 503), False),
        (Served(), False),
        (Served("elsewhere", 200, 0.5), False),
    ],
)
def test_what_another_server_or_none_answered_is_told_as_not_read(
    served: Served, *, read: bool
) -> None:
    pool = a_pool()
    outbox = telling(pool)
    placement = placed(pool)
    pool.finish(placement.ticket, served, 2.0)
    end = outbox.take(9)[-1]
    assert isinstance(end, Ended)
    assert end.read is read


def test_first_tokens_that_are_only_assumed_are_told() -> None:
    pool = a_pool()
    outbox = telling(pool)
    placement = placed(pool)
    pool.saturation(1000.0)
    assert Began(placement.ticket, False) in outbox.take(9)


def test_the_charge_of_a_prefilling_endpoint_is_told_until_the_first_token() -> None:
    pool = SharedPool(CostProfile())
    pool.set_endpoints(
        [Endpoint("p", role="prefill"), Endpoint("d", role="decode"), Endpoint("b")], 0.0
    )
    outbox = telling(pool)
    found: list[Placement] = []
    for group in range(200):
        placement = placed(pool, group)
        found.append(placement)
        if placement.prefiller:
            break
    sent = [event for event in outbox.take(999) if isinstance(event, Sent)]
    last = found[-1]
    assert last.prefiller == "p"
    assert [event.address for event in sent[-2:]] == [last.endpoint, "p"]
    pool.first_token(last.ticket, 1.0)
    assert Ended(sent[-1].ticket, 0, True) in outbox.take(999)


def test_guests_count_as_ones_own_do() -> None:
    own, host = a_pool(("e0",)), a_pool(("e0",))
    mine = placed(own)
    (state,), (same,) = own.states(), host.states()
    flight = state.in_flight
    guest = host.host("e0", flight.prefill_tokens, flight.context_tokens, 0.0)
    assert guest is not None
    host.let_in(guest, a_demand(1).chain, 0.5)
    assert (same.in_flight.requests, same.since_scrape) == (1, 1)
    assert same.in_flight.prefill_tokens == state.in_flight.prefill_tokens
    assert host.fleet.current()[0].busy == own.fleet.current()[0].busy
    own.first_token(mine.ticket, 1.0)
    host.host_began(guest, 1.0, seen=True)
    assert host.fleet.current()[0].busy == own.fleet.current()[0].busy
    host.see_off(guest, 2.0, 2)
    assert host.fleet.current()[0].busy is None
    assert host.guests == 0


def test_a_guest_since_the_last_scrape_is_one_that_it_does_not_know() -> None:
    pool = a_pool(("e0",))
    pool.host("e0", 10, 20, 1.0)
    pool.host("e0", 10, 20, 3.0)
    pool.scraped("e0", EngineLoad(at=2.0, waiting=1, running=0), 3.1)
    (state,) = pool.states()
    assert state.since_scrape == 1


def test_waiting_requests_that_are_guests_are_not_counted_twice() -> None:
    pool = a_pool(("e0",))
    for _ in range(3):
        pool.host("e0", 10, 20, 1.0)
    pool.scraped("e0", EngineLoad(at=2.0, waiting=5, running=1), 2.0)
    busy = pool.fleet.current()[0].busy
    assert busy is not None
    assert busy.queue is not None
    assert (busy.queue.tokens, busy.queue.foreign) == (30, 2)


def test_nobody_is_hosted_where_there_is_no_endpoint() -> None:
    assert a_pool().host("e9", 10, 20, 0.0) is None


def test_a_guest_whose_endpoint_leaves_ends_quietly() -> None:
    pool = a_pool()
    guest = pool.host("e0", 10, 20, 0.0)
    assert guest is not None
    pool.let_in(guest, (1, 2), 0)
    pool.set_endpoints([Endpoint("e1")], 1.0)
    pool.set_endpoints([Endpoint("e0")], 2.0)
    pool.see_off(guest, 3.0, 5)
    (state,) = pool.states()
    assert (pool.guests, state.in_flight.requests) == (0, 0)


def test_a_guest_that_was_never_read_leaves_no_cache() -> None:
    pool = a_pool()
    guest = pool.host("e0", 10, 20, 0.0)
    assert guest is not None
    pool.let_in(guest, (1, 2), 0)
    assert pool.index.match((1, 2)) == {"e0": 2}
    pool.see_off(guest, 1.0, read=False)
    assert pool.index.match((1, 2)) == {}


def test_a_profile_that_is_changed_hears_of_others_too() -> None:
    pool = a_pool()
    heard: list[str] = []

    class Listening(CostProfile):
        def heard(self, address: str, uncached_tokens: int, now: float) -> None:
            heard.append(f"{address} {uncached_tokens} {now:g}")

    pool.use(Listening(), Listening())
    pool.host("e2", 10, 20, 0.0)
    assert heard == ["e2 10 0", "e2 10 0"]


def test_who_counts_what_waits_is_told_of_guests_once_each() -> None:
    pool = a_pool(("e0", "e1"))
    told: list[tuple[str, ...]] = []

    class Noting:
        def sent(self, address: str) -> None:
            told.append(("sent", address))

        def first_token(self, address: str) -> None:
            told.append(("first", address))

        def moved(self, address: str, to: str, first_token_seen: bool) -> None:
            told.append(("moved", address, to, str(first_token_seen)))

        def ended(self, address: str, first_token_seen: bool) -> None:
            told.append(("ended", address, str(first_token_seen)))

    pool.witness = Noting()
    guest, other = pool.host("e0", 10, 20, 0.0), pool.host("e0", 10, 20, 0.0)
    assert guest is not None
    assert other is not None
    pool.host_began(guest, 1.0, seen=False)
    pool.host_began(guest, 2.0, seen=True)
    pool.host_began(guest, 3.0, seen=True)
    assert pool.rehost(guest, "e1", 3.0)
    assert pool.rehost(guest, "e1", 3.0)
    assert not pool.rehost(other, "elsewhere", 3.0)
    for each in (guest, other, guest):
        pool.see_off(each, 4.0)
    assert told == [
        ("sent", "e0"),
        ("sent", "e0"),
        ("first", "e0"),
        ("moved", "e0", "e1", "True"),
        ("ended", "e1", "True"),
        ("ended", "e0", "False"),
    ]


def test_a_guest_that_another_endpoint_answers_is_charged_and_cached_there() -> None:
    pool = a_pool()
    guest = pool.host("e0", 10, 20, 0.0)
    assert guest is not None
    pool.let_in(guest, (1, 2), 3.0)
    assert pool.rehost(guest, "e1", 1.0)
    busy = {each.address: each.in_flight.prefill_tokens for each in pool.states()}
    assert (busy["e0"], busy["e1"]) == (0, 10)
    assert dict(+pool.elsewhere) == {"e1": 1}
    assert pool.index.match((1, 2)) == {"e1": 2}
    assert guest.lease is not None
    assert guest.lease.reserved == 3.0
    pool.see_off(guest, 2.0)
    assert not +pool.elsewhere
    assert {each.in_flight.requests for each in pool.states()} == {0}
