"""The blocks that engines have cached, by their tokens: one tree for all endpoints. Pure.

Two engines name a block differently, and each its own way after a restart; its tokens, and those
before it, are the same. So what is found out about a block on one endpoint holds on all.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Final

import xxhash
from msgspec import Meta, MsgspecError, Raw
from msgspec.msgpack import Decoder

from gateway.picker.kv.batch import MAX_BLOCKS as MOST_IN_EVENT
from gateway.picker.kv.batch import NOTHING, Hash, Removed, Stored

MAX_HELD: Final = 1_000_000
"""Blocks of all endpoints of a pool that are known: 350 MB at worst. Those of one endpoint that
came first go first."""

MAX_BLOCKS: Final = 1_500_000
"""With those that nobody holds, but that others follow, or with which a prompt ends. Whose engine
says more than that is listened to anew."""

_ROOTS: Final = 1_000
"""Adapters of which blocks are known. They come and go: of more, one goes that has none, or what is
new is left out."""

STEPS_FOR_ONE: Final = 8
MOST_STEPS: Final = 4_000_000
"""An endpoint may make so many steps through the tree for each block that it stores, and so many
later at most. An engine lets go of the last blocks first, which is one step each; whoever takes
away the first of many and puts it back, again and again, makes us look at all each time."""

_MEDIA: Final = ("GPU", "CPU")
_OTHER: Final = "other"
_EACH: Final = Decoder(Annotated[list[Raw], Meta(max_length=MOST_IN_EVENT)])


class Block:
    """So many tokens after those of `parent`; `key` tells it from its siblings and `depth` is how
    many blocks it is from the beginning, 1 for the first.

    Bits of endpoints: those in `holders` have it; those in `whole` have all before it, too; those
    in `gone` had it and have said that it left. `marks` are (hash, index) of prompt chains whose
    first `index` hashes end here.
    """

    __slots__ = ("child", "depth", "gone", "holders", "key", "marks", "more", "parent", "whole")

    def __init__(self, key: int, parent: "Block | None", depth: int) -> None:
        self.key = key
        self.parent = parent
        self.depth = depth
        self.child: Block | None = None
        self.more: dict[int, Block] | None = None
        self.holders = 0
        self.whole = 0
        self.gone = 0
        self.marks: list[tuple[int, int]] | None = None

    def find(self, key: int) -> "Block | None":
        """The child with this key."""
        if self.child is not None and self.child.key == key:
            return self.child
        return None if self.more is None else self.more.get(key)

    @property
    def width(self) -> int:
        """How many steps it takes to look at its children, at least one."""
        return 1 if self.more is None else 1 + len(self.more)

    def children(self) -> "Iterator[Block]":
        """All of them."""
        if self.child is not None:
            yield self.child
        if self.more is not None:
            yield from self.more.values()

    def add(self, key: int) -> "Block":
        """A new child."""
        fresh = Block(key, self, self.depth + 1)
        if self.child is None:
            self.child = fresh
        else:
            if self.more is None:
                self.more = {}
            self.more[key] = fresh
        return fresh

    def drop(self, child: "Block") -> None:
        """Let go of a child."""
        if self.child is child:
            self.child = None
        elif self.more is not None:
            self.more.pop(child.key, None)
            self.more = self.more or None


class Cache:
    """What one endpoint has said of its cache. `bit` is its place in masks. `whole` is whether that
    is everything, so that what is not known is not there. `size` counts blocks, `steps` those that
    it may still make us walk."""

    def __init__(self, bit: int) -> None:
        self.bit = bit
        self.whole = False
        self.steps = 0
        self.held: dict[str, dict[Hash, Block]] = {}

    @property
    def size(self) -> int:
        """Blocks, those in two media twice."""
        return sum(map(len, self.held.values()))

    def find(self, name: Hash) -> Block | None:
        """The block that the engine calls so."""
        for blocks in self.held.values():
            if (found := blocks.get(name)) is not None:
                return found
        return None


class Blocks:
    """The tree. `block_tokens` is how many tokens a block has, `count` how many blocks there are,
    `held` how many of them endpoints have, those of two endpoints twice. `orphans` counts blocks
    that were left out: nothing is known of what they follow, or they have another size.
    `when_idle` is told of marked blocks that nobody holds any more."""

    def __init__(
        self, block_tokens: int, max_held: int = MAX_HELD, max_blocks: int = MAX_BLOCKS
    ) -> None:
        self.block_tokens = block_tokens
        self.count = 0
        self.when_idle: Callable[[Block], None] = lambda _: None
        self.orphans = 0
        self.held = 0
        self._max_held = max_held
        self._max_blocks = max_blocks
        self._roots: dict[str, Block] = {}

    def stored(self, cache: Cache, event: Stored) -> tuple[Block, Block] | None:
        """Take note; returns what the blocks follow and the last of them, None for orphans."""
        parent = None
        self._reckon(cache, len(event.block_hashes))
        if self.count + len(event.block_hashes) > self._max_blocks:
            self.clear(cache, whole=False)
        elif event.block_size == self.block_tokens and event.block_hashes:
            parent = self._parent(cache, event)
        if parent is None:
            self.orphans += len(event.block_hashes)
            return None
        start = block = parent
        medium = event.medium if event.medium in _MEDIA else _OTHER if event.medium else "GPU"
        held = cache.held.setdefault(medium, {})
        for name, key in zip(event.block_hashes, _keys(event), strict=True):
            block = block.find(key) or self._new(block, key)
            old = held.pop(name, None)
            if old is None:
                self.held += 1
            held[name] = block
            if old is not None and old is not block:
                self._lose(cache, name, old)
            self._hold(cache, block)
        while self.held > self._max_held and len(held) > 1:
            self._overflow(cache, held)
        return start, block

    def removed(self, cache: Cache, event: Removed) -> None:
        """Take note; an event without a medium is about all."""
        self._reckon(cache, 0)
        for medium, held in cache.held.items():
            if event.medium is not None and event.medium in _MEDIA and medium != event.medium:
                continue
            for name in event.block_hashes:
                block = held.pop(name, None)
                if block is not None:
                    self.held -= 1
                    self._lose(cache, name, block)

    def clear(self, cache: Cache, *, whole: bool) -> None:
        """Nothing is known of the endpoint any more; `whole`: because it has nothing."""
        for held in cache.held.values():
            self.held -= len(held)
            for block in held.values():
                block.holders &= ~cache.bit
                block.whole &= ~cache.bit
                self._idle(block)
        cache.held.clear()
        cache.whole = whole

    def prune(self, block: Block) -> None:
        """Forget blocks that nothing needs, from this one towards the root."""
        while (
            (parent := block.parent) is not None
            and not block.holders
            and block.child is None
            and block.more is None
            and block.marks is None
        ):
            parent.drop(block)
            self.count -= 1
            block = parent

    def rooted(self, block: Block) -> Block | None:
        """The same block, in the tree: it may have been forgotten meanwhile, and come back as
        another object or not at all. None: the tree has been begun anew. If nothing needs it, it
        is to be given to `prune` again."""
        line: list[Block] = []
        while block.parent is not None:
            line.append(block)
            block = block.parent
        if not any(block is root for root in self._roots.values()):
            return None
        for former in reversed(line):
            found = block.find(former.key)
            if found is None:
                found = self._new(block, former.key)
                found.gone = former.gone
            block = found
        return block

    def _new(self, parent: Block, key: int) -> Block:
        self.count += 1
        return parent.add(key)

    def _parent(self, cache: Cache, event: Stored) -> Block | None:
        if event.parent_block_hash is not None:
            return cache.find(event.parent_block_hash)
        adapter = event.lora_name or ("" if event.lora_id is None else f"#{event.lora_id}")
        root = self._roots.get(adapter)
        if root is None:
            if len(self._roots) >= _ROOTS and not self._forget_one():
                return None
            root = self._roots[adapter] = Block(0, None, 0)
            root.whole = -1
        return root

    def _reckon(self, cache: Cache, stored: int) -> None:
        """Who makes us walk too much is listened to anew."""
        if cache.steps < 0:
            self.clear(cache, whole=False)
            cache.steps = 0
        cache.steps = min(cache.steps + STEPS_FOR_ONE * stored, MOST_STEPS)

    def _forget_one(self) -> bool:
        """Let go of an adapter without blocks, if the next one is; else another is the next."""
        name = next(iter(self._roots))
        root = self._roots.pop(name)
        used = any(root.children())
        if used:
            self._roots[name] = root
        return not used

    def _hold(self, cache: Cache, block: Block) -> None:
        bit = cache.bit
        block.holders |= bit
        if block.gone:
            block.gone &= ~bit
        if block.parent is None or not block.parent.whole & bit or block.whole & bit:
            return
        block.whole |= bit
        pending = [] if block.child is None and block.more is None else [block]
        while pending:
            one = pending.pop()
            one.whole |= bit
            cache.steps -= one.width
            pending += [child for child in one.children() if child.holders & bit]

    def _lose(self, cache: Cache, name: Hash, block: Block) -> None:
        if any(held.get(name) is block for held in cache.held.values()):
            return
        bit = cache.bit
        block.holders &= ~bit
        block.gone |= bit
        if block.whole & bit:
            pending = [block]
            while pending:
                one = pending.pop()
                one.whole &= ~bit
                cache.steps -= one.width
                pending += [child for child in one.children() if child.whole & bit]
        self._idle(block)

    def _idle(self, block: Block) -> None:
        if block.marks is None:
            self.prune(block)
        elif not block.holders:
            self.when_idle(block)

    def _overflow(self, cache: Cache, held: dict[Hash, Block]) -> None:
        """There are too many: what came first is no longer known."""
        name = next(iter(held))
        block = held.pop(name)
        self.held -= 1
        self._lose(cache, name, block)
        block.gone &= ~cache.bit
        cache.whole = False


def _keys(event: Stored) -> Iterator[int]:
    """A hash of each block's tokens, and of what else tells it from others with the same."""
    tokens = memoryview(array("I", event.token_ids).tobytes())
    width = event.block_size * 4
    digest = xxhash.xxh3_64_intdigest
    seeds = _seeds(event.extra_keys, len(event.block_hashes))
    for index, seed in enumerate(seeds):
        yield digest(tokens[index * width : (index + 1) * width], seed)


def _seeds(extra: Raw, count: int) -> Sequence[int]:
    """What tells blocks apart besides their tokens: of each one, or the same of all."""
    if extra == NOTHING:
        return [0] * count
    try:
        each: list[Raw] = _EACH.decode(extra)
    except (MsgspecError, ValueError, RecursionError):
        each = []
    if len(each) != count:
        return [xxhash.xxh3_64_intdigest(extra)] * count
    return [0 if one == NOTHING else xxhash.xxh3_64_intdigest(one) for one in each]
