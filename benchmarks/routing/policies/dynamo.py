"""NVIDIA Dynamo's KV router: blocks to prefill plus blocks to decode, with KV events."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.simulation.policy import Observer, Seen
from gateway.simulation.prompt import BLOCK
from gateway.simulation.request import Outcome, Request


@dataclass(slots=True)
class _Active:
    index: int
    prefill: int
    blocks: int


class DynamoCost(Observer):
    """argmin of (active prefill tokens + prompt - overlap) / block + blocks of all active
    sequences with this one; temperature 0, ties at random. The overlap is what the engine's KV
    events say, here without delay, which flatters it."""

    name = "dynamo_cost"
    estimates = False
    prefill_load_scale = 1.0

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._active: dict[int, _Active] = {}
        self._prefill: dict[int, int] = {}
        self._blocks: dict[int, int] = {}

    def place(self, request: Request, seen: Sequence[Seen], now: float) -> int:
        """As in `Policy`."""
        del now
        prompt = request.prompt
        incoming = -(-prompt.tokens // BLOCK)
        costs: list[float] = []
        overlaps: list[int] = []
        for one in seen:
            overlap = one.engine.cache.matched(prompt.runs, prompt.tokens)
            overlaps.append(overlap)
            prefill = max(self._prefill.get(one.index, 0) + prompt.tokens - overlap, 0)
            costs.append(
                self.prefill_load_scale * prefill / BLOCK
                + self._blocks.get(one.index, 0)
                + incoming
            )
        low = min(costs)
        place = self.random.choice([at for at, cost in enumerate(costs) if cost == low])
        index = seen[place].index
        uncached = prompt.tokens - overlaps[place]
        self._active[request.number] = _Active(index, uncached, incoming)
        self._prefill[index] = self._prefill.get(index, 0) + uncached
        self._blocks[index] = self._blocks.get(index, 0) + incoming
        return index

    def first_token(self, outcome: Outcome, now: float) -> None:
        """The prefill is done."""
        del now
        active = self._active.get(outcome.request.number)
        if active is not None:
            self._prefill[active.index] -= active.prefill
            active.prefill = 0

    def finished(self, outcome: Outcome, now: float) -> None:
        """The sequence is no longer active."""
        self.first_token(outcome, now)
        active = self._active.pop(outcome.request.number, None)
        if active is not None:
            self._blocks[active.index] -= active.blocks
