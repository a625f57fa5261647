from collections.abc import Sequence

import pytest

from gateway.model.demand import Demand
from gateway.picker.plugins.base import Filter, Scorer
from gateway.picker.plugins.decider import PrefillDecider
from gateway.picker.plugins.profile import PluginChain, PluginProfile, Weighted
from gateway.picker.profile import Candidate
from tests.picker.plugins.case import DEMAND, candidate, filter_, load, picker, scorer


class Fixed(Scorer):
    """Gives scores by address, and remembers what it was told."""

    def __init__(self, scores: dict[str, float]) -> None:
        self._scores = scores
        self.seen: list[str] = []
        self.told: list[str] = []

    def score(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> list[float]:
        del demand, now
        self.seen = [one.address for one in candidates]
        return [self._scores[one.address] for one in candidates]

    def placed(self, demand: Demand, candidate: Candidate, now: float) -> None:
        del demand, now
        self.told.append(candidate.address)


class Without(Filter):
    """Leaves one address out."""

    def __init__(self, address: str) -> None:
        self._address = address

    def keep(
        self, demand: Demand, candidates: Sequence[Candidate], now: float
    ) -> Sequence[Candidate]:
        del demand, now
        return [one for one in candidates if one.address != self._address]


def chain(*scorers: Weighted, filters: tuple[Filter, ...] = ()) -> PluginChain:
    return PluginChain(filters, scorers, picker("max-score-picker"))


A, B, C = candidate("a"), candidate("b"), candidate("c")


def test_scores_are_clamped_weighted_and_summed_and_each_part_is_told() -> None:
    profile = PluginProfile(
        "p",
        chain(
            Weighted("one", Fixed({"a": 7.0, "b": 0.5}), 2.0),
            Weighted("two", Fixed({"a": -3.0, "b": 1.0}), 3.0),
        ),
    )
    order = profile.rank(DEMAND, [A, B], 0.0).order
    assert [(r.candidate.address, dict(r.parts)) for r in order] == [
        ("b", {"one": 1.0, "two": 3.0, "score": 4.0}),
        ("a", {"one": 2.0, "two": 0.0, "score": 2.0}),
    ]
    assert all(ranked.expected is None for ranked in order)


def test_a_score_that_is_no_number_counts_as_zero() -> None:
    fixed = Fixed({"a": float("nan"), "b": 0.1, "c": 0.2})
    order = PluginProfile("p", chain(Weighted("f", fixed))).rank(DEMAND, [A, B, C], 0.0).order
    assert [(r.candidate.address, r.parts["score"]) for r in order] == [
        ("c", 0.2),
        ("b", 0.1),
        ("a", 0.0),
    ]


def test_scorers_see_only_what_the_filters_left() -> None:
    fixed = Fixed({"b": 0.1, "c": 0.2})
    profile = PluginProfile("p", chain(Weighted("f", fixed), filters=(Without("a"),)))
    order = profile.rank(DEMAND, [A, B, C], 0.0).order
    assert fixed.seen == ["b", "c"]
    assert [ranked.candidate.address for ranked in order] == ["c", "b"]


def test_nothing_is_ranked_when_filters_leave_nothing() -> None:
    profile = PluginProfile("p", chain(filters=(Without("a"),)))
    assert profile.rank(DEMAND, [A], 0.0).order == ()
    assert profile.rank(DEMAND, [], 0.0).order == ()


def test_without_scorers_candidates_take_turns() -> None:
    profile = PluginProfile("p", chain())
    picks = [profile.rank(DEMAND, [A, B, C], 0.0).order[0].candidate.address for _ in range(6)]
    assert sorted(picks) == ["a", "a", "b", "b", "c", "c"]


def test_every_plugin_hears_of_the_placement() -> None:
    one, two = Fixed({"a": 1.0}), Fixed({"a": 1.0})
    profile = PluginProfile("p", chain(Weighted("one", one), Weighted("two", two)))
    profile.rank(DEMAND, [A], 0.0)
    profile.placed(DEMAND, A, 0.0)
    assert (one.told, two.told) == (["a"], ["a"])


def test_a_burst_of_cold_requests_is_spread_though_the_metrics_stand_still() -> None:
    profile = PluginProfile(
        "p",
        chain(
            Weighted("queue", scorer("queue-scorer"), 2.0),
            Weighted("lru", scorer("no-hit-lru-scorer"), 2.0),
        ),
    )
    servers = [candidate(name, load=load(waiting=0)) for name in "abcd"]
    picks: list[str] = []
    for _ in range(8):
        best = profile.rank(DEMAND, servers, 0.0).order[0].candidate
        profile.placed(DEMAND, best, 0.0)
        picks.append(best.address)
    assert sorted(picks) == sorted("aabbccdd")


def disaggregated(decider: PrefillDecider, told: Fixed) -> PluginProfile:
    prefill = PluginChain(
        (filter_("prefill-filter"),), (Weighted("f", told),), picker("max-score-picker")
    )
    return PluginProfile("p", chain(filters=(filter_("decode-filter"),)), prefill, decider)


POOL = [
    candidate("d", role="decode"),
    candidate("p", role="prefill"),
    candidate("q", role="prefill"),
]


def test_the_best_prefilling_endpoint_is_named_where_the_decider_wants_it() -> None:
    told = Fixed({"p": 0.1, "q": 0.9})
    profile = disaggregated(PrefillDecider(non_cached_tokens=1000), told)
    ranking = profile.rank(DEMAND, POOL, 0.0)
    assert [ranked.candidate.address for ranked in ranking.order] == ["d"]
    assert ranking.prefiller == "q"
    profile.placed(DEMAND, POOL[0], 0.0)
    assert told.told == ["q"]


@pytest.mark.parametrize("decider", [PrefillDecider(non_cached_tokens=1001), PrefillDecider()])
def test_no_prefilling_endpoint_is_named_where_the_decider_does_not(
    decider: PrefillDecider,
) -> None:
    told = Fixed({"p": 0.1, "q": 0.9})
    profile = disaggregated(decider, told)
    assert profile.rank(DEMAND, POOL, 0.0).prefiller is None
    profile.placed(DEMAND, POOL[0], 0.0)
    assert told.told == []


def test_an_endpoint_is_not_told_to_prefill_for_itself() -> None:
    told = Fixed({"x": 1.0})
    profile = disaggregated(PrefillDecider(always=True), told)
    assert profile.rank(DEMAND, [candidate("x")], 0.0).prefiller is None
