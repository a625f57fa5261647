"""The production picker as a policy, told what the gateway would be told."""

from collections.abc import Sequence
from random import Random
from typing import Final

from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.model.placement import Dropped, Placement, Served
from gateway.picker.broker import Broker, Waiting
from gateway.picker.endpoint import Endpoint, Role
from gateway.picker.flow.rules import FlowRules
from gateway.picker.plan import PickerPlan, plan_of
from gateway.picker.pool import PoolPicker
from gateway.picker.profile import Profile
from gateway.simulation.policy import Decided, Refused, Seen, Target
from gateway.simulation.prompt import CHARACTERS
from gateway.simulation.request import Outcome, Request

READ: Final = 20
"""One answer in so many is read by the gateway: its first token is seen and its usage."""

BUILT_IN: Final = plan_of("default", {})

HASHED: Final = 256
"""Tokens of a block of the prompt's hash chain: 1,024 bytes at four bytes a token."""


class ProductionPicker:
    """gateway.picker over the simulated fleet, scraped four times a second: flow control before a
    pool, both by `plan`, which by default is the built-in one. `profile` and `rules` take the place
    of what it says."""

    name = "gatehouse"
    interval = 0.25
    estimates = True

    def __init__(
        self,
        seed: int,
        plan: PickerPlan = BUILT_IN,
        *,
        profile: Profile | None = None,
        rules: FlowRules | None = None,
    ) -> None:
        random = Random(seed)  # noqa: S311  repeatable, nothing secret
        self.picker = PoolPicker(profile or plan.profile(random), name="simulated")
        self.broker = Broker(self.picker, rules or plan.rules())
        self._members: tuple[tuple[int, Role], ...] = ()
        self._tickets: dict[int, int] = {}
        self._entries: dict[int, int] = {}
        self._waiting: dict[int, int] = {}
        self._scraped: dict[int, float] = {}

    def offer(self, request: Request, seen: Sequence[Seen], now: float) -> Target | Refused | None:
        """As in `Policy`."""
        self._tell(seen, now)
        demand = demand_of(request)
        found = self.broker.offer(demand, demand.prompt_bytes, now)
        if isinstance(found, Waiting):
            self._waiting[request.number] = found.entry
            self._entries[found.entry] = request.number
            return None
        return self._verdict(request.number, found)

    def wakeup(self, now: float) -> float | None:
        """As in `Policy`."""
        return self.broker.next_wakeup(now)

    def step(self, seen: Sequence[Seen], now: float) -> Sequence[Decided]:
        """As in `Policy`."""
        self._tell(seen, now)
        decided: list[Decided] = []
        for outcome in self.broker.step(now):
            number = self._entries.pop(outcome.entry)
            del self._waiting[number]
            decided.append(Decided(number, self._verdict(number, outcome.verdict)))
        return decided

    def aborts(self) -> Sequence[int]:
        """As in `Policy`."""
        tickets = set(self.broker.aborts())
        if not tickets:
            return ()
        return [number for number, ticket in self._tickets.items() if ticket in tickets]

    def withdraw(self, request: Request, now: float) -> None:
        """As in `Policy`."""
        entry = self._waiting.pop(request.number)
        del self._entries[entry]
        self.broker.cancel(entry, now)

    def first_token(self, outcome: Outcome, now: float) -> None:
        """As in `Policy`, for the answers that the gateway reads."""
        if not outcome.request.number % READ:
            self.broker.first_token(self._tickets[outcome.request.number], now)

    def finished(self, outcome: Outcome, now: float) -> None:
        """As in `Policy`; what the server reports only where the answer is read."""
        request = outcome.request
        ticket = self._tickets.pop(request.number)
        served = Served(_address(outcome.endpoint), 0 if outcome.failed else 200)
        if not request.number % READ and not outcome.failed:
            served = Served(
                served.endpoint,
                served.status,
                prompt_tokens=request.prompt.tokens,
                cached_tokens=outcome.reported,
                output_tokens=request.output,
            )
        self.broker.finish(ticket, served, now)

    def left(self, index: int, now: float) -> None:
        """As in `Policy`."""
        self._members = tuple(each for each in self._members if each[0] != index)
        self._scraped.pop(index, None)
        self._set_endpoints(now)

    def _verdict(self, number: int, found: Placement | Dropped) -> Target | Refused:
        if isinstance(found, Dropped):
            return Refused(found.retry_after)
        self._tickets[number] = found.ticket
        prefiller = None if found.prefiller is None else _index(found.prefiller)
        return Target(_index(found.endpoint), prefiller)

    def _tell(self, seen: Sequence[Seen], now: float) -> None:
        members: tuple[tuple[int, Role], ...] = tuple(
            (one.index, one.engine.server.role) for one in seen
        )
        if members != self._members:
            self._members = members
            self._set_endpoints(now)
        for one in seen:
            if self._scraped.get(one.index) != one.at:
                self._scraped[one.index] = one.at
                self.picker.scraped(_address(one.index), load_of(one), now)

    def _set_endpoints(self, now: float) -> None:
        endpoints = [Endpoint(_address(index), role=role) for index, role in self._members]
        self.picker.set_endpoints(endpoints, now)


def demand_of(request: Request) -> Demand:
    """What the gateway knows of a request."""
    return Demand(
        model="simulated",
        chain=request.prompt.chain(HASHED),
        block_bytes=HASHED * CHARACTERS,
        prompt_bytes=request.prompt.tokens * CHARACTERS,
        output_limit=None,
        session=request.session,
        priority=request.priority,
    )


def load_of(one: Seen) -> EngineLoad:
    """The scrape of an endpoint."""
    return EngineLoad(
        at=one.at,
        waiting=one.waiting,
        running=one.running,
        kv_usage=one.usage,
        cache_tokens=one.tokens,
        block_tokens=one.engine.server.block,
        prefix_hits=one.hits,
        prefix_queries=one.queries,
        ttft_sum=one.ttft_sum,
        ttft_count=one.ttft_count,
        prompt_tokens=one.queries,
        generation_tokens=one.generated,
    )


def _address(index: int) -> str:
    return f"10.0.0.{index + 1}:8000"


def _index(address: str) -> int:
    return int(address.partition(":")[0].rpartition(".")[2]) - 1
