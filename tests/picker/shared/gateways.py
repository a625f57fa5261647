"""Gateways that share a pool, without anything between them but a list of messages."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.model.demand import Demand
from gateway.model.placement import Placement, Served
from gateway.picker.cost import CostProfile
from gateway.picker.endpoint import Endpoint
from gateway.picker.shared.circle import Circle
from gateway.picker.shared.pool import SharedPool

POOL = "chat"
ADDRESSES = ("e0", "e1", "e2", "e3")


def a_pool(addresses: Sequence[str] = ADDRESSES) -> SharedPool:
    pool = SharedPool(CostProfile(), name=POOL)
    pool.set_endpoints([Endpoint(address) for address in addresses], 0.0)
    return pool


def a_demand(group: int, blocks: int = 30) -> Demand:
    chain = tuple(group * 1000 + number for number in range(blocks))
    return Demand("m", chain, prompt_bytes=1024 * blocks)


@dataclass
class One:
    """One gateway: its pool and its circle."""

    pool: SharedPool
    circle: Circle

    def place(self, demand: Demand, now: float = 0.0) -> Placement:
        placement = self.pool.place(demand, now)
        assert isinstance(placement, Placement)
        return placement

    def finish(self, placement: Placement, now: float = 0.0, *, status: int = 200) -> None:
        self.pool.finish(placement.ticket, Served(placement.endpoint, status), now)

    def busy(self) -> dict[str, tuple[int, int, int, int]]:
        """What is in flight at each endpoint, whoever sent it."""
        return {
            state.address: (
                state.in_flight.requests,
                state.in_flight.prefilling,
                state.in_flight.prefill_tokens,
                state.in_flight.context_tokens,
            )
            for state in self.pool.states()
        }


def gateway(number: int = 1, addresses: Sequence[str] = ADDRESSES) -> One:
    pool = a_pool(addresses)
    circle = Circle(bytes([number]) * 16)
    circle.share({POOL: pool})
    return One(pool, circle)


def exchange(gateways: Sequence[One], now: float) -> list[bytes]:
    """Everybody says what there is to say, and hears all others."""
    said = [news for one in gateways if (news := one.circle.news(now)) is not None]
    for one in gateways:
        for message in said:
            one.circle.take(message, now)
    return said
