"""A day of traffic leaves nothing behind: what a pool's picker holds is as large at night as it was
in the morning, though every conversation, caller and address is a new one."""

import gc
from collections import Counter
from collections.abc import Sized
from heapq import heappop, heappush
from random import Random
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType, NoneType

from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.model.placement import Placement, Served
from gateway.picker.broker import Broker
from gateway.picker.cost import CostProfile
from gateway.picker.endpoint import Endpoint
from gateway.picker.flow.rules import FlowRules
from gateway.picker.limits import Limits
from gateway.picker.pool import PoolPicker

HOUR = 3600.0
APART = 3.0
"""Seconds between two requests."""

ENDPOINTS = 6
LIMITS = Limits(max_blocks=10_000, max_runs=2_000)
TURNS = 4
LOST = 0.01
"""Share of requests whose end nobody reports."""

PROGRAM = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)
VALUES = (str, int, float, NoneType)
"""What is not counted: the program, and what is counted as an element of what contains it."""


class Day:
    """Clients that come and go, and model servers that do."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.pool = PoolPicker(CostProfile(), name="p", limits=LIMITS)
        self.broker = Broker(self.pool, FlowRules())
        self.addresses: list[str] = []
        self.now = 0.0
        self.placed = 0
        self._serial = 0
        self._chains: list[tuple[int, ...]] = []
        self._events: list[tuple[float, int, bool, Placement]] = []

    def hours(self, until: float) -> None:
        """Go on until so many hours have passed."""
        while self.now < until * HOUR:
            self.now += APART
            number = round(self.now / APART)
            if number % 200 == 1:  # each ten minutes
                self._move_in()
            if number % 10 == 0:
                self._scrape(self.addresses[number // 10 % ENDPOINTS])
            self._report()
            self._ask()

    def _move_in(self) -> None:
        """A new server takes the place of the oldest."""
        while len(self.addresses) < ENDPOINTS + 1:
            self._serial += 1
            self.addresses.append(f"10.{self._serial // 250}.0.{self._serial % 250}:8000")
        self.addresses = self.addresses[-ENDPOINTS:]
        self.pool.set_endpoints([Endpoint(each) for each in self.addresses], self.now)

    def _scrape(self, address: str) -> None:
        generated, first = self.now * 50, self.now / 10
        load = EngineLoad(
            self.now,
            waiting=0,
            running=1,
            kv_usage=0.3,
            generation_tokens=generated,
            ttft_sum=first,
            ttft_count=self.now,
        )
        self.pool.scraped(address, load, self.now)

    def _ask(self) -> None:
        self._serial += 1
        chain = self._turn()
        demand = Demand(
            self.random.choice(("small", "large")),
            chain,
            prompt_bytes=len(chain) * 1024,
            flow=f"caller {self._serial // 10}",
            session=f"session {self._serial // TURNS}",
            priority=self.random.choice((0, 0, 0, 1, -1)),
        )
        found = self.broker.offer(demand, len(chain) * 1024, self.now)
        if not isinstance(found, Placement):
            return
        self.placed += 1
        if self.random.random() < LOST:
            return
        begins = self.now + self.random.uniform(0.1, 1)
        ends = begins + self.random.uniform(1, 20)
        heappush(self._events, (begins, found.ticket, False, found))
        heappush(self._events, (ends, found.ticket, True, found))

    def _turn(self) -> tuple[int, ...]:
        """The prompt of a new conversation, or of one that goes on for a while."""
        if len(self._chains) < 8:
            chain: tuple[int, ...] = ()
        else:
            chain = self._chains.pop(self.random.randrange(8))
        more = tuple(self.random.getrandbits(64) for _ in range(self.random.randint(1, 6)))
        chain += more
        if len(chain) < TURNS * 4:
            self._chains.append(chain)
        return chain

    def _report(self) -> None:
        while self._events and self._events[0][0] <= self.now:
            _, ticket, over, placement = heappop(self._events)
            if not over:
                self.broker.first_token(ticket, self.now)
                continue
            failed = self.random.random() < 0.01
            served = Served(
                placement.endpoint,
                503 if failed else 200,
                prompt_tokens=placement.prompt_tokens,
                cached_tokens=placement.cached_tokens,
                output_tokens=100,
            )
            self.broker.finish(ticket, served, self.now)
        self.broker.step(self.now)


def held(root: object) -> Counter[str]:
    """How much there is of each type below `root`: elements of containers, one for each other."""
    sizes: Counter[str] = Counter()
    known = {id(root)}
    waiting: list[object] = [root]
    while waiting:
        one = waiting.pop()
        sizes[type(one).__qualname__] += len(one) if isinstance(one, Sized) else 1
        for each in gc.get_referents(one):
            if id(each) not in known and not isinstance(each, PROGRAM + VALUES):
                known.add(id(each))
                waiting.append(each)
    return sizes


def most(day: Day, hours: range) -> Counter[str]:
    """The most that there was of each at the end of any of these half hours."""
    found: Counter[str] = Counter()
    for half in hours:
        day.hours(half / 2)
        found |= held(day.broker)
    return found


def test_what_a_picker_holds_does_not_grow_with_the_hours() -> None:
    day = Day(seed=1)
    morning = most(day, range(10, 17))
    evening = most(day, range(42, 49))

    assert day.placed > 0.9 * 24 * HOUR / APART
    assert day.pool.index.blocks <= LIMITS.max_blocks
    grown = {
        kind: (morning[kind], size)
        for kind, size in evening.items()
        if size > 1.15 * morning[kind] + 20
    }
    assert not grown
