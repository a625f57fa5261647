from collections import Counter
from collections.abc import Sequence

import pytest

from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.picker.cost import CostProfile
from gateway.picker.endpoint import Endpoint
from gateway.picker.limits import Limits
from gateway.picker.pool import PoolPicker
from gateway.picker.profile import Candidate, Ranked, Ranking


def a_pool(count: int = 4, limits: Limits | None = None) -> PoolPicker:
    pool = PoolPicker(CostProfile(), name="p", limits=limits)
    pool.set_endpoints([Endpoint(f"e{number}") for number in range(count)], 0.0)
    return pool


def a_demand(group: int, blocks: int = 30) -> Demand:
    chain = tuple(group * 1000 + number for number in range(blocks))
    return Demand("m", chain, prompt_bytes=1024 * blocks)


def placed(pool: PoolPicker, demand: Demand, now: float = 0.0) -> Placement:
    placement = pool.place(demand, now)
    assert isinstance(placement, Placement)
    return placement


def in_flight(pool: PoolPicker) -> dict[str, int]:
    return {state.address: state.in_flight.requests for state in pool.states()}


def test_a_prompt_comes_back_to_where_it_is_cached() -> None:
    pool = a_pool()
    first = placed(pool, a_demand(1))
    pool.finish(first.ticket, Served(first.endpoint, 200), 1.0)
    for group in range(2, 6):
        other = placed(pool, a_demand(group), 2.0)
        pool.finish(other.ticket, Served(other.endpoint, 200), 3.0)
    again = placed(pool, a_demand(1), 10.0)

    assert again.endpoint == first.endpoint
    assert again.cached_tokens == again.prompt_tokens == 7680
    assert len(again.fallbacks) == 2
    assert again.endpoint not in again.fallbacks


def test_a_burst_of_different_prompts_in_one_tick_is_spread_evenly() -> None:
    pool = a_pool()
    picks = Counter(placed(pool, a_demand(group)).endpoint for group in range(40))

    assert sorted(picks.values()) == [10, 10, 10, 10]


def test_a_burst_of_identical_prompts_neither_herds_nor_scatters() -> None:
    assert sorted(burst(gap=0.0).values()) == [8] * 8


def test_a_prompt_is_computed_on_fewer_endpoints_the_slower_its_burst_comes() -> None:
    """It takes 2.6 s: whoever comes later than that finds it in a cache, and earlier ones wait for
    the rest of that time. So a copy is worth it only while endpoints fill up."""
    copies = [len(burst(gap)) for gap in (0.0, 0.03, 0.1, 0.3)]
    assert copies[0] == 8
    assert copies == sorted(copies, reverse=True)
    assert 1 < copies[1] < 8
    assert copies[-1] == 1


def burst(gap: float) -> Counter[str]:
    """Where 64 identical prompts go that come so many seconds after one another, none of which
    ends. No endpoint computes it twice."""
    pool = a_pool(8)
    found = [placed(pool, a_demand(1, blocks=100), number * gap) for number in range(64)]
    begun = [each.endpoint for each in found if not each.cached_tokens]
    assert sorted(begun) == sorted({each.endpoint for each in found})
    return Counter(each.endpoint for each in found)


def test_each_report_counts_once_and_everything_is_given_back() -> None:
    pool = a_pool(1)
    ticket = placed(pool, a_demand(1)).ticket
    for _ in range(2):
        pool.first_token(ticket, 1.0)
        pool.finish(ticket, Served("e0", 200), 2.0)
        pool.first_token(ticket, 3.0)

    [state] = pool.states()
    assert (state.in_flight.requests, state.in_flight.prefill_tokens) == (0, 0)
    assert state.in_flight.context_tokens == 0


def test_an_endpoint_that_comes_back_starts_at_zero_and_old_tickets_change_nothing() -> None:
    pool = a_pool(1)
    old = placed(pool, a_demand(1))
    pool.set_endpoints([], 1.0)
    assert pool.place(a_demand(1), 1.0) == Dropped(Drop.NO_ENDPOINTS)
    pool.set_endpoints([Endpoint("e0")], 2.0)
    assert in_flight(pool) == {"e0": 0}
    new = placed(pool, a_demand(1), 3.0)
    assert new.cached_tokens == 0

    pool.finish(old.ticket, Served("e0", 200), 4.0)
    assert in_flight(pool) == {"e0": 1}


def test_what_ends_after_its_endpoint_has_left_leaves_nothing_of_it_behind() -> None:
    profile = CostProfile()
    pool = PoolPicker(profile)
    pool.set_endpoints([Endpoint("gone")], 0.0)
    late = placed(pool, a_demand(1))
    pool.set_endpoints([Endpoint("here")], 1.0)
    pool.first_token(late.ticket, 2.0)
    pool.finish(late.ticket, Served("gone", 200, output_tokens=50), 9.0)

    assert profile.rates.known_pace("gone", 9.0) == 0


def test_a_request_that_another_endpoint_served_is_cached_there() -> None:
    pool = a_pool(2)
    first = placed(pool, a_demand(1))
    other = first.fallbacks[0]
    pool.finish(first.ticket, Served(other, 200), 1.0)
    again = placed(pool, a_demand(1), 2.0)

    assert (again.endpoint, again.cached_tokens) == (other, again.prompt_tokens)


def test_a_request_that_was_refused_left_nothing_in_the_cache() -> None:
    pool = a_pool(1)
    first = placed(pool, a_demand(1))
    pool.finish(first.ticket, Served("e0", 503), 1.0)

    assert placed(pool, a_demand(1), 2.0).cached_tokens == 0


@pytest.mark.parametrize(("subset", "expected"), [(("e2", "x"), "e2"), ((), None), (("x",), None)])
def test_only_the_subset_may_be_picked(subset: tuple[str, ...], expected: str | None) -> None:
    picked = a_pool().place(Demand("m", subset=subset), 0.0)

    assert getattr(picked, "endpoint", None) == expected
    if expected is None:
        assert picked == Dropped(Drop.NO_ENDPOINTS)


def test_unhealthy_endpoints_are_no_candidates() -> None:
    pool = a_pool(2)
    pool.set_endpoints([Endpoint("e0", healthy=False), Endpoint("e1")], 0.0)
    placement = placed(pool, a_demand(1))

    assert (placement.endpoint, placement.fallbacks) == ("e1", ())


def test_a_stale_scrape_is_unknown_and_not_full() -> None:
    pool = a_pool(1, Limits(stale=2.0))
    pool.scraped("e0", EngineLoad(0.0, waiting=50, kv_usage=1.0), 0.0)
    assert pool.saturation(1.0) == 1
    pool.scraped("e0", None, 1.5)
    assert pool.saturation(1.5) == 1
    assert pool.saturation(2.5) == 0


def test_requests_since_the_scrape_are_counted_until_the_next() -> None:
    pool = a_pool(1)
    pool.scraped("e0", EngineLoad(0.0, waiting=0), 0.0)
    for group in range(5):
        placed(pool, a_demand(group), 1.0)

    assert pool.saturation(1.0) == pytest.approx(1)
    pool.scraped("e0", EngineLoad(2.0, waiting=0), 2.0)
    assert pool.saturation(2.0) == 0


def test_answers_that_nobody_reads_do_not_count_as_prefill_to_their_end() -> None:
    pool = a_pool(1)
    first = placed(pool, a_demand(1))
    assert first.expected is not None
    placed(pool, a_demand(2), first.expected / 1000 + 0.01)
    [state] = pool.states()

    assert (state.in_flight.requests, state.in_flight.prefilling) == (2, 1)


def test_an_explanation_charges_nothing() -> None:
    pool = a_pool(3)
    ranked = pool.explain(a_demand(1), 0.0)

    assert len(ranked) == 3
    assert in_flight(pool) == {"e0": 0, "e1": 0, "e2": 0}
    assert pool.index.blocks == 0


def test_requests_whose_end_nobody_reported_end_by_themselves() -> None:
    pool = a_pool(1, Limits(ttl=60))
    placed(pool, a_demand(1))
    pool.expire(61.0)

    assert in_flight(pool) == {"e0": 0}


def test_what_a_server_reports_makes_the_next_estimate_better() -> None:
    pool = a_pool(1)
    for _ in range(30):
        first = placed(pool, a_demand(1))
        pool.finish(first.ticket, Served("e0", 200, prompt_tokens=15_360), 1.0)

    assert placed(pool, a_demand(1)).prompt_tokens == pytest.approx(15_360, rel=0.02)


def test_a_shadow_profile_is_compared_and_not_followed() -> None:
    pool = PoolPicker(CostProfile(), shadow=CostProfile("other"))
    pool.set_endpoints([Endpoint("e0"), Endpoint("e1")], 0.0)
    for group in range(6):
        assert placed(pool, a_demand(group)).profile == "default"

    assert (pool.compared, pool.agreed) == (6, 6)


def test_an_endpoint_that_prefills_is_charged_until_the_first_token() -> None:
    pool = PoolPicker(CostProfile())
    pool.set_endpoints([Endpoint("d", role="decode"), Endpoint("p", role="prefill")], 0.0)
    busy = [placed(pool, a_demand(group, blocks=200)) for group in range(4)]
    moved = [each for each in busy if each.prefiller == "p"]

    assert moved
    assert in_flight(pool)["p"] == len(moved)
    for each in busy:
        pool.first_token(each.ticket, 5.0)
    assert in_flight(pool) == {"d": 4, "p": 0}


def test_requests_that_a_scrape_cannot_know_count_even_if_their_prefill_is_over() -> None:
    pool = a_pool(1)
    pool.scraped("e0", EngineLoad(0.0, waiting=0, running=0), 0.0)
    for group, at in enumerate((0.5, 1.5, 2.5)):
        pool.first_token(placed(pool, a_demand(group), at).ticket, at + 0.1)
    pool.scraped("e0", EngineLoad(1.0, waiting=0, running=1), 3.0)

    [state] = pool.states()
    assert (state.in_flight.prefilling, state.since_scrape) == (0, 2)


def test_an_endpoint_that_prefills_for_another_has_a_request_that_its_scrape_cannot_know() -> None:
    pool = PoolPicker(CostProfile())
    pool.set_endpoints([Endpoint("d", role="decode"), Endpoint("p", role="prefill")], 0.0)
    moved = [placed(pool, a_demand(group, blocks=200)).prefiller for group in range(4)].count("p")

    assert moved
    assert {state.address: state.since_scrape for state in pool.states()} == {"d": 4, "p": moved}


def test_a_capacity_makes_requests_in_flight_fill_the_pool() -> None:
    pool = a_pool(2)
    placed(pool, a_demand(1))

    assert pool.saturation(0.0) == 0
    assert pool.saturation(0.0, capacity=2) == pytest.approx(0.25)


def test_first_tokens_that_nobody_saw_make_the_pool_less_full_in_time() -> None:
    pool = a_pool(1)
    pool.scraped("e0", EngineLoad(0.0, waiting=0), 0.0)
    expected = placed(pool, a_demand(1)).expected
    assert expected is not None
    before, after = expected / 1000 - 0.001, expected / 1000 + 0.001

    assert pool.saturation(before) == pytest.approx(0.2)
    assert pool.saturation(after) == 0


def test_the_states_are_another_object_only_when_a_load_or_an_endpoint_is() -> None:
    pool = a_pool(2, Limits(stale=2.0))
    first = pool.states()
    placed(pool, a_demand(1))
    assert pool.states() is first
    pool.scraped("e0", EngineLoad(0.0, waiting=0), 0.0)
    second = pool.states()
    assert second is not first
    pool.saturation(1.0)
    assert pool.states() is second
    pool.saturation(2.5)
    third = pool.states()
    assert third is not second
    pool.set_endpoints([Endpoint("e0"), Endpoint("e1", healthy=False)], 3.0)
    assert pool.states() is not third


def test_a_profile_that_ranks_no_fleets_is_asked_for_candidates() -> None:
    class Last:
        """Prefers the last endpoint."""

        name = "last"

        def rank(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> Ranking:
            del demand, now
            return Ranking(tuple(Ranked(each, {"place": 1.0}) for each in reversed(candidates)))

        def placed(self, demand: Demand, candidate: Candidate, now: float) -> None:
            """Learns nothing."""

    pool = PoolPicker(Last(), shadow=CostProfile())
    pool.set_endpoints([Endpoint("e0"), Endpoint("e1", healthy=False), Endpoint("e2")], 0.0)
    placement = placed(pool, a_demand(1))

    assert (placement.endpoint, placement.fallbacks) == ("e2", ("e0",))
    assert placement.scores == {"e2": {"place": 1.0}, "e0": {"place": 1.0}}
    assert pool.compared == 1


def test_an_endpoint_that_does_not_answer_is_avoided_until_it_lives_again() -> None:
    pool, now = a_pool(2), 0.0
    stuck: list[int] = []
    for group in range(40):
        now += 0.7
        pool.scraped("e0", EngineLoad(now, running=len(stuck), generation_tokens=7), now)
        placement = placed(pool, a_demand(group), now)
        if placement.endpoint == "e0":
            stuck.append(placement.ticket)
        else:
            pool.finish(placement.ticket, Served("e1", 200), now + 0.1)

    assert 1 <= len(stuck) <= 2
    assert next(state.late for state in pool.states() if state.address == "e0") > 10
    for ticket in stuck:
        pool.finish(ticket, Served("e0", 200), now)
    picks = Counter(placed(pool, a_demand(100 + group), now + 1).endpoint for group in range(8))
    assert 4 <= picks["e0"] < 8, "it gets its share, and more while the other one is the busier"


def test_an_endpoint_that_fails_fast_does_not_attract_requests_and_is_tried_again() -> None:
    pool, failed = a_pool(2), list[float]()
    for number in range(600):
        now = number * 0.1
        placement = placed(pool, a_demand(number), now)
        broken = placement.endpoint == "e0" and now < 40
        if broken:
            failed.append(now)
        if placement.endpoint == "e0":
            pool.finish(placement.ticket, Served("e0", 503 if broken else 200), now)
        else:
            pool.finish(placement.ticket, Served("e1", 200), now + 0.05)

    assert 4 <= len(failed) <= 8, "it is tried again, each time after twice as long"
    late = [placed(pool, a_demand(1000 + number), 60.0).endpoint for number in range(10)]
    assert late.count("e0") == 5


def test_an_endpoint_that_was_left_for_another_by_a_retry_has_failed() -> None:
    pool = a_pool(3)
    first = placed(pool, a_demand(1))
    other = first.fallbacks[0]
    pool.finish(first.ticket, Served(other, 200), 0.2)
    placed(pool, a_demand(2), 0.3)

    assert {state.address for state in pool.states() if state.late} == {first.endpoint}


def test_when_all_endpoints_fail_all_are_still_used() -> None:
    pool, used = a_pool(3), Counter[str]()
    for number in range(200):
        placement = placed(pool, a_demand(number), number * 0.5)
        used[placement.endpoint] += 1
        pool.finish(placement.ticket, Served(placement.endpoint, 500), number * 0.5)

    assert min(used.values()) > 30


def test_a_request_that_another_endpoint_answers_is_charged_there_at_once() -> None:
    pool = a_pool(2)
    first = placed(pool, a_demand(1))
    other = first.fallbacks[0]
    assert in_flight(pool) == {first.endpoint: 1, other: 0}
    pool.moved(first.ticket, other, 0.1)
    assert in_flight(pool) == {first.endpoint: 0, other: 1}
    again = placed(pool, a_demand(1), 0.2)
    assert (again.endpoint, again.cached_tokens > 0) == (other, True)
    for ticket in (first.ticket, again.ticket):
        pool.first_token(ticket, 0.5)
        pool.finish(ticket, Served(other, 200), 1.0)
    assert in_flight(pool) == {first.endpoint: 0, other: 0}
    last = placed(pool, a_demand(1), 5.0)
    assert (last.endpoint, last.cached_tokens) == (other, last.prompt_tokens)


def test_what_moves_to_nobody_that_is_known_stays_where_it_is() -> None:
    pool = a_pool(2)
    first = placed(pool, a_demand(1))
    pool.moved(first.ticket, "elsewhere", 0.1)
    pool.moved(first.ticket + 1, first.fallbacks[0], 0.1)
    pool.moved(first.ticket, first.endpoint, 0.1)
    assert in_flight(pool) == {first.endpoint: 1, first.fallbacks[0]: 0}
    pool.finish(first.ticket, Served(first.endpoint, 200), 1.0)
    pool.moved(first.ticket, first.fallbacks[0], 2.0)
    assert set(in_flight(pool).values()) == {0}


def test_an_endpoint_that_leaves_takes_what_moved_there_with_it() -> None:
    pool = a_pool(2)
    first = placed(pool, a_demand(1))
    pool.moved(first.ticket, first.fallbacks[0], 0.1)
    pool.set_endpoints([Endpoint(first.endpoint)], 0.2)
    pool.set_endpoints([Endpoint("e0"), Endpoint("e1")], 0.3)
    pool.finish(first.ticket, Served(first.fallbacks[0], 200), 1.0)
    assert set(in_flight(pool).values()) == {0}
