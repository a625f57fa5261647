"""From a permit to an endpoint of a pool, and back when the answer has ended. Reads no clock.

The picker may run in another process, and a request may have to wait for its turn: everything else
has been judged by then, so that nothing that is refused ever waits, and what waits is allowed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from gateway.audit.record import Record
from gateway.config.wiring import (
    DESTINATION,
    LB_NAMESPACE,
    MAX_RETRIES,
    POOL_HEADER,
    RETRY_HEADER,
    RETRY_REPEATABLE,
)
from gateway.model.demand import Demand
from gateway.model.head import ResponseHead
from gateway.model.jsonvalue import JsonObject
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.model.refusal import Reason, Refusal
from gateway.model.usage import Usage
from gateway.model.verdict import Forward, Mutation, Queued
from gateway.pipeline.placer import Entry, Placer
from gateway.pipeline.rescue import RefusedError

PREFILLER: Final = "x-prefiller-host-port"
DROPPED: Final = "x-llm-d-request-dropped-reason"

MOST_PROMPT: Final = 10_000_000
MOST_ANSWER: Final = 1_000_000
"""Tokens that a model server can have counted. What is expected of other requests is learned from
these counts, so that one that tells of more is not heard."""


@dataclass(frozen=True, slots=True)
class Pick:
    """What a permitted request wants: an endpoint of `pool`. `size` is in bytes."""

    pool: str
    demand: Demand
    size: int


class Picking:
    """The placement of one request. `ticks` counts nanoseconds; `cut` ends the request at once."""

    def __init__(
        self, placer: Placer, record: Record, ticks: Callable[[], int], cut: Callable[[], None]
    ) -> None:
        self._placer = placer
        self._cut = cut
        self._record = record
        self._ticks = ticks
        self._asked: tuple[Pick, Forward, Entry] | None = None
        self._placement: Placement | None = None
        self._placed = 0
        self._first: float | None = None
        self._status = 0
        self._served: str | None = None

    async def begin(self, pick: Pick, forward: Forward) -> Forward | Queued:
        """`forward` with its endpoint; raises `RefusedError` when there is none."""
        found = await self._placer.place(pick.pool, pick.demand, pick.size)
        if isinstance(found, Entry):
            self._asked = pick, forward, found
            return Queued(found.seconds, pick.size + len(forward.body or b""))
        return self._forward(pick, forward, found)

    async def go_on(self) -> Forward:
        """The end of waiting, as `begin`."""
        if self._asked is None:
            raise RuntimeError("nothing waits")
        pick, forward, entry = self._asked
        found = await self._placer.wait(entry)
        self._asked = None
        return self._forward(pick, forward, found)

    def _forward(self, pick: Pick, forward: Forward, found: Placement | Dropped) -> Forward:
        self._record.waited = found.waited
        if isinstance(found, Dropped):
            raise RefusedError(dropped(found))
        self._placement, self._placed = found, self._ticks()
        self._record.picked = found
        self._placer.when_evicted(found, self._evicted)
        return placed(forward, found, pick.demand)

    def _evicted(self) -> None:
        """A more urgent request takes the place of this one."""
        if self._placement is not None:
            self._record.reason = Drop.EVICTED.value
            self._cut()

    def answered(self, head: ResponseHead) -> None:
        """The head of the response: who served, and how."""
        self._status, self._served = head.status, head.upstream or None
        placement = self._placement
        if placement is not None and self._served not in (None, placement.endpoint):
            self._placer.moved(placement, head.upstream)

    def began(self) -> None:
        """The first piece of the body of a stream, if it is read."""
        if self._placement is not None and self._first is None:
            self._first = (self._ticks() - self._placed) / 1e9
            self._placer.first_token(self._placement)

    def finish(self, usage: Usage | None) -> None:
        """The response has ended, or will not come."""
        if self._asked is not None:
            self._placer.leave(self._asked[2])
            self._asked = None
        placement, self._placement = self._placement, None
        if placement is None:
            return
        served = Served(self._served, self._status, self._first)
        if usage is not None:
            served = replace(
                served,
                prompt_tokens=_possible(usage.input, MOST_PROMPT),
                cached_tokens=_possible(usage.cached, usage.input) if usage.tells_cached else None,
                output_tokens=_possible(usage.output, MOST_ANSWER),
            )
        self._placer.finish(placement, served)


def _possible(count: int, most: int) -> int | None:
    return count if count <= min(most, MOST_PROMPT) else None


def placed(forward: Forward, placement: Placement, demand: Demand) -> Forward:
    """`forward` to where the placement says, by header and metadata alike."""
    order = ",".join((placement.endpoint, *placement.fallbacks))
    lines = [(POOL_HEADER, placement.pool), (DESTINATION, order)]
    if placement.prefiller is not None:
        lines.append((PREFILLER, placement.prefiller))
    lines.append((MAX_RETRIES, str(len(placement.fallbacks))))  # nobody but who was picked
    if demand.repeatable:
        lines.append((RETRY_HEADER, RETRY_REPEATABLE))
    mutation = Mutation((*forward.mutation.set, *lines), forward.mutation.remove)
    metadata: JsonObject = {**(forward.metadata or {}), LB_NAMESPACE: {DESTINATION: order}}
    return replace(forward, mutation=mutation, metadata=metadata, reroutes=True)


def dropped(found: Dropped) -> Refusal:
    """The refusal of a request that gets no endpoint."""
    headers = ((DROPPED, found.drop.value),)
    if found.drop is Drop.NO_ENDPOINTS:
        text = "no model server is available"
        return Refusal(Reason.NO_ENDPOINT, text, headers=(*headers, _after(found)))
    return Refusal(
        Reason.LIMITED,
        _TEXTS.get(found.drop, "the model servers are busy"),
        data={"retryAfterMs": round(found.retry_after * 1000)},
        headers=(*headers, _after(found)),
    )


_TEXTS: Final = {
    Drop.EXPIRED: "the request waited too long for a model server",
    Drop.EVICTED: "the request gave way to a more urgent one",
    Drop.QUEUE_PRESSURE: "the request gave way to a more urgent one",
    Drop.PRIORITY: "the request gave way to a more urgent one",
}


def _after(found: Dropped) -> tuple[str, str]:
    return ("retry-after", str(max(1, round(found.retry_after))))
