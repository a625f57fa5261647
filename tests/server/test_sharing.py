"""What a process places, others that share its state hear of, whoever carries it."""

import asyncio
import logging
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from gateway.config.state import State
from gateway.model.demand import Demand
from gateway.model.placement import Placement, Served
from gateway.pipeline.placer import Entry
from gateway.server.placing import LocalPlacer
from gateway.server.sharing import STREAM, Sharing
from gateway.sessions.envelope import Envelope
from gateway.telemetry.sharing import ShareMetrics
from tests.server.desks import POOL, placer

STATE = State(url="redis://127.0.0.1:1")
ENVELOPE = Envelope([bytes(range(32))])
ADDRESSES = ("10.0.0.1:80", "10.0.0.2:80")


class Air:
    """Carries what each says to all, itself included."""

    def __init__(self) -> None:
        self.ears: list[Callable[[bytes, float], None]] = []
        self.said: list[bytes] = []
        self.changed: list[Callable[[str | None], None]] = []
        self.connected = True
        self.runs = 0

    def opened(
        self,
        state: State,
        name: str,
        on_message: Callable[[bytes, float], None],
        on_change: Callable[[str | None], None],
    ) -> "Air":
        assert (state, name) == (STATE, STREAM)
        self.ears.append(on_message)
        self.changed.append(on_change)
        return self

    def send(self, message: bytes) -> None:
        self.said.append(message)
        for ear in self.ears:
            ear(message, 0.0)

    async def run(self) -> None:
        self.runs += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.runs -= 1


class One:
    """A gateway's process."""

    def __init__(self, air: Air, addresses: tuple[str, ...] = ADDRESSES, **flow: float) -> None:
        self.registry = CollectorRegistry()
        self.now = 100.0
        self.placer: LocalPlacer = placer(addresses, **flow)
        self.sharing = Sharing(
            self.placer, air.opened, lambda: self.now, ShareMetrics(self.registry)
        )

    def told(self) -> dict[str, object]:
        state = self.sharing.view()["state"]
        assert isinstance(state, dict)
        return dict(state)

    def counted(self, outcome: str) -> float | None:
        return self.registry.get_sample_value(
            "gatehouse_state_messages_total", {"outcome": outcome}
        )

    async def placed(self) -> Placement:
        found = await self.placer.place(POOL, Demand("m"), 10)
        assert isinstance(found, Placement)
        return found


async def test_what_one_places_the_other_knows() -> None:
    air = Air()
    one, other = One(air), One(air)
    for each in (one, other):
        await each.sharing.use(STATE, ENVELOPE)
    placement = await one.placed()
    one.sharing.step()
    other.sharing.step()
    assert other.told() == {"connected": True, "problem": "not connected yet"} | {
        "peers": 1,
        "peer_requests": 1,
    }
    assert (one.told()["peers"], one.told()["peer_requests"]) == (1, 0)
    assert other.counted("received") == 1
    one.placer.finish(placement, Served())
    one.sharing.step()
    assert other.told()["peer_requests"] == 0
    for each in (one, other):
        await each.sharing.close()


async def test_what_is_said_has_no_address_and_no_hash_in_clear() -> None:
    air = Air()
    one = One(air)
    await one.sharing.use(STATE, ENVELOPE)
    await one.placer.place(POOL, Demand("m", (0x4142434445464748,), prompt_bytes=1024), 10)
    one.sharing.step()
    assert air.said
    assert all(b"10.0.0" not in said and b"HGFEDCBA" not in said for said in air.said)
    await one.sharing.close()


async def test_who_has_another_key_is_refused() -> None:
    air = Air()
    one, stranger = One(air), One(air)
    await one.sharing.use(STATE, ENVELOPE)
    await stranger.sharing.use(STATE, Envelope([bytes(range(1, 33))]))
    await stranger.placed()
    stranger.sharing.step()
    air.send(b"anything")
    assert (one.counted("refused"), one.counted("received")) == (2, 0)
    assert one.told()["peers"] == 0
    await one.sharing.close()
    await stranger.sharing.close()


async def test_who_waits_is_placed_when_another_gateways_request_ends() -> None:
    air = Air()
    one = One(air, ADDRESSES[:1])
    other = One(air, ADDRESSES[:1], max_in_flight=1)
    for each in (one, other):
        await each.sharing.use(STATE, ENVELOPE)
    placement = await one.placed()
    one.sharing.step()
    entry = await other.placer.place(POOL, Demand("m"), 10)
    assert isinstance(entry, Entry)
    waiting = asyncio.ensure_future(other.placer.wait(entry))
    other.sharing.step()
    await asyncio.sleep(0)
    assert not waiting.done()
    one.placer.finish(placement, Served())
    one.sharing.step()
    other.sharing.step()
    async with asyncio.timeout(5):
        assert isinstance(await waiting, Placement)
    for each in (one, other):
        await each.sharing.close()


async def test_a_gateway_that_is_silent_is_let_go_of() -> None:
    air = Air()
    one, other = One(air), One(air)
    for each in (one, other):
        await each.sharing.use(STATE, ENVELOPE)
    await one.placed()
    one.sharing.step()
    assert other.told()["peer_requests"] == 1
    other.now += 4
    other.sharing.step()
    assert (other.told()["peers"], other.told()["peer_requests"]) == (0, 0)
    for each in (one, other):
        await each.sharing.close()


async def test_nothing_is_said_while_there_is_no_line() -> None:
    air = Air()
    one = One(air)
    await one.sharing.use(STATE, ENVELOPE)
    air.connected = False
    await one.placed()
    one.sharing.step()
    assert (air.said, one.counted("sent")) == ([], 0)
    assert one.told()["connected"] is False
    await one.sharing.close()


async def test_that_the_line_went_and_came_is_said_once_each(
    caplog: pytest.LogCaptureFixture,
) -> None:
    air = Air()
    one = One(air)
    await one.sharing.use(STATE, ENVELOPE)
    with caplog.at_level(logging.WARNING, "gatehouse.state"):
        air.changed[0](None)
        air.changed[0]("ConnectionError")
        assert one.told()["problem"] == "ConnectionError"
        air.changed[0](None)
        assert one.told()["problem"] == ""
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "state is gone (ConnectionError): picking without other gateways",
        "state is there: picks are shared with other gateways",
    ]
    await one.sharing.close()


async def test_a_configuration_without_state_ends_it_and_the_same_one_does_not() -> None:
    air = Air()
    one, other = One(air), One(air)
    for each in (one, other):
        await each.sharing.use(STATE, ENVELOPE)
        await each.sharing.use(STATE, ENVELOPE)
    await one.placed()
    one.sharing.step()
    await asyncio.sleep(0)
    assert (len(air.ears), air.runs) == (2, 2)
    await other.sharing.use(State(), None)
    assert (other.sharing.view(), air.runs) == ({}, 1)
    (state, *_) = other.placer.desks[POOL].pool.states()
    assert state.in_flight.requests == 0
    assert other.placer.desks[POOL].pool.outbox is None
    await one.sharing.close()


async def test_it_speaks_by_itself() -> None:
    air = Air()
    one = One(air)
    await one.sharing.use(STATE, ENVELOPE)
    async with asyncio.timeout(10):
        while not air.said:  # noqa: ASYNC110  nothing tells
            await asyncio.sleep(0.001)
    await one.sharing.close()


async def test_a_fault_of_our_own_ends_sharing_and_not_silently(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Air):
        async def run(self) -> None:
            raise ZeroDivisionError("with a text that nobody is told")

    one = One(Broken())
    await one.sharing.use(STATE, ENVELOPE)
    async with asyncio.timeout(10):
        while one.told()["problem"] != "ZeroDivisionError":  # noqa: ASYNC110  nothing tells
            await asyncio.sleep(0.001)
    assert one.told()["connected"] is False
    assert "nobody is told" not in caplog.text
    assert isinstance(await one.placed(), Placement)
    await one.sharing.close()


async def test_after_a_fault_of_our_own_nobody_is_thought_to_be_busy_for_ever() -> None:
    class Failing(Air):
        def __init__(self) -> None:
            super().__init__()
            self.fail = asyncio.Event()

        async def run(self) -> None:
            if self.runs:
                await asyncio.Event().wait()
            self.runs += 1
            await self.fail.wait()
            raise ZeroDivisionError

    air = Failing()
    here, other = One(air), One(air)
    await here.sharing.use(STATE, ENVELOPE)
    await asyncio.sleep(0)
    await other.sharing.use(STATE, ENVELOPE)
    await other.placed()
    other.sharing.step()
    assert here.told()["peer_requests"] == 1
    air.fail.set()
    async with asyncio.timeout(10):
        while here.told()["connected"]:  # noqa: ASYNC110  nothing tells
            await asyncio.sleep(0.001)
    await other.placed()
    other.sharing.step()
    assert (here.told()["peer_requests"], here.told()["peers"]) == (0, 0)
    await here.sharing.close()
    await other.sharing.close()
