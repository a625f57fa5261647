"""Several profiles, each for its share of the requests."""

from collections import Counter
from random import Random

import pytest

from gateway.config.endpoint_picker import Disaggregation, PluginProfile
from gateway.model.demand import Demand
from gateway.model.placement import Placement, Served
from gateway.picker.cost import CostProfile
from gateway.picker.endpoint import Endpoint
from gateway.picker.learning import Learner
from gateway.picker.plugins.building import build_profile
from gateway.picker.pool import PoolPicker
from gateway.picker.profile import Candidate
from gateway.picker.split import SplitProfile

PLUGINS = build_profile("p", PluginProfile(), Disaggregation(), Random(1))


def placed(shares: tuple[float, float], requests: int = 1000) -> Counter[str]:
    """How many requests each profile placed."""
    profiles = [(CostProfile("a"), shares[0]), (CostProfile("b"), shares[1])]
    pool = PoolPicker(SplitProfile("both", profiles, Random(7)), name="chat")
    pool.set_endpoints([Endpoint("10.0.0.1:80"), Endpoint("10.0.0.2:80")], 0.0)
    found: Counter[str] = Counter()
    for _ in range(requests):
        placement = pool.place(Demand("llama"), 0.0)
        found[getattr(placement, "profile", "none")] += 1
    return found


@pytest.mark.parametrize("shares", [(50.0, 50.0), (90.0, 10.0)])
def test_each_profile_places_its_share_and_its_name_is_told(shares: tuple[float, float]) -> None:
    found = placed(shares)
    assert set(found) == {"a", "b"}
    assert found["a"] / 1000 == pytest.approx(shares[0] / 100, abs=0.05)


def test_a_share_of_nothing_is_nothing() -> None:
    assert placed((1.0, 0.0)) == {"a": 1000}


def test_every_profile_learns_of_every_request() -> None:
    class Noting(CostProfile):
        def __init__(self, name: str) -> None:
            super().__init__(name)
            self.told = 0

        def placed(self, demand: Demand, candidate: Candidate, now: float) -> None:
            super().placed(demand, candidate, now)
            self.told += 1

    first, second = Noting("a"), Noting("b")
    split = SplitProfile("both", [(first, 1.0), (second, 0.0)], Random(1))
    pool = PoolPicker(split, name="chat")
    pool.set_endpoints([Endpoint("10.0.0.1:80")], 0.0)
    pool.place(Demand("llama"), 0.0)
    assert (first.told, second.told) == (1, 1)


def test_profiles_of_a_split_learn_as_they_do_alone() -> None:
    alone, shared = CostProfile("a"), CostProfile("a")
    split = SplitProfile("both", [(shared, 1.0), (PLUGINS, 0.0)], Random(1))
    assert isinstance(split, Learner)
    for profile in (alone, split):
        pool = PoolPicker(profile, name="chat")
        pool.set_endpoints([Endpoint("10.0.0.1:80")], 0.0)
        for n in range(20):
            found = pool.place(Demand("llama", prompt_bytes=40_000), float(n))
            assert isinstance(found, Placement)
            pool.first_token(found.ticket, n + 0.5)
            pool.finish(found.ticket, Served(found.endpoint, 200, 0.5, 10_000, 0, 10), n + 0.9)
    assert shared.speed("10.0.0.1:80", 20.0) == alone.speed("10.0.0.1:80", 20.0)
    assert split.speed("10.0.0.1:80", 20.0) == alone.speed("10.0.0.1:80", 20.0)


def test_a_split_of_profiles_that_learn_nothing_still_places() -> None:
    pool = PoolPicker(SplitProfile("both", [(PLUGINS, 1.0)], Random(1)), name="chat")
    pool.set_endpoints([Endpoint("10.0.0.1:80")], 0.0)
    assert isinstance(pool.place(Demand("llama", prompt_bytes=100), 0.0), Placement)


def test_what_other_gateways_place_is_told_to_all_that_want_to_know() -> None:
    heard: list[str] = []

    class Listening(CostProfile):
        def heard(self, address: str, uncached_tokens: int, now: float) -> None:
            heard.append(f"{self.name} {address} {uncached_tokens} {now:g}")

    profiles = [(Listening("a"), 1.0), (PLUGINS, 1.0), (Listening("b"), 0.0)]
    SplitProfile("both", profiles, Random(7)).heard("10.0.0.1:80", 100, 2.0)
    assert heard == ["a 10.0.0.1:80 100 2", "b 10.0.0.1:80 100 2"]
