"""A pool that listens picks by what its endpoints have said; one that does not is as before."""

from gateway.config.pool import KvEvents
from gateway.model.placement import Placement, Served
from gateway.picker.cost import CostProfile
from gateway.picker.endpoint import Endpoint
from gateway.picker.kv.feed import Feed
from gateway.picker.kv.pool import Known, ListeningPool
from gateway.picker.profile import Ranking
from tests.picker.kv.publisher import Publisher, demand_of, served

A, B = "10.0.0.1:80", "10.0.0.2:80"
PROMPT = b"one two three four five six seven " * 200


def pool(*, listening: bool = True) -> ListeningPool:
    made = ListeningPool(CostProfile("default"), name="chat")
    made.set_endpoints([Endpoint(A), Endpoint(B)], 0.0)
    made.listen(KvEvents() if listening else None)
    return made


def place(one: ListeningPool, now: float, prompt: bytes = PROMPT) -> Placement:
    found = one.place(demand_of(prompt), now)
    assert isinstance(found, Placement)
    return found


def test_a_pick_follows_what_was_evicted_here_and_stored_there() -> None:
    one = pool()
    engines = {address: Publisher(1000) for address in (A, B)}
    feeds = {address: Feed(replays=True) for address in (A, B)}
    first = place(one, 0.0)
    here = first.endpoint
    there = B if here == A else A
    engines[here].serve(PROMPT)
    one.heard(here, engines[here].received(feeds[here], 0.1), 0.1)
    one.finish(first.ticket, served(PROMPT), 0.2)
    one.expire(2.0)
    assert one.known(here) == Known(len(PROMPT) // 64, 1, 0)
    assert one.explain(demand_of(PROMPT), 2.0)[0].candidate.address == here
    engines[here].clear()
    engines[there].serve(PROMPT)
    for address in (here, there):
        one.heard(address, engines[address].received(feeds[address], 2.1), 2.1)
    assert one.explain(demand_of(PROMPT), 2.2)[0].candidate.address == there
    second = place(one, 2.2)
    assert second.endpoint == there
    assert second.cached_tokens > 0.9 * second.prompt_tokens - 256


def test_one_that_does_not_listen_says_and_hears_nothing() -> None:
    one = pool(listening=False)
    assert one.sources() == {}
    assert one.known(A) is None
    engine = Publisher(1000)
    engine.serve(PROMPT)
    told = one.heard(A, engine.received(Feed(replays=True), 0.0), 0.0)
    assert told.stored == 0
    first = place(one, 0.0)
    one.first_token(first.ticket, 0.1)
    one.finish(first.ticket, Served(status=200), 0.2)
    again = place(one, 0.3)
    assert again.endpoint == first.endpoint
    assert again.cached_tokens > 0


def test_sources_are_those_of_the_endpoints() -> None:
    one = pool()
    assert set(one.sources()) == {A, B}
    one.set_endpoints([Endpoint(B)], 1.0)
    assert set(one.sources()) == {B}
    one.listen(None)
    assert one.sources() == {}


def test_what_is_placed_by_who_has_room_is_joined_to_its_events_too() -> None:
    one, engine = pool(), Publisher(1000)

    def any_of(ranking: Ranking) -> Ranking:
        return ranking

    found = one.place_if(demand_of(PROMPT), 0.0, 0.0, any_of)
    assert isinstance(found, Placement)
    engine.serve(PROMPT)
    one.heard(found.endpoint, engine.received(Feed(replays=True), 0.1), 0.1)
    one.finish(found.ticket, served(PROMPT), 0.2)
    one.expire(2.0)
    assert one.known(found.endpoint) == Known(len(PROMPT) // 64, 1, 0)
