"""A placed request that another endpoint answers than the one that was picked. Pure.

Envoy tries the next of a list when an endpoint fails, and tells who answered with the head of the
response. A stream may go on for minutes after that: whoever answers has the request meanwhile.
"""

from dataclasses import dataclass

from gateway.picker.endpoint import EndpointState
from gateway.picker.index import PrefixIndex
from gateway.picker.ledger import Account, Ledger, Placed


@dataclass(frozen=True, slots=True)
class Move:
    """The request of `ticket`, and the endpoint that answers it."""

    ticket: int
    placed: Placed
    state: EndpointState

    def make(self, ledger: Ledger, index: PrefixIndex, now: float) -> tuple[EndpointState, ...]:
        """Charge that endpoint from `now` on (seconds), and let its cache have the prompt; what the
        one that was picked did is judged at the end. Returns those whose counts have changed, none
        if it has the request already."""
        state, placed = self.state, self.placed
        account, left = state.in_flight, placed.charged
        if not isinstance(account, Account):
            return ()
        if not ledger.move(self.ticket, account, state.address, now):
            return ()
        if placed.lease is not None:
            index.withdraw(placed.lease, placed.demand.chain)
        placed.lease = index.enter(state.address, placed.demand.chain)
        placed.served_by = state
        return left, state
