"""The production picker with its default profile, told what the gateway would be told."""

from collections.abc import Sequence
from typing import Final

from benchmarks.routing.policy import Observer, Seen
from benchmarks.routing.prompt import CHARACTERS
from benchmarks.routing.request import Outcome, Request
from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.model.placement import Dropped, Served
from gateway.picker.cost import CostProfile
from gateway.picker.endpoint import Endpoint
from gateway.picker.pool import PoolPicker

READ: Final = 20
"""One answer in so many is read by the gateway: its first token is seen and its usage."""

HASHED: Final = 256
"""Tokens of a block of the prompt's hash chain: 1,024 bytes at four bytes a token."""


class Gatehouse(Observer):
    """gateway.picker over the simulated fleet, scraped four times a second."""

    name = "gatehouse"
    interval = 0.25

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.picker = PoolPicker(CostProfile(), name="simulated")
        self._members: tuple[int, ...] = ()
        self._tickets: dict[int, int] = {}
        self._scraped: dict[int, float] = {}

    def place(self, request: Request, seen: Sequence[Seen], now: float) -> int:
        """As in `Policy`."""
        self._tell(seen, now)
        placement = self.picker.place(demand_of(request), now)
        if isinstance(placement, Dropped):
            raise RuntimeError("the picker dropped a request though endpoints are up")  # noqa: TRY004 not a wrong argument
        self._tickets[request.number] = placement.ticket
        return _index(placement.endpoint)

    def first_token(self, outcome: Outcome, now: float) -> None:
        """As in `Policy`, for the answers that the gateway reads."""
        if not outcome.request.number % READ:
            self.picker.first_token(self._tickets[outcome.request.number], now)

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
                cached_tokens=outcome.cached,
                output_tokens=request.output,
            )
        self.picker.finish(ticket, served, now)

    def left(self, index: int, now: float) -> None:
        """As in `Policy`."""
        self._members = tuple(each for each in self._members if each != index)
        self._scraped.pop(index, None)
        self._set_endpoints(now)

    def _tell(self, seen: Sequence[Seen], now: float) -> None:
        members = tuple(one.index for one in seen)
        if members != self._members:
            self._members = members
            self._set_endpoints(now)
        for one in seen:
            if self._scraped.get(one.index) != one.at:
                self._scraped[one.index] = one.at
                self.picker.scraped(_address(one.index), load_of(one), now)

    def _set_endpoints(self, now: float) -> None:
        self.picker.set_endpoints([Endpoint(_address(index)) for index in self._members], now)


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
