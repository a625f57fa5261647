"""An imitated engine in real time: takes requests, schedules them, and counts what it does."""

import asyncio
import time
from collections.abc import AsyncGenerator

from tests.engine.cache import Holding
from tests.engine.counts import Counts
from tests.engine.kv_events import KvEvents
from tests.engine.scheduler import Scheduler, Step
from tests.engine.sequence import Sequence
from tests.engine.settings import Settings, changed


class Engine:
    """One model server without its HTTP. `counts` is what its metrics tell."""

    def __init__(self, settings: Settings) -> None:
        """An idle engine; `run` makes it work."""
        self.settings = settings
        self.counts = Counts(settings)
        self.scheduler = Scheduler(settings)
        self.events = KvEvents(settings)
        self.instant: set[Sequence] = set()
        self.sleeping = False
        self._arrived = asyncio.Event()

    @property
    def running(self) -> int:
        """Requests in the batch."""
        return len(self.scheduler.running) + len(self.instant)

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self.scheduler.waiting)

    @property
    def full(self) -> bool:
        """Whether no more requests may wait."""
        return self.waiting >= self.settings.max_waiting_queue_length

    def adapters(self) -> tuple[set[str], set[str]]:
        """The adapters of running and of waiting requests."""
        running = {one.adapter for one in (*self.scheduler.running, *self.instant)}
        return running - {""}, {one.adapter for one in self.scheduler.waiting} - {""}

    def change(self, update: dict[str, object]) -> Settings:
        """Changes settings at run time; ValueError says what cannot be changed so."""
        self.settings = self.scheduler.settings = changed(self.settings, update)
        return self.settings

    def clear(self) -> None:
        """Forgets the prefix cache."""
        self.scheduler.cache.clear()
        self.events.cleared()

    async def generate(self, sequence: Sequence) -> AsyncGenerator[int]:
        """How many tokens there are, every time that there are more, until all are there.

        A generator that is closed before its end takes the request out of the engine.
        """
        constant = self.settings.latency == "constant"
        work = self._constant(sequence) if constant else self._batched(sequence)
        try:
            async for generated in work:
                yield generated
        finally:
            await work.aclose()
            sequence.aborted = not sequence.ended
            self.counts.ended(sequence)

    async def run(self) -> None:
        """Computes one step after the other for ever."""
        due = time.monotonic()
        while True:
            now = time.monotonic()
            step = self.scheduler.schedule(now)
            self._publish()
            for sequence in step.shares:
                self.counts.scheduled(sequence)
            if not step.shares:
                await self._arrived.wait()
                self._arrived.clear()
                due = time.monotonic()
                continue
            # From when the step was due, not from when the loop got to it: a busy machine must not
            # make the engine slower than its settings say, unless it is altogether too slow.
            due = max(due, now - 0.1) + self.settings.seconds(step.milliseconds)
            await asyncio.sleep(max(due - now, 0))
            self._complete(step)

    def _complete(self, step: Step) -> None:
        now = time.monotonic()
        grown = self.scheduler.complete(step)
        self.counts.step(step, self.scheduler.preemptions)
        for sequence in grown:
            self.counts.grown(sequence, now)
            if sequence.ended:
                self.scheduler.remove(sequence)
            sequence.changed.set()

    async def _batched(self, sequence: Sequence) -> AsyncGenerator[int]:
        self.scheduler.add(sequence)
        self._arrived.set()
        try:
            while not sequence.ended:
                await sequence.changed.wait()
                sequence.changed.clear()
                yield sequence.generated
        finally:
            if not sequence.ended:
                self.scheduler.remove(sequence)
                self._arrived.set()

    async def _constant(self, sequence: Sequence) -> AsyncGenerator[int]:
        """Every request is alone in the world."""
        self.instant.add(sequence)
        try:
            sequence.scheduled_at = sequence.arrived
            self._remember(sequence)
            self.counts.scheduled(sequence)
            pause = self.settings.seconds(self.settings.time_to_first_token)
            while not sequence.ended:
                if pause:
                    await asyncio.sleep(pause)
                pause = self.settings.seconds(self.settings.inter_token_latency)
                sequence.generated = sequence.generated + 1 if pause else sequence.limit
                self.counts.grown(sequence, time.monotonic())
                yield sequence.generated
        finally:
            self.instant.remove(sequence)

    def _remember(self, sequence: Sequence) -> None:
        """Puts a prompt into the cache at once, and frees it."""
        sequence.cached = 0
        if not self.settings.prefix_caching:
            return
        cache, size, tokens = self.scheduler.cache, self.settings.block_size, sequence.tokens
        chain = sequence.text.hashes([], tokens, size)
        usable = chain[: (tokens - 1) // size]
        found = usable[: cache.match(usable)]
        sequence.cached = len(found) * size
        holding = Holding()
        cache.take(holding, found)
        if cache.grow(holding, len(chain)):
            cache.seal(holding, chain, sequence.text)
        cache.release(holding)
        sequence.chain = chain
        self._publish()

    def _publish(self) -> None:
        """Tells subscribers what changed in the cache."""
        changes = self.scheduler.cache.changes
        if changes:
            self.events.changed(changes)
            changes.clear()
