"""Endpoints and requests for the tests of routing policies."""

from collections.abc import Sequence

from gateway.simulation.engine import Engine
from gateway.simulation.hardware import Server
from gateway.simulation.policy import Policy, Seen, Target
from gateway.simulation.prompt import prompt_of
from gateway.simulation.request import Outcome, Request


def fleet(count: int) -> list[Seen]:
    """`count` idle endpoints with empty caches."""
    return [of_server(at, Server()) for at in range(count)]


def of_server(index: int, server: Server) -> Seen:
    """An idle endpoint of this kind."""
    engine = Engine(server)
    return Seen(index, engine, blocks=engine.cache.capacity)


def asking(number: int, *segments: tuple[int, int], output: int = 16) -> Request:
    """A request whose prompt is `segments`."""
    return Request(number, 0.0, prompt_of(segments), output, -1 - number)


def placed(policy: Policy, request: Request, seen: Sequence[Seen], now: float = 0.0) -> Outcome:
    """The request is placed; who got it."""
    target = policy.offer(request, seen, now)
    assert isinstance(target, Target)
    return Outcome(request, target.endpoint)
