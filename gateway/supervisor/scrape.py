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
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import httpx

from gateway.model.engine import EngineLoad
from gateway.picker.engine import Engine
from gateway.supervisor.health import EndpointKey

LOG: Final = logging.getLogger("gatehouse.supervisor")
ANSWER_SECONDS: Final = 1.0
OK: Final = 200
MAX_BYTES: Final = 1024 * 1024
FASTEST_SECONDS: Final = 0.25
BUSY_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 4.75
JITTER: Final = 0.04
"""Share by which an interval varies, so that servers are not asked all at once."""

KEEP_ALIVE_SECONDS: Final = 4.98
"""Longer than an idle server is left alone, and that is just below the five seconds after which
uvicorn closes a connection: a new one costs more than the question."""

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
        async with AsyncExitStack() as stack:
            line: _Line | None = None
            while True:
                line = line or await _opened(source, stack)
                load = await self._ask(key, source, line) if line else None
                self._on_load(key, load)
                interval, before = self._pace.next(interval, before, load), load
                await asyncio.sleep(interval * self._chance.uniform(1 - JITTER, 1 + JITTER))

    async def _ask(self, key: EndpointKey, source: Source, line: "_Line") -> EngineLoad | None:
        # The numbers are younger than the question, so that nothing is missed between the two.
        at = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                text = await line.get()
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ScrapeError) as error:
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


class ScrapeError(Exception):
    """An answer that is none; the text says why."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A connection to one server, which is kept, and the one question that it is asked.

    A transport of its own: a shared one looks through the connections to all servers at every
    question, and a client above it costs as much again as the question.
    """

    transport: httpx.AsyncHTTPTransport
    question: httpx.Request

    async def get(self) -> bytes:
        """The text of the answer. Raises httpx.HTTPError or ScrapeError."""
        try:
            return await self._once()
        except (httpx.NetworkError, httpx.RemoteProtocolError):
            # The server may have closed the connection in the moment of the question.
            return await self._once()

    async def _once(self) -> bytes:
        answer = await self.transport.handle_async_request(self.question)
        try:
            if answer.status_code != OK:
                raise ScrapeError(f"status {answer.status_code}")
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise ScrapeError("an encoding that was not asked for")
            return await _within(answer, MAX_BYTES)
        finally:
            await answer.aclose()


async def _opened(source: Source, stack: AsyncExitStack) -> _Line | None:
    """The way to a server. None, and a word in the log, if the authorities cannot be read."""
    context: ssl.SSLContext | bool = False
    if source.url.startswith("https:"):
        try:
            context = await asyncio.to_thread(ssl.create_default_context, cafile=source.ca)
        except OSError as error:  # ssl.SSLError is one
            LOG.warning("%s is not asked for metrics: %s: %s", source.url, source.ca, error)
            return None
    limits = httpx.Limits(keepalive_expiry=KEEP_ALIVE_SECONDS)
    transport = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)
    await stack.enter_async_context(transport)
    headers = {"accept": "text/plain", "accept-encoding": "identity", "user-agent": "gatehouse"}
    if source.token:
        headers["authorization"] = f"Bearer {source.token}"
    extensions = {"sni_hostname": source.host} if source.host else {}
    question = httpx.Request("GET", source.url, headers=headers, extensions=extensions)
    return _Line(transport, question)


async def _within(answer: httpx.Response, most: int) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > most:
            raise ScrapeError(f"more than {most} bytes")
    return bytes(body)
