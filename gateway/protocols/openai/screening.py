"""Whole answers of OpenAI-style servers with a screen. Pure: no I/O, no clock."""

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.model.jsonvalue import JsonValue
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.model.refusal import Reason
from gateway.model.screening import AnswerScreen
from gateway.model.usage import Usage
from gateway.protocols.base import Reading, ResponseReader
from gateway.protocols.openai.passages_of_answers import answer_passages
from gateway.protocols.openai.streaming import ChunkReader
from gateway.protocols.openai.streaming_choice import SPELLINGS
from gateway.protocols.openai.streaming_responses import ResponseStreamReader
from gateway.protocols.openai.usage import Meter, stop_reasons
from gateway.protocols.screening import UNREADABLE, CountedReader
from gateway.protocols.withheld import WithheldReader
from gateway.wire import jsonspans
from gateway.wire.content import is_media_type
from gateway.wire.jsonspans import Span

MODELS: Final = (("model",), ("response", "model"))
"""Where an answer, or an event of one, names its model."""

_NOTHING: Final = {"{": "null", "[": "[]"}
"""What takes the place of a spelling, by how it begins."""

_TEXT: Final = Place(())


class AnswerReader(CountedReader):
    """A JSON answer."""

    def __init__(self, reading: Reading, screen: AnswerScreen) -> None:
        self._meter = Meter()
        super().__init__(reading, screen, self._told, MODELS)

    @property
    def usage(self) -> Usage | None:  # type: ignore[override]  an answer of a model costs
        """What the answer says, at its end."""
        return self._meter.usage

    def _told(self, value: JsonValue) -> None:
        self._meter.read(value)
        for reason in stop_reasons(value):
            self._screen.stopped(reason)

    def _passages(self, value: JsonValue) -> Sequence[Passage]:
        return answer_passages(value)

    def _without_traces(self, text: str, texts: Mapping[Place, str]) -> str:
        return without_spellings(text, texts)


class TextReader(WithheldReader):
    """An answer in plain text, as of transcriptions."""

    def __init__(self, reading: Reading, screen: AnswerScreen) -> None:
        super().__init__(reading)
        self._screen = screen
        self._answered = False

    def _whole(self, body: bytes) -> bytes:
        if self._answered:
            return b""
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return self._unreadable(UNREADABLE)
        passage = Passage(text, _TEXT, Stage.RESPONSE, Part.ASSISTANT, "text")
        verdict = self._screen.whole((passage,))
        if verdict.pending:
            return b""
        if verdict.blocked is not None:
            return self.break_off(Reason.CONTENT_BLOCKED, verdict.blocked)
        self._answered = True
        return verdict.texts.get(_TEXT, text).encode("utf-8")


def without_spellings(text: str, texts: Mapping[Place, str]) -> str:
    """A document without the log probabilities and token ids of the texts that are changed: they
    spell them token by token. They stand beside a text or an object that it is in."""
    edits: dict[Span, str] = {}
    for place in texts:
        at = jsonspans.root(text)
        for step in place.path:
            for key in SPELLINGS:
                found = jsonspans.member(text, at, key)
                if found is not None and text[found.start] in _NOTHING:
                    edits[found] = _NOTHING[text[found.start]]
            inner = jsonspans.step(text, at, step)
            if inner is None:
                break
            at = inner
    return jsonspans.spliced(text, edits.items())


def screened_reader(
    screen: AnswerScreen, content_type: str, reading: Reading, *, strips: bool, named_events: bool
) -> ResponseReader | None:
    """The reader for a media type in UTF-8; None for what cannot be judged. `strips` and
    `named_events` are as for readers of usage."""
    if is_media_type(content_type, "application/json"):
        return AnswerReader(reading, screen)
    if is_media_type(content_type, "text/plain"):
        return TextReader(reading, screen)
    if not is_media_type(content_type, "text/event-stream"):
        return None
    if named_events:
        return ResponseStreamReader(reading, screen)
    return ChunkReader(reading, screen, strips=strips)
