import asyncio
from typing import Any, cast

import pytest
from grpc import StatusCode, aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from gateway.config.wiring import METADATA_KEY, Wiring
from gateway.server.service import EXT_PROC_SERVICE, HEALTH_SERVICE, Service
from gateway.server.stream import Stream as ServerStream
from gateway.server.stream import StreamDriver
from tests.server.envoy_side import (
    PATIENCE,
    WIRING,
    Script,
    eventually,
    request_body,
    request_headers,
    scripted,
    worker,
)

Status = health_pb2.HealthCheckResponse


async def test_a_driver_that_returns_early_never_ends_its_stream_well() -> None:
    class Hasty(StreamDriver):
        async def serve(self, stream: ServerStream) -> None:
            await stream.read()

    exchange = Script()
    async with worker(lambda _: Hasty(exchange, deadline=1, body_limit=1)) as envoy:
        stream = envoy.open()
        await stream.tell(request_headers())
        assert await stream.no_more() is StatusCode.INTERNAL


async def test_a_driver_that_cannot_be_made_never_ends_its_stream_well() -> None:
    def fails(_: Wiring) -> StreamDriver:
        raise RuntimeError("no snapshot")

    async with worker(fails) as envoy:
        assert await envoy.open().no_more() is not StatusCode.OK


async def test_the_driver_is_told_how_its_stream_is_wired() -> None:
    seen: list[Wiring] = []
    exchange = Script()

    def new_driver(wiring: Wiring) -> StreamDriver:
        seen.append(wiring)
        return StreamDriver(exchange, deadline=1, body_limit=1)

    async with worker(new_driver) as envoy:
        await envoy.open().ask(request_headers())
    assert seen == [WIRING]


@pytest.mark.parametrize("metadata", [(("x-other", "1"),), ((METADATA_KEY, "2;listener=a"),)])
async def test_a_stream_without_our_wiring_is_refused(
    metadata: tuple[tuple[str, str], ...],
) -> None:
    async with scripted(Script()) as envoy:
        stream = envoy.open(metadata)
        assert await stream.no_more() is StatusCode.INVALID_ARGUMENT


async def test_a_message_over_the_limit_ends_the_stream_badly() -> None:
    exchange = Script()
    driver = StreamDriver(exchange, deadline=1, body_limit=1 << 20)
    async with worker(lambda _: driver, receive_bytes=10_000) as envoy:
        stream = envoy.open()
        await stream.ask(request_headers())
        await stream.tell(request_body(b"x" * 10_001))
        assert await stream.no_more() is not StatusCode.OK
    assert exchange.asked == ["preview"]


async def test_a_message_within_the_limit_is_judged() -> None:
    exchange = Script()
    driver = StreamDriver(exchange, deadline=1, body_limit=1 << 20)
    async with worker(lambda _: driver, receive_bytes=10_000) as envoy:
        stream = envoy.open()
        await stream.ask(request_headers())
        await stream.ask(request_body(b"x" * 9_900))
    assert exchange.asked == ["preview", "judge"]


async def test_open_streams_are_counted() -> None:
    async with scripted(Script()) as envoy:
        assert envoy.service.open_streams == 0
        stream = envoy.open()
        await stream.ask(request_headers())
        assert envoy.service.open_streams == 1
        stream.reset()
        await eventually(lambda: envoy.service.open_streams == 0)


@pytest.mark.parametrize("name", ["", "readiness", EXT_PROC_SERVICE])
async def test_health_is_serving_until_drain_begins(name: str) -> None:
    async with scripted(Script()) as envoy:
        health: Any = health_pb2_grpc.HealthStub(envoy.channel)
        watch = health.Watch(health_pb2.HealthCheckRequest(service=name))
        async with asyncio.timeout(PATIENCE):
            assert (await watch.read()).status == Status.SERVING
            draining = asyncio.ensure_future(envoy.service.drain(0.1))
            assert (await watch.read()).status == Status.NOT_SERVING
            await draining


async def test_a_worker_that_drains_is_alive() -> None:
    exchange = Script()
    async with scripted(exchange) as envoy:
        health: Any = health_pb2_grpc.HealthStub(envoy.channel)
        await envoy.open().ask(request_headers())  # the drain waits for it
        watch = health.Watch(health_pb2.HealthCheckRequest(service="readiness"))
        alive = health.Watch(health_pb2.HealthCheckRequest(service="liveness"))
        async with asyncio.timeout(PATIENCE):
            assert (await alive.read()).status == Status.SERVING
            assert (await watch.read()).status == Status.SERVING
            draining = asyncio.ensure_future(envoy.service.drain(0.1))
            assert (await watch.read()).status == Status.NOT_SERVING
            more = asyncio.ensure_future(alive.read())
            done, _ = await asyncio.wait([more, draining], return_when=asyncio.FIRST_COMPLETED)
            assert more not in done or more.exception() is not None or more.result() is aio.EOF
            more.cancel()
            await draining


async def test_health_does_not_know_other_services() -> None:
    async with scripted(Script()) as envoy:
        health: Any = health_pb2_grpc.HealthStub(envoy.channel)
        with pytest.raises(aio.AioRpcError) as caught:
            await health.Check(health_pb2.HealthCheckRequest(service="other"))
        assert caught.value.code() is StatusCode.NOT_FOUND


async def test_reflection_lists_the_services() -> None:
    async with scripted(Script()) as envoy:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(cast("Any", envoy.channel))
        call = stub.ServerReflectionInfo()
        await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
        answer = await call.read()
        call.cancel()
    names = {service.name for service in answer.list_services_response.service}
    assert {EXT_PROC_SERVICE, HEALTH_SERVICE} <= names


async def test_after_drain_nothing_is_taken() -> None:
    async with scripted(Script()) as envoy:
        await envoy.open().ask(request_headers())
        await envoy.service.drain(0)
        stream = envoy.open()
        assert await stream.no_more() is not StatusCode.OK


async def test_an_address_that_cannot_be_bound_is_an_os_error() -> None:
    exchange = Script()
    service = Service(
        lambda _: StreamDriver(exchange, deadline=1, body_limit=1), receive_bytes=1, streams=1
    )
    with pytest.raises(OSError, match="cannot listen on unix:"):
        await service.start("unix:/proc/none/worker.sock")


async def test_a_tcp_address_comes_back_with_its_port() -> None:
    exchange = Script()
    service = Service(
        lambda _: StreamDriver(exchange, deadline=1, body_limit=1), receive_bytes=1, streams=1
    )
    address = await service.start("127.0.0.1:0")
    host, _, port = address.rpartition(":")
    assert host == "127.0.0.1"
    assert int(port) > 0
    await service.drain(0)
