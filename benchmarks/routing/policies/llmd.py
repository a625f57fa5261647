"""llm-d's router (v0.10): its approximate prefix index and two of its profiles."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from benchmarks.routing.believed import HeadFirstLru, longest
from gateway.simulation.policy import Observer, Seen
from gateway.simulation.request import Outcome, Request

INDEX_BLOCK: Final = 64
LONGEST_MATCHED: Final = 131_072
"""Tokens of an index block, and of a prompt at most (maxPrefixTokensToMatch). The capacity of the
index is the engine's number of blocks, which are of 16 tokens: it believes in four times the cache
that there is (known defect)."""


class ApproximatePrefix(Observer):
    """approx-prefix-cache-producer: learns from its own routing only."""

    interval = 0.05

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._indexes: dict[int, HeadFirstLru] = {}

    def matched(self, request: Request, seen: Sequence[Seen]) -> list[int]:
        """Tokens that each of `seen` is believed to have of the prompt, in whole blocks."""
        indexes = [self._index(one) for one in seen]
        limit = min(request.prompt.tokens, LONGEST_MATCHED)
        found = longest(indexes, request.prompt.runs)
        return [min(tokens, limit) // INDEX_BLOCK * INDEX_BLOCK for tokens in found]

    def sent(self, request: Request, one: Seen) -> None:
        """The request goes to `one`."""
        self._index(one).insert(request.prompt.runs)

    def left(self, index: int, now: float) -> None:
        """As in `Policy`."""
        del now
        self._indexes.pop(index, None)

    def best(self, scores: Sequence[float]) -> int:
        """max-score-picker: the place of the highest score, equal ones in random order."""
        top = max(scores)
        return self.random.choice([place for place, score in enumerate(scores) if score == top])

    def _index(self, one: Seen) -> HeadFirstLru:
        index = self._indexes.get(one.index)
        if index is None:
            index = self._indexes[one.index] = HeadFirstLru(one.blocks * INDEX_BLOCK)
        return index


class WeightedScorers(ApproximatePrefix):
    """prefix 3, queue 2, KV usage 2 and no-hit-lru 2: the "optimized baseline" before v0.10."""

    name = "llmd_322"
    weights = (3.0, 2.0, 2.0, 2.0)

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._cold: OrderedDict[int, None] = OrderedDict()

    def place(self, request: Request, seen: Sequence[Seen], now: float) -> int:
        """As in `Policy`."""
        del now
        matched = self.matched(request, seen)
        total = max(request.prompt.tokens // INDEX_BLOCK * INDEX_BLOCK, 1)
        parts = (
            [tokens / total for tokens in matched],
            queue_scores([one.waiting for one in seen]),
            [1.0 - one.usage for one in seen],
            self.no_hit_scores(matched, seen),
        )
        scores = [
            sum(weight * part[place] for weight, part in zip(self.weights, parts, strict=True))
            for place in range(len(seen))
        ]
        one = seen[self.best(scores)]
        self.sent(request, one)
        if not any(matched):
            self._cold[one.index] = None
            self._cold.move_to_end(one.index)
        return one.index

    def no_hit_scores(self, matched: Sequence[int], seen: Sequence[Seen]) -> list[float]:
        """no-hit-lru-scorer: who served a cold request longest ago, never-used ones first."""
        if any(matched):
            return [0.5] * len(seen)
        if len(seen) == 1:
            return [1.0]
        order = {index: place for place, index in enumerate(self._cold)}
        ranked = sorted(seen, key=lambda one: order.get(one.index, -1))
        rank = {one.index: place for place, one in enumerate(ranked)}
        return [1.0 - rank[one.index] / (len(seen) - 1) for one in seen]


def queue_scores(waiting: Sequence[int]) -> list[float]:
    """queue-scorer: 1 for the shortest queue, 0 for the longest, all 1 if they are equal."""
    low, high = min(waiting), max(waiting)
    if low == high:
        return [1.0] * len(waiting)
    return [(high - one) / (high - low) for one in waiting]


class StickyUntilSaturated(ApproximatePrefix):
    """prefix-cache-affinity-filter and token-load-scorer: v0.10's recommended profile.

    Endpoints with 80 % of the prompt or more are stuck to, until the work in front of the best of
    them takes 18 s longer than in front of the best other, by a set rate of prefill; among those
    that are left the one with the fewest uncached tokens in flight wins.
    """

    name = "llmd_sticky"
    threshold = 0.8
    penalty = 18.0
    rate = 15928.0
    most = 4_194_304

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._tokens: dict[int, int] = {}
        self._charged: dict[int, tuple[int, int]] = {}

    def place(self, request: Request, seen: Sequence[Seen], now: float) -> int:
        """As in `Policy`."""
        del now
        matched = self.matched(request, seen)
        places = self.stuck(request, seen, matched)
        loads = [
            self._tokens.get(seen[place].index, 0) + request.prompt.tokens - matched[place]
            for place in places
        ]
        scores = [1.0 - min(load, self.most) / self.most for load in loads]
        place = places[self.best(scores)]
        one, uncached = seen[place], request.prompt.tokens - matched[place]
        self.sent(request, one)
        self._tokens[one.index] = self._tokens.get(one.index, 0) + uncached
        self._charged[request.number] = (one.index, uncached)
        return one.index

    def stuck(self, request: Request, seen: Sequence[Seen], matched: Sequence[int]) -> list[int]:
        """The places that the affinity filter leaves."""
        every = list(range(len(seen)))
        total = max(request.prompt.tokens // INDEX_BLOCK * INDEX_BLOCK, 1)
        sticky = [place for place in every if matched[place] / total >= self.threshold]
        others = [place for place in every if place not in sticky]
        if not sticky or not others:
            return every
        waits = [self._tokens.get(one.index, 0) / self.rate for one in seen]
        excess = min(waits[place] for place in sticky) - min(waits[place] for place in others)
        return every if excess > self.penalty else sticky

    def first_token(self, outcome: Outcome, now: float) -> None:
        """inflight-load-producer lets go of the tokens with the first response chunk."""
        del now
        charged = self._charged.pop(outcome.request.number, None)
        if charged is not None:
            self._tokens[charged[0]] = max(self._tokens[charged[0]] - charged[1], 0)

    def finished(self, outcome: Outcome, now: float) -> None:
        """Whatever is still charged is let go of."""
        self.first_token(outcome, now)

    def left(self, index: int, now: float) -> None:
        """As in `Policy`."""
        super().left(index, now)
        self._tokens[index] = 0
