"""Asks the model servers of pools how busy they are: once per gateway, whatever its workers.

A busy server is asked four times a second while its numbers move, and down to once a second while
they do not; an idle one about every five seconds. Each is asked by a task of its own that waits for
the answer, so that one that hangs delays no other and never has two questions at a time.
"""

import asyncio
import logging
import random
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from gateway.model.engine import EngineLoad
from gateway.picker.engine import Engine
from gateway.supervisor.health import EndpointKey
from gateway.supervisor.kept_line import KeptLine, LineError

LOG: Final = logging.getLogger("gatehouse.supervisor")
ANSWER_SECONDS: Final = 1.0
MAX_BYTES: Final = 1024 * 1024
FASTEST_SECONDS: Final = 0.25
BUSY_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 4.75
"""Just below the five seconds after which uvicorn closes a connection: a new one costs more than
the question."""
JITTER: Final = 0.04
"""Share by which an interval varies, so that servers are not asked all at once."""

OnLoad: TypeAlias = Callable[[EndpointKey, EngineLoad | None], None]


@dataclass(frozen=True, slots=True)
class Source:
    """Where one server tells its metrics. `host` is whose certificate it must have, "" for that of
    the address; `token` is for the authorization header."""

    url: str
    engine: Engine
    host: str = ""
    ca: str | None = None
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between questions: see the constants."""

    fastest: float = FASTEST_SECONDS
    busy: float = BUSY_SECONDS
    idle: float = IDLE_SECONDS

    def next(self, interval: float, before: EngineLoad | None, load: EngineLoad | None) -> float:
        """Seconds until the next question after one that came after `interval` and brought `load`,
        where the one before had brought `before`. Who does not answer is asked less and less."""
        if load is None:
            return min(interval * 2, self.idle)
        if not (load.running or load.waiting):
            return self.idle
        if before and (load.running, load.waiting) == (before.running, before.waiting):
            return min(interval * 2, self.busy)
        return self.fastest


PACE: Final = Pace()


class Scraper:
    """Tells `on_load` what each server said, None if it cannot be asked or understood."""

    def __init__(
        self, on_load: OnLoad, pace: Pace = PACE, chance: random.Random | None = None
    ) -> None:
        self._on_load = on_load
        self._pace = pace
        self._chance = chance or random.Random()  # noqa: S311  spreads load, guards nothing
        self._sources: Mapping[EndpointKey, Source] = {}
        self._tasks: dict[EndpointKey, asyncio.Task[None]] = {}

    def watch(self, sources: Mapping[EndpointKey, Source]) -> None:
        """Ask these from now on. One that stays as it is keeps its pace."""
        for key, source in self._sources.items():
            if sources.get(key) != source:
                self._tasks.pop(key).cancel()
        self._sources = dict(sources)
        for key in sources.keys() - self._tasks.keys():
            self._tasks[key] = asyncio.ensure_future(self._ask_for_ever(key, sources[key]))

    async def _ask_for_ever(self, key: EndpointKey, source: Source) -> None:
        interval, before = self._pace.fastest, None
        line: KeptLine | None = None
        try:
            while True:
                line = line or await _opened(source)
                load = await self._ask(key, source, line) if line else None
                self._on_load(key, load)
                interval, before = self._pace.next(interval, before, load), load
                await asyncio.sleep(interval * self._chance.uniform(1 - JITTER, 1 + JITTER))
        finally:
            if line is not None:
                line.close()

    async def _ask(self, key: EndpointKey, source: Source, line: KeptLine) -> EngineLoad | None:
        # The numbers are younger than the question, so that nothing is missed between the two.
        at = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                text = await line.get()
        except (OSError, LineError) as error:
            # TimeoutError is an OSError.
            LOG.debug("%s %s tells no metrics: %s", *key, error or type(error).__name__)
            return None
        return source.engine.load(text, at)

    async def close(self) -> None:
        """Ask nobody any more."""
        tasks = list(self._tasks.values())
        self._tasks, self._sources = {}, {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _opened(source: Source) -> KeptLine | None:
    """The way to a server. None, and a word in the log, if the authorities cannot be read."""
    context: ssl.SSLContext | None = None
    if source.url.startswith("https:"):
        try:
            context = await asyncio.to_thread(ssl.create_default_context, cafile=source.ca)
        except OSError as error:  # ssl.SSLError is one
            LOG.warning("%s is not asked for metrics: %s: %s", source.url, source.ca, error)
            return None
    headers = {"accept": "text/plain", "accept-encoding": "identity", "user-agent": "gatehouse"}
    if source.token:
        headers["authorization"] = f"Bearer {source.token}"
    return KeptLine(source.url, headers, context, source.host, MAX_BYTES)
