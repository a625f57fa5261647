"""A JSON answer that is withheld until it is whole and judged. Pure: no I/O, no clock."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from gateway.model.jsonvalue import JsonValue
from gateway.model.passage import Passage, Path, Place
from gateway.model.refusal import Reason
from gateway.model.screening import AnswerScreen, Screened
from gateway.protocols.base import Reading
from gateway.protocols.withheld import WithheldReader
from gateway.wire.jsonedit import edited
from gateway.wire.naming import renamed
from gateway.wire.strictjson import Document, decode

UNREADABLE: Final = "the answer cannot be read"


class ScreenedReader(WithheldReader):
    """One JSON document with a screen. `finish` gives nothing while the screen has to ask others,
    and may be called again then."""

    def __init__(self, reading: Reading, screen: AnswerScreen) -> None:
        super().__init__(reading)
        self._screen = screen
        self._document: Document | None = None
        self._answered = False

    def finish(self) -> bytes:
        """The document as the client may see it, once it is judged."""
        if self._answered:
            return b""
        return super().finish()

    def _whole(self, body: bytes) -> bytes:
        document = self._document or self._opened(body)
        if document is None:
            return self._unreadable(UNREADABLE)
        self._document = document
        self._pieces.clear()
        out = self._judged(document)
        if out is None:
            return b""
        self._answered, self._document = True, None
        return out

    def _judged(self, document: Document) -> bytes | None:
        """What the client gets for a document; None while the screen has to ask."""
        verdict = self._verdict(self._passages(document.value))
        if verdict.pending:
            return None
        if verdict.blocked is not None:
            return self.break_off(Reason.CONTENT_BLOCKED, verdict.blocked)
        return self._changed(document.text, verdict.texts)

    def _verdict(self, passages: Sequence[Passage]) -> Screened:
        return self._screen.whole(passages) if passages else Screened()

    def _changed(
        self, text: str, texts: Mapping[Place, str], dropped: Collection[Path] = ()
    ) -> bytes:
        """The document with other texts. What cannot be put in place does not go on."""
        try:
            new = edited(text, texts, dropped) if texts or dropped else text
        except ValueError:
            return self._unreadable(UNREADABLE)
        return new.encode("utf-8")

    def _opened(self, body: bytes) -> Document | None:
        """The body as a strict document; None for what is none."""
        document = decode(body, self._reading.limit)
        return document if isinstance(document, Document) else None

    @abstractmethod
    def _passages(self, value: JsonValue) -> Sequence[Passage]:
        """The strings of the document that are judged."""


class CountedReader(ScreenedReader):
    """An answer of a model, which `count` reads as well, and which is named for the client at
    `names`: the places where such an answer has its model's name."""

    def __init__(
        self,
        reading: Reading,
        screen: AnswerScreen,
        count: Callable[[JsonValue], None],
        names: Sequence[tuple[str, ...]],
    ) -> None:
        super().__init__(reading, screen)
        self._count = count
        self._names = tuple(names)

    def _opened(self, body: bytes) -> Document | None:
        document = super()._opened(body)
        if document is not None:
            self._count(document.value)
        return document

    def _changed(
        self, text: str, texts: Mapping[Place, str], dropped: Collection[Path] = ()
    ) -> bytes:
        out = super()._changed(self._without_traces(text, texts), texts, dropped)
        if self.broken or self._reading.renames is None:
            return out
        return renamed(out, len(out), self._names, *self._reading.renames)

    @abstractmethod
    def _without_traces(self, text: str, texts: Mapping[Place, str]) -> str:
        """The document without what says or vouches for the texts that are changed."""
