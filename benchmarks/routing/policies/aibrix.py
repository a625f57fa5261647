"""AIBrix gateway's `prefix-cache`: the best match that is not busier than usual."""

from collections.abc import Sequence
from statistics import fmean, pstdev

from benchmarks.routing.believed import Contiguous
from benchmarks.routing.policies.unaware import LeastRequest
from gateway.simulation.policy import Seen
from gateway.simulation.request import Request


class AibrixPrefix(LeastRequest):
    """If running counts differ by more than 8, the least busy; else the best match among those
    with at most the mean and one standard deviation running; else the least busy. Blocks of 128
    characters; the running counts are its own."""

    name = "aibrix_prefix"
    imbalance = 8
    deviations = 1.0
    block = 32
    capacity = 200_000 * 32

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._index = Contiguous(self.capacity)

    def place(self, request: Request, seen: Sequence[Seen], now: float) -> int:
        """As in `Policy`."""
        del now
        index = self._choose(request, seen)
        self.active[index] = self.active.get(index, 0) + 1
        self._index.insert(request.prompt.runs, index)
        return index

    def _choose(self, request: Request, seen: Sequence[Seen]) -> int:
        counts = {one.index: self.active.get(one.index, 0) for one in seen}
        if max(counts.values()) - min(counts.values()) > self.imbalance:
            return self.least(seen)
        matches = self._index.matches(request.prompt.runs, counts)
        bound = fmean(counts.values()) + self.deviations * pstdev(counts.values())
        fit = {
            index: tokens // self.block
            for index, tokens in matches.items()
            if counts[index] <= bound and tokens >= self.block
        }
        if not fit:
            return self.least(seen)
        best = max(fit.values())
        ties = [index for index, blocks in fit.items() if blocks == best]
        fewest = min(counts[index] for index in ties)
        return self.random.choice([index for index in ties if counts[index] == fewest])

    def left(self, index: int, now: float) -> None:
        """As in `Policy`."""
        del now
        self._index.forget(index)
