"""A worker's way to the picker process, and what it does while that is gone.

Without the picker it picks by its own counts alone: worse, but it goes on. Such placements say that
they are degraded, and end where they began.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.model.demand import Demand
from gateway.model.jsonvalue import JsonValue
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.pipeline.placer import Entry
from gateway.server.placewire import (
    Answer,
    BrokenLineError,
    frame,
    from_demand,
    from_served,
    receive,
    to_answer,
)
from gateway.server.placing import LocalPlacer

LOG: Final = logging.getLogger("gatehouse.worker")
RETRY_SECONDS: Final = 0.1
ANSWER_SECONDS: Final = 0.5
"""After which the picker counts as stuck, until it says something; it answers in microseconds."""


@dataclass(slots=True)
class Question:
    """A request that the picker was asked about; `end` is that of its waiting, if it has to."""

    pool: str
    demand: Demand
    size: int
    answer: "asyncio.Future[Answer]"
    end: "asyncio.Future[Answer]"


class RemotePlacer:
    """Implements `pipeline.placer.Placer` by the picker on the Unix socket `path`. `alone` picks
    while there is none; `on_change` is told whether there is one."""

    def __init__(
        self, path: str, alone: LocalPlacer, on_change: Callable[[bool], None] = lambda _: None
    ) -> None:
        self._path = path
        self._alone = alone
        self._on_change = on_change
        self._writer: asyncio.StreamWriter | None = None
        self._asked: dict[int, Question] = {}
        self._queued: dict[tuple[str, int], Question] = {}
        self._held: dict[tuple[str, int], Placement] = {}
        self._evictions: dict[tuple[str, int], Callable[[], None]] = {}
        self._next = 0
        self._silent = False

    @property
    def connected(self) -> bool:
        """Whether the picker is there, and answers."""
        return self._writer is not None and not self._silent

    @property
    def asked(self) -> tuple[Question, ...]:
        """What the picker has not answered yet."""
        return tuple(self._asked.values())

    @property
    def held(self) -> tuple[Placement, ...]:
        """What the picker has placed and nobody has finished."""
        return tuple(self._held.values())

    async def run(self) -> None:
        """Keep a connection; runs until it is cancelled."""
        while True:
            with contextlib.suppress(OSError, BrokenLineError):
                reader, self._writer = await asyncio.open_unix_connection(self._path)
                self._on_change(True)
                try:
                    while True:
                        self.take(await receive(reader))
                finally:
                    self._lose()
            await asyncio.sleep(RETRY_SECONDS)

    def take(self, message: list[JsonValue]) -> None:
        """What the picker says. Raises `BrokenLineError` for what this version does not know."""
        self._silent = False
        match message:
            case ["answer", int(number), list(values)]:
                question, answer = self._asked.pop(number, None), to_answer(values)
                if question is not None and isinstance(answer, Entry):
                    self._queued[answer.pool, answer.number] = question
                awaited = question.answer if question is not None else None
            case ["end", str(pool), int(entry), list(values)]:
                question, answer = self._queued.get((pool, entry)), to_answer(values)
                awaited = question.end if question is not None else None
            case ["evict", str(pool), int(ticket)]:
                if tell := self._evictions.pop((pool, ticket), None):
                    tell()
                return
            case _:
                raise BrokenLineError
        if isinstance(answer, Placement):
            self._held[answer.pool, answer.ticket] = answer
        if awaited is not None and not awaited.done():
            awaited.set_result(answer)
        elif isinstance(answer, Placement):
            self.finish(answer, Served())
        elif isinstance(answer, Entry):
            self.leave(answer)

    def _lose(self) -> None:
        """The picker is gone: this worker picks for who asked it or waits. What it had placed it
        does not know any more when it comes back."""
        writer, self._writer, self._silent = self._writer, None, False
        if writer is not None:
            writer.close()
        self._on_change(False)
        LOG.warning("the picker is gone; picking alone")
        for question in (*self._asked.values(), *self._queued.values()):
            for awaited in (question.answer, question.end):
                if not awaited.done():
                    awaited.set_result(Dropped(Drop.GONE))
        self._asked.clear()
        self._queued.clear()
        self._held.clear()
        self._evictions.clear()

    async def place(self, pool: str, demand: Demand, size: int) -> Placement | Dropped | Entry:
        """See `pipeline.placer.Placer`."""
        if not self.connected:
            return await self._place_alone(pool, demand, size)
        self._next += 1
        number = self._next
        try:
            asking = frame(["place", number, pool, from_demand(demand), size])
        except ValueError:  # nothing that a picker has to know is so long
            return Dropped(Drop.NO_ENDPOINTS)
        new = asyncio.get_running_loop().create_future
        question = self._asked[number] = Question(pool, demand, size, new(), new())
        if self._writer is not None:
            self._writer.write(asking)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await question.answer
        except asyncio.CancelledError:
            self._give_back(question)
            raise
        except TimeoutError:
            self._give_back(question)
            if self._writer is not None and not self._silent:
                self._silent = True
                LOG.warning("the picker does not answer; picking alone")
            return await self._place_alone(pool, demand, size)
        return await self._place_alone(pool, demand, size) if _lost(answer) else answer

    def _give_back(self, question: Question) -> None:
        """Who asked does not want the answer any more, which may have come just now."""
        if not question.answer.done() or question.answer.cancelled():
            return
        answer = question.answer.result()
        if isinstance(answer, Placement):
            self.finish(answer, Served())
        elif isinstance(answer, Entry):
            self.leave(answer)

    async def _place_alone(self, pool: str, demand: Demand, size: int) -> Answer:
        found = await self._alone.place(pool, demand, size)
        return replace(found, number=-found.number) if isinstance(found, Entry) else _own(found)

    async def wait(self, entry: Entry) -> Placement | Dropped:
        """See `pipeline.placer.Placer`. Whoever waits for a picker that goes waits on here."""
        if entry.number < 0:
            return await self._wait_alone(entry)
        question = self._queued.get((entry.pool, entry.number))
        if question is None:  # the picker went before anybody waited
            return Dropped(Drop.NO_ENDPOINTS)
        clock = asyncio.get_running_loop().time
        until = clock() + entry.seconds
        answer = await question.end
        self._queued.pop((entry.pool, entry.number), None)
        if _lost(answer):
            answer = await self._place_alone(entry.pool, question.demand, question.size)
        if not isinstance(answer, Entry):
            return answer
        try:
            async with asyncio.timeout_at(until):
                return await self._wait_alone(answer)
        except TimeoutError:  # it has waited as long as it may, here and there together
            return Dropped(Drop.EXPIRED, waited=entry.seconds)

    async def _wait_alone(self, entry: Entry) -> Placement | Dropped:
        mine = replace(entry, number=-entry.number)
        try:
            return _own(await self._alone.wait(mine))
        except asyncio.CancelledError:
            self._alone.leave(mine)
            raise

    def leave(self, entry: Entry) -> None:
        """See `pipeline.placer.Placer`."""
        if entry.number < 0:
            self._alone.leave(replace(entry, number=-entry.number))
            return
        question = self._queued.pop((entry.pool, entry.number), None)
        if question is None:
            return
        if question.end.done() and not question.end.cancelled():
            if isinstance(result := question.end.result(), Placement):
                self.finish(result, Served())
        else:
            self._say(["leave", entry.pool, entry.number])

    def when_evicted(self, placement: Placement, tell: Callable[[], None]) -> None:
        """See `pipeline.placer.Placer`."""
        if placement.degraded:
            self._alone.when_evicted(placement, tell)
        elif self._held.get((placement.pool, placement.ticket)) is placement:
            self._evictions[placement.pool, placement.ticket] = tell

    def moved(self, placement: Placement, endpoint: str) -> None:
        """See `pipeline.placer.Placer`."""
        if placement.degraded:
            self._alone.moved(placement, endpoint)
        elif self._held.get((placement.pool, placement.ticket)) is placement:
            self._say(["moved", placement.pool, placement.ticket, endpoint])

    def first_token(self, placement: Placement) -> None:
        """See `pipeline.placer.Placer`."""
        if placement.degraded:
            self._alone.first_token(placement)
        elif self._held.get((placement.pool, placement.ticket)) is placement:
            self._say(["first", placement.pool, placement.ticket])

    def finish(self, placement: Placement, served: Served) -> None:
        """See `pipeline.placer.Placer`."""
        key = placement.pool, placement.ticket
        if placement.degraded:
            self._alone.finish(placement, served)
        elif self._held.get(key) is placement:
            del self._held[key]
            self._evictions.pop(key, None)
            self._say(["finish", *key, from_served(served)])

    def _say(self, message: list[Any]) -> None:
        """Nothing that is said to a picker that is gone matters any more: it has forgotten us."""
        if self._writer is not None:
            self._writer.write(frame(message))


def _lost(answer: Answer) -> bool:
    """Whether this is no answer of the picker's, but the end of its connection."""
    return isinstance(answer, Dropped) and answer.drop is Drop.GONE


def _own(found: Placement | Dropped) -> Placement | Dropped:
    """What was found without the picker, marked."""
    return replace(found, degraded=True) if isinstance(found, Placement) else found
