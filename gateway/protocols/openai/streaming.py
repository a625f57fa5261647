"""Streams of chat completions and completions with a screen. Pure: no I/O, no clock.

Each chunk goes on with what of its texts may be released; all its other members stay. What is held
goes on with later chunks of the same choice, the rest in a chunk of its own before the one that
finishes the choice. A tool call is held until it is whole, and goes on as one delta once it is
judged. Log probabilities and token ids spell the text: they are dropped from a chunk whose text did
not go on as it came, now or before. `reasoning_details` say the reasoning again and are left out.
"""

from typing import Final, NamedTuple

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.passage import Stage
from gateway.model.refusal import Reason
from gateway.model.screening import AnswerScreen
from gateway.model.usage import Usage
from gateway.protocols.base import Reading
from gateway.protocols.openai.passages_of_answers import answer_passages
from gateway.protocols.openai.streaming_choice import (
    CALLS,
    REPEATS,
    Choice,
    Piece,
    ToolCall,
    delta_of,
    is_plain_choice,
    only_piece,
    pieces,
    put_back,
    taken,
    without_spellings,
)
from gateway.protocols.openai.usage import Meter, is_usage_chunk
from gateway.protocols.streaming import (
    UNREADABLE,
    HeldText,
    ScreenedStream,
    Steps,
    UnreadableError,
    changed,
    is_plain,
    moved,
    number,
    objects,
    spelt,
    unmistaken,
)
from gateway.protocols.withheld import TOO_LARGE
from gateway.wire.keyfold import ProtocolKeys
from gateway.wire.sse import Event
from gateway.wire.ssetemplate import Templates

DONE: Final = b"[DONE]"
FILTERED: Final = "content_filter"
"""The finish_reason of a choice that is cut off for its content."""

MAX_CHOICES: Final = 128
MAX_CALLS: Final = 1_024

_ENVELOPE: Final = ("id", "object", "created", "model", "system_fingerprint", "service_tier")
_KEYS: Final = ProtocolKeys(("choices", "error"))
_TOP: Final = frozenset((*_ENVELOPE, "choices", "usage", "obfuscation"))


class _Said(NamedTuple):
    """Which text a chunk has a piece of, and what the chunk says of itself."""

    choice: int
    member: str
    envelope: JsonObject


class ChunkReader(ScreenedStream):
    """A stream of chunks. With `strips` the chunk of usage is left out."""

    def __init__(self, reading: Reading, screen: AnswerScreen, *, strips: bool) -> None:
        super().__init__(reading, screen)
        self._strips = strips
        self._meter = Meter()
        self._choices: dict[int, Choice] = {}
        self._envelope: JsonObject = {}
        self._held = 0  # characters of pieces of calls that are not judged
        self._templates = Templates[_Said]()

    @property
    def usage(self) -> Usage | None:
        """What the last chunk that tells it says."""
        return self._meter.usage

    def _judged(self, event: Event) -> Steps[bytes]:
        if event.data is None or not event.data.strip():
            return event.raw
        if event.data == DONE:
            return (yield from self._rest()) + event.raw
        like = self._templates.find(event.raw)
        if like is not None and not self._choices[like.template.key.choice].finished:
            index, member, self._envelope = like.template.key
            return like.saying((yield from self._choices[index].texts[member].feed(like.text)))
        return (yield from self._event(event, event.data))

    def _event(self, event: Event, data: bytes) -> Steps[bytes]:
        """A chunk that is like none before."""
        document = self._document(data)
        value = document.value
        if not isinstance(value, dict) or isinstance(value.get("delta"), str):
            raise UnreadableError(UNREADABLE)  # pieces of a text that no choice has
        self._meter.read(value)
        if self._strips and is_usage_chunk(value):
            return b""
        renamed, plain = self._rename(value), self._is_plain(value)
        altered = renamed or not document.canonical_safe
        if not plain:
            others = yield from self._others(value)
            altered, value = altered or others is not None, others or value
        self._envelope = {key: value[key] for key in _ENVELOPE if key in value}
        before: list[bytes] = []
        for choice in objects(value.get("choices")):
            altered |= yield from self._choice(choice, before)
        raw = event.replaced(data=spelt(value)) if altered else event.raw
        if plain and self._templates.try_once_more():
            self._learn(event, raw if renamed else None)
        return b"".join((*before, raw))

    def _learn(self, event: Event, said: bytes | None) -> None:
        """Remember a chunk that others are like; nothing of it has been changed in `event`."""
        document = self._document(event.data or b"")
        only = only_piece(document.value) if document.canonical_safe else None
        if only is not None:
            index, piece, path = only
            key = _Said(index, piece.member, self._envelope)
            self._templates.add(key, event, path, said)

    def _rest(self) -> Steps[bytes]:
        """What is held of all choices that did not finish."""
        out: list[bytes] = []
        for state in self._choices.values():
            yield from self._finished(state, {}, out)
        return b"".join(out)

    def _error(self, reason: Reason, why: str) -> bytes:
        if reason is Reason.CONTENT_BLOCKED and self._reading.blocks_by_finish and self._choices:
            return self._cut_off()
        return b"data: " + self._reading.error(reason, why) + b"\n\n"

    def _cut_off(self) -> bytes:
        """The end that a server's own filter makes."""
        ends = [
            self._chunk(state, {"text": ""} if state.plain else {"delta": {}}, FILTERED)
            for state in self._choices.values()
            if not state.finished
        ]
        return b"".join((*ends, b"data: " + DONE + b"\n\n"))

    def _rename(self, value: JsonObject) -> bool:
        """Name the model as the client did."""
        if self._reading.renames is None or value.get("model") != self._reading.renames[0]:
            return False
        value["model"] = self._reading.renames[1]
        return True

    def _is_plain(self, chunk: JsonObject) -> bool:
        """Whether a chunk has nothing but what one before it had, and pieces of texts and calls, as
        nearly all have."""
        if not chunk.keys() <= _TOP or not isinstance(chunk.get("choices"), list):
            return False
        if any(chunk.get(key) != self._envelope.get(key) for key in _ENVELOPE):
            return False
        if chunk.get("usage") is not None or not is_plain(chunk.get("obfuscation")):
            return False
        return all(map(is_plain_choice, objects(chunk["choices"])))

    def _others(self, value: JsonObject) -> Steps[JsonObject | None]:
        """Judge what is no piece of a text or a call; the chunk with that changed, None where
        nothing is."""
        unmistaken(value, _KEYS)
        out = [taken(choice) for choice in objects(value.get("choices"))]
        verdict = yield from self._whole(answer_passages(value))
        new = changed(value, verdict.texts) if verdict.texts else value
        if not isinstance(new, dict):
            raise UnreadableError(UNREADABLE)
        for choice, what in zip(objects(new.get("choices")), out, strict=True):
            put_back(choice, what)
        return None if new is value else new

    def _choice(self, choice: JsonObject, out: list[bytes]) -> Steps[bool]:
        """Change a choice of a chunk; True where that changed anything. What has to go before the
        chunk is added to `out`."""
        state = self._state(choice)
        delta = choice.get("delta")
        altered = False
        if isinstance(delta, dict):
            altered = delta.pop(REPEATS, None) is not None
            altered |= yield from self._calls(state, delta, out)
        found = pieces(choice)
        exact = True
        for piece in found:
            exact &= yield from self._text(state, piece)
        altered |= any(piece.holder[piece.key] != piece.text for piece in found)
        reason = choice.get("finish_reason")
        if isinstance(reason, str):
            self._screen.stopped(reason)
        if reason is not None:
            ends = {piece.member: piece for piece in found}
            altered |= yield from self._finished(state, ends, out)
        if not (exact and all(text.exact for text in state.texts.values())):
            altered |= without_spellings(choice)
        return altered

    def _state(self, choice: JsonObject) -> Choice:
        index = number(choice.get("index", 0), MAX_CHOICES)
        state = self._choices.setdefault(index, Choice(index))
        state.plain = state.plain or "text" in choice
        return state

    def _text(self, state: Choice, piece: Piece) -> Steps[bool]:
        """Put what may be released in a piece's place; True where that is the piece, with nothing
        held before it."""
        text = state.texts.get(piece.member)
        if text is None:
            channel = f"choices/{state.index}/{piece.member}"
            screen = self._screen.channel(channel, Stage.RESPONSE, piece.part)
            text = state.texts[piece.member] = HeldText(self._screen, screen)
        if state.finished and piece.text:
            raise UnreadableError(UNREADABLE)
        was_exact = text.exact
        released = yield from text.feed(piece.text)
        piece.holder[piece.key] = released
        return was_exact and released == piece.text

    def _finished(self, state: Choice, ends: dict[str, Piece], out: list[bytes]) -> Steps[bool]:
        """Release what is held of a choice: into the chunk that finishes it, where that has a piece
        of the same text, else before it. True where that chunk was changed."""
        if state.finished:
            return False
        yield from self._called(state, out)
        state.finished = True
        altered = False
        for member, text in state.texts.items():
            rest = yield from text.finish()
            piece = ends.get(member)
            if not rest:
                continue
            if piece is not None:
                held = piece.holder[piece.key]
                piece.holder[piece.key] = (held if isinstance(held, str) else "") + rest
                altered = True
            else:
                plain = state.plain and member == "content"
                says: JsonObject = {"text": rest} if plain else {"delta": delta_of(member, rest)}
                out.append(self._chunk(state, says))
        return altered

    def _calls(self, state: Choice, delta: JsonObject, out: list[bytes]) -> Steps[bool]:
        """Take the pieces of calls out of a delta."""
        if not any(delta.get(key) for key in CALLS):
            return False
        for position, fragment in enumerate(objects(delta.pop("tool_calls", None))):
            index = number(fragment.get("index", position), MAX_CALLS)
            self._hold((yield from self._call(state, index, out)).add(fragment))
        function = delta.pop("function_call", None)
        if isinstance(function, dict):
            self._hold((yield from self._call(state, None, out)).add(function))
        elif function is not None:
            raise UnreadableError(UNREADABLE)
        return True

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > self._reading.limit:
            raise UnreadableError(TOO_LARGE)

    def _call(self, state: Choice, index: int | None, out: list[bytes]) -> Steps[ToolCall]:
        """The call that a piece belongs to; one before it is whole with that."""
        if state.call is not None and state.call.index == index:
            return state.call
        yield from self._called(state, out)
        return state.begin(index)

    def _called(self, state: Choice, out: list[bytes]) -> Steps[None]:
        """Judge the call that is whole, and let it go on as one delta."""
        call, state.call = state.call, None
        if call is None:
            return
        delta = call.delta()
        whole: JsonObject = {"choices": [{"index": state.index, "message": delta}]}
        calls = f"choices/{state.index}/tool_calls"
        passages = moved(answer_passages(whole), f"{calls}/0", f"{calls}/{call.index}")
        verdict = yield from self._whole(passages)
        if verdict.texts:
            delta = _message(changed(whole, verdict.texts))
        out.append(self._chunk(state, {"delta": delta}))
        if not any(one.call for one in self._choices.values()):
            self._held = 0

    def _chunk(self, state: Choice, says: JsonObject, finish: str | None = None) -> bytes:
        choice: JsonObject = {"index": state.index, **says, "finish_reason": finish}
        return b"data: " + spelt({**self._envelope, "choices": [choice]}) + b"\n\n"


def _message(answer: JsonValue) -> JsonObject:
    """The message of the only choice."""
    if isinstance(answer, dict):
        for choice in objects(answer.get("choices")):
            message = choice.get("message")
            if isinstance(message, dict):
                return message
    raise UnreadableError(UNREADABLE)
