"""Whole answers of MCP servers, and streams of messages, with a screen. Pure: no I/O, no clock.

Every message is judged by itself, on its first stream and on a replay. A response that is blocked
becomes the error for its id, of a tool call the result that says so. A blocked notification is left
out. So is a blocked request of the server (sampling, elicitation): nobody answers it, which every
server has to expect of a client; what was found is with the screen. Lists lose single items. The
stream goes on after a block. A response to another request than those that are answered here is
left out: clients take one from any stream, and what guards that request may not be what guards
this one (2025-11-25, Streamable HTTP: a stream answers what it was opened for).
"""

from collections.abc import Sequence
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.passage import Passage, Path, Place
from gateway.model.refusal import Reason, Refusal
from gateway.model.screening import AnswerScreen, Screened
from gateway.protocols.base import Reading, ResponseReader
from gateway.protocols.mcp.lists import Asked, Unreadable, shortened
from gateway.protocols.mcp.passages_of_answers import answer_passages
from gateway.protocols.mcp.reading import MESSAGE, Counting, asked_of, sealed
from gateway.protocols.mcp.render import REFUSAL_META, render
from gateway.protocols.screening import UNREADABLE, ScreenedReader
from gateway.protocols.streaming import (
    ScreenedStream,
    Steps,
    UnreadableError,
    changed_text,
    is_plain,
)
from gateway.wire import jsonspans, sse
from gateway.wire.content import is_media_type
from gateway.wire.jsonrpc import request_id
from gateway.wire.sse import Event
from gateway.wire.strictjson import Document, Malformed, decode

_RESPONSE: Final = ("result", "error")
STRANGE: Final = "the server answered another request"


def screened_reader_of(
    content_type: str, reading: Reading, screen: AnswerScreen
) -> ResponseReader | None:
    """The reader for a media type in UTF-8; None for any other, which cannot be judged."""
    if is_media_type(content_type, "application/json"):
        return ScreenedJsonReader(reading, screen)
    if is_media_type(content_type, "text/event-stream"):
        return ScreenedEventReader(reading, screen)
    return None


class Judge:
    """Judges the messages of one answer. `dropped` counts the items and messages left out;
    `blocked` is whether any of them was left out for what it says."""

    def __init__(self, reading: Reading, screen: AnswerScreen) -> None:
        self._reading = reading
        self._screen = screen
        self._keep = Counting(reading)
        self._asked: Asked = asked_of(reading)
        self._left_out = 0
        self.blocked = False

    @property
    def dropped(self) -> int:
        """Items of lists, and messages, that the client does not get."""
        return self._keep.dropped + self._left_out

    def listed(self, document: Document) -> Document | Unreadable:
        """The document without what the caller may not see."""
        shorter = shortened(document, self._keep, self._asked, self._keep.offered)
        if not isinstance(shorter, str):
            return document if shorter is None else shorter
        data = shorter.encode("utf-8")
        again = decode(data, len(data))
        return Unreadable.NOT_JSON if isinstance(again, Malformed) else again

    def judged(self, document: Document) -> Steps[str | None]:
        """The text of the document as the client may see it; None where nothing is left of it."""
        value = document.value
        passages = answer_passages(value, self._known)
        if not isinstance(value, list):
            groups, depth = [list(passages)], 0
        else:
            groups, depth = _by_message(passages, len(value)), 1
        texts: dict[Place, str] = {}
        dropped: set[Path] = set()
        blocked: dict[int, str] = {}
        strange = self._strange(value)
        for index, group in enumerate(groups):
            if index in strange:
                continue
            verdict = yield from self._whole(group)
            if verdict.blocked is not None:
                self.blocked, blocked[index] = True, verdict.blocked
                continue
            texts |= verdict.texts
            dropped |= {one.place.path[: depth + 3] for one in group if one.item in verdict.dropped}
        self._left_out += len(dropped)
        kept = {
            place: text
            for place, text in texts.items()
            if not any(place.path[: len(path)] == path for path in dropped)
        }
        text = document.text
        if kept or dropped:
            text = changed_text(text, kept, dropped)
        return self._without(text, value, blocked, strange) if blocked or strange else text

    def _strange(self, value: JsonValue) -> frozenset[int]:
        """Which messages answer other requests. Where nothing is known of what is replayed, none
        does."""
        if self._reading.replay and not self._reading.calls:
            return frozenset()
        own = {str(ident) for ident in self._reading.calls}
        return frozenset(
            index
            for index, one in enumerate(value if isinstance(value, list) else [value])
            if isinstance(one, dict)
            and any(key in one for key in _RESPONSE)
            and (ident := one.get("id")) is not None
            and (isinstance(ident, (bool, float)) or str(ident) not in own)
        )

    def _known(self, ident: JsonValue) -> str | None:
        """The method of the request with exactly this id. Where that is not known, as of what is
        replayed without context, an answer is judged by its shape."""
        known = request_id(ident)
        return None if known is None else self._reading.calls.get(known)

    def _whole(self, passages: Sequence[Passage]) -> Steps[Screened]:
        if not passages:
            return Screened()
        while (verdict := self._screen.whole(passages)).pending:
            yield
        return verdict

    def _without(
        self, text: str, value: JsonValue, blocked: dict[int, str], strange: frozenset[int]
    ) -> str | None:
        """The document with a refusal in place of each blocked response, and without the other
        blocked messages and the strange ones."""
        messages = value if isinstance(value, list) else [value]
        root = jsonspans.root(text)
        spans = jsonspans.elements(text, root) if isinstance(value, list) else [root]
        left: list[str] = []
        for index, (message, span) in enumerate(zip(messages, spans, strict=True)):
            if index in strange:
                self._left_out += 1
            elif index not in blocked:
                left.append(text[span.start : span.end])
            elif isinstance(message, dict) and any(key in message for key in _RESPONSE):
                left.append(self._refused(message, blocked[index]))
            else:
                self._left_out += 1
        if not left:
            return None
        return f"[{','.join(left)}]" if isinstance(value, list) else left[0]

    def _refused(self, message: JsonObject, why: str) -> str:
        """What takes the place of a response."""
        ident = request_id(message.get("id"))
        known = ident in self._reading.calls or is_plain(ident)  # an id may say anything, too
        ids = (ident,) if ident is not None and known else ()
        method = self._asked(message.get("id")) or ""
        refusal = Refusal(Reason.CONTENT_BLOCKED, why, ids, method=method)
        error = self._reading.error(Reason.CONTENT_BLOCKED, why)
        return render(refusal, _reference(error)).body.decode("ascii")


class ScreenedJsonReader(ScreenedReader):
    """A body of one JSON document: a message or a batch."""

    def __init__(self, reading: Reading, screen: AnswerScreen) -> None:
        super().__init__(reading, screen)
        self._judge = Judge(reading, screen)
        self._steps: Steps[str | None] | None = None

    def _opened(self, body: bytes) -> Document | None:
        document = super()._opened(body)
        listed = None if document is None else self._judge.listed(document)
        return listed if isinstance(listed, Document) else None

    def _passages(self, value: JsonValue) -> Sequence[Passage]:
        return answer_passages(value, asked_of(self._reading))

    def _judged(self, document: Document) -> bytes | None:
        self._steps = self._steps or self._judge.judged(document)
        try:
            next(self._steps)
        except StopIteration as done:
            text: str | None = done.value
        except UnreadableError:
            return self._unreadable(UNREADABLE)
        else:
            return None
        self.filtered = self._judge.dropped
        if text is None and not self._judge.blocked:
            return self.break_off(Reason.NO_ENDPOINT, STRANGE)
        if text is None:
            return self.break_off(Reason.CONTENT_BLOCKED, self._screen.blocked or UNREADABLE)
        return text.encode("utf-8")


class ScreenedEventReader(ScreenedStream):
    """A stream of server-sent events, each with one JSON-RPC message or batch."""

    ends_when_blocked = False

    def __init__(self, reading: Reading, screen: AnswerScreen) -> None:
        super().__init__(reading, screen)
        self._judge = Judge(reading, screen)

    @property
    def usage(self) -> None:
        """MCP counts no tokens."""
        return

    def _judged(self, event: Event) -> Steps[bytes]:
        if event.data is None or not event.data.strip():
            return self._identified(event, None)
        try:
            return (yield from self._message(event, event.data))
        except UnreadableError:
            if event.event == MESSAGE:
                raise
            return b""  # no client reads it

    def _message(self, event: Event, data: bytes) -> Steps[bytes]:
        document = self._document(data)
        listed = self._judge.listed(document)
        if isinstance(listed, Unreadable):
            raise UnreadableError(listed.value)
        text = yield from self._judge.judged(listed)
        self.filtered = self._judge.dropped
        if text is None:
            return b""
        same = text is document.text and document.canonical_safe
        return self._identified(event, None if same else text.encode("utf-8"))

    def _identified(self, event: Event, data: bytes | None) -> bytes:
        """An event with the id that the client is to know."""
        ident = event.id
        if ident is None or self._reading.seal_event is None:
            return event.raw if data is None else event.replaced(data=data)
        return event.replaced(data=data, ident=sealed(self._reading, ident))

    def _rest(self) -> Steps[bytes]:
        yield from ()
        return b""

    def _error(self, reason: Reason, why: str) -> bytes:
        return sse.serialise(self._reading.error(reason, why))


def _by_message(passages: Sequence[Passage], count: int) -> list[list[Passage]]:
    """The passages of a batch by the message that they are in."""
    groups: list[list[Passage]] = [[] for _ in range(count)]
    for one in passages:
        first = one.place.path[0] if one.place.path else 0
        if isinstance(first, int):
            groups[first].append(one)
    return groups


def _reference(error: bytes) -> str:
    """The audit id in an error of the gateway's own."""
    document = decode(error, len(error))
    value = document.value if isinstance(document, Document) else None
    first = value[0] if isinstance(value, list) and value else value
    for path in (("error", "data"), ("result", "_meta", REFUSAL_META)):
        inner: JsonValue = first
        for key in path:
            inner = inner.get(key) if isinstance(inner, dict) else None
        if isinstance(inner, dict) and isinstance(found := inner.get("reference"), str):
            return found
    return ""
