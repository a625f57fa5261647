"""A screen of answers with rules that a reader can follow: SECRET is masked, FORBIDDEN blocks, an
item with POISON is dropped, and about ASK somebody has to be asked first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.model.passage import Part, Passage, Place, Stage
from gateway.model.screening import Screened

SECRET: Final = "SECRET"
FORBIDDEN: Final = "FORBIDDEN"
POISON: Final = "POISON"
ASK: Final = "ASK"
MASKED: Final = "[MASKED]"
BLOCKED: Final = "the answer is blocked"
WORDS: Final = (SECRET, FORBIDDEN, ASK)


def masked(text: str) -> str:
    """What a client gets of a whole text that is not blocked."""
    return text.replace(SECRET, MASKED)


def _unsettled(text: str) -> int:
    """Characters at the end that may be the beginning of a word."""
    return max(
        size
        for word in WORDS
        for size in range(len(word))
        if size == 0 or text.endswith(word[:size])
    )


@dataclass
class RuleText:
    """One channel."""

    screen: "RuleScreen"
    channel: str
    raw: str = ""
    released: int = 0
    ended: bool = False

    def feed(self, text: str) -> str:
        """All but what is held back, or may be the beginning of a word."""
        assert not self.ended
        self.raw += text
        self.screen.look(self.raw)
        return self._release(len(self.raw) - max(self.screen.hold, _unsettled(self.raw)))

    def finish(self) -> str:
        """The rest."""
        self.ended = True
        return self._release(len(self.raw))

    def _release(self, end: int) -> str:
        if self.screen.pending or self.screen.blocked is not None:
            return ""
        start, at = self.released, self.raw.find(SECRET, self.released)
        while 0 <= at < end:
            if at + len(SECRET) > end:
                end = at
                break
            at = self.raw.find(SECRET, at + len(SECRET))
        self.released = max(start, end)
        return masked(self.raw[start : self.released])


@dataclass
class RuleScreen:
    """Holds back `hold` characters. With `asks` a text with ASK makes it pending until `answer`."""

    hold: int = 0
    asks: bool = False
    blocked: str | None = None
    pending: bool = False
    texts: dict[str, RuleText] = field(default_factory=dict[str, RuleText])
    kinds: dict[str, tuple[Stage, Part, str]] = field(
        default_factory=dict[str, tuple[Stage, Part, str]]
    )
    seen: list[Passage] = field(default_factory=list[Passage])
    answered: set[str] = field(default_factory=set[str])
    reasons: list[str] = field(default_factory=list[str])

    def look(self, text: str) -> None:
        """What a text makes of the whole answer."""
        if FORBIDDEN in text:
            self.blocked = BLOCKED
        if self.asks and ASK in text and text[: text.find(ASK)] not in self.answered:
            self.answered.add(text[: text.find(ASK)])
            self.pending = True

    def answer(self) -> None:
        """Whoever was asked has nothing against it."""
        self.pending = False

    def stopped(self, reason: str) -> None:
        """Remember why the model stopped."""
        self.reasons.append(reason)

    def whole(self, passages: Sequence[Passage]) -> Screened:
        """Each passage by itself."""
        if self.pending:
            return Screened(pending=True)
        for one in passages:
            if self.asks and ASK in one.text:
                self.look(one.text)
        if self.pending:
            return Screened(pending=True)
        self.seen += passages
        texts: dict[Place, str] = {}
        dropped: set[int] = set()
        for one in passages:
            if FORBIDDEN in one.text:
                self.blocked = BLOCKED
                return Screened(blocked=BLOCKED)
            if POISON in one.text and one.item is not None:
                dropped.add(one.item)
            elif SECRET in one.text:
                texts[one.place] = masked(one.text)
        return Screened(texts=texts, dropped=frozenset(dropped))

    def channel(self, channel: str, stage: Stage, part: Part, name: str = "") -> RuleText:
        """One for each channel."""
        known = self.kinds.setdefault(channel, (stage, part, name))
        assert known == (stage, part, name), "a channel has one stage, part and name"
        return self.texts.setdefault(channel, RuleText(self, channel))
