"""Where prompts end among an engine's blocks: hashes of chains, joined to blocks. Pure."""

from collections.abc import Container, Sequence
from typing import Final

from gateway.picker.kv.blocks import Block, Blocks

MAX_JOINTS: Final = 400_000
"""Hashes of chains that are joined, each for 1,024 bytes of some prompt."""

MAX_IDLE: Final = 20_000
"""Those of them that no endpoint holds: what was cached once is known again when it comes back."""

MAX_MARKS: Final = 1_024
"""Hashes that end with one block; a longest chain has as many, and each is looked at with it."""


class Joints:
    """For each hash of a chain the block with which that much of the prompt ends. A hash that is
    joined has all before it joined, too, or is treated as if it had not."""

    def __init__(self, blocks: Blocks, limit: int = MAX_JOINTS, idle: int = MAX_IDLE) -> None:
        self._blocks = blocks
        self._limit = limit
        self._most_idle = idle
        self._ends: dict[int, Block] = {}
        self._idle: dict[int, None] = {}
        blocks.when_idle = self._rest

    def __len__(self) -> int:
        return len(self._ends)

    def end(self, part: int) -> Block | None:
        """Where the chain that ends with this hash ends."""
        return self._ends.get(part)

    def known(self, chain: Sequence[int]) -> int:
        """How many hashes from the beginning of the chain are joined. By bisection."""
        return beginning(chain, self._ends)

    def held(self, chain: Sequence[int], known: int, bit: int) -> int:
        """How many of the first `known` hashes an endpoint has all blocks of. By bisection: who
        has a block whole has those before it."""
        ends = self._ends
        low, high = 0, known
        while low < high:
            middle = (low + high + 1) // 2
            end = ends.get(chain[middle - 1])
            if end is not None and end.whole & bit:
                low = middle
            else:
                high = middle - 1
        return low

    def join(self, part: int, index: int, block: Block) -> None:
        """The first `index` hashes of a chain, of which `part` is the last, end with `block`."""
        old = self._ends.get(part)
        if old is block or (block.marks is not None and len(block.marks) >= MAX_MARKS):
            return
        if old is not None:
            self._unmark(part, old)
        elif len(self._ends) >= self._limit:
            self.tidy()
            if len(self._ends) >= self._limit:
                return
        self._ends[part] = block
        block.marks = [*(block.marks or ()), (part, index)]
        if not block.holders:
            self._idle[part] = None

    def tidy(self) -> None:
        """Forget some of what nobody holds, if it is too much: what was let go of first."""
        for part in [part for part in self._idle if self._used(part)]:
            del self._idle[part]
        full = len(self._ends) >= self._limit
        while self._idle and (full or len(self._idle) > self._most_idle):
            part = next(iter(self._idle))
            del self._idle[part]
            self._unmark(part, self._ends.pop(part))
            full = len(self._ends) >= self._limit

    def rooted(self, block: Block) -> Block | None:
        """See `Blocks.rooted`."""
        return self._blocks.rooted(block)

    def prune(self, block: Block) -> None:
        """See `Blocks.prune`."""
        self._blocks.prune(block)

    def _rest(self, block: Block) -> None:
        """Nobody holds a block any more: what ends there may be forgotten."""
        for part, _ in block.marks or ():
            self._idle[part] = None

    def _used(self, part: int) -> bool:
        end = self._ends.get(part)
        return end is None or end.holders != 0

    def _unmark(self, part: int, block: Block) -> None:
        block.marks = [mark for mark in block.marks or () if mark[0] != part] or None
        self._blocks.prune(block)


def beginning(chain: Sequence[int], known: Container[int]) -> int:
    """How many hashes from the beginning of `chain` are `known`; all are before one that is.
    By bisection."""
    low, high = 0, len(chain)
    while low < high:
        middle = (low + high + 1) // 2
        if chain[middle - 1] in known:
            low = middle
        else:
            high = middle - 1
    return low
