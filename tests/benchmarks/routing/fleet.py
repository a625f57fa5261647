"""Endpoints and requests for the tests of routing policies."""

from collections.abc import Sequence

from benchmarks.routing.engine import Engine
from benchmarks.routing.hardware import Server
from benchmarks.routing.policy import Policy, Seen
from benchmarks.routing.prompt import prompt_of
from benchmarks.routing.request import Outcome, Request


def fleet(count: int) -> list[Seen]:
    """`count` idle endpoints with empty caches."""
    engines = [Engine(Server()) for _ in range(count)]
    return [Seen(at, engine, blocks=engine.cache.capacity) for at, engine in enumerate(engines)]


def asking(number: int, *segments: tuple[int, int], output: int = 16) -> Request:
    """A request whose prompt is `segments`."""
    return Request(number, 0.0, prompt_of(segments), output, -1 - number)


def placed(policy: Policy, request: Request, seen: Sequence[Seen], now: float = 0.0) -> Outcome:
    """The request is placed; who got it."""
    return Outcome(request, policy.place(request, seen, now))
