"""Streams of proxies that somebody else configures: their first message says what they deliver.

Such a stream brings no wiring. The modes of its bodies come with its first message (Envoy's
`protocol_config`), which is read before anything that depends on them is made.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

from grpc import StatusCode, aio

from gateway.config.wiring import Wiring
from gateway.extproc.events import BodyMode, Modes
from gateway.extproc.machine import READING_MODES
from gateway.pipeline.foreign_proxy import ForeignProxy
from gateway.server.codec import modes_of
from gateway.server.stream import Stream

InForce: TypeAlias = Callable[[], ForeignProxy | None]
"""What is known now of such proxies; None: they are not served."""


class Replayed:
    """A stream whose first message was read already."""

    def __init__(self, stream: Stream, first: Any) -> None:
        self._stream = stream
        self._first: list[Any] = [first]

    async def read(self) -> Any:
        """The first message again, then the others."""
        return self._first.pop() if self._first else await self._stream.read()

    async def write(self, message: bytes) -> None:
        """As the stream does."""
        await self._stream.write(message)

    async def abort(self, code: StatusCode, details: str) -> None:
        """As the stream does."""
        await self._stream.abort(code, details)

    async def send_initial_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        """As the stream does."""
        await self._stream.send_initial_metadata(metadata)


async def opened(stream: Stream, proxy: ForeignProxy) -> tuple[Wiring, Stream] | None:
    """What the stream can deliver, and the whole of it; None where it ended before it asked
    anything. Whoever says nothing for as long as a decision may take is not waited for. Raises
    `UndecodableMessageError`."""
    try:
        async with asyncio.timeout(proxy.timeout):
            first = await stream.read()
    except TimeoutError:
        await stream.abort(StatusCode.DEADLINE_EXCEEDED, "nothing was asked")
        return None
    if first is aio.EOF:
        return None
    return wiring_of(proxy, modes_of(first)), Replayed(stream, first)


def wiring_of(proxy: ForeignProxy, modes: Modes) -> Wiring:
    """That of a stream with these modes."""
    return proxy.wiring(
        duplex=BodyMode.DUPLEX in (modes.request, modes.response),
        sends_response=modes.response in READING_MODES,
    )
