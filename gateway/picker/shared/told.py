"""Ledgers of a pool that is shared: what is its own, which is told, and what others told it."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from gateway.picker.ledger import Charge, Ledger
from gateway.picker.shared.outbox import Outbox

_APART: Final = 1 << 62
"""Tickets of others begin here: both are in the queues of the same accounts."""


class ToldLedger(Ledger):
    """As its base; changes go to `outbox`, if there is one. Who charges tells that itself."""

    outbox: Outbox | None = None

    def __init__(self, ttl: float) -> None:
        super().__init__(ttl)
        self._left: dict[int, tuple[float, bool]] = {}

    @property
    def newest(self) -> int:
        """The last ticket that was given, 0 before the first."""
        return self._ticket

    def after(self, ticket: int, most: int) -> list[tuple[int, Charge]]:
        """The first `most` open charges with later tickets, in order."""
        later: Iterator[tuple[int, Charge]] = (
            pair for pair in self._open.items() if pair[0] > ticket
        )
        return list(islice(later, most))

    def leaves(self, ticket: int, blocks: float, *, read: bool) -> None:
        """When the request ends, it leaves an answer of so many blocks, if it was `read`."""
        if self.outbox is not None and ticket in self._open:
            self._left[ticket] = blocks, read

    def first_token(self, ticket: int, now: float) -> bool:
        """As in the base."""
        news = super().first_token(ticket, now)
        if news and self.outbox is not None:
            self.outbox.began(ticket, seen=False)
        return news

    def finish(self, ticket: int, now: float) -> Charge | None:
        """As in the base."""
        charge = super().finish(ticket, now)
        blocks, read = self._left.pop(ticket, (0.0, True))
        if charge is not None and self.outbox is not None:
            self.outbox.ended(ticket, blocks, read=read)
        return charge


class GuestLedger(Ledger):
    """Charges of requests that other gateways placed; nothing is told of them."""

    def __init__(self) -> None:
        super().__init__()
        self._ticket = _APART
