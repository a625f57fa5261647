"""What the gateway has sent to each endpoint and not seen the end of. Pure: no I/O, no clock."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

from gateway.model.demand import Demand
from gateway.picker.endpoint import EndpointState, InFlight
from gateway.picker.index import Lease

TTL: Final = 3600.0
"""Seconds after which a charge whose end nobody reported is dropped: longer than any request."""


ON_THE_WAY: Final = 0.25
"""Seconds that a request may take from its placement to the queue of its server. A server's own
queue keeps to its bound as long as none takes longer."""

_RECENT: Final = 256
"""Placements that may fall between a scrape and its arrival here."""


def _recent() -> deque[float]:
    return deque(maxlen=_RECENT)


@dataclass(slots=True)
class Account(InFlight):
    """The counters of one life of an endpoint. `queue` are the charges without a first token, in
    the order of their placement, of which the first has been computed since `since`. `recent` is
    when the newest were placed that are not over."""

    queue: "OrderedDict[int, Charge]" = field(
        default_factory=OrderedDict[int, "Charge"], repr=False
    )
    since: float = 0.0
    recent: deque[float] = field(default_factory=_recent, repr=False)

    def head(self) -> int:
        """Uncached prompt tokens of the first of the queue, 0 if there is none."""
        for charge in self.queue.values():
            return charge.prefill_tokens
        return 0

    def unseen(self, at: float) -> int:
        """How many of those that are not over a scrape at `at` cannot know: they were placed later,
        or so shortly before that they may have been on their way. At most 256. Others are not
        counted again, so `at` may not go back."""
        while self.recent and self.recent[0] < at - ON_THE_WAY:
            self.recent.popleft()
        return len(self.recent)

    def front(self, now: float, rate: float) -> float:
        """Uncached prompt tokens that are still to be computed, at `rate` tokens per second: the
        first of the queue is under way."""
        if not self.prefill_tokens:
            return 0.0
        return self.prefill_tokens - min(max(now - self.since, 0.0) * rate, self.head())


@dataclass(slots=True)
class Charge:
    """One request on one endpoint. `account` is what it is charged to, as long as it is open."""

    account: Account = field(repr=False)
    address: str
    prefill_tokens: int
    context_tokens: int
    at: float
    prefilling: bool = True


class Ledger:
    """Exact counters. Each change is done once: repeated or late reports change nothing.

    An account belongs to one life of an endpoint. An endpoint that leaves takes its account with
    it, and one that comes back under the same address gets a new one; charges of the old stay with
    the old (llm-d router #1739: counters that went negative when endpoints flapped).
    """

    def __init__(self, ttl: float = TTL) -> None:
        self._ttl = ttl
        self._open: OrderedDict[int, Charge] = OrderedDict()
        self._ticket = 0

    def __len__(self) -> int:
        return len(self._open)

    def get(self, ticket: int) -> Charge | None:
        """The open charge of this ticket."""
        return self._open.get(ticket)

    def charge(
        self, account: Account, address: str, prefill_tokens: int, context_tokens: int, now: float
    ) -> int:
        """Count a request with `prefill_tokens` (uncached) and `context_tokens` (prompt and
        expected output); returns its ticket, never used before."""
        self._ticket += 1
        charge = Charge(account, address, max(prefill_tokens, 0), max(context_tokens, 0), now)
        self._open[self._ticket] = charge
        if not account.queue:
            account.since = now
        account.queue[self._ticket] = charge
        account.recent.append(now)
        account.requests += 1
        account.prefilling += 1
        account.prefill_tokens += charge.prefill_tokens
        account.context_tokens += charge.context_tokens
        return self._ticket

    def first_token(self, ticket: int, now: float) -> bool:
        """The request has its first token: its prefill is over. Whether that was news."""
        charge = self._open.get(ticket)
        if charge is None or not charge.prefilling:
            return False
        charge.prefilling = False
        charge.account.since = now
        del charge.account.queue[ticket]
        charge.account.prefilling -= 1
        charge.account.prefill_tokens -= charge.prefill_tokens
        return True

    def move(self, ticket: int, account: Account, address: str, now: float) -> bool:
        """Charge another account, that of the endpoint at `address`, for the request under the same
        ticket. Whether it was charged to one that is not this."""
        charge = self._open.get(ticket)
        if charge is None or charge.account is account:
            return False
        before = charge.account
        before.requests -= 1
        before.context_tokens -= charge.context_tokens
        if charge.at in before.recent:
            before.recent.remove(charge.at)
        account.requests += 1
        account.context_tokens += charge.context_tokens
        if charge.prefilling:
            del before.queue[ticket]
            before.prefilling -= 1
            before.prefill_tokens -= charge.prefill_tokens
            before.since = now
            account.since = account.since if account.queue else now
            account.queue[ticket] = charge
            account.prefilling += 1
            account.prefill_tokens += charge.prefill_tokens
        charge.account, charge.address = account, address
        return True

    def finish(self, ticket: int, now: float) -> Charge | None:
        """The request is over; None if that was known, or nothing is known of it."""
        self.first_token(ticket, now)
        charge = self._open.pop(ticket, None)
        if charge is not None:
            charge.account.requests -= 1
            charge.account.context_tokens -= charge.context_tokens
            if charge.at in charge.account.recent:
                charge.account.recent.remove(charge.at)
        return charge

    def expire(self, now: float) -> list[int]:
        """Tickets that are older than the time to live; each has to be finished."""
        overdue: list[int] = []
        for ticket, charge in self._open.items():
            if now - charge.at < self._ttl:
                break
            overdue.append(ticket)
        return overdue


@dataclass(slots=True)
class Placed:
    """A request that is placed and not finished."""

    demand: Demand
    state: EndpointState
    lease: Lease | None
    at: float
    prompt_tokens: int
    work_tokens: float
    context_tokens: float
    first: float | None = None
    expected: float | None = None
    transfer: float = 0.0
    prefill: int | None = None
    prefill_lease: Lease | None = None
    served_by: EndpointState | None = None

    @property
    def charged(self) -> EndpointState:
        """The endpoint that is charged for it: the one that answers, once that is known."""
        return self.served_by or self.state
