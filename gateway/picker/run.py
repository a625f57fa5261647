"""A run of prompt blocks that have always been used together: a node of the index. Pure."""

from array import array
from collections.abc import Sequence
from typing import Final

_DENSE: Final = 8
"""If one bit in so many is set, looking at each is faster than arithmetic with long numbers."""


class Hold:
    """The first `blocks` blocks of a run, in the cache of the endpoint in `slot`.

    `stamp` is when they were last used, on the index's own counter. While `pins` requests run with
    them, the server cannot evict them. Without a run it is an answer, which no prompt has asked for
    yet: it takes room, and nothing else is known of it. `order` is that of its entry in the heap.
    """

    __slots__ = ("blocks", "order", "pins", "run", "slot", "stamp")

    def __init__(self, run: "Run | None", slot: int, blocks: float, stamp: int) -> None:
        self.run = run
        self.slot = slot
        self.blocks = blocks
        self.stamp = stamp
        self.pins = 0
        self.order = -1


class Run:
    """Blocks that follow one another, with the blocks before them in `parent`.

    `start` is how many blocks come before. `full` has the bit of each slot that holds all of it,
    `ragged` of each that holds only its beginning. Who holds a run holds all of its parent.
    """

    __slots__ = ("children", "full", "hashes", "holds", "parent", "ragged", "start")

    def __init__(self, start: int, hashes: "array[int]", parent: "Run | None") -> None:
        self.start = start
        self.hashes = hashes
        self.parent = parent
        self.children: dict[int, Run] = {}
        self.holds: dict[int, Hold] = {}
        self.full = 0
        self.ragged = 0

    def common(self, chain: Sequence[int]) -> int:
        """How many of the run's blocks the chain has, of which the first is known to be one. By
        bisection: equal hashes mean that everything before them is equal too."""
        hashes, start = self.hashes, self.start
        high = min(len(hashes), len(chain) - start)
        if hashes[high - 1] == chain[start + high - 1]:
            return high
        low = 1
        while low < high - 1:
            middle = (low + high) // 2
            if hashes[middle - 1] == chain[start + middle - 1]:
                low = middle
            else:
                high = middle
        return low

    def resize(self, hold: Hold, blocks: int) -> None:
        """Let the hold have this many blocks of the run; none: it is gone."""
        bit = 1 << hold.slot
        hold.blocks = blocks
        self.full &= ~bit
        self.ragged &= ~bit
        if blocks == len(self.hashes):
            self.full |= bit
        elif blocks:
            self.ragged |= bit
        else:
            del self.holds[hold.slot]

    def trim(self) -> int:
        """Forget the end that nobody holds; returns how many blocks that was."""
        if self.full or self.children or not self.holds:
            return 0
        longest = int(max(hold.blocks for hold in self.holds.values()))
        spare = len(self.hashes) - longest
        del self.hashes[longest:]
        for hold in self.holds.values():
            if hold.blocks == longest:
                self.full |= 1 << hold.slot
        self.ragged &= ~self.full
        return spare


def bits(mask: int) -> list[int]:
    """The places of the ones in `mask`, lowest first."""
    if mask.bit_count() * _DENSE > mask.bit_length():
        return [place for place, bit in enumerate(f"{mask:b}"[::-1]) if bit == "1"]
    places: list[int] = []
    while mask:
        low = mask & -mask
        places.append(low.bit_length() - 1)
        mask ^= low
    return places
