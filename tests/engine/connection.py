"""HTTP/1.1 for imitated engines: little more than parsing, so that several share two cores.

Strict enough for a proxy and the clients of tests, and for nothing else: no pipelining, no
trailers, no upgrade. A client that goes away cancels what is being done for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

HEAD_LIMIT: Final = 64 * 1024
BODY_LIMIT: Final = 64 * 1024 * 1024
JSON: Final = "application/json"
SSE: Final = "text/event-stream; charset=utf-8"
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class BadRequestError(ValueError):
    """What came is not HTTP that is understood here."""


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request; names of headers are lower case, of repeated ones the last counts."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """One request and the place to answer it."""

    def __init__(self, request: Request, connection: "Connection") -> None:
        """An exchange without an answer so far; `headers` are sent with it."""
        self.request = request
        self.headers: dict[str, str] = {}
        self._connection = connection

    def answer(self, status: int, body: bytes = b"", content_type: str = JSON) -> None:
        """The whole answer."""
        head = self._head(status, content_type, f"content-length: {len(body)}")
        self._connection.write(head + body)

    def begin(self, content_type: str = SSE) -> None:
        """The head of an answer that comes in pieces."""
        self._connection.write(self._head(200, content_type, "transfer-encoding: chunked"))

    async def send(self, piece: bytes) -> None:
        """A piece; waits while the client does not read."""
        if piece:
            self._connection.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await self._connection.writable.wait()

    def end(self) -> None:
        """The end of an answer in pieces."""
        self._connection.write(b"0\r\n\r\n")

    def reset(self) -> None:
        """Breaks the connection off."""
        self._connection.reset()

    def _head(self, status: int, content_type: str, framing: str) -> bytes:
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            f"content-type: {content_type}",
            framing,
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


Handler: TypeAlias = Callable[[Exchange], Awaitable[None]]


class Connection(asyncio.Protocol):
    """One connection of one client, which may ask many times, one request after the other."""

    def __init__(self, handler: Handler) -> None:
        """`handler` answers every request."""
        self.writable = asyncio.Event()
        self.writable.set()
        self._handler = handler
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._reader = Reader()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        if self._task is None:
            self._next()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.writable.set()
        if self._task is not None:
            self._task.cancel()

    @override
    def pause_writing(self) -> None:
        self.writable.clear()

    @override
    def resume_writing(self) -> None:
        self.writable.set()

    def write(self, data: bytes) -> None:
        """Sends bytes, unless the client is gone."""
        if self._transport is not None:
            self._transport.write(data)

    def reset(self) -> None:
        """Breaks the connection off, at once."""
        if self._transport is not None:
            self._transport.abort()

    def _next(self) -> None:
        try:
            request = self._reader.request()
        except (BadRequestError, ValueError):
            self.write(
                b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
            if self._transport is not None:
                self._transport.close()
            return
        if self._reader.take_expectation():
            self.write(CONTINUE)
        if request is not None:
            self._task = asyncio.get_running_loop().create_task(self._serve(request))

    async def _serve(self, request: Request) -> None:
        try:
            await self._handler(Exchange(request, self))
        except Exception:
            self.reset()
            raise
        self._task = None
        if self._transport is None:
            return
        if request.headers.get("connection", "").lower() == "close":
            self._transport.close()
        else:
            self._next()


class Reader:
    """Requests out of bytes that come in any pieces."""

    def __init__(self) -> None:
        """Nothing read so far."""
        self._buffer = bytearray()
        self._head: tuple[str, str, dict[str, str]] | None = None
        self._body = bytearray()
        self._expects = False

    def feed(self, data: bytes) -> None:
        """Takes bytes."""
        self._buffer += data

    def take_expectation(self) -> bool:
        """Whether a client waits to be told to send its body; True once for each."""
        expects, self._expects = self._expects, False
        return expects

    def request(self) -> Request | None:
        """The next request when it is whole; BadRequestError when it never will be."""
        if self._head is None and not self._read_head():
            return None
        assert self._head is not None
        method, target, headers = self._head
        if headers.get("transfer-encoding", "").lower() == "chunked":
            whole = self._read_chunks()
        else:
            whole = self._read_sized(int(headers.get("content-length", "0")))
        if not whole:
            return None
        url = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        request = Request(method, url.path, query, headers, bytes(self._body))
        self._head, self._body, self._expects = None, bytearray(), False
        return request

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > HEAD_LIMIT:
                raise BadRequestError("the head is too long")
            return False
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        method, target, version = first.split(" ")
        if not version.startswith("HTTP/1."):
            raise BadRequestError(f"{version} is not spoken here")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise BadRequestError("a header without a colon")
            headers[name.lower()] = value.strip()
        self._head = (method, target, headers)
        self._expects = headers.get("expect", "").lower() == "100-continue"
        return True

    def _read_sized(self, length: int) -> bool:
        if not 0 <= length <= BODY_LIMIT:
            raise BadRequestError("the body is too long")
        if len(self._buffer) < length:
            return False
        self._body = self._buffer[:length]
        del self._buffer[:length]
        return True

    def _read_chunks(self) -> bool:
        while (end := self._buffer.find(b"\r\n")) >= 0:
            size = int(self._buffer[:end].partition(b";")[0], 16)
            if size < 0 or len(self._body) + size > BODY_LIMIT:
                raise BadRequestError("the body is too long")
            if len(self._buffer) < end + 2 + size + 2:
                return False
            self._body += self._buffer[end + 2 : end + 2 + size]
            del self._buffer[: end + 2 + size + 2]
            if not size:
                return True
        return False
