"""Requests that run on model servers, and which of them to abort for others. Pure."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.picker.flow.entry import FlowKey
from gateway.picker.flow.lazy_heap import LazyHeap


@dataclass(slots=True)
class Run:
    """A request on the model server `endpoint` ("ip:port") since `at` (seconds): its flow, the
    tokens of prompt and answer that were expected of it, and whether its first token was seen."""

    key: FlowKey
    endpoint: str
    prompt: float
    answer: float
    at: float
    first_token_seen: bool = False


class Running:
    """Runs by their tickets."""

    __slots__ = ("_aborting", "_runs", "_sheddable", "_started")

    def __init__(self) -> None:
        self._runs: OrderedDict[int, Run] = OrderedDict()
        self._sheddable: LazyHeap[int] = LazyHeap()
        self._aborting: set[int] = set()
        self._started = 0

    def __len__(self) -> int:
        return len(self._runs)

    def begin(self, ticket: int, run: Run) -> None:
        """The request of `ticket` has been placed."""
        self._runs[ticket] = run
        if run.key.priority < 0:
            self._started += 1
            self._sheddable.put(ticket, (run.key.priority, -self._started))

    def first_token(self, ticket: int) -> Run | None:
        """Its first token was seen; None if it is not known, or that was."""
        run = self._runs.get(ticket)
        if run is None or run.first_token_seen:
            return None
        run.first_token_seen = True
        return run

    def end(self, ticket: int) -> Run | None:
        """It has ended; None if it is not known, or ended before."""
        self._sheddable.discard(ticket)
        self._aborting.discard(ticket)
        return self._runs.pop(ticket, None)

    def lost(self, before: float) -> Iterator[Run]:
        """End those that were placed before that second: their end was never told."""
        while (ticket := next(iter(self._runs), None)) is not None:
            run = self._runs[ticket]
            if run.at >= before:
                break
            self.end(ticket)
            yield run

    def abort(self, above: Callable[[int], int], most: int) -> list[int]:
        """Name at most `most` tickets to abort: of the lowest negative priority first, the newest
        first. `above(priority)` is how many wait with a higher one: no more are aborted for them,
        and those count that were named before and have not ended."""
        named: list[int] = []
        while len(named) < most:
            ticket = self._sheddable.first()
            if ticket is None:
                break
            if len(self._aborting) >= above(self._runs[ticket].key.priority):
                break
            self._sheddable.discard(ticket)
            self._aborting.add(ticket)
            named.append(ticket)
        return named
