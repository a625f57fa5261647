"""A pool's picker that knows what other gateways have placed. Pure: no I/O, no clock."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.model.demand import Demand
from gateway.model.placement import Placement, Served
from gateway.picker.index import Lease
from gateway.picker.ledger import Account
from gateway.picker.lessons import read
from gateway.picker.limits import Limits
from gateway.picker.pool import PoolPicker
from gateway.picker.profile import Profile, Ranking
from gateway.picker.shared.hearing import Hearing
from gateway.picker.shared.outbox import Outbox, Sent
from gateway.picker.shared.told import GuestLedger, ToldLedger


@dataclass(slots=True)
class Guest:
    """A request that another gateway has placed here. `lease` is that of its chain, if it was told,
    `seen` whether the first token was; `work_tokens` and `context_tokens` as in `Began` of
    `gateway.picker.learning`."""

    address: str
    ticket: int
    work_tokens: float = 0.0
    context_tokens: float = 0.0
    chain: Sequence[int] = ()
    lease: Lease | None = None
    seen: bool = False


class Witness(Protocol):
    """Who counts what waits at endpoints, as `gateway.picker.flow.gate.EndpointGate`."""

    def sent(self, address: str) -> None:
        """A request was sent there."""
        ...

    def first_token(self, address: str) -> None:
        """One of them gave its first token."""
        ...

    def moved(self, address: str, to: str, first_token_seen: bool) -> None:
        """One of them is answered by another endpoint instead."""
        ...

    def ended(self, address: str, first_token_seen: bool) -> None:
        """One of them has ended."""
        ...


class SharedPool(PoolPicker):
    """As its base. Requests of others, its guests, are charged to the same accounts and held in the
    same caches, so that whatever looks at those sees them. `witness` is told of them, too, and
    `elsewhere` counts them by endpoint."""

    def __init__(
        self,
        profile: Profile,
        *,
        name: str = "",
        shadow: Profile | None = None,
        limits: Limits | None = None,
    ) -> None:
        super().__init__(profile, name=name, shadow=shadow, limits=limits)
        self.own = ToldLedger((limits or Limits()).ttl)
        self.ledger = self.own
        self._theirs = GuestLedger()
        self.witness: Witness | None = None
        self.elsewhere: Counter[str] = Counter()

    @property
    def guests(self) -> int:
        """Requests of others that are not over."""
        return len(self._theirs)

    @property
    def outbox(self) -> Outbox | None:
        """Where what happens here is told; None: nowhere."""
        return self.own.outbox

    def tell(self, outbox: Outbox | None) -> None:
        """Tell there from now on."""
        self.own.outbox = outbox

    def use(self, profile: Profile, shadow: Profile | None = None) -> None:
        """As in the base."""
        super().use(profile, shadow)
        self._hearing = [each for each in (profile, shadow) if isinstance(each, Hearing)]

    def saw(self, ticket: int) -> bool:
        """Whether the first token of this request was seen."""
        open_ = self._open.get(ticket)
        return open_ is not None and open_.first is not None

    def first_token(self, ticket: int, now: float) -> None:
        """As in the base."""
        before = self.saw(ticket)
        super().first_token(ticket, now)
        if self.own.outbox is not None and not before and self.saw(ticket):
            self.own.outbox.began(ticket, seen=True)

    def moved(self, ticket: int, address: str, now: float) -> bool:
        """As in the base."""
        if not super().moved(ticket, address, now):
            return False
        open_, charge = self._open[ticket], self.own.get(ticket)
        self._tell(ticket, open_.lease, open_.demand)
        if self.own.outbox is not None and charge is not None and not charge.prefilling:
            self.own.outbox.began(ticket, seen=self.saw(ticket))
        return True

    def finish(self, ticket: int, served: Served, now: float) -> None:
        """As in the base."""
        if served.endpoint is not None:
            self.moved(ticket, served.endpoint, now)
        open_ = self._open.get(ticket)
        if open_ is not None and self.own.outbox is not None:
            left = self.lessons.left_by(open_, served)
            self.own.leaves(ticket, left, read=read(open_, served))
        super().finish(ticket, served, now)

    def host(self, address: str, prefill: int, context: int, now: float) -> Guest | None:
        """Another gateway has placed a request of `prefill` uncached tokens, and `context` tokens
        of prompt and answer, at the endpoint. None: there is no such endpoint."""
        state = self._states.get(address)
        if state is None or not isinstance(state.in_flight, Account):
            return None
        account = state.in_flight
        work = prefill + account.front(now, self.lessons.speed(address, now))
        beside = account.context_tokens - account.prefill_tokens
        ticket = self._theirs.charge(account, address, prefill, context, now)
        state.since_scrape += 1
        self.fleet.touch(address)
        for profile in self._hearing:
            profile.heard(address, prefill, now)
        self.elsewhere[address] += 1
        if self.witness is not None:
            self.witness.sent(address)
        return Guest(address, ticket, work, beside)

    def rehost(self, guest: Guest, address: str, now: float) -> bool:
        """Another endpoint answers the guest's request. Whether it is there from now on; not if
        there is no such endpoint."""
        state, left = self._states.get(address), self._states.get(guest.address)
        if state is None or not isinstance(state.in_flight, Account):
            return False
        if not self._theirs.move(guest.ticket, state.in_flight, address, now):
            return guest.address == address
        for each in (left, state):
            if each is not None:
                self._recount(each)
        self._went(guest.address)
        self.elsewhere[address] += 1
        if self.witness is not None:
            self.witness.moved(guest.address, address, guest.seen)
        guest.address, lease = address, guest.lease
        if lease is not None:
            reserve = lease.reserved
            self.index.withdraw(lease, guest.chain)
            guest.lease = self.index.enter(address, guest.chain, reserve)
        return True

    def let_in(self, guest: Guest, chain: Sequence[int], reserve: float) -> None:
        """Let the cache of its endpoint have the guest's chain. Once is enough."""
        if chain and guest.lease is None:
            guest.chain = chain
            guest.lease = self.index.enter(guest.address, chain, reserve)

    def host_began(self, guest: Guest, now: float, *, seen: bool) -> None:
        """The guest has its first token, as in `Began`."""
        if seen and not guest.seen:
            guest.seen = True
            if self.witness is not None:
                self.witness.first_token(guest.address)
        if self._theirs.first_token(guest.ticket, now):
            self.fleet.touch(guest.address)
            self.lessons.expected(guest.address, guest.work_tokens, guest.context_tokens)

    def see_off(self, guest: Guest, now: float, left: float = 0, *, read: bool = True) -> None:
        """The guest is over, and left an answer of so many blocks, if it was `read` at all."""
        self.host_began(guest, now, seen=False)
        if self._theirs.finish(guest.ticket, now) is not None:
            self.fleet.touch(guest.address)
            self._went(guest.address)
            if self.witness is not None:
                self.witness.ended(guest.address, guest.seen)
        if guest.lease is None:
            return
        if read:
            self.index.release(guest.lease, left)
        else:
            self.index.withdraw(guest.lease, guest.chain)
        guest.lease = None

    def _went(self, address: str) -> None:
        self.elsewhere[address] -= 1
        if not self.elsewhere[address]:
            del self.elsewhere[address]

    def _charge(self, demand: Demand, ranking: Ranking, now: float, waited: float) -> Placement:
        placement = super()._charge(demand, ranking, now, waited)
        if self.own.outbox is None:
            return placement
        open_ = self._open[placement.ticket]
        self._tell(placement.ticket, open_.lease, demand)
        if open_.prefill is not None:
            self._tell(open_.prefill, open_.prefill_lease, demand)
        return placement

    def _tell(self, ticket: int, lease: Lease | None, demand: Demand) -> None:
        charge = self.own.get(ticket)
        if charge is None or self.own.outbox is None:
            return
        tokens = charge.prefill_tokens, charge.context_tokens
        reserve = lease.reserved if lease is not None else 0.0
        self.own.outbox.sent(Sent(ticket, charge.address, *tokens, reserve, demand.chain))
