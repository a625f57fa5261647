"""Traffic without a pause, and what came of it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.compose.clients import OK, Use, outcome

PATIENCE_SECONDS: Final = 120.0
POLL_SECONDS: Final = 0.05


class FlowError(AssertionError):
    """What was waited for did not come; the text says what came instead."""


@dataclass(frozen=True)
class Outcome:
    """One use: its name, when it began (time.monotonic), and its outcome in a word."""

    name: str
    began: float
    word: str


@dataclass
class Flow:
    """What came back so far."""

    outcomes: list[Outcome] = field(default_factory=list[Outcome])

    def since(self, moment: float, names: Iterable[str] = ()) -> list[Outcome]:
        """Uses that began after `moment`, of these names or of all."""
        wanted = set(names)
        return [
            one
            for one in self.outcomes
            if one.began > moment and (not wanted or one.name in wanted)
        ]

    def words(self, moment: float, names: Iterable[str] = ()) -> set[tuple[str, str]]:
        """The different (name, word) of `since`."""
        return {(one.name, one.word) for one in self.since(moment, names)}

    async def each(
        self, names: Iterable[str], good: Callable[[str], bool], seconds: float = PATIENCE_SECONDS
    ) -> float:
        """Wait until the newest uses of every name, two of each, have an outcome that is good and
        began from now on; the seconds until the first of the last such pair began."""
        started, wanted = time.monotonic(), set(names)
        while time.monotonic() - started < seconds:
            newest = {name: self.since(started, [name])[-2:] for name in wanted}
            if all(len(two) == 2 and all(good(o.word) for o in two) for two in newest.values()):
                return max(two[0].began for two in newest.values()) - started
            await asyncio.sleep(POLL_SECONDS)
        raise FlowError(f"in {seconds:g} s only {sorted(self.words(started, wanted))}")

    async def served(self, names: Iterable[str]) -> float:
        """Wait until every one of these is answered; the seconds that it took."""
        return await self.each(names, lambda word: word == OK)


@contextlib.asynccontextmanager
async def flowing(url: str, uses: Mapping[str, Use]) -> AsyncGenerator[Flow]:
    """A client for each use, one request after another, for the length of the block."""
    flow = Flow()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_repeat(name, use, url, flow)) for name, use in uses.items()]
        try:
            yield flow
        finally:
            for task in tasks:
                task.cancel()


async def _repeat(name: str, use: Use, url: str, flow: Flow) -> None:
    while True:
        began = time.monotonic()
        word = await outcome(use, url)
        flow.outcomes.append(Outcome(name, began, word))
        await asyncio.sleep(POLL_SECONDS)
