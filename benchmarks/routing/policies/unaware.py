"""Policies that know nothing of caches: random, round robin, least request."""

from collections.abc import Sequence

from gateway.simulation.policy import Observer, Seen
from gateway.simulation.request import Outcome, Request


class RandomChoice(Observer):
    """Any endpoint."""

    name = "random"

    def place(self, request: Request, seen: Sequence[Seen], now: float) -> int:
        """As in `Policy`."""
        del request, now
        return self.random.choice(seen).index


class RoundRobin(Observer):
    """One after the other, as a Kubernetes service does on average."""

    name = "round_robin"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._turn = 0

    def place(self, request: Request, seen: Sequence[Seen], now: float) -> int:
        """As in `Policy`."""
        del request, now
        self._turn += 1
        return seen[self._turn % len(seen)].index


class LeastRequest(Observer):
    """The endpoint with the fewest requests in flight, of its own count; ties at random."""

    name = "least_request"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.active: dict[int, int] = {}

    def place(self, request: Request, seen: Sequence[Seen], now: float) -> int:
        """As in `Policy`."""
        del request, now
        index = self.least(seen)
        self.active[index] = self.active.get(index, 0) + 1
        return index

    def least(self, seen: Sequence[Seen]) -> int:
        """The least busy of `seen`."""
        fewest = min(self.active.get(one.index, 0) for one in seen)
        ties = [one.index for one in seen if self.active.get(one.index, 0) == fewest]
        return self.random.choice(ties)

    def finished(self, outcome: Outcome, now: float) -> None:
        """As in `Policy`."""
        del now
        self.active[outcome.endpoint] -= 1
