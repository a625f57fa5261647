"""The KV cache of an imitated engine: blocks, some of them known by the hash of their prefix.

As in vLLM: blocks of running requests stay; those of an ended request are freed tail first and
evicted in the order in which they were freed. One thing is simpler: two requests that compute the
same block at the same time keep one block between them, where vLLM keeps two.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.engine.tokens import Text


@dataclass(slots=True)
class Holding:
    """The blocks of one request: the full ones by hash, and the number of the others."""

    hashes: list[int] = field(default_factory=list[int])
    loose: int = 0

    @property
    def blocks(self) -> int:
        """How many blocks it has."""
        return len(self.hashes) + self.loose


@dataclass(frozen=True, slots=True)
class Change:
    """A block has come, the `index`th of `text` after `parent`, or gone, when `text` is None."""

    block: int
    parent: int | None = None
    index: int = 0
    text: Text | None = None


class PrefixCache:
    """Blocks by hash. `changes` has what came and went, in order, until someone takes it."""

    def __init__(self, capacity: int, *, keeps: bool = True) -> None:
        """`capacity` in blocks; `keeps` is whether blocks outlive their requests."""
        self.capacity = capacity
        self._keeps = keeps
        self._blank = capacity
        self._held: dict[int, int] = {}
        self._idle: OrderedDict[int, None] = OrderedDict()
        self.changes: list[Change] = []

    @property
    def usage(self) -> float:
        """The share of blocks, 0 to 1, that running requests have."""
        return (self.capacity - self._blank - len(self._idle)) / self.capacity

    def match(self, chain: Sequence[int]) -> int:
        """How many blocks from the beginning of `chain` are there."""
        if not self._keeps:
            return 0
        for count, block in enumerate(chain):
            if block not in self._held and block not in self._idle:
                return count
        return len(chain)

    def take(self, holding: Holding, chain: Sequence[int]) -> None:
        """Gives `holding` blocks that `match` has found."""
        for block in chain:
            self._hold(block)
        holding.hashes.extend(chain)

    def grow(self, holding: Holding, blocks: int) -> bool:
        """Gives `holding` new blocks until it has `blocks`; False, and nothing, if too few."""
        wanted = max(blocks - holding.blocks, 0)
        if wanted > self._blank + len(self._idle):
            return False
        for _ in range(max(wanted - self._blank, 0)):
            self.changes.append(Change(self._idle.popitem(last=False)[0]))
            self._blank += 1
        self._blank -= wanted
        holding.loose += wanted
        return True

    def seal(self, holding: Holding, chain: Sequence[int], text: Text) -> None:
        """The first blocks of `holding` are full of `text`, and have the hashes of `chain`."""
        if not self._keeps:
            return
        for index in range(len(holding.hashes), len(chain)):
            block = chain[index]
            holding.loose -= 1
            if block in self._held or block in self._idle:
                self._blank += 1
            else:
                parent = chain[index - 1] if index else None
                self.changes.append(Change(block, parent, index, text))
            self._hold(block)
            holding.hashes.append(block)

    def release(self, holding: Holding) -> None:
        """Frees the blocks of an ended or preempted request, tail first."""
        self._blank += holding.loose
        holding.loose = 0
        for block in reversed(holding.hashes):
            self._held[block] -= 1
            if not self._held[block]:
                del self._held[block]
                self._idle[block] = None
        holding.hashes.clear()

    def clear(self) -> None:
        """Forgets every block that no running request has."""
        self._blank += len(self._idle)
        self._idle.clear()

    def _hold(self, block: int) -> None:
        self._idle.pop(block, None)
        self._held[block] = self._held.get(block, 0) + 1
