"""Whole answers of Anthropic's API with a screen. Pure: no I/O, no clock."""

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.model.jsonvalue import JsonValue
from gateway.model.passage import Passage, Place
from gateway.model.screening import AnswerScreen
from gateway.model.usage import Usage
from gateway.protocols.anthropic.passages_of_answers import answer_passages
from gateway.protocols.anthropic.streaming import MessageStreamReader
from gateway.protocols.anthropic.usage import Tally
from gateway.protocols.base import Reading, ResponseReader
from gateway.protocols.screening import CountedReader
from gateway.wire import jsonspans
from gateway.wire.content import is_media_type
from gateway.wire.jsonspans import Span

_MODEL: Final = (("model",),)


def screened_reader(
    content_type: str, reading: Reading, screen: AnswerScreen
) -> ResponseReader | None:
    """The reader for a media type in UTF-8; None for any other, which cannot be judged."""
    if is_media_type(content_type, "application/json"):
        return AnswerReader(reading, screen)
    if is_media_type(content_type, "text/event-stream"):
        return MessageStreamReader(reading, screen)
    return None


class AnswerReader(CountedReader):
    """A JSON answer. Thinking that is masked loses its signature, which holds only for what it
    signs."""

    def __init__(self, reading: Reading, screen: AnswerScreen) -> None:
        self._tally = Tally()
        super().__init__(reading, screen, self._told, _MODEL)

    @property
    def usage(self) -> Usage | None:  # type: ignore[override]  an answer of a model costs
        """What the answer cost, at its end."""
        return self._tally.usage

    def _told(self, value: JsonValue) -> None:
        self._tally.message(value)
        self._screen.stopped(self._tally.finish)

    def _passages(self, value: JsonValue) -> Sequence[Passage]:
        return answer_passages(value)

    def _without_traces(self, text: str, texts: Mapping[Place, str]) -> str:
        return _without_signatures(text, texts)


def _without_signatures(text: str, texts: Mapping[Place, str]) -> str:
    """A message in which thinking that is changed has an empty signature."""
    numbers = {
        step
        for place in texts
        if place.path[:1] == ("content",) and place.path[2:] == ("thinking",)
        for step in place.path[1:2]
    }
    if not numbers:
        return text
    content = jsonspans.member(text, jsonspans.root(text), "content")
    edits: list[tuple[Span, str]] = []
    for index, block in enumerate(jsonspans.elements(text, content) if content else ()):
        signature = jsonspans.member(text, block, "signature") if index in numbers else None
        if signature is not None:
            edits.append((signature, '""'))
    return jsonspans.spliced(text, edits)
