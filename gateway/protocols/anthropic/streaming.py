"""Streams of messages with a screen. Pure: no I/O, no clock.

Deltas of text and thinking go on with what may be released; the rest is a delta of its own before
the event that stops the block. The JSON of a tool's input is held until its block stops, and goes
on as one delta once it is judged. A signature holds only for the thinking that it signs: that of
thinking which was masked is left out, and the API takes the block back no more than a changed one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.model.jsonvalue import JsonObject
from gateway.model.passage import Part, Passage, Stage
from gateway.model.refusal import Reason
from gateway.model.screening import AnswerScreen
from gateway.model.usage import Usage
from gateway.protocols.anthropic.passages_of_answers import answer_passages, block_passages
from gateway.protocols.anthropic.usage import Tally
from gateway.protocols.base import Reading
from gateway.protocols.streaming import (
    UNREADABLE,
    HeldText,
    ScreenedStream,
    Steps,
    UnreadableError,
    changed,
    is_plain,
    number,
    spelt,
    unmistaken,
)
from gateway.protocols.withheld import TOO_LARGE
from gateway.wire import sse
from gateway.wire.jsonstrings import unescaped
from gateway.wire.keyfold import ProtocolKeys
from gateway.wire.sse import Event
from gateway.wire.ssetemplate import Templates
from gateway.wire.strictjson import Document, decode

MAX_BLOCKS: Final = 1 << 16
"""Blocks of one message."""
MAX_OPEN: Final = 1_024
"""Blocks that have begun and not stopped."""

_PARTS: Final = {"text": Part.ASSISTANT, "thinking": Part.REASONING}
"""Types of blocks whose texts come in pieces; the text is the member of that name."""

_TEXTS: Final = {f"{key}_delta": key for key in _PARTS}
_PLAIN: Final = frozenset({"type", "index"})
_PIECE: Final = {"type", "index", "delta"}
_KEYS: Final = ProtocolKeys(("type", "index", "delta", "content_block", "message", "error"))
_DELTA_KEYS: Final = ProtocolKeys(("type", "partial_json", "citation", "signature", *_PARTS))
_DELTA: Final = b"content_block_delta"


@dataclass(slots=True)
class _Block:
    """A block that has begun: how, its text of the member `key`, and what came of its input."""

    begun: JsonObject
    key: str = ""
    text: HeldText | None = None
    input: str | None = None


class MessageStreamReader(ScreenedStream):
    """The events of one message."""

    def __init__(self, reading: Reading, screen: AnswerScreen) -> None:
        super().__init__(reading, screen)
        self._tally = Tally()
        self._blocks: dict[int, _Block] = {}
        self._done: set[int] = set()
        self._held = 0  # characters of inputs that are not judged
        self._templates = Templates[tuple[int, str]]()

    @property
    def usage(self) -> Usage | None:
        """What the answer has cost so far."""
        return self._tally.usage

    def _judged(self, event: Event) -> Steps[bytes]:
        if event.data is None or not event.data.strip():
            return event.raw
        like = self._templates.find(event.raw)
        text = None if like is None else self._text_of(*like.template.key)
        if like is None or text is None:
            return (yield from self._event(event, event.data))
        return like.saying((yield from text.feed(like.text)))

    def _event(self, event: Event, data: bytes) -> Steps[bytes]:
        """An event that is like none before."""
        document = self._document(data)
        value = document.value
        if not isinstance(value, dict):
            raise UnreadableError(UNREADABLE)
        unmistaken(value, _KEYS)
        self._tally.event(value)
        altered = self._rename(value) or not document.canonical_safe
        before = b""
        new: JsonObject | None = value
        match value.get("type"):
            case "content_block_start":
                new = yield from self._begun(value)
            case "content_block_delta":
                before, new = yield from self._piece(value)
            case "content_block_stop":
                before = yield from self._stopped(number(value.get("index"), MAX_BLOCKS))
                new = yield from self._others(value)
            case "message_start":
                new = yield from self._message(value)
            case "message_delta":
                self._screen.stopped(self._tally.finish)
                new = yield from self._others(value)
            case "message_stop":
                before = yield from self._rest()
                new = yield from self._others(value)
            case _:
                new = yield from self._others(value)
        if new is None:
            return before
        if isinstance(value.get("delta"), dict) and self._templates.try_once_more():
            self._learn(event, document)
        altered = altered or new is not value
        return before + (event.replaced(data=spelt(new)) if altered else event.raw)

    def _text_of(self, index: int, key: str) -> HeldText | None:
        """The text that an event like one before is of; None where its block is not open."""
        block = self._blocks.get(index)
        return block.text if block is not None and block.key == key else None

    def _learn(self, event: Event, document: Document) -> None:
        """Remember an event that others are like: it has a piece of the text of a block, and no
        more."""
        value = document.value
        delta = value.get("delta") if isinstance(value, dict) else None
        if not (isinstance(value, dict) and isinstance(delta, dict) and document.canonical_safe):
            return
        kind, index = delta.get("type"), value.get("index")
        key = _TEXTS.get(kind, "") if isinstance(kind, str) else ""
        piece = value.get("type") == _DELTA.decode() and value.keys() == _PIECE
        if piece and key and delta.keys() == {"type", key} and isinstance(index, int):
            self._templates.add((index, key), event, ("delta", key))

    def _rest(self) -> Steps[bytes]:
        """The rest of texts that did not stop. Inputs that did not are left out."""
        out = b""
        for index, block in list(self._blocks.items()):
            if block.text is not None:
                out += yield from self._finished(index, block)
        return out

    def _error(self, reason: Reason, why: str) -> bytes:
        return sse.serialise(self._reading.error(reason, why), event=b"error")

    def _rename(self, value: JsonObject) -> bool:
        """Name the model as the client did."""
        message, names = value.get("message"), self._reading.renames
        for holder in (value, message):
            if names and isinstance(holder, dict) and holder.get("model") == names[0]:
                holder["model"] = names[1]
                return True
        return False

    def _begun(self, value: JsonObject) -> Steps[JsonObject]:
        """A block begins: its text is a first piece, and all else is whole."""
        index, block = number(value.get("index"), MAX_BLOCKS), value.get("content_block")
        if index in self._blocks or index in self._done or not isinstance(block, dict):
            raise UnreadableError(UNREADABLE)
        if len(self._blocks) >= MAX_OPEN:
            raise UnreadableError(TOO_LARGE)
        names = {key: block[key] for key in ("type", "name") if key in block}
        state = self._blocks[index] = _Block(names)
        key = block.get("type")
        text = block.get(key) if isinstance(key, str) and key in _PARTS else None
        whole = {**block, key: ""} if isinstance(key, str) and isinstance(text, str) else block
        new = yield from self._changed(block_passages(whole, index), whole)
        if isinstance(key, str) and isinstance(text, str):
            said = yield from self._said(index, state, key, text)
            new = block if new is whole and said == text else {**new, key: said}
        others = yield from self._others(value, "content_block")
        return others if new is block else {**others, "content_block": new}

    def _piece(self, value: JsonObject) -> Steps[tuple[bytes, JsonObject | None]]:
        """A piece of a block: what goes before it, and the event; None where it is held."""
        index, delta = number(value.get("index"), MAX_BLOCKS), value.get("delta")
        block = self._blocks.get(index)
        if block is None or not isinstance(delta, dict):
            raise UnreadableError(UNREADABLE)
        unmistaken(delta, _DELTA_KEYS)
        kind = delta.get("type")
        if not (isinstance(kind, str) and is_plain(kind)):
            raise UnreadableError(UNREADABLE)
        if kind == "input_json_delta":
            self._hold(block, delta)
            return b"", None
        before = b""
        if kind == "signature_delta" and block.text is not None:
            before = yield from self._finished(index, block)
            if block.text.altered:
                return before, None
        new = yield from self._others(value, "delta")
        said = yield from self._delta(index, block, delta)
        return before, new if said is delta else {**new, "delta": said}

    def _delta(self, index: int, block: _Block, delta: JsonObject) -> Steps[JsonObject]:
        """A delta as the client may see it."""
        kind = delta.get("type")
        key = _TEXTS.get(kind) if isinstance(kind, str) else None
        whole: JsonObject = {**delta, "type": block.begun.get("type")}
        if key is not None:
            text = whole.pop(key, None)
            if not isinstance(text, str):
                raise UnreadableError(UNREADABLE)
            said = yield from self._said(index, block, key, text)
            new = yield from self._changed(block_passages(whole, index), whole)
            if new is whole and said == text:
                return delta
            return {**new, "type": kind, key: said}
        if "citation" in whole:
            whole["citations"] = [whole.pop("citation")]
        new = yield from self._changed(block_passages(whole, index), whole)
        if new is whole:
            return delta
        cited = new.pop("citations", None)
        if isinstance(cited, list) and cited:
            new["citation"] = cited[0]
        return {**new, "type": kind}

    def _said(self, index: int, block: _Block, key: str, text: str) -> Steps[str]:
        """What may go on of a piece of the text of a block, which has one."""
        if block.text is None:
            block.key = key
            screen = self._screen.channel(f"content/{index}", Stage.RESPONSE, _PARTS[key])
            block.text = HeldText(self._screen, screen)
        if block.key != key:
            raise UnreadableError(UNREADABLE)
        return (yield from block.text.feed(text))

    def _hold(self, block: _Block, delta: JsonObject) -> None:
        """Collect a piece of an input."""
        piece = delta.get("partial_json")
        if not isinstance(piece, str):
            raise UnreadableError(UNREADABLE)
        self._held += len(piece)
        if self._held > self._reading.limit:
            raise UnreadableError(TOO_LARGE)
        block.input = (block.input or "") + piece

    def _stopped(self, index: int) -> Steps[bytes]:
        """The rest of a block's text, or all of its input."""
        block = self._blocks.pop(index, None)
        if block is None:
            raise UnreadableError(UNREADABLE)
        self._done.add(index)
        if block.input is not None:
            self._held -= len(block.input)
            return (yield from self._input(index, block, block.input))
        return (yield from self._finished(index, block))

    def _input(self, index: int, block: _Block, text: str) -> Steps[bytes]:
        """An input that is whole, as one delta. What is no JSON is a text."""
        data = text.encode("utf-8", "replace")
        document = decode(data, len(data))
        value = document.value if isinstance(document, Document) else unescaped(text)
        whole: JsonObject = {**block.begun, "input": value}
        new = yield from self._changed(block_passages(whole, index), whole)
        if new is not whole:
            found = new.get("input")
            text = found if isinstance(found, str) else spelt(found).decode("ascii")
        return _delta_event(index, {"type": "input_json_delta", "partial_json": text})

    def _finished(self, index: int, block: _Block) -> Steps[bytes]:
        """The rest of a block's text."""
        rest = "" if block.text is None else (yield from block.text.finish())
        if not rest:
            return b""
        return _delta_event(index, {"type": f"{block.key}_delta", block.key: rest})

    def _message(self, value: JsonObject) -> Steps[JsonObject]:
        """What begins a stream: a message, of which nothing has been said."""
        new = yield from self._others(value, "message")
        message = value.get("message")
        if not isinstance(message, dict):
            return new
        said = yield from self._changed(answer_passages(message), message)
        return new if said is message else {**new, "message": said}

    def _others(self, value: JsonObject, *known: str) -> Steps[JsonObject]:
        """An event of which all but the `known` members is judged."""
        rest = {
            key: one
            for key, one in value.items()
            if key not in known and not (key in _PLAIN and is_plain(one))
        }
        if not rest:
            return value
        new = yield from self._changed(answer_passages(rest), rest)
        return (
            value if new is rest else {**{k: v for k, v in value.items() if k not in rest}, **new}
        )

    def _changed(self, passages: Sequence[Passage], value: JsonObject) -> Steps[JsonObject]:
        """`value` with what the screen changes of `passages`; itself where that is nothing."""
        verdict = yield from self._whole(passages)
        new = changed(value, verdict.texts)
        if not isinstance(new, dict):
            raise UnreadableError(UNREADABLE)
        return new


def _delta_event(index: int, delta: JsonObject) -> bytes:
    data = spelt({"type": _DELTA.decode(), "index": index, "delta": delta})
    return sse.serialise(data, event=_DELTA)
