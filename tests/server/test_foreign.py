"""A stream without wiring says in its first message what it can deliver."""

from typing import Any

import pytest
from grpc import StatusCode

from gateway.config.wiring import Wiring
from gateway.extproc.events import BodyMode, Modes
from gateway.pipeline.foreign_proxy import ForeignProxy
from gateway.server import extproc_pb2 as pb
from gateway.server.foreign import Replayed, opened, wiring_of
from gateway.server.stream import StreamDriver
from tests.server.envoy_side import Script, request_body, request_headers, worker

PROXY = ForeignProxy("agents", 5.0)
OTHER = (("x-other", "1"),)


@pytest.mark.parametrize(
    ("request_mode", "response", "overrides", "mode", "reads"),
    [
        (BodyMode.BUFFERED, BodyMode.NONE, False, "buffered", False),
        (BodyMode.BUFFERED, BodyMode.NONE, True, "buffered", True),
        (BodyMode.BUFFERED, BodyMode.STREAMED, False, "buffered", True),
        (BodyMode.DUPLEX, BodyMode.DUPLEX, False, "duplex", True),
        (BodyMode.DUPLEX, BodyMode.NONE, True, "duplex", False),
        (BodyMode.BUFFERED, BodyMode.GRPC, False, "buffered", False),
    ],
)
def test_the_modes_of_a_stream_are_its_wiring(
    request_mode: BodyMode, response: BodyMode, overrides: bool, mode: Any, reads: bool
) -> None:
    proxy = ForeignProxy("agents", 5.0, overrides=overrides)
    wiring = wiring_of(proxy, Modes(request_mode, response))
    assert wiring == Wiring("agents", mode, True, 5.0, foreign=True, reads=reads)


async def test_a_stream_without_wiring_is_served_as_the_operator_says() -> None:
    seen: list[Wiring] = []
    exchange = Script()

    def new_driver(wiring: Wiring) -> StreamDriver:
        seen.append(wiring)
        return StreamDriver(exchange, deadline=1, body_limit=1000)

    async with worker(new_driver) as envoy:
        envoy.service.admit(lambda: PROXY)
        stream = envoy.open(OTHER)
        await stream.ask(request_headers())
        await stream.ask(request_body())
        assert exchange.asked == ["preview", "judge"]
    assert [(wiring.mode, wiring.foreign, wiring.reads) for wiring in seen] == [
        ("buffered", True, False)
    ]


async def test_our_own_wiring_counts_beside_it() -> None:
    seen: list[Wiring] = []
    exchange = Script()

    def new_driver(wiring: Wiring) -> StreamDriver:
        seen.append(wiring)
        return StreamDriver(exchange, deadline=1, body_limit=1000)

    async with worker(new_driver) as envoy:
        envoy.service.admit(lambda: PROXY)
        await envoy.open().ask(request_headers())
    assert [wiring.foreign for wiring in seen] == [False]


async def test_who_opens_a_stream_and_says_nothing_is_not_waited_for() -> None:
    exchange = Script()
    async with worker(lambda _: StreamDriver(exchange, deadline=1, body_limit=1000)) as envoy:
        envoy.service.admit(lambda: ForeignProxy("agents", 0.05))
        assert await envoy.open(OTHER).no_more() is StatusCode.DEADLINE_EXCEEDED
    assert exchange.asked == []


async def test_where_anybody_may_come_nobody_is_taken_for_an_envoy_of_ours() -> None:
    exchange = Script()
    async with worker(lambda _: StreamDriver(exchange, deadline=1, body_limit=1000)) as envoy:
        envoy.service.admit(lambda: ForeignProxy("agents", 5.0, anybody=True))
        assert await envoy.open().no_more() is StatusCode.INVALID_ARGUMENT
        await envoy.open(OTHER).ask(request_headers())
    assert exchange.asked == ["preview"]


async def test_a_mode_that_forwards_before_the_verdict_ends_the_stream_badly() -> None:
    exchange = Script()
    async with worker(lambda _: StreamDriver(exchange, deadline=1, body_limit=1000)) as envoy:
        envoy.service.admit(lambda: PROXY)
        first = request_headers()
        first.protocol_config.request_body_mode = pb.ProcessingMode.STREAMED
        stream = envoy.open(OTHER)
        await stream.tell(first)
        assert await stream.no_more() is StatusCode.INTERNAL
    assert exchange.asked == []


async def test_a_first_message_that_is_none_is_refused() -> None:
    class Garbage:
        async def read(self) -> bytes:
            return b"\xff"

        write = abort = send_initial_metadata = None

    stream: Any = Garbage()
    with pytest.raises(Exception, match="not a ProcessingRequest"):
        await opened(stream, PROXY)


async def test_a_stream_that_ends_before_it_asks_anything_ends() -> None:
    exchange = Script()
    async with worker(lambda _: StreamDriver(exchange, deadline=1, body_limit=1000)) as envoy:
        envoy.service.admit(lambda: PROXY)
        assert await envoy.open(OTHER).close() is StatusCode.OK
    assert exchange.asked == []


async def test_the_first_message_comes_once() -> None:
    class Second:
        async def read(self) -> bytes:
            return b"second"

    rest: Any = Second()
    stream = Replayed(rest, b"first")
    assert [await stream.read(), await stream.read()] == [b"first", b"second"]
