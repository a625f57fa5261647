"""What is picked from the rows of a fleet is what the full ranking, made anew, would pick."""

import math
import random
from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.model.placement import Dropped, Placement, Served
from gateway.picker.cost import CostProfile
from gateway.picker.endpoint import Endpoint, Role
from gateway.picker.fleet_profile import FleetProfile
from gateway.picker.limits import Limits
from gateway.picker.pool import PoolPicker
from gateway.picker.saturation import saturation

MODELS = ("m", "adapter", "other")
ROLES: tuple[Role, ...] = ("both", "decode", "prefill", "encode")


class Life:
    """A pool that lives through what chance decides."""

    def __init__(self, seed: int, most: int, *, roles: bool) -> None:
        self.random = random.Random(seed)
        self.roles = roles
        self.addresses = [f"e{number}" for number in range(self.random.randint(1, most))]
        self.pool = PoolPicker(
            CostProfile(), limits=Limits(max_blocks=400, max_runs=60, stale=1.0, ttl=20.0)
        )
        self.now = 0.0
        self.tickets: list[tuple[int, str]] = []
        self.compared = 0
        self.change()

    def change(self) -> None:
        """Some endpoints come and go, or are down."""
        chance = self.random
        self.pool.set_endpoints(
            [
                Endpoint(
                    address,
                    healthy=chance.random() < 0.9,
                    role=chance.choice(ROLES) if self.roles else "both",
                    round_trip=chance.choice((0.0, 0.0, 0.02)),
                )
                for address in self.addresses
                if chance.random() < 0.9
            ],
            self.now,
        )

    def scrape(self) -> None:
        chance = self.random
        load = EngineLoad(
            self.now - chance.choice((0.0, 0.1)),
            waiting=chance.choice((None, 0, 3)),
            running=chance.randint(0, 9),
            kv_usage=chance.random(),
            cache_tokens=chance.choice((None, 5000, 200_000)),
            max_adapters=chance.choice((None, 1, 2)),
            running_adapters=frozenset({"adapter"} if chance.random() < 0.5 else ()),
            waiting_adapters=frozenset({"other"} if chance.random() < 0.2 else ()),
        )
        address = chance.choice(self.addresses)
        self.pool.scraped(address, None if chance.random() < 0.1 else load, self.now)

    def report(self) -> None:
        """A first token or an end, of a request that may be over."""
        if not self.tickets:
            return
        ticket, endpoint = self.random.choice(self.tickets)
        if self.random.random() < 0.5:
            self.pool.first_token(ticket, self.now)
            return
        served = Served(
            self.random.choice((endpoint, endpoint, None, self.random.choice(self.addresses))),
            self.random.choice((200, 200, 200, 503)),
            self.random.choice((None, 0.2)),
            cached_tokens=self.random.choice((None, 0, 500)),
            output_tokens=self.random.choice((None, 20, 900)),
        )
        self.pool.finish(ticket, served, self.now)

    def demand(self) -> Demand:
        chance = self.random
        group, blocks = chance.randrange(6), chance.choice((0, 1, 8, 40))
        shared = chance.randint(0, blocks)
        chain = [group * 1000 + number for number in range(shared)]
        chain += [chance.randrange(1 << 60) for _ in range(blocks - shared)]
        subset = tuple(each for each in self.addresses if chance.random() < 0.5)
        return Demand(
            chance.choice(MODELS),
            tuple(chain),
            prompt_bytes=1024 * blocks,
            media_tokens=chance.choice((0, 0, 300)),
            session=chance.choice(("", "s", "t")),
            ttft_slo=chance.choice((None, None, 0.05, 0.2)),
            tpot_slo=chance.choice((None, None, 0.015, 0.02)),
            subset=chance.choice((None, None, subset)),
        )

    def place(self) -> None:
        """Place a request, and look at what a ranking of all would have said."""
        demand, capacity = self.demand(), self.random.choice((None, 4))
        assert math.isclose(
            self.pool.saturation(self.now, capacity),
            saturation(self.pool.states(), capacity=capacity),
        )
        full = self.pool.explain(demand, self.now)
        placement = self.pool.place(demand, self.now)
        if isinstance(placement, Dropped):
            assert not full
            return
        self.tickets.append((placement.ticket, placement.endpoint))
        self.compared += 1
        addresses = [each.candidate.address for each in full]
        assert [placement.endpoint, *placement.fallbacks] == addresses[:3]
        assert placement.expected == full[0].expected
        assert placement.cached_tokens == full[0].candidate.cached_tokens
        assert [(name, dict(parts)) for name, parts in placement.scores.items()] == [
            (each.candidate.address, dict(each.parts)) for each in full[:16]
        ]

    def go_on(self, steps: int) -> None:
        acts: tuple[Callable[[], None], ...] = (self.place, self.report, self.scrape, self.change)
        for _ in range(steps):
            self.now += self.random.choice((0.0, 0.001, 0.05, 0.05, 3.0))
            self.random.choices(acts, (6, 6, 3, 1))[0]()


def test_the_default_profile_ranks_fleets() -> None:
    assert isinstance(CostProfile(), FleetProfile)


@settings(max_examples=40, deadline=None)
@example(4767, True)  # where a step of a pace was due by the last bit
@given(st.integers(0, 1 << 32), st.booleans())
def test_whatever_happened_the_pick_is_that_of_the_full_ranking(seed: int, roles: bool) -> None:
    Life(seed, 30, roles=roles).go_on(120)


def test_that_comparison_compares() -> None:
    life = Life(1, 30, roles=False)
    life.go_on(300)
    assert life.compared > 50
    assert isinstance(life.pool.place(Demand("m"), life.now), Placement)
