"""Requests that run on model servers, and which of them is aborted first for others. Pure."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from gateway.picker.flow.entry import FlowKey
from gateway.picker.flow.lazy_heap import Key, LazyHeap


@dataclass(slots=True)
class Run:
    """A request on the model server `endpoint` ("ip:port") since `at` (seconds): its flow, the
    tokens of prompt and answer that were expected of it, who prefills for that server, and whether
    its first token was seen."""

    key: FlowKey
    endpoint: str
    prompt: float
    answer: float
    at: float
    prefiller: str | None = None
    first_token_seen: bool = False


class Running:
    """Runs by their tickets."""

    __slots__ = ("_runs", "_sheddable", "_started")

    def __init__(self) -> None:
        self._runs: OrderedDict[int, Run] = OrderedDict()
        self._sheddable: dict[str, LazyHeap[int]] = {}
        self._started = 0

    def __len__(self) -> int:
        return len(self._runs)

    def begin(self, ticket: int, run: Run) -> None:
        """The request of `ticket` has been placed."""
        self._runs[ticket] = run
        if run.key.priority < 0:
            self._started += 1
            self._sheds(ticket, run.endpoint, (run.key.priority, -self._started))

    def moved(self, ticket: int, endpoint: str) -> Run | None:
        """It runs on `endpoint` from now on. The run as it was; None if it is not known, or was
        there."""
        run = self._runs.get(ticket)
        if run is None or run.endpoint == endpoint:
            return None
        before, run.endpoint = replace(run), endpoint
        heap = self._sheddable.get(before.endpoint)
        if heap is not None and ticket in heap:
            key = heap.key(ticket)
            self._discard(ticket, before.endpoint)
            self._sheds(ticket, endpoint, key)
        return before

    def first_token(self, ticket: int) -> Run | None:
        """Its first token was seen; None if it is not known, or that was."""
        run = self._runs.get(ticket)
        if run is None or run.first_token_seen:
            return None
        run.first_token_seen = True
        return run

    def end(self, ticket: int) -> Run | None:
        """It has ended; None if it is not known, or ended before."""
        run = self._runs.pop(ticket, None)
        if run is not None:
            self._discard(ticket, run.endpoint)
        return run

    def lost(self, before: float) -> Iterator[Run]:
        """End those that were placed before that second: their end was never told."""
        while (ticket := next(iter(self._runs), None)) is not None:
            run = self._runs[ticket]
            if run.at >= before:
                break
            self.end(ticket)
            yield run

    def sheddable(self) -> Iterable[str]:
        """The endpoints on which something runs that may be aborted."""
        return self._sheddable.keys()

    def victim(self, endpoint: str) -> tuple[int, tuple[float, ...]] | None:
        """The ticket of what is aborted first on `endpoint`: of the lowest negative priority, the
        newest. With the key by which those of several endpoints compare, the least first."""
        heap = self._sheddable.get(endpoint)
        ticket = None if heap is None else heap.first()
        return None if heap is None or ticket is None else (ticket, heap.key(ticket))

    def priority(self, ticket: int) -> int:
        """The priority of what runs under `ticket`. KeyError if nothing does."""
        return self._runs[ticket].key.priority

    def spare(self, ticket: int) -> None:
        """What runs under `ticket` is not named as a victim any more."""
        run = self._runs.get(ticket)
        if run is not None:
            self._discard(ticket, run.endpoint)

    def _sheds(self, ticket: int, endpoint: str, key: Key) -> None:
        self._sheddable.setdefault(endpoint, LazyHeap()).put(ticket, key)

    def _discard(self, ticket: int, endpoint: str) -> None:
        heap = self._sheddable.get(endpoint)
        if heap is not None:
            heap.discard(ticket)
            if not len(heap):
                del self._sheddable[endpoint]
