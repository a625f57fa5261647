from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.demand import Demand
from gateway.model.placement import Placement, Served
from gateway.picker.ledger import Account
from gateway.picker.shared import circle
from gateway.picker.shared.circle import ALIVE_SECONDS, MAX_PEERS, Circle
from gateway.picker.shared.news import (
    MAX_BYTES,
    MAX_CHAIN,
    MAX_ENDPOINTS,
    MOST,
    VERSION,
    News,
    Placed,
    PoolNews,
    decode,
    encode,
)
from gateway.picker.shared.outbox import Sent
from tests.picker.shared.gateways import ADDRESSES, POOL, One, a_demand, a_pool, exchange, gateway

IDLE: Final = dict.fromkeys(ADDRESSES, (0, 0, 0, 0))


def test_what_one_places_the_other_counts_until_it_ends() -> None:
    one, other = gateway(1), gateway(2)
    placed = one.place(a_demand(1), 0.0)
    exchange([one, other], 0.0)
    assert other.busy() == one.busy() != IDLE
    assert other.pool.guests == other.circle.guests == 1

    one.pool.first_token(placed.ticket, 0.5)
    exchange([one, other], 0.5)
    assert other.busy() == one.busy()

    one.finish(placed, 0.6)
    exchange([one, other], 0.6)
    assert other.busy() == one.busy() == IDLE
    assert other.pool.guests == 0


def test_the_next_turn_goes_where_the_other_gateway_sent_the_last() -> None:
    one, other = gateway(1), gateway(2)
    now = 0.0
    for group in range(4):
        placed = one.place(a_demand(group), now)
        one.finish(placed, now + 1)
        exchange([one, other], now + 1)
        found = other.place(a_demand(group, 40), now + 2)
        assert found.endpoint == placed.endpoint
        assert found.cached_tokens == placed.prompt_tokens
        other.finish(found, now + 3)
        exchange([one, other], now + 3)
        now += 10


def test_a_burst_over_two_gateways_is_spread_as_over_one() -> None:
    one, other = gateway(1), gateway(2)
    for number in range(40):
        (one, other)[number % 2].place(a_demand(number), 0.0)
        exchange([one, other], 0.0)
    assert [counts[0] for counts in one.busy().values()] == [10] * 4
    assert other.busy() == one.busy()


def test_others_learn_at_once_who_answers_instead_and_has_the_prompt() -> None:
    one, other = gateway(1), gateway(2)
    placed = one.place(a_demand(1), 0.0)
    exchange([one, other], 0.0)
    one.pool.moved(placed.ticket, placed.fallbacks[0], 0.1)
    one.pool.first_token(placed.ticket, 0.1)
    exchange([one, other], 0.1)
    assert other.busy() == one.busy()
    assert one.busy()[placed.fallbacks[0]][:2] == (1, 0)
    assert list(other.pool.index.match(a_demand(1).chain)) == [placed.fallbacks[0]]
    one.pool.finish(placed.ticket, Served(placed.fallbacks[0], 200), 1.0)
    exchange([one, other], 1.0)
    assert other.busy() == IDLE
    assert list(other.pool.index.match(a_demand(1).chain)) == [placed.fallbacks[0]]


def test_whose_answer_only_its_end_tells_is_cached_by_others_where_it_was() -> None:
    one, other = gateway(1), gateway(2)
    placed = one.place(a_demand(1), 0.0)
    exchange([one, other], 0.0)
    one.pool.finish(placed.ticket, Served(placed.fallbacks[0], 200), 1.0)
    exchange([one, other], 1.0)
    assert other.busy() == IDLE
    assert list(other.pool.index.match(a_demand(1).chain)) == [placed.fallbacks[0]]


def test_a_message_that_comes_again_or_too_late_changes_nothing() -> None:
    one, other = gateway(1), gateway(2)
    first = one.place(a_demand(1), 0.0)
    early = one.circle.news(0.0)
    one.finish(first, 0.1)
    late = one.circle.news(0.1)
    assert early is not None
    assert late is not None
    assert other.circle.take(early, 0.0)
    assert other.circle.take(late, 0.1)
    assert not other.circle.take(late, 0.1)
    assert not other.circle.take(early, 0.2)
    assert other.busy() == IDLE
    assert other.circle.refused == 0


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["place", "first", "move", "finish", "fail", "tell"]), st.integers(0, 7)
    ),
    max_size=60,
)


@settings(deadline=None)
@given(STEPS, st.randoms(use_true_random=False))
def test_lost_repeated_and_reordered_messages_are_made_good_by_the_next_lists(
    steps: list[Step], random: Random
) -> None:
    one, other = gateway(1), gateway(2)
    now, running = 0.0, list[Placement]()
    messages = list[bytes]()
    for what, number in steps:
        now += 0.3
        if what == "place":
            running.append(one.place(a_demand(number), now))
        elif what == "tell":
            message = one.circle.news(now)
            messages += [] if message is None else [message] * (number % 3)  # 0: lost
        elif running and what == "first":
            one.pool.first_token(running[number % len(running)].ticket, now)
        elif running and what == "move":
            address = ADDRESSES[number % len(ADDRESSES)]
            one.pool.moved(running[number % len(running)].ticket, address, now)
        elif running:
            placed = running.pop(number % len(running))
            one.finish(placed, now, status=200 if what == "finish" else 503)
    random.shuffle(messages)
    for message in messages:
        other.circle.take(message, now)
    for _ in range(2):
        now += 2.0
        one.pool.expire(now)
        exchange([one, other], now)
    assert other.busy() == one.busy()
    assert other.pool.guests == len(one.pool.own)


def test_a_gateway_that_says_nothing_leaves_nothing_behind() -> None:
    one, other = gateway(1), gateway(2)
    for group in range(5):
        one.place(a_demand(group), 0.0)
    exchange([one, other], 0.0)
    assert other.circle.peers == 1
    assert not other.circle.expire(ALIVE_SECONDS)
    assert other.pool.guests == 5
    assert other.circle.expire(ALIVE_SECONDS + 0.1)
    assert (other.circle.peers, other.pool.guests) == (0, 0)
    assert other.busy() == IDLE


def test_one_that_was_started_anew_is_another_and_the_old_one_goes() -> None:
    one, other, again = gateway(1), gateway(2), gateway(3)
    one.place(a_demand(1), 0.0)
    exchange([one, other], 0.0)
    again.place(a_demand(2), 2.5)
    exchange([again, other], 2.5)
    assert other.circle.peers == 2
    other.circle.expire(ALIVE_SECONDS + 0.1)
    assert (other.circle.peers, other.pool.guests) == (1, 1)


def test_what_was_said_long_ago_teaches_caches_and_is_no_sign_of_life() -> None:
    one, other = gateway(1), gateway(2)
    placed = one.place(a_demand(1), 0.0)
    message = one.circle.news(0.0)
    assert message is not None
    other.circle.take(message, 100.0 - 60.0)
    other.circle.expire(100.0)
    assert (other.circle.peers, other.busy()) == (0, IDLE)
    assert other.place(a_demand(1), 100.0).endpoint == placed.endpoint


def test_there_is_something_to_say_when_something_happened_and_once_a_second() -> None:
    one = gateway(1)
    assert one.circle.news(0.0) is not None
    assert one.circle.news(0.5) is None
    one.place(a_demand(1), 0.6)
    assert one.circle.news(0.6) is not None
    assert one.circle.news(0.7) is None
    assert one.circle.news(1.0) is not None


def test_more_than_fits_into_a_message_is_told_in_parts() -> None:
    one, other = gateway(1), gateway(2)
    for number in range(5000):
        one.place(Demand("m", prompt_bytes=number), 0.0)
    now = 0.0
    sizes = list[int]()
    for _ in range(12):
        sizes += map(len, exchange([one, other], now))
        now += 1.0
    assert max(sizes) <= MAX_BYTES
    assert one.pool.outbox is not None
    assert not one.pool.outbox
    assert other.pool.guests == 5000
    assert other.busy() == one.busy()


def test_what_was_never_told_of_thousands_is_made_good_in_parts() -> None:
    one, other = gateway(1), gateway(2)
    for number in range(5000):
        one.place(Demand("m", prompt_bytes=number), 0.0)
    while one.pool.outbox:
        one.circle.news(0.0)  # lost
    for second in range(1, 4):
        exchange([one, other], float(second))
    assert other.pool.guests == 5000
    assert other.busy() == one.busy()


def test_of_prompts_that_are_too_long_to_be_told_the_beginning_is() -> None:
    one, other = gateway(1), gateway(2)
    blocks = MAX_CHAIN // 8
    demand = a_demand(1, blocks + 500)
    one.place(demand, 0.0)
    (message, _) = exchange([one, other], 0.0)
    assert len(message) <= MAX_BYTES
    assert one.circle.withheld == 500
    assert set(other.pool.index.match(demand.chain).values()) == {blocks}


def test_endpoints_and_pools_that_are_not_known_are_ignored() -> None:
    one, other = gateway(1), gateway(2, ("e0", "e9"))
    for group in range(8):
        one.place(a_demand(group), 0.0)
    exchange([one, other], 0.0)
    assert other.pool.guests == 2
    other.circle.share({})
    assert other.circle.guests == 0
    exchange([one, other], 1.0)
    assert other.circle.refused == 0


def test_a_pool_that_another_does_not_have_any_more_has_no_guests_of_it() -> None:
    one, other = gateway(1), gateway(2)
    one.place(a_demand(1), 0.0)
    exchange([one, other], 0.0)
    one.circle.share({})
    exchange([one, other], 1.0)
    assert (other.busy(), other.circle.peers) == (IDLE, 1)


def test_a_pool_that_is_not_shared_any_more_tells_nothing() -> None:
    one = gateway(1)
    one.circle.leave(0.0)
    one.place(a_demand(1), 0.0)
    assert one.pool.outbox is None
    assert one.circle.lost == 0


def test_whoever_leaves_forgets_what_others_said() -> None:
    one, other = gateway(1), gateway(2)
    one.place(a_demand(1), 0.0)
    exchange([one, other], 0.0)
    other.circle.leave(1.0)
    assert (other.busy(), other.circle.peers) == (IDLE, 0)


def test_there_are_no_more_peers_than_a_limit() -> None:
    here = gateway(200)
    for number in range(MAX_PEERS + 3):
        message = gateway(number).circle.news(0.0)
        assert message is not None
        here.circle.take(message, 0.0)
    assert (here.circle.peers, here.circle.refused) == (MAX_PEERS, 3)


def test_what_a_gateway_said_that_is_gone_says_nothing_when_it_comes_again() -> None:
    one, here = gateway(1), gateway(2)
    one.place(a_demand(1), 0.0)
    said = one.circle.news(0.0)
    assert said is not None
    assert here.circle.take(said, 0.0)
    here.circle.expire(ALIVE_SECONDS + 1)
    assert not here.circle.take(said, ALIVE_SECONDS + 1)
    assert (here.busy(), here.circle.peers) == (IDLE, 0)
    later = one.circle.news(ALIVE_SECONDS + 2)
    assert later is not None
    assert here.circle.take(later, ALIVE_SECONDS + 2), "it was only cut off"
    assert here.circle.peers == 1


def test_of_many_that_are_gone_the_newest_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circle, "MAX_FORMER", 2)
    here = gateway(200)
    messages = [gateway(number).circle.news(0.0) or b"" for number in range(4)]
    for at, message in enumerate(messages):
        here.circle.take(message, 10.0 * at)
        here.circle.expire(10.0 * at + 5)
    assert [here.circle.take(message, 100.0) for message in messages] == [True, True, False, False]


def test_what_is_no_message_is_counted_and_ignored() -> None:
    one = gateway(1)
    assert not one.circle.take(b"nothing of ours", 0.0)
    assert (one.circle.refused, one.circle.peers) == (1, 0)


def test_what_a_gateway_says_itself_is_not_heard_by_it() -> None:
    one = gateway(1)
    one.place(a_demand(1), 0.0)
    before = one.busy()
    exchange([one], 0.0)
    assert (one.busy(), one.circle.peers) == (before, 0)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    one = gateway(1)
    assert one.circle.take(data, 0.0) or one.circle.refused == 1


def test_counts_that_cannot_be_told_are_told_as_the_largest() -> None:
    circle, pool = Circle(bytes(16)), a_pool()
    circle.share({POOL: pool})
    assert pool.outbox is not None
    pool.outbox.sent(Sent(1, "e0", -5, 1 << 40, 0, ()))
    message = circle.news(0.0)
    assert message is not None
    (event,) = decode(message).pools[0].events
    assert isinstance(event, Placed)
    assert (event.prefill, event.context) == (0, 1 << 30)


def test_a_request_that_a_server_never_read_is_in_nobodys_cache() -> None:
    one, other = gateway(1), gateway(2)
    placed = one.place(a_demand(1), 0.0)
    exchange([one, other], 0.0)
    assert other.pool.index.match(a_demand(1).chain)
    one.pool.finish(placed.ticket, Served(placed.endpoint, 503), 0.1)
    exchange([one, other], 0.1)
    assert not other.pool.index.match(a_demand(1).chain)


def test_a_beat_without_a_pool_is_about_all_pools() -> None:
    one = gateway(1)
    here = One(one.pool, one.circle)
    said = News(VERSION, bytes(16), 1, False, [PoolNews(POOL, ["e1"], [Placed(5, 0, 10, 20)])])
    here.circle.take(encode(said), 0.0)
    assert here.pool.guests == 1
    here.circle.take(encode(News(VERSION, bytes(16), 2, False, [])), 0.0)
    assert here.pool.guests == 1
    here.circle.take(encode(News(VERSION, bytes(16), 3, True, [])), 0.0)
    assert here.pool.guests == 0


def test_the_largest_message_is_one_that_others_take() -> None:
    pools = {f"{number:x<60}": a_pool() for number in range(3)}
    one, other = Circle(bytes(16)), Circle(bytes([1]) * 16)
    one.share(pools)
    other.share({name: a_pool() for name in pools})
    for name, pool in pools.items():
        for number in range(MAX_ENDPOINTS):
            address = f"[2001:0db8:85a3:0000:0000:8a2e:{number:04x}:{name[0]:0>4}]:65535"
            tokens = MOST - number, MOST
            ticket = pool.own.charge(Account(), address, *tokens, 0.0)
            assert pool.outbox is not None
            pool.outbox.sent(Sent(ticket, address, *tokens, MOST, (1 << 63,) * 100))
    message = one.news(0.0)
    assert message is not None
    assert MAX_BYTES / 2 < len(message) <= MAX_BYTES
    assert other.take(message, 0.0)
