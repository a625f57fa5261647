"""vLLM production-stack's `prefixaware`: a trie of 128-character chunks, without end."""

from collections.abc import Sequence

from benchmarks.routing.believed import Contiguous
from gateway.simulation.policy import Observer, Seen
from gateway.simulation.request import Request


class ProductionStackPrefix(Observer):
    """Any of the endpoints with the longest match, whatever their load; nothing is evicted."""

    name = "production_stack_prefix"
    chunk = 32

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._trie = Contiguous()

    def place(self, request: Request, seen: Sequence[Seen], now: float) -> int:
        """As in `Policy`."""
        del now
        every = [one.index for one in seen]
        matches = self._trie.matches(request.prompt.runs, every)
        best = max((tokens // self.chunk for tokens in matches.values()), default=0)
        if best:
            every = [index for index, tokens in matches.items() if tokens // self.chunk == best]
        index = self.random.choice(every)
        self._trie.insert(request.prompt.runs, index)
        return index

    def left(self, index: int, now: float) -> None:
        """As in `Policy`."""
        del now
        self._trie.forget(index)
