"""Readers of response bodies. Pure: no I/O, no clock.

A list of models is withheld until it is whole and has been judged. An answer that is read only for
what it cost passes byte for byte, whatever it holds: a number that cannot be read is not known, and
costs nobody the answer.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from gateway.model.refusal import Reason
from gateway.model.usage import Usage
from gateway.protocols.anthropic.endpoint import MODELS_LIST
from gateway.protocols.anthropic.models import Unreadable, filtered
from gateway.protocols.anthropic.usage import Tally
from gateway.protocols.base import Reading, ResponseReader
from gateway.protocols.withheld import WithheldReader
from gateway.wire import sse
from gateway.wire.content import is_media_type
from gateway.wire.naming import renamed
from gateway.wire.sse import Event, Reader
from gateway.wire.strictjson import Document, decode

_MODELS: Final = (("model",), ("message", "model"))
"""Where an answer, or the event that begins one, names its model."""

_TELLING: Final = frozenset({b"message_start", b"message_delta", b"message"})
"""Events that may tell usage; "message" is one without a name. The others, which are many, are not
parsed."""


def list_reader(
    content_type: str, reading: Reading, aliases: Mapping[str, str]
) -> ResponseReader | None:
    """The reader of a list of models, which must be JSON in UTF-8; None for any other type."""
    is_json = is_media_type(content_type, "application/json")
    return ListReader(reading, aliases) if is_json else None


def usage_reader(content_type: str, reading: Reading) -> ResponseReader:
    """The reader of what an answer cost, which is known of JSON and of server-sent events."""
    is_json = is_media_type(content_type, "application/json")
    if is_media_type(content_type, "text/event-stream"):
        return StreamReader(reading)
    if is_json and reading.renames is not None:
        return RenamingReader(reading, counts=True)
    return MessageReader(reading, counts=is_json)


class ListReader(WithheldReader):
    """A page of models, to which `aliases` are added."""

    def __init__(self, reading: Reading, aliases: Mapping[str, str]) -> None:
        super().__init__(reading)
        self._aliases = aliases

    def _whole(self, body: bytes) -> bytes:
        """The page without what the caller may not see."""
        keep = partial(self._reading.shows, MODELS_LIST)
        page = filtered(body, self._reading.limit, keep, self._aliases)
        if isinstance(page, Unreadable):
            return self._unreadable(page.value)
        self.filtered = page.dropped
        return page.body


class MessageReader:
    """A body that passes at once; of JSON (`counts`) a copy is kept until it is whole, as long as
    it is within the limit."""

    def __init__(self, reading: Reading, *, counts: bool) -> None:
        self._reading = reading
        self._copy: bytearray | None = bytearray() if counts else None
        self._begun = False
        self._tally = Tally()
        self.filtered = 0
        self.broken = False

    @property
    def usage(self) -> Usage | None:
        """What the answer cost, at its end."""
        return self._tally.usage

    def feed(self, data: bytes) -> bytes:
        """The piece itself."""
        if self.broken:
            return b""
        self._begun = self._begun or bool(data)
        if self._copy is not None:
            self._copy += data
            if len(self._copy) > self._reading.limit:
                self._copy = None
        return data

    def finish(self) -> bytes:
        """Nothing more; the usage is known now."""
        if self._copy is not None and not self.broken:
            document = decode(bytes(self._copy), self._reading.limit)
            if isinstance(document, Document):
                self._tally.message(document.value)
        self._copy = None
        return b""

    def break_off(self, reason: Reason, why: str) -> bytes:
        """An error if nothing of the answer has passed; else the body just ends, which no reader
        of JSON takes for a whole one."""
        self.broken = True
        self._copy = None
        return b"" if self._begun else self._reading.error(reason, why)


class RenamingReader(MessageReader):
    """A message that names another model than the client did. It is held until it is whole; over
    the limit it goes on as it is."""

    def feed(self, data: bytes) -> bytes:
        """Nothing, until the message is over the limit."""
        if self.broken or self._copy is None:
            return super().feed(data)
        self._copy += data
        if len(self._copy) <= self._reading.limit:
            return b""
        held, self._copy = bytes(self._copy), None
        return super().feed(held)

    def finish(self) -> bytes:
        """The message, with the name that the client knows."""
        whole = b"" if self._copy is None else bytes(self._copy)
        super().finish()
        return b"" if self.broken else named_for_client(whole, self._reading)


def named_for_client(data: bytes, reading: Reading) -> bytes:
    """A JSON document of an answer with the model's name that the client used."""
    if reading.renames is None:
        return data
    return renamed(data, reading.limit, _MODELS, *reading.renames)


class StreamReader:
    """A stream of events. An event passes once it is whole, so that an error can follow it."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._events = Reader(reading.limit)
        self._held = bytearray()  # what has come and not passed
        self._tally = Tally()
        self.filtered = 0
        self.broken = False

    @property
    def usage(self) -> Usage | None:
        """What the answer has cost so far."""
        return self._tally.usage

    def feed(self, data: bytes) -> bytes:
        """The events that a piece completes; all of it once an event was too large to be read."""
        if self.broken:
            return b""
        self._held += data
        passed = self._pass(self._events.feed(data))
        return passed + self._rest() if self._events.overflowed else passed

    def finish(self) -> bytes:
        """The rest, an unfinished event included."""
        if self.broken:
            return b""
        passed = b"" if self._events.overflowed else self._pass(self._events.finish())
        return passed + self._rest()

    def break_off(self, reason: Reason, why: str) -> bytes:
        """An error event, which ends the stream for every SDK; what still comes is swallowed."""
        self.broken = True
        return sse.serialise(self._reading.error(reason, why), event=b"error")

    def _pass(self, events: list[Event]) -> bytes:
        """The events as they go on, counted."""
        out = b"".join(map(self._read, events))
        del self._held[: sum(len(event.raw) for event in events)]
        return out

    def _read(self, event: Event) -> bytes:
        if event.data is None or event.event not in _TELLING:
            return event.raw
        document = decode(event.data, self._reading.limit)
        if isinstance(document, Document):
            self._tally.event(document.value)
        named = named_for_client(event.data, self._reading)
        return event.raw if named is event.data else event.replaced(data=named)

    def _rest(self) -> bytes:
        """What is no whole event."""
        rest = bytes(self._held)
        self._held.clear()
        return rest
