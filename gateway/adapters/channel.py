"""The private line between the supervisor and one worker: JSON messages over a socket pair.

It carries configuration with its secrets, so it is never a socket with a name: the worker
inherits its end as a file descriptor.
"""

import asyncio
import json
import socket
import struct
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue

MAX_MESSAGE: Final = 256 * 1024 * 1024
_LENGTH: Final = struct.Struct(">I")


class ChannelClosedError(EOFError):
    """The other end is gone."""


class Channel:
    """One end. Messages are JSON objects, each after its length in four bytes, big-endian."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> "Channel":
        """Take over a connected socket."""
        end.setblocking(False)
        return cls(*await asyncio.open_connection(sock=end))

    async def send(self, message: JsonObject) -> None:
        """Raises `ChannelClosedError` when the other end is gone, ValueError for a message that it
        would not take."""
        data = json.dumps(message).encode()
        if len(data) > MAX_MESSAGE:
            raise ValueError(f"a message of {len(data)} bytes; at most {MAX_MESSAGE} are allowed")
        try:
            self._writer.write(_LENGTH.pack(len(data)) + data)
            await self._writer.drain()
        except OSError as error:
            raise ChannelClosedError from error

    async def receive(self) -> JsonObject:
        """The next message. Raises `ChannelClosedError` at the end or on a broken frame."""
        try:
            (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            if length > MAX_MESSAGE:
                raise ChannelClosedError
            message: JsonValue = json.loads(await self._reader.readexactly(length))
        except (OSError, asyncio.IncompleteReadError, ValueError, RecursionError) as error:
            raise ChannelClosedError from error
        if not isinstance(message, dict):
            raise ChannelClosedError
        return message

    def close(self) -> None:
        """Close this end; the other one sees the end of the stream."""
        self._writer.close()
