from gateway.picker.shared.news import VERSION, Began, Ended, Event, News, Open, Placed, PoolNews
from gateway.picker.shared.news import Running as Row
from gateway.picker.shared.peer import Peer
from tests.picker.shared.gateways import POOL, a_pool

ENDPOINTS = ["e0", "e1"]


def said(number: int, *events: Event, open_: Open | None = None) -> News:
    return News(VERSION, bytes(16), number, False, [PoolNews(POOL, ENDPOINTS, [*events], open_)])


def test_a_chain_that_comes_after_the_list_is_still_learnt() -> None:
    pool, peer = a_pool(), Peer(0.0)
    pools = {POOL: pool}
    peer.hear(said(1, open_=Open(0, 5, [Row(5, 1, 10, 20, True, False)])), pools, 0.0)
    assert pool.guests == 1
    peer.hear(said(2, Placed(5, 1, 10, 20, 0, bytes(8))), pools, 0.0)
    assert pool.guests == 1
    assert pool.index.match((0,)) == {"e1": 1}


def test_a_list_says_nothing_of_tickets_outside_of_it() -> None:
    pool, peer = a_pool(), Peer(0.0)
    pools = {POOL: pool}
    peer.hear(said(1, *(Placed(ticket, 0, 10, 20) for ticket in (1, 5, 9))), pools, 0.0)
    peer.hear(said(2, open_=Open(1, 8, [])), pools, 0.0)
    assert sorted(peer.guests[POOL]) == [1, 9]


def test_a_list_tells_of_first_tokens_too() -> None:
    pool, peer = a_pool(), Peer(0.0)
    pools = {POOL: pool}
    peer.hear(said(1, Placed(1, 0, 10, 20)), pools, 0.0)
    peer.hear(said(2, open_=Open(0, 1, [Row(1, 0, 10, 20, False, True)])), pools, 0.0)
    (state, *_) = pool.states()
    assert (state.in_flight.requests, state.in_flight.prefilling) == (1, 0)


def test_news_of_requests_that_are_not_known_change_nothing() -> None:
    pool, peer = a_pool(), Peer(0.0)
    peer.hear(said(1, Began(3, True), Ended(4, 10)), {POOL: pool}, 0.0)
    assert (pool.guests, peer.guests[POOL]) == (0, {})


def test_no_more_guests_of_one_peer_are_let_in_than_a_limit() -> None:
    pool, peer = a_pool(), Peer(0.0, limit=3)
    pools = {POOL: pool, "more": a_pool()}
    peer.hear(said(1, *(Placed(ticket, 0, 10, 20) for ticket in range(2))), pools, 0.0)
    more = PoolNews("more", ENDPOINTS, [Placed(ticket, 0, 10, 20) for ticket in range(2)])
    peer.hear(News(VERSION, bytes(16), 2, False, [more]), pools, 0.0)
    peer.hear(said(3, *(Placed(ticket, 0, 10, 20) for ticket in range(9))), pools, 0.0)
    rows = [Row(ticket, 0, 10, 20, True, False) for ticket in range(20)]
    peer.hear(said(4, open_=Open(0, 50, rows)), pools, 0.0)
    assert pool.guests + pools["more"].guests == 3


def test_one_pool_has_all_guests_that_a_peer_may_have_though_they_come_one_by_one() -> None:
    pool, peer = a_pool(), Peer(0.0, limit=4)
    for ticket in range(9):
        peer.hear(said(ticket, Placed(ticket, 0, 10, 20)), {POOL: pool}, 0.0)
    assert pool.guests == 4


def test_whoever_departs_takes_its_guests_along() -> None:
    pool, peer = a_pool(), Peer(0.0)
    pools = {POOL: pool}
    peer.hear(said(1, Placed(1, 0, 10, 20), Placed(2, 1, 10, 20)), pools, 0.0)
    peer.depart(pools, 1.0)
    assert (pool.guests, peer.guests) == (0, {})


def test_a_list_tells_who_answers_instead() -> None:
    pool, peer = a_pool(), Peer(0.0)
    pools = {POOL: pool}
    peer.hear(said(1, Placed(1, 0, 10, 20, 0, bytes(8))), pools, 0.0)
    peer.hear(said(2, open_=Open(0, 1, [Row(1, 1, 10, 20, True, False)])), pools, 0.0)
    busy = {each.address: each.in_flight.requests for each in pool.states()}
    assert (busy["e0"], busy["e1"]) == (0, 1)
    assert pool.index.match((0,)) == {"e1": 1}


def test_what_an_endpoint_answers_that_is_not_known_here_is_no_guest_any_more() -> None:
    pool, peer = a_pool(("e0",)), Peer(0.0)
    pools = {POOL: pool}
    for number, ticket in enumerate((1, 2)):
        peer.hear(said(number, Placed(ticket, 0, 10, 20, 0, bytes(8))), pools, 0.0)
    peer.hear(said(2, Placed(1, 1, 10, 20, 0, bytes(8))), pools, 0.0)
    peer.hear(said(3, open_=Open(1, 2, [Row(2, 1, 10, 20, True, False)])), pools, 0.0)
    assert (pool.guests, peer.guests[POOL]) == (0, {})
    assert pool.index.match((0,)) == {}
