"""The prefix cache of one engine, as vLLM keeps it, over runs of blocks instead of single blocks.

Blocks that a running request uses are pinned. A finished request's blocks join the queue of free
ones tail first, so that the end of the prompt that nobody used for longest goes first; what is
used again leaves the queue. Blocks that two requests compute at the same time are there twice
until the second one ends.
"""

from collections import OrderedDict
from collections.abc import Sequence

from gateway.simulation.prompt import BLOCK, Run


class Node:
    """The blocks of one run that are in the cache, always from its beginning."""

    __slots__ = ("blocks", "key", "pins")

    def __init__(self, key: int) -> None:
        self.key = key
        self.blocks = 0
        self.pins = 0


class Holding:
    """What one running request keeps: pinned nodes, `shared` blocks in them, `total` blocks."""

    __slots__ = ("at", "begin", "nodes", "runs", "shared", "total")

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = runs
        self.nodes: list[Node] = []
        self.at = 0
        self.begin = 0
        self.shared = 0
        self.total = 0


class BlockCache:
    """The blocks of one engine: cached and pinned, cached and idle, private to requests, free."""

    __slots__ = ("capacity", "idle", "nodes", "queue", "used")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.used = 0
        self.idle = 0
        self.nodes: dict[int, Node] = {}
        self.queue: OrderedDict[int, Node] = OrderedDict()

    @property
    def available(self) -> int:
        """Blocks that can be had: free ones and cached ones that nobody uses."""
        return self.capacity - self.used + self.idle

    def matched(self, runs: Sequence[Run], limit: int) -> int:
        """Tokens at the beginning of `runs` that are cached, in whole blocks, at most `limit`."""
        found, nodes = 0, self.nodes
        for key, tokens in runs:
            node = nodes.get(key)
            if node is None:
                break
            have = node.blocks * BLOCK
            if have < tokens:
                found += have
                break
            found += tokens
        return min(found, limit // BLOCK * BLOCK)

    def idle_matched(self, runs: Sequence[Run], tokens: int) -> int:
        """Blocks that are in the queue and that a request with `tokens` matched would pin."""
        blocks = 0
        for key, length in runs:
            if tokens <= 0:
                break
            node = self.nodes[key]
            if not node.pins:
                blocks += node.blocks
            tokens -= length
        return blocks

    def hold(self, runs: Sequence[Run], matched: int) -> Holding:
        """Pin `matched` tokens of `runs` for a request that begins."""
        holding = Holding(runs)
        left = matched
        while left > 0:
            key, tokens = runs[holding.at]
            self._pin(holding, key)
            if left < tokens:
                break
            left -= tokens
            holding.at += 1
            holding.begin += tokens
        holding.shared = holding.total = matched // BLOCK
        return holding

    def extend(self, holding: Holding, computed: int) -> None:
        """The request of `holding` has `computed` tokens; there must be room for the new ones."""
        total = -(-computed // BLOCK)
        self.take(total - holding.total)
        holding.total = total
        while holding.at < len(holding.runs):
            key, tokens = holding.runs[holding.at]
            reached = computed - holding.begin
            if reached <= 0:
                break
            node = self._reached(holding, key)
            blocks = min(reached, tokens) // BLOCK
            if blocks > node.blocks:
                holding.shared += blocks - node.blocks
                node.blocks = blocks
            if reached < tokens:
                break
            holding.at += 1
            holding.begin += tokens

    def take(self, blocks: int) -> None:
        """Use `blocks` more, evicting what was idle for longest, its tail first."""
        need = blocks - (self.capacity - self.used)
        self.used += blocks
        while need > 0:
            key, node = next(iter(self.queue.items()))
            gone = min(node.blocks, need)
            node.blocks -= gone
            self.idle -= gone
            self.used -= gone
            need -= gone
            if not node.blocks:
                del self.queue[key]
                del self.nodes[key]

    def release(self, holding: Holding, computed: int, output_key: int) -> None:
        """A request ends or is preempted with `computed` tokens, those beyond its runs generated:
        its private blocks are free, its cached ones join the queue, tail first."""
        self.used -= -(-computed // BLOCK) - holding.shared
        generated = computed // BLOCK - sum(run.tokens for run in holding.runs) // BLOCK
        if generated > 0 and output_key not in self.nodes:
            node = self.nodes[output_key] = Node(output_key)
            node.blocks = generated
            self.used += generated
            self._enqueue(node)
        for node in reversed(holding.nodes):
            node.pins -= 1
            if not node.pins:
                self._enqueue(node)

    def _enqueue(self, node: Node) -> None:
        if node.blocks:
            self.queue[node.key] = node
            self.idle += node.blocks
        else:
            del self.nodes[node.key]

    def _reached(self, holding: Holding, key: int) -> Node:
        if len(holding.nodes) <= holding.at:
            self._pin(holding, key)
        return holding.nodes[holding.at]

    def _pin(self, holding: Holding, key: int) -> None:
        node = self.nodes.get(key)
        if node is None:
            node = self.nodes[key] = Node(key)
        elif not node.pins:
            del self.queue[key]
            self.idle -= node.blocks
        node.pins += 1
        holding.nodes.append(node)
