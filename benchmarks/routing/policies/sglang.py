"""sglang's model gateway: `cache_aware` and `lmetric`, over one tree of raw text."""

from collections.abc import Sequence

from benchmarks.routing.believed import Contiguous
from benchmarks.routing.policies.unaware import LeastRequest
from gateway.simulation.policy import Seen
from gateway.simulation.prompt import CHARACTERS
from gateway.simulation.request import Request

TREE = 67_108_864 // CHARACTERS
"""max_tree_size in tokens."""


class TextTree(LeastRequest):
    """Keeps the tree and the loads (requests in flight)."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.tree = Contiguous(TREE)

    def sent(self, request: Request, index: int) -> int:
        """Insert on routing; returns `index`."""
        self.tree.insert(request.prompt.runs, index)
        self.active[index] = self.active.get(index, 0) + 1
        return index

    def left(self, index: int, now: float) -> None:
        """As in `Policy`."""
        del now
        self.tree.forget(index)


class CacheAware(TextTree):
    """Out of balance (by more than 64 requests and by half): the least loaded; else the worker
    with the longest match if that is over 30 % of the prompt, else the least loaded."""

    name = "sglang_cache_aware"
    threshold = 0.3
    absolute = 64
    relative = 1.5

    def place(self, request: Request, seen: Sequence[Seen], now: float) -> int:
        """As in `Policy`."""
        del now
        loads = [self.active.get(one.index, 0) for one in seen]
        high, low = max(loads), min(loads)
        if high - low > self.absolute and high > self.relative * low:
            return self.sent(request, self.least(seen))
        matches = self.tree.matches(request.prompt.runs, [one.index for one in seen])
        best = max(matches.values(), default=0)
        if best / max(request.prompt.tokens, 1) <= self.threshold:
            return self.sent(request, self.least(seen))
        return self.sent(
            request, next(index for index, tokens in matches.items() if tokens == best)
        )


class Lmetric(TextTree):
    """argmin of (characters - matched) x (load + 1); ties by load, then by what is left to read,
    then by index."""

    name = "sglang_lmetric"

    def place(self, request: Request, seen: Sequence[Seen], now: float) -> int:
        """As in `Policy`."""
        del now
        matches = self.tree.matches(request.prompt.runs, [one.index for one in seen])

        def score(one: Seen) -> tuple[int, int, int, int]:
            load = self.active.get(one.index, 0)
            work = request.prompt.tokens - matches.get(one.index, 0)
            return work * (load + 1), load, work, one.index

        return self.sent(request, min(seen, key=score).index)
