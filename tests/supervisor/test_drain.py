"""Before a stand-in of Envoy: an HTTP server at its admin address, so that each answer can be had
at will. tests/envoy/test_stop.py shows the real one."""

import asyncio
import json
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from gateway.config.schema import Gateway
from gateway.supervisor.drain import drain
from tests.edge.stage import gateway_of
from tests.support.http_server import Handler, serving
from tests.support.ports import free_port

PATIENCE = 20.0
NEVER = 3600.0
SOON = 0.2
DRAINING = "POST /drain_listeners"
ASKING = "GET /stats"


@dataclass
class StandInEnvoy:
    """Tells of as many open requests as `active` has next, and then of none; answers with
    `status`, and not before `answers` is set."""

    active: Iterator[int]
    status: int = 200
    asked: list[str] = field(default_factory=list[str])
    answers: threading.Event = field(default_factory=threading.Event)

    def handler(self) -> type[Handler]:
        envoy = self

        class Admin(Handler):
            def do_POST(self) -> None:  # noqa: N802  http.server calls it
                self._noted(b"OK\n")

            def do_GET(self) -> None:  # noqa: N802
                self._noted(envoy.stats())

            def _noted(self, body: bytes) -> None:
                envoy.asked.append(f"{self.command} {self.path.partition('?')[0]}")
                envoy.answers.wait(PATIENCE)
                self.answer(envoy.status, body)

        return Admin

    def stats(self) -> bytes:
        """Also of a listener that is not the gateway's, which does not count."""
        counts = {"main": next(self.active, 0), "second": 0, "admin": 5}
        entries = [
            {"name": f"http.{name}.downstream_rq_active", "value": count}
            for name, count in counts.items()
        ]
        return json.dumps({"stats": entries}).encode()


@contextmanager
def envoy_with(
    *, active: Iterable[int] = (), seconds: float = NEVER, status: int = 200
) -> Generator[tuple[StandInEnvoy, Gateway]]:
    """An Envoy with that many open requests, one number a look, and a gateway before it."""
    envoy = StandInEnvoy(iter(active), status)
    envoy.answers.set()
    with serving(envoy.handler()) as address:
        try:
            yield envoy, gateway_with(address, seconds)
        finally:
            envoy.answers.set()


def gateway_with(envoy_admin: str, seconds: float = NEVER) -> Gateway:
    listeners = [
        {"name": name, "port": free_port(), "identity": {"accept": ["anonymous"]}}
        for name in ("main", "second")
    ]
    return gateway_of(
        listeners=listeners,
        service={"envoy_admin": envoy_admin},
        limits={"drain_seconds": seconds},
    )


def unhurried() -> bool:
    return False


def for_ever(count: int) -> Iterator[int]:
    while True:
        yield count


async def test_no_connection_is_taken_while_open_requests_end() -> None:
    with envoy_with(active=[2, 1]) as (envoy, gateway):
        async with asyncio.timeout(PATIENCE):
            await drain(gateway, unhurried)
    assert envoy.asked == [DRAINING, ASKING, ASKING, ASKING]


async def test_without_open_requests_nothing_is_waited_for() -> None:
    with envoy_with() as (envoy, gateway):
        async with asyncio.timeout(PATIENCE):
            await drain(gateway, unhurried)
    assert envoy.asked == [DRAINING, ASKING]


async def test_requests_that_are_open_when_the_time_is_up_are_cut_and_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with envoy_with(active=for_ever(1), seconds=SOON) as (envoy, gateway):
        await drain(gateway, unhurried)
    assert envoy.asked[:2] == [DRAINING, ASKING]
    assert caplog.messages == ["requests that were still open after the drain are cut"]


async def test_whoever_is_in_a_hurry_waits_no_longer(caplog: pytest.LogCaptureFixture) -> None:
    with envoy_with(active=for_ever(1)) as (envoy, gateway):
        async with asyncio.timeout(PATIENCE):
            await drain(gateway, lambda: len(envoy.asked) > 2)
    assert envoy.asked == [DRAINING, ASKING, ASKING]
    assert caplog.messages == []


async def test_whoever_is_in_a_hurry_from_the_start_waits_for_no_request() -> None:
    with envoy_with(active=for_ever(1)) as (envoy, gateway):
        await drain(gateway, lambda: True)
    assert envoy.asked == [DRAINING]


async def test_an_envoy_that_does_not_answer_in_the_time_is_not_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with envoy_with(seconds=SOON) as (envoy, gateway):
        envoy.answers.clear()
        await drain(gateway, unhurried)
    assert caplog.messages == ["requests that were still open after the drain are cut"]


async def test_an_envoy_that_is_not_there_is_not_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with asyncio.timeout(PATIENCE):
        await drain(gateway_with(f"127.0.0.1:{free_port()}"), unhurried)
    assert caplog.messages == ["Envoy's admin address does not answer: nothing is waited for"]


async def test_an_envoy_that_refuses_to_drain_is_not_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with envoy_with(active=for_ever(1), status=403) as (envoy, gateway):
        async with asyncio.timeout(PATIENCE):
            await drain(gateway, unhurried)
    assert envoy.asked == [DRAINING]
    assert caplog.messages == ["Envoy's admin address does not answer: nothing is waited for"]


async def test_an_envoy_that_answers_no_longer_is_not_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def then_ends(envoy: StandInEnvoy) -> Iterator[int]:
        yield 1
        envoy.status = 503
        yield 1

    with envoy_with() as (envoy, gateway):
        envoy.active = then_ends(envoy)
        async with asyncio.timeout(PATIENCE):
            await drain(gateway, unhurried)
    assert envoy.asked == [DRAINING, ASKING, ASKING]
    assert caplog.messages == ["Envoy's admin address does not answer: nothing is waited for"]
