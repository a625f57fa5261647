"""One connection to one server, kept between questions, and the one question that it is asked.

By h11 on asyncio's streams: a client with a pool of connections costs three times as much as the
rest of a question, which a hundred idle servers are asked twenty times a second.
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import h11

_PIECE: Final = 65_536
_OK: Final = 200


class LineError(Exception):
    """No answer, or one that is none; the text says why."""


class KeptLine:
    """Asks `url` (http or https, no user) by GET with `headers`.

    `context` is for https; `server_name` is whose certificate the server must have, "" for that of
    the URL's host. An answer has at most `most` bytes.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        context: ssl.SSLContext | None,
        server_name: str,
        most: int,
    ) -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if secure else 80)
        self._context = context if secure else None
        self._name = (server_name or self._host) if secure else None
        self._most = most
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._question = h11.Request(
            method="GET", target=target, headers=[("host", parts.netloc), *headers.items()]
        )
        self._open: _Open | None = None

    async def get(self) -> bytes:
        """The body of the answer, if that is 200 and not encoded. Raises `LineError` or OSError."""
        if self._open is not None and not self._open.reader.at_eof():
            try:
                return await self._asked(self._open)
            except _ClosedError:
                pass  # the server may have closed it in the moment of the question
        self.close()
        self._open = await self._connected()
        return await self._asked(self._open)

    async def _connected(self) -> "_Open":
        reader, writer = await asyncio.open_connection(
            self._host, self._port, ssl=self._context, server_hostname=self._name
        )
        return _Open(reader, writer)

    async def _asked(self, line: "_Open") -> bytes:
        try:
            body = await line.ask(self._question, self._most)
        except h11.ProtocolError as error:
            self.close()
            raise LineError(f"no HTTP: {error}") from error
        except BaseException:  # what is left of an answer must not be taken for the next
            self.close()
            raise
        if not line.goes_on():
            self.close()
        return body

    def close(self) -> None:
        """Let the connection go; the next question makes another."""
        if self._open is not None:
            self._open.writer.transport.abort()
            self._open = None


class _ClosedError(LineError):
    """The server has closed the connection before it said anything."""


class _Open:
    """A connection, and where its conversation is."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._http = h11.Connection(h11.CLIENT)

    async def ask(self, question: h11.Request, most: int) -> bytes:
        """The body. Raises h11.ProtocolError, `LineError` or OSError."""
        said = self._http.send(question) or b""
        self.writer.write(said + (self._http.send(h11.EndOfMessage()) or b""))
        _judge(await self._head())
        body = bytearray()
        while isinstance(event := await self._next(), h11.Data):
            body += event.data
            if len(body) > most:
                raise LineError(f"more than {most} bytes")
        if not isinstance(event, h11.EndOfMessage):
            raise LineError("half an answer")
        return bytes(body)

    async def _head(self) -> h11.Response:
        try:
            while isinstance(event := await self._next(), h11.InformationalResponse):
                continue
        except ConnectionError as error:
            raise _ClosedError(str(error)) from error
        except h11.RemoteProtocolError as error:
            if self.reader.at_eof():
                raise _ClosedError("closed without an answer") from error
            raise
        if isinstance(event, h11.ConnectionClosed):
            raise _ClosedError("closed without an answer")
        if not isinstance(event, h11.Response):
            raise LineError("no answer")
        return event

    async def _next(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self.reader.read(_PIECE))
        return event

    def goes_on(self) -> bool:
        """Whether another question may follow; it begins a new cycle."""
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            return True
        return False


def _judge(answer: h11.Response) -> None:
    if answer.status_code != _OK:
        raise LineError(f"status {answer.status_code}")
    encoded = [value for name, value in answer.headers if name == b"content-encoding"]
    if any(value.lower() != b"identity" for value in encoded):
        raise LineError("an encoding that was not asked for")
