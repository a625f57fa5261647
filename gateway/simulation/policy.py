"""What the benchmark asks of a routing policy."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple, Protocol

from gateway.simulation.engine import Engine
from gateway.simulation.request import Outcome, Request


@dataclass(slots=True)
class Seen:
    """What a policy can see of an endpoint that is up: its index, what its last scrape said (at
    `at` seconds, the counters since it began) and `blocks`, the size of its cache. Only the oracle
    and those that follow KV events may look at `engine`."""

    index: int
    engine: Engine
    at: float = 0.0
    waiting: int = 0
    running: int = 0
    usage: float = 0.0
    blocks: int = 0
    hits: int = 0
    queries: int = 0
    generated: int = 0
    ttft_sum: float = 0.0
    ttft_count: int = 0

    @property
    def tokens(self) -> int:
        """The size of the cache in tokens."""
        return self.blocks * self.engine.server.block

    def scrape(self, now: float, interval: float) -> None:
        """Take over the engine's figures if the last tick of the scraper saw these. Called before
        anything about the engine changes and before a policy looks."""
        tick = now // interval * interval if interval else now
        if tick > self.at or not interval:
            engine = self.engine
            self.at = tick
            self.waiting = len(engine.waiting)
            self.running = len(engine.running)
            self.usage = engine.usage
            self.hits, self.queries = engine.hits, engine.queries
            self.generated = engine.generated
            self.ttft_sum, self.ttft_count = engine.ttft_sum, engine.ttft_count


class Target(NamedTuple):
    """The indexes of the endpoint that answers, and of the one that prefills for it (None: it does
    so itself)."""

    endpoint: int
    prefiller: int | None = None


class Refused(NamedTuple):
    """No endpoint for this request; its client may ask again after so many seconds."""

    retry_after: float


class Decided(NamedTuple):
    """What became of a request that waited, by its number."""

    number: int
    verdict: Target | Refused


class Policy(Protocol):
    """A way to route. `name` is that of the report, `interval` the seconds between two scrapes,
    `estimates` says that it counts four bytes as a token instead of asking the tokeniser."""

    name: str
    interval: float
    estimates: bool

    def offer(self, request: Request, seen: Sequence[Seen], now: float) -> Target | Refused | None:
        """Where `request` goes; None: it waits, until `step` says. `seen` are the endpoints that
        are up, at least one. The policy has charged itself for it when it returns."""
        ...

    def wakeup(self, now: float) -> float | None:
        """When `step` is due, at `now` or later; None: not before something happens."""
        ...

    def step(self, seen: Sequence[Seen], now: float) -> Sequence[Decided]:
        """What became of requests that waited."""
        ...

    def aborts(self) -> Sequence[int]:
        """The numbers of requests to abort for others, each once; they are then `finished`."""
        ...

    def withdraw(self, request: Request, now: float) -> None:
        """The client of a request that waits is gone."""
        ...

    def first_token(self, outcome: Outcome, now: float) -> None:
        """The first token of a placed request has come by."""
        ...

    def finished(self, outcome: Outcome, now: float) -> None:
        """A placed request has ended, well or not (`outcome.failed`)."""
        ...

    def left(self, index: int, now: float) -> None:
        """An endpoint is gone; if it returns, its cache is empty."""
        ...


class Observer:
    """A policy that places at once and needs no feedback, to be derived from. `random` is its only
    chance."""

    name: str
    interval: float = 0.05
    estimates: bool = True

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311  repeatable, nothing secret

    def place(self, request: Request, seen: Sequence[Seen], now: float) -> int:
        """The index of the endpoint that gets `request`; as `Policy.offer`."""
        raise NotImplementedError

    def offer(self, request: Request, seen: Sequence[Seen], now: float) -> Target | Refused | None:
        """As in `Policy`."""
        return Target(self.place(request, seen, now))

    def wakeup(self, now: float) -> float | None:
        """Nobody waits."""

    def step(self, seen: Sequence[Seen], now: float) -> Sequence[Decided]:
        """Nobody waits."""
        del seen, now
        return ()

    def aborts(self) -> Sequence[int]:
        """Nobody is aborted."""
        return ()

    def withdraw(self, request: Request, now: float) -> None:
        """Nobody waits."""

    def first_token(self, outcome: Outcome, now: float) -> None:
        """Nothing to learn from it."""

    def finished(self, outcome: Outcome, now: float) -> None:
        """Nothing to learn from it."""

    def left(self, index: int, now: float) -> None:
        """Nothing to forget."""
