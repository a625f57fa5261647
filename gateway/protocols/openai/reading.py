"""Readers of answers. Pure: no I/O, no clock.

With a screen nothing goes on unread, see `screening`. Without one answers are read for what they
cost, and nothing that is security relevant depends on that: whatever cannot be read, or is over the
limit, goes on unread. All that is ever left out is the chunk of usage that the client did not ask
for.
"""

import re
from functools import partial
from typing import Final

from gateway.model.refusal import Reason
from gateway.model.usage import Usage
from gateway.protocols.base import Reading, ResponseReader
from gateway.protocols.openai.screening import screened_reader
from gateway.protocols.openai.streaming_responses import flat
from gateway.protocols.openai.usage import Meter, is_usage_chunk
from gateway.wire import sse
from gateway.wire.content import is_media_type
from gateway.wire.naming import renamed
from gateway.wire.sse import Event
from gateway.wire.strictjson import Document, decode

_DONE: Final = b"[DONE]"
_TELLING: Final = re.compile(
    rb'"(?:usage"\s*:\s*\{|finish_reason"\s*:\s*"|status"|incomplete_details")'
)
"""What a chunk has of which the meter learns something. Most have nothing of it and are not parsed;
one with an escape, which a key may be written with, has to be parsed to know."""

_ESCAPE: Final = b"\\u"

_MODELS: Final = (("model",), ("response", "model"))
"""Where an answer, or an event of one, names its model."""


def answer_reader(
    content_type: str, reading: Reading, *, strips: bool, named_events: bool
) -> ResponseReader | None:
    """The reader for a media type; None for what has to be judged and cannot be. `strips` and
    `named_events` as for `usage_reader`."""
    find = usage_reader if reading.screen is None else partial(screened_reader, reading.screen)
    return find(content_type, reading, strips=strips, named_events=named_events)


def usage_reader(
    content_type: str, reading: Reading, *, strips: bool, named_events: bool
) -> ResponseReader:
    """The reader for a media type. With `strips` the chunk of usage is left out of a stream;
    `named_events` are those of responses, whose errors have another form."""
    if is_media_type(content_type, "application/json"):
        return JsonReader(reading) if reading.renames is None else RenamingReader(reading)
    if is_media_type(content_type, "text/event-stream"):
        return EventReader(reading, strips=strips, named_events=named_events)
    return UnreadReader(reading)


class UnreadReader:
    """A body that goes on as it comes."""

    filtered = 0

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._sent = False
        self.broken = False

    @property
    def usage(self) -> Usage | None:
        """Unknown."""
        return None

    def feed(self, data: bytes) -> bytes:
        """The same piece."""
        self._sent = self._sent or bool(data)
        return b"" if self.broken else data

    def finish(self) -> bytes:
        """Nothing is left."""
        return b""

    def break_off(self, reason: Reason, why: str) -> bytes:
        """An error, where nothing has been sent yet; what is sent cannot be taken back."""
        self.broken = True
        return b"" if self._sent else self._reading.error(reason, why)


class JsonReader(UnreadReader):
    """One JSON document, read when it is whole, of which every piece has gone on before."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading)
        self._meter = Meter()
        self._pieces: list[bytes] = []
        self._room = reading.limit

    @property
    def usage(self) -> Usage | None:
        """What the document says, at its end."""
        return self._meter.usage

    def feed(self, data: bytes) -> bytes:
        """The same piece. Over the limit nothing is kept, so that nothing can be read."""
        self._room -= len(data)
        self._pieces.append(data)
        if self._room < 0:
            self._pieces.clear()
        return super().feed(data)

    def finish(self) -> bytes:
        """Nothing is left."""
        document = decode(b"".join(self._pieces), self._reading.limit)
        if isinstance(document, Document):
            self._meter.read(document.value)
        self._pieces.clear()
        return b""


class RenamingReader(JsonReader):
    """One JSON document that names another model than the client did. It is held until it is
    whole; over the limit it goes on as it is."""

    def feed(self, data: bytes) -> bytes:
        """Nothing, until the document is over the limit."""
        if self.broken or self._room < 0:
            return UnreadReader.feed(self, data)
        self._room -= len(data)
        self._pieces.append(data)
        if self._room >= 0:
            return b""
        held = b"".join(self._pieces)
        self._pieces.clear()
        return UnreadReader.feed(self, held)

    def finish(self) -> bytes:
        """The document, with the name that the client knows."""
        whole = b"".join(self._pieces)
        super().finish()
        return b"" if self.broken else named_for_client(whole, self._reading)


def named_for_client(data: bytes, reading: Reading) -> bytes:
    """A JSON document of an answer with the model's name that the client used."""
    if reading.renames is None:
        return data
    return renamed(data, reading.limit, _MODELS, *reading.renames)


class EventReader:
    """A stream of server-sent events, each of which goes on when it is whole. `limit` bounds one;
    after one over it the rest of the stream goes on unread."""

    filtered = 0

    def __init__(self, reading: Reading, *, strips: bool, named_events: bool) -> None:
        self._reading = reading
        self._strips = strips
        self._named_events = named_events
        self._events = sse.Reader(reading.limit)
        self._waiting = bytearray()  # fed, and in no event yet
        self._meter = Meter()
        self._read = 0
        self.broken = False

    @property
    def usage(self) -> Usage | None:
        """What the last event that tells it says."""
        return self._meter.usage

    def feed(self, data: bytes) -> bytes:
        """The events that a piece completes."""
        if self.broken:
            return b""
        self._waiting += data
        return self._emit(self._events.feed(data))

    def finish(self) -> bytes:
        """The rest, also of an event that has no end."""
        if self.broken:
            return b""
        rest = self._emit(self._events.finish()) + bytes(self._waiting)
        self._waiting.clear()
        return rest

    def break_off(self, reason: Reason, why: str) -> bytes:
        """A last event with an error, on which the SDKs raise."""
        self.broken = True
        self._waiting.clear()
        error = self._reading.error(reason, why)
        if not self._named_events:
            return b"data: " + error + b"\n\n"
        return sse.serialise(flat(error, self._read), event=b"error")

    def _emit(self, events: list[Event]) -> bytes:
        done = sum(len(event.raw) for event in events)
        passed = [event for event in events if self._passes(event)]
        if self._reading.renames is None:
            out = b"".join([event.raw for event in passed])
        else:
            out = b"".join(map(self._named, passed))
        del self._waiting[:done]
        if self._events.overflowed:
            out += self._waiting
            self._waiting.clear()
        return out

    def _named(self, event: Event) -> bytes:
        """An event with the model's name that the client used."""
        if event.data is None or event.data == _DONE:
            return event.raw
        named = named_for_client(event.data, self._reading)
        return event.raw if named is event.data else event.replaced(data=named)

    def _passes(self, event: Event) -> bool:
        if event.data is None or event.data == _DONE:
            return True
        self._read += 1
        if _ESCAPE not in event.data and _TELLING.search(event.data) is None:
            return True
        document = decode(event.data, self._reading.limit)
        if not isinstance(document, Document):
            return True
        self._meter.read(document.value)
        return not (self._strips and is_usage_chunk(document.value))
