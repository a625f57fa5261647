"""A worker's service over a real Unix socket, and Envoy's side of a stream to it."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from grpc import StatusCode, aio

from gateway.config.wiring import METADATA_KEY, Wiring
from gateway.model.head import RequestHead, ResponseHead
from gateway.model.refusal import Answer
from gateway.model.verdict import (
    Conclusion,
    Emit,
    Forward,
    Gap,
    PassResponse,
    Proceed,
    Queued,
    ReadResponse,
    Refuse,
)
from gateway.pipeline.review import Review
from gateway.server import extproc_pb2 as pb
from gateway.server.service import EXT_PROC_SERVICE, Service
from gateway.server.stream import StreamDriver

METHOD = f"/{EXT_PROC_SERVICE}/Process"
WIRING = Wiring("public", "buffered", override=True, timeout=1.0)
PATIENCE = 10.0
"""Seconds after which a test that waits for the service has failed."""

DENIED = Refuse(Answer(403, (), b"denied"), "denied")
FAULT = Refuse(Answer(500, (), b"fault"), "fault")
GAVE_WAY = Refuse(Answer(429, (), b"gave way"), "gave_way")

Step = Conclusion | Queued | BaseException | Callable[[], Awaitable[Conclusion]]


class Script:
    """An exchange that concludes what a test says; what it does not say is let through."""

    def __init__(self, **steps: Step) -> None:
        self.steps: dict[str, Step] = {
            "preview": Proceed(),
            "judge": Forward(),
            "dispatched": Forward(),
            "judge_response": PassResponse(),
            "read": Emit(b"filtered"),
            **steps,
        }
        self.faults: list[Exception] = []
        self.asked: list[str] = []
        self.about: list[tuple[object, ...]] = []
        self.review: Review | None = None
        self.cut_off = 0
        self.finished: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def _take(self, name: str, *about: object) -> Any:
        self.asked.append(name)
        self.about.append(about)
        step = self.steps[name]
        if isinstance(step, BaseException):
            raise step
        return await step() if callable(step) else step

    async def preview(self, head: RequestHead) -> Proceed | Refuse:
        return await self._take("preview", head)

    async def judge(
        self, head: RequestHead, body: bytes, gap: Gap | None
    ) -> Forward | Refuse | Queued:
        return await self._take("judge", head, body, gap)

    async def dispatched(self) -> Forward | Refuse:
        return await self._take("dispatched")

    async def judge_response(
        self, head: ResponseHead, *, end_of_stream: bool
    ) -> PassResponse | ReadResponse | Refuse:
        return await self._take("judge_response", head, end_of_stream)

    async def read(self, data: bytes, *, end_of_stream: bool) -> Emit:
        return await self._take("read", data, end_of_stream)

    def fault(self, error: Exception) -> Refuse:
        self.faults.append(error)
        return FAULT

    def read_fault(self, error: Exception) -> Emit:
        self.faults.append(error)
        return Emit(b"broken")

    def revoked(self) -> None:
        self.cut_off += 1

    def gave_way(self) -> Refuse:
        return GAVE_WAY

    def when_cut(self, cut: Callable[[], None]) -> None:
        self.cut = cut

    def finish(self, *, unread: bool) -> None:
        self.finished.set_result(unread)


class Stream:
    """One ext_proc stream as Envoy opens it."""

    def __init__(self, call: Any) -> None:
        self._call = call

    async def tell(self, *messages: pb.ProcessingRequest) -> None:
        async with asyncio.timeout(PATIENCE):
            for message in messages:
                await self._call.write(message)

    async def reply(self) -> pb.ProcessingResponse:
        """The next reply; fails when the stream ends instead."""
        async with asyncio.timeout(PATIENCE):
            reply = await self._call.read()
        assert reply is not aio.EOF, f"the stream ended with {await self._call.code()}"
        return reply

    async def ask(self, *messages: pb.ProcessingRequest) -> pb.ProcessingResponse:
        await self.tell(*messages)
        return await self.reply()

    async def no_more(self) -> StatusCode:
        """The status of a stream that ends without another reply."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(aio.AioRpcError):  # its code comes below
                rest = await self._call.read()
                assert rest is aio.EOF, f"not the end: {rest}"
            return await self._call.code()

    async def details(self) -> str:
        return await self._call.details()

    async def close(self) -> StatusCode:
        """End the stream as Envoy does when an exchange is over."""
        await self._call.done_writing()
        return await self.no_more()

    def reset(self) -> None:
        """End the stream as Envoy does when a client leaves."""
        self._call.cancel()


class Envoy:
    """The client end of one worker."""

    def __init__(self, channel: aio.Channel, service: Service) -> None:
        self.channel = channel
        self.service = service

    def open(self, metadata: tuple[tuple[str, str], ...] | None = None) -> Stream:
        method: Any = self.channel.stream_stream(
            METHOD,
            request_serializer=pb.ProcessingRequest.SerializeToString,
            response_deserializer=pb.ProcessingResponse.FromString,
        )
        return Stream(method(metadata=metadata or ((METADATA_KEY, str(WIRING)),)))


@contextlib.asynccontextmanager
async def worker(
    new_driver: Callable[[Wiring], StreamDriver], *, receive_bytes: int = 1 << 20
) -> AsyncGenerator[Envoy]:
    """A running service with these drivers, drained afterwards."""
    service = Service(new_driver, receive_bytes=receive_bytes, streams=100)
    with tempfile.TemporaryDirectory(prefix="gatehouse-") as folder:  # a socket's path is short
        address = await service.start(f"unix:{folder}/worker.sock")
        unlimited = [("grpc.max_receive_message_length", -1)]
        async with aio.insecure_channel(address, options=unlimited) as channel:
            try:
                yield Envoy(channel, service)
            finally:
                await service.drain(0)


def scripted(
    exchange: Script, *, deadline: float = PATIENCE
) -> contextlib.AbstractAsyncContextManager[Envoy]:
    """A service whose streams all meet `exchange`."""
    return worker(lambda _: StreamDriver(exchange, deadline=deadline, body_limit=1000))


async def eventually(true: Callable[[], bool]) -> None:
    """Wait until `true()`; for what has no event of its own."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110  see above
            await asyncio.sleep(0.001)


def request_headers(*, ends: bool = False) -> pb.ProcessingRequest:
    message = pb.ProcessingRequest(request_headers=pb.HttpHeaders(end_of_stream=ends))
    message.protocol_config.request_body_mode = pb.ProcessingMode.BUFFERED
    return message


def request_body(data: bytes = b"{}") -> pb.ProcessingRequest:
    return pb.ProcessingRequest(request_body=pb.HttpBody(body=data, end_of_stream=True))


def response_headers() -> pb.ProcessingRequest:
    return pb.ProcessingRequest(response_headers=pb.HttpHeaders())


def response_body(data: bytes, *, ends: bool = True) -> pb.ProcessingRequest:
    return pb.ProcessingRequest(response_body=pb.HttpBody(body=data, end_of_stream=ends))
