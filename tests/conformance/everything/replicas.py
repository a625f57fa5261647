"""What a server keeps besides its sessions: events to replay, and listeners on other replicas."""

import asyncio
import contextlib
import itertools
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcp.server.streamable_http import (
    EventCallback,
    EventId,
    EventMessage,
    EventStore,
    StreamId,
)
from mcp.server.subscriptions import ServerEvent
from mcp.shared.subscriptions import event_from_wire, event_to_notification
from mcp.types.jsonrpc import JSONRPCMessage
from typing_extensions import override


class MemoryEventStore(EventStore):
    """Every event of every stream since the start, in order; enough for the length of a test."""

    def __init__(self) -> None:
        """Starts empty."""
        self._numbers = itertools.count(1)
        self._events: dict[EventId, tuple[StreamId, JSONRPCMessage | None]] = {}

    @override
    async def store_event(self, stream_id: StreamId, message: JSONRPCMessage | None) -> EventId:
        event_id = str(next(self._numbers))
        self._events[event_id] = (stream_id, message)
        return event_id

    @override
    async def replay_events_after(
        self, last_event_id: EventId, send_callback: EventCallback
    ) -> StreamId | None:
        if last_event_id not in self._events:
            return None
        stream_id, _ = self._events[last_event_id]
        for event_id, (stream, message) in list(self._events.items()):
            if stream == stream_id and int(event_id) > int(last_event_id) and message is not None:
                await send_callback(EventMessage(message, event_id))
        return stream_id


class DatagramBus:
    """A subscription bus between processes: one Unix datagram socket a replica, in a directory.

    The path of the directory has to be short: a socket's path has at most 107 bytes.
    """

    def __init__(self, directory: Path, name: str) -> None:
        """Opens the socket of the replica `name`, whose names differ within a directory."""
        self._directory = directory
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(directory / f"{name}.sock"))
        self._listeners: dict[object, Callable[[ServerEvent], None]] = {}
        self._reading = False

    async def publish(self, event: ServerEvent) -> None:
        """Sends `event` to every replica, this one included."""
        wire: dict[str, Any] = event_to_notification(event, {}).model_dump(mode="json")
        for peer in sorted(self._directory.glob("*.sock")):
            # A replica that has ended leaves its socket's name behind.
            with contextlib.suppress(ConnectionRefusedError):
                self._socket.sendto(json.dumps(wire).encode(), str(peer))

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Calls `listener` with every event from now on; returns what ends that."""
        if not self._reading:
            asyncio.get_running_loop().add_reader(self._socket, self._receive)
            self._reading = True
        token = object()
        self._listeners[token] = listener
        return lambda: (self._listeners.pop(token, None), None)[1]

    def _receive(self) -> None:
        wire = json.loads(self._socket.recv(65_536))
        event = event_from_wire(wire["method"], wire["params"])
        if event is not None:
            for listener in list(self._listeners.values()):
                listener(event)
