"""Streams of agents with a screen, as JSON-RPC and as REST. Pure: no I/O, no clock.

The text parts of the updates of one artifact are one text: each goes on with what may be released.
The rest is added to the update that is the last, or comes in an update of its own, which appends:
before an update that begins the artifact anew, before the state that ends the task, or at the end
of the stream. All else that an event says is judged whole.
"""

from dataclasses import dataclass
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.passage import Part, Stage
from gateway.model.refusal import Reason
from gateway.model.screening import AnswerScreen
from gateway.protocols.a2a.passages_of_answers import answer_passages, artifact_channel
from gateway.protocols.base import Reading
from gateway.protocols.streaming import (
    UNREADABLE,
    HeldText,
    ScreenedStream,
    Steps,
    UnreadableError,
    changed,
    spelt,
    unmistaken,
)
from gateway.protocols.withheld import TOO_LARGE
from gateway.wire import sse
from gateway.wire.keyfold import ProtocolKeys
from gateway.wire.sse import Event
from gateway.wire.strictjson import Document, decode

MAX_ARTIFACTS: Final = 1_024
"""Artifacts of one stream."""

_UPDATES: Final = ("artifactUpdate", "artifact_update")
_STATUSES: Final = ("statusUpdate", "status_update", "task")
_KEYS: Final = ProtocolKeys(("result", "artifact", "append", "status", *_UPDATES))
_ARTIFACT_KEYS: Final = ProtocolKeys(("artifactId", "artifact_id", "parts"))
_PART_KEYS: Final = ProtocolKeys(("text",))
_NESTING: Final = frozenset(("result", "artifact", *_UPDATES))
_NAMES: Final = frozenset(
    (
        "jsonrpc",
        "id",
        "kind",
        "taskId",
        "task_id",
        "contextId",
        "context_id",
        "artifactId",
        "artifact_id",
        "final",
    )
)
_LAST: Final = ("lastChunk", "last_chunk")
_ENDS: Final = frozenset({"completed", "failed", "canceled", "cancelled", "rejected"})
_PAUSES: Final = frozenset({"input-required", "auth-required"})
"""States after which an agent says no more for now: 0.3 and 1.0 spell them differently."""


@dataclass(slots=True)
class _Artifact:
    """An artifact that is coming. `last` is the event that had its last piece, of which its rest is
    made; `number` how often it began anew."""

    channel: str
    number: int = 0
    text: HeldText | None = None
    last: JsonObject | None = None


class EventReader(ScreenedStream):
    """The events of one task."""

    def __init__(self, reading: Reading, screen: AnswerScreen) -> None:
        super().__init__(reading, screen)
        self._artifacts: dict[str, _Artifact] = {}

    @property
    def usage(self) -> None:
        """A2A counts no tokens."""
        return

    def _judged(self, event: Event) -> Steps[bytes]:
        if event.data is None or not event.data.strip():
            return event.raw
        document = self._document(event.data)
        value = document.value
        if not isinstance(value, dict):
            raise UnreadableError(UNREADABLE)
        before: list[bytes] = []
        update = _update(value)
        pieces = [] if update is None else _pieces(update)
        texts = [piece["text"] for piece in pieces]
        for piece in pieces:
            piece["text"] = ""
        passages = answer_passages(value)
        verdict = yield from self._whole(passages)
        new = changed(value, verdict.texts)
        if not isinstance(new, dict):
            raise UnreadableError(UNREADABLE)
        altered = not document.canonical_safe or new is not value
        update = _update(new)
        if update is not None:
            altered |= yield from self._updated(new, update, texts, before)
        elif _ends(new):
            before.append((yield from self._rest()))
        return b"".join(before) + (event.replaced(data=spelt(new)) if altered else event.raw)

    def _rest(self) -> Steps[bytes]:
        """What is held of all artifacts."""
        out: list[bytes] = []
        for artifact in self._artifacts.values():
            yield from self._finished(artifact, out)
        return b"".join(out)

    def _error(self, reason: Reason, why: str) -> bytes:
        """Over REST an event of its own type: clients take other data for an update, and miss it.
        An error of JSON-RPC is an answer like others."""
        error = self._reading.error(reason, why)
        document = decode(error, len(error))
        value = document.value if isinstance(document, Document) else None
        if isinstance(value, dict) and "jsonrpc" in value:
            return b"data: " + error + b"\n\n"
        return sse.serialise(error, event=b"error")

    def _updated(
        self, event: JsonObject, update: JsonObject, texts: list[JsonValue], out: list[bytes]
    ) -> Steps[bool]:
        """Put what may be released in place of the pieces of an artifact; True where that is not
        what came. What has to go before the event is added to `out`."""
        artifact = self._artifact(update)
        if update.get("append") is not True:
            yield from self._finished(artifact, out)
        pieces = _pieces(update)
        if artifact.text is None:
            artifact.number += 1
            again = "" if artifact.number == 1 else f"/{artifact.number}"
            screen = self._screen.channel(
                f"{artifact.channel}/parts{again}", Stage.A2A_ARTIFACT, Part.ASSISTANT
            )
            artifact.text = HeldText(self._screen, screen)
        altered = False
        for piece, text in zip(pieces, texts, strict=True):
            came = text if isinstance(text, str) else ""
            piece["text"] = released = yield from artifact.text.feed(came)
            altered |= released != came
        if pieces or artifact.last is None:
            artifact.last = _appending(event)
        if any(update.get(key) is True for key in _LAST):
            if not pieces:
                yield from self._finished(artifact, out)
                return altered
            rest = yield from artifact.text.finish()
            artifact.text = None
            piece = pieces[-1]
            piece["text"] = f"{piece['text']}{rest}"
            altered = any(one["text"] != text for one, text in zip(pieces, texts, strict=True))
        return altered

    def _artifact(self, update: JsonObject) -> _Artifact:
        inner = update.get("artifact")
        known = inner if isinstance(inner, dict) else {}
        channel = artifact_channel(known.get("artifactId", known.get("artifact_id")))
        if channel not in self._artifacts and len(self._artifacts) >= MAX_ARTIFACTS:
            raise UnreadableError(TOO_LARGE)
        return self._artifacts.setdefault(channel, _Artifact(channel))

    def _finished(self, artifact: _Artifact, out: list[bytes]) -> Steps[None]:
        """The rest of an artifact in an update of its own."""
        text, artifact.text = artifact.text, None
        rest = "" if text is None else (yield from text.finish())
        if rest and artifact.last is not None:
            _pieces(_known(_update(artifact.last)))[0]["text"] = rest
            out.append(b"data: " + spelt(artifact.last) + b"\n\n")


def _holders(event: JsonObject, names: tuple[str, ...]) -> list[JsonObject]:
    """The event, its result, and what of that has one of the names."""
    result = event.get("result")
    found = [one for one in (event, result) if isinstance(one, dict)]
    inner = [one.get(name) for one in found for name in names]
    return found + [one for one in inner if isinstance(one, dict)]


def _update(event: JsonObject) -> JsonObject | None:
    """The update of an artifact that an event holds."""
    holders = _holders(event, _UPDATES)
    for holder in holders:
        unmistaken(holder, _KEYS)
    found = [one for one in holders if isinstance(one.get("artifact"), dict)]
    if len(found) > 1:
        raise UnreadableError(UNREADABLE)
    return found[0] if found else None


def _pieces(update: JsonObject) -> list[JsonObject]:
    """The text parts of an update."""
    artifact = update.get("artifact")
    unmistaken(artifact, _ARTIFACT_KEYS)
    parts = artifact.get("parts") if isinstance(artifact, dict) else None
    if not isinstance(parts, list):
        return []
    for part in parts:
        unmistaken(part, _PART_KEYS)
    return [one for one in parts if isinstance(one, dict) and isinstance(one.get("text"), str)]


def _ends(event: JsonObject) -> bool:
    """Whether an agent says no more after an event."""
    for one in _holders(event, _STATUSES):
        status = one.get("status")
        state = status.get("state") if isinstance(status, dict) else None
        plain = (
            state.lower().removeprefix("task_state_").replace("_", "-")
            if isinstance(state, str)
            else ""
        )
        if one.get("final") is True or plain in _ENDS or plain in _PAUSES:
            return True
    return False


def _appending(event: JsonObject) -> JsonObject:
    """An event that adds an empty text to the artifact that `event` is about."""
    new = _plain(event)
    update = _known(_update(new))
    artifact = _known(update.get("artifact"))
    pieces = _pieces(_known(_update(event)))
    kept = {key: pieces[-1][key] for key in ("kind", "type") if pieces and key in pieces[-1]}
    update["artifact"] = {**artifact, "parts": [{**kept, "text": ""}]}
    update["append"] = True
    return new


def _plain(value: JsonObject) -> JsonObject:
    """An event without what says more than which artifact it is about."""
    return {
        key: _plain(inner) if isinstance(inner, dict) else inner
        for key, inner in value.items()
        if key in _NESTING or (key in _NAMES and not isinstance(inner, (dict, list)))
    }


def _known(value: JsonValue) -> JsonObject:
    if not isinstance(value, dict):
        raise UnreadableError(UNREADABLE)
    return value
