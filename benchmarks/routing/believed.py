"""What a router that only watches its own routing believes to be cached, in tokens of runs."""

from collections import OrderedDict
from collections.abc import Collection, Sequence

from gateway.simulation.prompt import Run


class HeadFirstLru:
    """llm-d's approximate index of one endpoint: a prompt's blocks are inserted head first, so
    that the least recently used one, which goes first, is the *head* of the oldest prompt."""

    __slots__ = ("capacity", "kept", "runs")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.kept = 0
        self.runs: OrderedDict[int, list[int]] = OrderedDict()

    def insert(self, runs: Sequence[Run]) -> None:
        """The prompt was sent here: all its blocks are the youngest, its last block most of all."""
        for key, tokens in runs:
            known = self.runs.get(key)
            if known is None:
                self.runs[key] = [0, tokens]
                self.kept += tokens
            else:
                self.kept += known[0]
                known[0] = 0
                self.runs.move_to_end(key)
        while self.kept > self.capacity:
            key, span = next(iter(self.runs.items()))
            gone = min(span[1] - span[0], self.kept - self.capacity)
            span[0] += gone
            self.kept -= gone
            if span[0] == span[1]:
                del self.runs[key]

    def gap(self, run: Run) -> int | None:
        """Tokens that are missing at the head of a run; None if the whole run is unknown."""
        span = self.runs.get(run.key)
        return None if span is None else span[0]


def longest(indexes: Sequence[HeadFirstLru], runs: Sequence[Run]) -> list[int]:
    """llm-d's matchLongestPrefix: from the front, each block counts for every endpoint that has
    it, up to the first block that nobody has. Not contiguous per endpoint."""
    found = [0] * len(indexes)
    for run in runs:
        gaps = [index.gap(run) for index in indexes]
        if all(gap for gap in gaps if gap is not None):
            break
        for place, gap in enumerate(gaps):
            if gap is not None:
                found[place] += run.tokens - gap
    return found


class Contiguous:
    """A set of prompts' beginnings per endpoint, matched without gaps; `capacity` tokens are kept
    over all endpoints (None: without end), the least recently inserted run goes first."""

    def __init__(self, capacity: int | None = None) -> None:
        self.capacity = capacity
        self.kept = 0
        self.runs: OrderedDict[int, tuple[int, set[int]]] = OrderedDict()

    def insert(self, runs: Sequence[Run], index: int) -> None:
        """The prompt was sent to endpoint `index`."""
        for key, tokens in reversed(runs):
            known = self.runs.get(key)
            if known is None:
                known = self.runs[key] = (tokens, set())
            else:
                self.runs.move_to_end(key)
            if index not in known[1]:
                known[1].add(index)
                self.kept += tokens
        while self.capacity is not None and self.kept > self.capacity:
            _, (tokens, holders) = self.runs.popitem(last=False)
            self.kept -= tokens * len(holders)

    def matches(self, runs: Sequence[Run], among: Collection[int]) -> dict[int, int]:
        """Tokens from the beginning that each of `among` has; those without any are left out."""
        found: dict[int, int] = {}
        left = set(among)
        for key, tokens in runs:
            known = self.runs.get(key)
            left = left & known[1] if known else set[int]()
            if not left:
                break
            for index in left:
                found[index] = found.get(index, 0) + tokens
        return found

    def forget(self, index: int) -> None:
        """An endpoint is gone."""
        for key in [key for key, (_, holders) in self.runs.items() if index in holders]:
            tokens, holders = self.runs[key]
            holders.discard(index)
            self.kept -= tokens
            if not holders:
                del self.runs[key]
