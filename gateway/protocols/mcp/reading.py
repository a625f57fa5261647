"""Readers of MCP response bodies that hold lists, as JSON or as SSE. Pure: no I/O, no clock.

A JSON body is withheld until it is whole. A stream goes on event by event: what is no list result
passes byte for byte, keep-alives included, and nothing waits for the end of the stream.
"""

from typing import Final

from gateway.model.jsonvalue import JsonMapping, JsonValue
from gateway.model.refusal import Reason
from gateway.protocols.base import Reading, ResponseReader
from gateway.protocols.mcp.lists import Asked, Unreadable, filtered
from gateway.protocols.withheld import TOO_LARGE, WithheldReader
from gateway.wire import sse
from gateway.wire.content import is_media_type
from gateway.wire.jsonrpc import request_id
from gateway.wire.sse import Event, Reader

MESSAGE: Final = b"message"
"""The type of the events that MCP clients read. What a server sends under another type and cannot
be judged is left out; it costs no client its stream."""


def reader_of(content_type: str, reading: Reading) -> ResponseReader | None:
    """The reader for a media type in UTF-8; None for any other, which cannot be read."""
    if is_media_type(content_type, "application/json"):
        return JsonReader(reading)
    if is_media_type(content_type, "text/event-stream"):
        return EventReader(reading)
    return None


def asked_of(reading: Reading) -> Asked:
    """Which request a result answers: where only one was sent, that one, whatever id the result
    has; else the one with exactly its id."""
    if len(reading.calls) == 1 and not reading.replay:
        (only,) = reading.calls.values()
        return lambda _: only

    def by_id(value: JsonValue) -> str | None:
        ident = request_id(value)
        return None if ident is None else reading.calls.get(ident)

    return by_id


class Counting:
    """Counts what the predicates of a reading refuse."""

    def __init__(self, reading: Reading) -> None:
        self._shows = reading.shows
        self._offers = reading.offers
        self.dropped = 0

    def __call__(self, method: str, name: str) -> bool:
        shown = self._shows(method, name)
        self.dropped += not shown
        return shown

    def offered(self, definition: JsonMapping) -> bool:
        """Whether a tool is shown, by its whole definition."""
        offered = self._offers is None or self._offers(definition)
        self.dropped += not offered
        return offered


class JsonReader(WithheldReader):
    """A body of one JSON document."""

    def _whole(self, body: bytes) -> bytes:
        """The document without what the caller may not see."""
        keep = Counting(self._reading)
        asked = asked_of(self._reading)
        shorter = filtered(body, self._reading.limit, keep, asked, keep.offered)
        self.filtered = keep.dropped
        if isinstance(shorter, Unreadable):
            return self._unreadable(shorter.value)
        return body if shorter is None else shorter


class EventReader:
    """A stream of server-sent events, each with one JSON-RPC message or batch. `broken` tells
    whether the reader gave up."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._keep = Counting(reading)
        self._events = Reader(reading.limit)
        self._asked = asked_of(reading)
        self.broken = False

    @property
    def filtered(self) -> int:
        """Items that were dropped so far."""
        return self._keep.dropped

    @property
    def usage(self) -> None:
        """MCP counts no tokens."""
        return

    def feed(self, data: bytes) -> bytes:
        """The events that a piece completes."""
        return self._emit(self._events.feed(data))

    def finish(self) -> bytes:
        """The rest; an unfinished event is dropped, as every client would do."""
        return self._emit(self._events.finish())

    def _unreadable(self, why: str) -> bytes:
        return self.break_off(Reason.NO_ENDPOINT, why)

    def break_off(self, reason: Reason, why: str) -> bytes:
        """Give up: a last event with an error; whatever still comes is swallowed."""
        self.broken = True
        return sse.serialise(self._reading.error(reason, why))

    def _emit(self, events: list[Event]) -> bytes:
        out = [self._event(event) for event in events]
        if self._events.overflowed and not self.broken:
            out.append(self._unreadable(TOO_LARGE))
        return b"".join(out)

    def _event(self, event: Event) -> bytes:
        if self.broken:
            return b""
        shorter = None
        if event.data is not None and event.data.strip():
            limit, keep = self._reading.limit, self._keep
            shorter = filtered(event.data, limit, keep, self._asked, keep.offered)
        if isinstance(shorter, Unreadable):
            return self._unreadable(shorter.value) if event.event == MESSAGE else b""
        if event.id is None or self._reading.seal_event is None:
            return event.raw if shorter is None else event.replaced(data=shorter)
        return event.replaced(data=shorter, ident=sealed(self._reading, event.id))


def sealed(reading: Reading, ident: bytes) -> bytes:
    """The client's id for an event. An empty one resets the client's position, which is what has to
    happen when the context cannot be carried."""
    if reading.seal_event is None or not ident:
        return ident
    try:
        token = reading.seal_event(ident.decode("utf-8"))
    except UnicodeDecodeError:
        return b""
    return b"" if token is None else token.encode("ascii")
