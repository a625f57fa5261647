"""Whole answers of agents with a screen, as JSON-RPC and as REST. Pure: no I/O, no clock."""

from collections.abc import Sequence

from gateway.model.jsonvalue import JsonValue
from gateway.model.passage import Passage
from gateway.model.screening import AnswerScreen
from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.passages_of_answers import answer_passages
from gateway.protocols.a2a.reading import MEDIA_TYPES, Rewrite
from gateway.protocols.a2a.streaming import EventReader
from gateway.protocols.base import Reading, ResponseReader
from gateway.protocols.screening import ScreenedReader
from gateway.wire.content import is_media_type
from gateway.wire.strictjson import Document


def screened_reader_of(
    content_type: str, reading: Reading, screen: AnswerScreen, rewrite: Rewrite | None
) -> ResponseReader | None:
    """The reader for a media type in UTF-8; None for any other, as of gRPC, which cannot be judged.
    With `rewrite` the answer is a card."""
    if any(is_media_type(content_type, one) for one in MEDIA_TYPES):
        return AnswerReader(reading, screen, rewrite)
    if rewrite is None and is_media_type(content_type, "text/event-stream"):
        return EventReader(reading, screen)
    return None


class AnswerReader(ScreenedReader):
    """A JSON answer; with `rewrite` a card, which leads to the gateway when it goes on."""

    def __init__(self, reading: Reading, screen: AnswerScreen, rewrite: Rewrite | None) -> None:
        super().__init__(reading, screen)
        self._rewrite = rewrite

    def _opened(self, body: bytes) -> Document | None:
        if self._rewrite is None:
            return super()._opened(body)
        try:
            return super()._opened(self._rewrite(body))
        except WrongError:
            return None

    def _passages(self, value: JsonValue) -> Sequence[Passage]:
        return answer_passages(value, card=self._rewrite is not None)
