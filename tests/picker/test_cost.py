from collections.abc import Sequence

import pytest

from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.picker.cost import CostProfile
from gateway.picker.endpoint import Endpoint, EndpointState, InFlight, Role
from gateway.picker.learning import Began, Ended
from gateway.picker.profile import Candidate


def candidate(
    address: str,
    cached: int = 0,
    *,
    queued: int = 0,
    requests: int = 0,
    context: int = 0,
    round_trip: float = 0.0,
    role: Role = "both",
    load: EngineLoad | None = None,
) -> Candidate:
    """An endpoint with `queued` tokens to prefill and `requests` answers of `context` tokens."""
    flight = InFlight(requests + (queued > 0), int(queued > 0), queued, queued + context)
    endpoint = Endpoint(address, round_trip=round_trip, role=role)
    return Candidate(EndpointState(endpoint, flight, load), cached, 8000)


def order(profile: CostProfile, candidates: Sequence[Candidate], **demand: object) -> list[str]:
    asked = Demand("m", prompt_bytes=32_000, **demand)  # pyright: ignore[reportArgumentType]
    ranking = profile.rank(asked, candidates, 0.0)
    return [ranked.candidate.address for ranked in ranking.order]


def test_the_endpoint_with_the_prompt_in_its_cache_wins() -> None:
    assert order(CostProfile(), [candidate("a"), candidate("b", 7000)])[0] == "b"


def test_a_queue_that_costs_more_than_recomputing_sends_the_prompt_elsewhere() -> None:
    short, long = candidate("hot", 8000, queued=2000), candidate("hot", 8000, queued=60_000)
    cold = candidate("cold")

    assert order(CostProfile(), [cold, short])[0] == "hot"
    assert order(CostProfile(), [cold, long])[0] == "cold"


def test_of_equal_caches_the_one_with_fewer_answers_under_way_wins() -> None:
    busy, idle = candidate("busy", requests=50, context=200_000), candidate("idle")

    assert order(CostProfile(), [busy, idle])[0] == "idle"


def test_equal_endpoints_take_turns() -> None:
    profile = CostProfile()
    candidates = [candidate(name) for name in "abc"]
    first: list[str] = []
    for _ in range(6):
        first.append(order(profile, candidates)[0])
        profile.placed(Demand("m"), candidates["abc".index(first[-1])], 0.0)

    assert sorted(first) == list("aabbcc")


def test_near_wins_at_equal_load_and_far_takes_over_when_the_near_one_queues() -> None:
    far = candidate("far", round_trip=0.08)

    assert order(CostProfile(), [far, candidate("near")])[0] == "near"
    assert order(CostProfile(), [far, candidate("near", queued=30_000)])[0] == "far"


def test_the_busier_the_pool_the_more_recomputing_has_to_gain() -> None:
    quiet, busy = CostProfile(), CostProfile()
    candidates = [candidate("hot", 8000, queued=9000), candidate("cold")]
    for number in range(400):
        busy.placed(Demand("m"), candidates[1], number * 0.01)

    asked = Demand("m", prompt_bytes=32_000)
    assert quiet.rank(asked, candidates, 4.0).order[0].candidate.address == "cold"
    assert busy.rank(asked, candidates, 4.0).order[0].candidate.address == "hot"


def test_a_prefix_goes_to_an_endpoint_that_nobody_comes_to_but_not_to_one_as_busy() -> None:
    crowded, even = CostProfile(), CostProfile()
    for number in range(60):
        now = number / 3
        crowded.placed(Demand("m"), candidate("a", 4000), now)
        even.placed(Demand("m"), candidate("ab"[number % 2], 4000), now)
    asked = Demand("m", prompt_bytes=32_000)
    candidates = [candidate("a", 3000), candidate("b")]

    assert even.rank(asked, candidates, 20.0).order[0].candidate.address == "a"
    assert crowded.rank(asked, candidates, 20.0).order[0].candidate.address == "b"


def test_an_endpoint_that_left_takes_its_arrivals_with_it() -> None:
    profile = CostProfile()
    candidates = [candidate("a"), candidate("b")]
    for _ in range(40):
        profile.placed(Demand("m"), candidates[0], 0.0)
    assert order(profile, candidates)[0] == "b"
    profile.placed(Demand("m"), candidates[1], 0.0)
    profile.left("a")

    assert order(profile, candidates)[0] == "a"


def test_a_session_stays_where_it_was_at_equal_cost() -> None:
    profile = CostProfile()
    candidates = [candidate(name) for name in "abc"]
    profile.placed(Demand("m", session="s"), candidates[1], 0.0)
    for _ in range(3):
        assert order(profile, candidates, session="s")[0] == "b"
        profile.placed(Demand("m"), candidates[0], 0.0)


def test_an_endpoint_with_the_adapter_active_is_preferred() -> None:
    active = EngineLoad(0, max_adapters=2, running_adapters=frozenset({"m"}))
    other = EngineLoad(0, max_adapters=2, running_adapters=frozenset({"x"}))

    assert order(CostProfile(), [candidate("a", load=other), candidate("b", load=active)])[0] == "b"


def test_an_endpoint_that_keeps_to_the_slo_goes_before_a_cheaper_one_that_does_not() -> None:
    profile = CostProfile()
    for number in range(300):
        profile.stepped("a", 0.01 + 1e-7 * number * 1000, number * 1000, 0.0)
    cheap, free = candidate("cheap", 8000, requests=2, context=200_000), candidate("free", 2500)

    assert order(profile, [cheap, free])[0] == "cheap"
    assert order(profile, [cheap, free], tpot_slo=0.02)[0] == "free"


def test_an_slo_that_would_be_missed_by_little_does_not_cost_a_cache() -> None:
    profile = CostProfile()
    for number in range(300):
        profile.stepped("a", 0.01 + 1e-7 * number * 1000, number * 1000, 0.0)
    warm, cold = candidate("warm", 8000, requests=1, context=100_000), candidate("cold")

    assert order(profile, [warm, cold], tpot_slo=0.019)[0] == "warm"


def test_a_prefill_goes_where_it_delays_few_answers() -> None:
    many = candidate("many", requests=20, context=20)
    few = candidate("few", requests=1, context=2_000)

    assert order(CostProfile(), [many, few])[0] == "few"


def test_an_endpoint_that_is_late_goes_after_one_that_is_not() -> None:
    warm, cold = candidate("warm", 8000), candidate("cold")
    warm.state.late = 5.0
    ranked = CostProfile().rank(Demand("m"), [warm, cold], 0.0).order

    assert [each.candidate.address for each in ranked] == ["cold", "warm"]
    assert ranked[1].parts["late"] == 5000
    assert (ranked[1].expected or 0) > 5000


def test_requests_that_others_sent_are_in_front_too() -> None:
    profile = CostProfile()
    for _ in range(100):
        profile.placed(Demand("m"), candidate("a"), 0.0)
    waiting = candidate("others", load=EngineLoad(0, waiting=10))

    assert order(profile, [waiting, candidate("free")])[0] == "free"


def test_a_queue_of_others_is_as_long_as_our_first_prompt_says() -> None:
    profile = CostProfile()
    profile.placed(Demand("m"), candidate("a"), 0.0)
    waiting = candidate("others", load=EngineLoad(0, waiting=10))
    [ranked] = profile.rank(Demand("m", prompt_bytes=32_000), [waiting], 0.0).order

    assert ranked.parts["queue"] == pytest.approx(10 * 8000 * profile.rates.per_token * 1000)


def test_a_slow_endpoint_gets_less_and_is_forgiven_when_it_left() -> None:
    profile = CostProfile()
    for number in range(40):
        for address, slow in (("a", 4.0), ("b", 1.0), ("c", 1.0)):
            profile.began(Began(address, 0.5 * slow, 8000, 0, float(number)))
    asked = Demand("m", prompt_bytes=32_000)
    candidates = [candidate(name) for name in "abc"]
    expected = {
        each.candidate.address: each.expected or 0
        for each in profile.rank(asked, candidates, 40).order
    }

    assert expected["a"] > 2 * expected["b"]
    profile.left("a")
    again = {
        each.candidate.address: each.expected or 0
        for each in profile.rank(asked, candidates, 40).order
    }
    assert again["a"] < 1.5 * again["b"]


def test_the_parts_explain_the_cost() -> None:
    [ranked] = CostProfile().rank(Demand("m"), [candidate("a", queued=500)], 0.0).order
    parts = dict(ranked.parts)

    assert ranked.expected == pytest.approx(
        sum(parts[name] for name in ("queue", "prefill", "decode", "memory", "adapter", "network"))
    )
    with pytest.raises(KeyError):
        _ = ranked.parts["unknown"]


def test_a_prefilling_endpoint_is_used_only_where_it_pays() -> None:
    profile = CostProfile()
    decode = candidate("decode", role="decode", requests=1, context=200_000)
    prefill = candidate("prefill", role="prefill")
    asked = Demand("m", prompt_bytes=32_000)
    ranking = profile.rank(asked, [decode, prefill], 0.0)

    assert ranking.prefiller == "prefill"
    assert [each.candidate.address for each in ranking.order] == ["decode"]
    warm = candidate("decode", 8000, role="decode")
    assert profile.rank(asked, [warm, prefill], 0.0).prefiller is None
    for _ in range(300):
        profile.moved(0.9, 8000)
    assert profile.rank(asked, [decode, prefill], 0.0).prefiller is None


def test_answers_that_turn_out_long_make_a_balance_of_answers_worth_more() -> None:
    short, long = CostProfile(), CostProfile()
    for _ in range(100):
        short.ended(Ended("a", 1.0, None, 10, 0, 0.0))
        long.ended(Ended("a", 60.0, None, 4000, 0, 0.0))
    candidates = [candidate("busy", 6000, requests=8, context=16_000), candidate("idle")]

    assert order(short, candidates)[0] == "busy"
    assert order(long, candidates)[0] == "idle"


def test_without_candidates_there_is_no_order() -> None:
    assert CostProfile().rank(Demand("m"), [], 0.0).order == ()


def test_what_other_gateways_place_counts_as_load_that_is_to_come() -> None:
    alone, among = CostProfile(), CostProfile()
    for second in range(60):
        for each in (alone, among):
            each.placed(Demand("m"), candidate("busy", 0), float(second))
        for _ in range(20):
            among.heard("idle", 8000, float(second))
    # work that is waited for is the dearer, the more is to come
    candidates = [candidate("busy", 6000, queued=9000), candidate("idle")]
    now = 60.0
    parts = [
        {
            each.candidate.address: each.parts["others"]
            for each in one.rank(Demand("m", prompt_bytes=32_000), candidates, now).order
        }
        for one in (alone, among)
    ]
    assert parts[1]["idle"] > parts[0]["idle"]
    assert parts[1]["busy"] == parts[0]["busy"] > 0


def test_news_of_others_that_come_late_do_not_turn_time_back() -> None:
    late, prompt = CostProfile(), CostProfile()
    for one in (late, prompt):
        one.placed(Demand("m"), candidate("a"), 100.0)
    late.heard("a", 8000, 40.0)
    prompt.heard("a", 8000, 100.0)
    asked = Demand("m", prompt_bytes=32_000)
    costs = [
        one.rank(asked, [candidate("a")], 100.0).order[0].parts["others"] for one in (late, prompt)
    ]
    assert costs[0] == costs[1]
