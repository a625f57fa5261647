"""Streams of responses with a screen. Pure: no I/O, no clock.

A text comes in deltas, and is said again when it is done: with its part, its item and the response.
Deltas go on with what may be released; the rest is a delta of its own before the event that says
the text is done, with the sequence number of the event before. What is said again is judged as the
whole text is, and so masked alike. The input of a call is held until it is done, and goes on as one
delta once it is judged.
Source: openai-openapi 2.3.0, ResponseStreamEvent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, NamedTuple

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.passage import Part, Passage, Path, Place, Stage
from gateway.model.refusal import Reason
from gateway.model.screening import AnswerScreen
from gateway.model.usage import Usage
from gateway.protocols.base import Reading
from gateway.protocols.openai.passages_of_answers import answer_passages, item_passages
from gateway.protocols.openai.usage import Meter, stop_reasons
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
    spelt,
    unmistaken,
)
from gateway.protocols.withheld import TOO_LARGE
from gateway.wire import sse
from gateway.wire.keyfold import ProtocolKeys
from gateway.wire.sse import Event
from gateway.wire.ssetemplate import Templates
from gateway.wire.strictjson import Document, decode, dumps

MAX_ITEMS: Final = 1 << 16
"""Items of output, and parts of one."""
MAX_TEXTS: Final = 4_096
"""Texts and calls of one stream that are not done."""

_PREFIX: Final = "response."


class _Text(NamedTuple):
    """A text that comes in deltas: in which list of its item, which event member numbers it there,
    and which says it when it is done."""

    members: str
    number: str
    done: str
    part: Part


_TEXTS: Final[Mapping[str, _Text]] = MappingProxyType(
    {
        "output_text": _Text("content", "content_index", "text", Part.ASSISTANT),
        "refusal": _Text("content", "content_index", "refusal", Part.REFUSAL),
        "reasoning_text": _Text("content", "content_index", "text", Part.REASONING),
        "reasoning_summary_text": _Text("summary", "summary_index", "text", Part.REASONING),
    }
)
_INPUTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "function_call_arguments": "arguments",
        "mcp_call_arguments": "arguments",
        "custom_tool_call_input": "input",
        "code_interpreter_call_code": "code",
    }
)
"""Inputs of calls that come in deltas, and the member of the call that each becomes."""

_KEYS: Final = ProtocolKeys(
    (
        *("type", "delta", "text", "refusal", "item", "part", "response", *_INPUTS.values()),
        *("output_index", "content_index", "summary_index"),
    )
)
_PARTS: Final = frozenset(
    {
        "response.content_part.added",
        "response.content_part.done",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
    }
)
_LAST: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})
_UNREAD: Final = ("partial_image_b64", "logprobs", "obfuscation")
_PLAIN: Final = frozenset(
    (
        "type",
        "sequence_number",
        "item_id",
        "output_index",
        "content_index",
        "summary_index",
        "annotation_index",
        "partial_image_index",
        *_UNREAD,
    )
)
"""Members of events that are no texts."""
_PIECE: Final = _PLAIN | {"delta"}
_ITEMS: Final = frozenset({"response.output_item.added", "response.output_item.done"})


@dataclass(slots=True)
class _Open:
    """A text or input that is coming, with the event that began it, which its rest is made from."""

    first: JsonObject
    kind: bytes
    text: HeldText | None = None
    held: str = ""


class ResponseStreamReader(ScreenedStream):
    """The events of one response."""

    def __init__(self, reading: Reading, screen: AnswerScreen) -> None:
        super().__init__(reading, screen)
        self._meter = Meter()
        self._read = 0
        self._number = 0  # of the event before
        self._open: dict[tuple[str, int, int], _Open] = {}
        self._items: dict[int, JsonObject] = {}
        self._held = 0  # characters of inputs that are not judged
        self._templates = Templates[tuple[str, int, int]]()

    @property
    def usage(self) -> Usage | None:
        """What the last event that tells it says."""
        return self._meter.usage

    def _judged(self, event: Event) -> Steps[bytes]:
        if event.data is None or not event.data.strip():
            return event.raw
        if event.data == b"[DONE]":
            return (yield from self._rest()) + event.raw
        like = self._templates.find(event.raw)
        state = None if like is None else self._open.get(like.template.key)
        if like is None or state is None or state.text is None:
            return (yield from self._event(event, event.data))
        self._read += 1
        self._number = self._number if like.number is None else like.number
        return like.saying((yield from state.text.feed(like.text)))

    def _event(self, event: Event, data: bytes) -> Steps[bytes]:
        """An event that is like none before."""
        document = self._document(data)
        value = document.value
        if not isinstance(value, dict):
            raise UnreadableError(UNREADABLE)
        unmistaken(value, _KEYS)
        self._read += 1
        self._meter.read(value)
        altered = self._rename(value) or not document.canonical_safe
        kind = _kind(value)
        name, _, step = kind.removeprefix(_PREFIX).rpartition(".")
        before = yield from self._ended_by(kind, value)
        new: JsonObject | None = value
        handled: tuple[str, ...] = ()
        if name in _TEXTS:
            more, new = yield from self._text(event, value, name, step)
            before, handled = before + more, ("delta",) if step == "delta" else ()
        elif name in _INPUTS:
            more, new = yield from self._input(event, value, name, step)
            before, handled = before + more, (_INPUTS[name], "name")
        if new is not None:
            new = yield from self._others(new, handled)
        self._number = _sequence(value, self._number)
        if name in _TEXTS and step == "delta" and self._templates.try_once_more():
            self._learn(event, document, _TEXTS[name])
        if new is None:
            return before
        altered = altered or new is not value
        return before + (event.replaced(data=spelt(new)) if altered else event.raw)

    def _learn(self, event: Event, document: Document, kind: _Text) -> None:
        """Remember an event that others are like: it has a piece of a text, and no more."""
        value = document.value
        if not isinstance(value, dict) or not document.canonical_safe:
            return
        if value.keys() <= _PIECE and not value.get("logprobs"):
            item = number(value.get("output_index", 0), MAX_ITEMS)
            place = number(value.get(kind.number, 0), MAX_ITEMS)
            self._templates.add((kind.members, item, place), event, ("delta",))

    def _ended_by(self, kind: str, value: JsonObject) -> Steps[bytes]:
        """The rest of texts that nothing said were done, before what says them again."""
        out = b""
        if kind in _LAST:
            for reason in stop_reasons(value.get("response")):
                self._screen.stopped(reason)
            return (yield from self._rest())
        if kind == "response.output_item.done":
            item = number(value.get("output_index", 0), MAX_ITEMS)
            for key in [key for key in self._open if key[1] == item]:
                out += yield from self._finished(key)
        return out

    def _rest(self) -> Steps[bytes]:
        """What is held of texts that were never done. Calls that were not are left out."""
        out = b""
        for key in list(self._open):
            out += yield from self._finished(key)
        return out

    def _error(self, reason: Reason, why: str) -> bytes:
        return sse.serialise(flat(self._reading.error(reason, why), self._read), event=b"error")

    def _rename(self, value: JsonObject) -> bool:
        """Name the model as the client did."""
        within = value.get("response")
        names = self._reading.renames
        if names is None or not isinstance(within, dict) or within.get("model") != names[0]:
            return False
        within["model"] = names[1]
        return True

    def _text(
        self, event: Event, value: JsonObject, name: str, step: str
    ) -> Steps[tuple[bytes, JsonObject | None]]:
        """A piece of a text, or its end: what goes before the event, and the event."""
        kind = _TEXTS[name]
        item = number(value.get("output_index", 0), MAX_ITEMS)
        key = (kind.members, item, number(value.get(kind.number, 0), MAX_ITEMS))
        if step != "delta":
            return (yield from self._finished(key)), value
        delta = value.get("delta")
        if not isinstance(delta, str):
            raise UnreadableError(UNREADABLE)
        state = self._opened(key, value, event)
        if state.text is None:
            channel = f"output/{item}/{kind.members}/{key[2]}"
            screen = self._screen.channel(channel, Stage.RESPONSE, kind.part)
            state.text = HeldText(self._screen, screen)
        was_exact = state.text.exact
        released = yield from state.text.feed(delta)
        if was_exact and released == delta:
            return b"", value
        new: JsonObject = {**value, "delta": released}
        return b"", _without_logprobs(new)

    def _finished(self, key: tuple[str, int, int]) -> Steps[bytes]:
        """The rest of a text."""
        state = self._open.pop(key, None)
        if state is None or state.text is None:
            return b""
        rest = yield from state.text.finish()
        return self._delta(state, rest) if rest else b""

    def _input(
        self, event: Event, value: JsonObject, name: str, step: str
    ) -> Steps[tuple[bytes, JsonObject | None]]:
        """A piece of a call's input, which is held, or its end."""
        member = _INPUTS[name]
        item = number(value.get("output_index", 0), MAX_ITEMS)
        key = (member, item, 0)
        if step == "delta":
            self._hold(self._opened(key, value, event), value.get("delta"))
            return b"", None
        state = self._open.pop(key, None)
        held = "" if state is None else state.held
        self._held -= len(held)
        said: JsonObject = {
            "type": "",
            **self._items.get(item, {}),
            member: value.get(member, held),
        }
        said |= {"name": value["name"]} if "name" in value else {}
        verdict = yield from self._whole(item_passages(said, item))
        new = changed(said, verdict.texts)
        if not isinstance(new, dict):
            raise UnreadableError(UNREADABLE)
        whole = new.get(member)
        before = self._delta(state, whole) if state and isinstance(whole, str) else b""
        if not verdict.texts:
            return before, value
        return before, {**value, **{one: new[one] for one in (member, "name") if one in value}}

    def _hold(self, state: _Open, delta: JsonValue) -> None:
        if not isinstance(delta, str):
            raise UnreadableError(UNREADABLE)
        state.held += delta
        self._held += len(delta)
        if self._held > self._reading.limit:
            raise UnreadableError(TOO_LARGE)

    def _opened(self, key: tuple[str, int, int], value: JsonObject, event: Event) -> _Open:
        state = self._open.get(key)
        if state is None:
            if len(self._open) >= MAX_TEXTS:
                raise UnreadableError(TOO_LARGE)
            state = self._open[key] = _Open(_without_logprobs(dict(value)), event.event)
        return state

    def _delta(self, state: _Open, text: str) -> bytes:
        says: JsonObject = {**state.first, "delta": text}
        if "sequence_number" in says:
            says["sequence_number"] = self._number
        return sse.serialise(spelt(says), event=state.kind)

    def _others(self, value: JsonObject, handled: tuple[str, ...]) -> Steps[JsonObject]:
        """Judge every text of an event that is not `handled`: what is said whole, and members that
        nobody knows."""
        rest = {
            key: one
            for key, one in value.items()
            if key not in handled and not (key in _PLAIN and (key in _UNREAD or is_plain(one)))
        }
        if not rest:
            return value
        verdict = yield from self._whole(self._passages(value, rest))
        if not verdict.texts:
            return value
        new = changed(value, verdict.texts)
        if not isinstance(new, dict):
            raise UnreadableError(UNREADABLE)
        return _without_logprobs(new, verdict.texts)

    def _passages(self, value: JsonObject, rest: JsonObject) -> list[Passage]:
        """The passages of `rest`, members of the event `value`, in the channels of the response."""
        kind = _kind(value)
        if kind == "error":
            return _placed(answer_passages({"error": rest}), 1, ())
        found: list[Passage] = []
        item = number(value.get("output_index", 0), MAX_ITEMS)
        for key, one in rest.items():
            if key == "response":
                found += answer_passages(one, (key,))
            elif key == "item" and kind in _ITEMS:
                self._remember(item, one)
                found += item_passages(one, item, (key,))
            elif (text := self._part_of(value, key, one)) is not None:
                members, place, part = text
                holder: JsonObject = {
                    "type": self._items.get(item, {}).get("type"),
                    members: [part],
                }
                channel = f"output/{item}/{members}"
                inside = moved(item_passages(holder, item), f"{channel}/0", f"{channel}/{place}")
                depth = 4 if key == "annotation" else 3 if key != "part" else 2
                found += _placed(inside, depth, (key,))
            else:
                found += _placed(answer_passages({"unknown": {key: one}}), 1, ())
        return found

    def _part_of(
        self, value: JsonObject, key: str, one: JsonValue
    ) -> tuple[str, int, JsonValue] | None:
        """The part of an item that a member of an event says, with its list and number there."""
        kind = _kind(value)
        name, _, step = kind.removeprefix(_PREFIX).rpartition(".")
        members = "summary" if "summary" in name else "content"
        place = number(value.get(f"{members}_index", 0), MAX_ITEMS)
        if key == "part" and kind in _PARTS:
            return members, place, one
        if key == "annotation" and step == "added":
            return members, place, {"annotations": [one]}
        text = _TEXTS.get(name)
        if text is not None and key == text.done:
            return members, place, {key: one}
        return None

    def _remember(self, index: int, item: JsonValue) -> None:
        """What later events of an item do not say again."""
        if isinstance(item, dict):
            if len(self._items) >= MAX_TEXTS:
                raise UnreadableError(TOO_LARGE)
            self._items[index] = {key: item[key] for key in ("type", "name") if key in item}


def _kind(event: JsonObject) -> str:
    kind = event.get("type")
    return kind if isinstance(kind, str) else ""


def _placed(passages: Iterable[Passage], depth: int, path: Path) -> list[Passage]:
    """Passages at `path` in place of the first `depth` steps; those above are ours."""
    return [
        replace(one, place=replace(one.place, path=(*path, *one.place.path[depth:])))
        for one in passages
        if len(one.place.path) > depth or (len(one.place.path) == depth and path)
    ]


def _sequence(value: JsonObject, before: int) -> int:
    found = value.get("sequence_number")
    return found if isinstance(found, int) else before


def _without_logprobs(event: JsonObject, texts: Mapping[Place, str] | None = None) -> JsonObject:
    """An event without log probabilities beside a text that is changed: they spell it. Without
    `texts` that is the delta."""
    for place in (Place(("delta",)),) if texts is None else texts:
        at: JsonValue = event
        for step in place.path:
            if isinstance(at, dict) and at.get("logprobs"):
                at["logprobs"] = []
            at = _inside(at, step)
    return event


def _inside(value: JsonValue, step: str | int) -> JsonValue:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) else None


def flat(error: bytes, sequence: int) -> bytes:
    """The error of a body as the event of a stream of responses."""
    document = decode(error, len(error))
    value = document.value if isinstance(document, Document) else None
    inner = value.get("error") if isinstance(value, dict) else None
    found = inner if isinstance(inner, dict) else {}
    event = {key: found.get(key) for key in ("code", "message", "param")}
    return dumps({"type": "error", **event, "sequence_number": sequence})
