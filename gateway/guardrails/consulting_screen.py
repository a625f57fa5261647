"""One answer screened by Guardrails that ask providers as well. Pure: no I/O, no clock.

Texts that come in pieces are asked about in pieces of PIECE characters, each with the CONTEXT that
went before it: what has gone cannot be taken back, so a provider that masks there blocks.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.guardrails.advice import Advice, Asked
from gateway.guardrails.provider import ProviderVerdict, Question
from gateway.guardrails.screen import MANY, Screen
from gateway.model.outcome import Outcome, joined
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.model.screening import Screened, TextScreen

PIECE: Final = 1_024
CONTEXT: Final = 256

_TEXT: Final = Place(())
_PENDING: Final = Screened(pending=True)
UNSEEN: Final = "blocked: a provider found something in what has gone already"


class ConsultingScreen:
    """An `AnswerScreen` that may have to ask: `questions` are open, `answer` takes verdicts."""

    def __init__(self, local: Screen, advice: Advice) -> None:
        self._local = local
        self._advice = advice
        self._verdicts: dict[tuple[str, Question], ProviderVerdict] = {}
        self._open: dict[tuple[str, Question], None] = {}
        self._blocked: str | None = None
        self._channels: dict[tuple[str, Stage, Part], ConsultedText] = {}
        self._room = MANY
        self._last: tuple[Sequence[Passage], Screened] | None = None

    @property
    def blocked(self) -> str | None:
        """What the caller is told, once anything blocks."""
        return self._local.blocked or self._blocked

    @property
    def pending(self) -> bool:
        """Whether providers have to be asked before more can be released."""
        return bool(self._open)

    @property
    def questions(self) -> tuple[tuple[str, Question], ...]:
        """What to ask whom, by the names of the providers."""
        return tuple(self._open)

    def answer(self, verdicts: Mapping[tuple[str, Question], ProviderVerdict]) -> None:
        """Take the verdicts on open questions."""
        for key, verdict in verdicts.items():
            if key in self._open:
                del self._open[key]
                self._verdicts[key] = verdict

    def whole(self, passages: Sequence[Passage]) -> Screened:
        """The verdict on a whole message."""
        if self._last is not None and self._last[0] == passages:
            return self._last[1]
        local = self._local.whole(passages)
        asked = self._advice.asked(passages, local)
        if not self.known(asked):
            return _PENDING
        verdict = self.verdict(local, asked)
        self._last = passages, verdict
        return verdict

    def stopped(self, reason: str) -> None:
        """A model says why it stopped."""
        self._local.stopped(reason)

    def channel(self, channel: str, stage: Stage, part: Part, name: str = "") -> TextScreen:
        """The screen of the text of a channel."""
        key = channel, stage, part
        screen = self._channels.get(key)
        if screen is None:
            if len(self._channels) >= self._room:
                self._forget()
            local = self._local.channel(channel, stage, part, name)
            about = Passage("", _TEXT, stage, part, channel, name=name)
            screen = self._channels[key] = ConsultedText(local, about, self, self._advice)
        return screen

    def _forget(self) -> None:
        going_on = {key: one for key, one in self._channels.items() if not one.finished}
        self._channels, self._room = going_on, max(MANY, 2 * len(going_on))

    def outcome(self) -> Outcome:
        """What was found so far, for records."""
        return joined(self._local.outcome(), self._advice.outcome())

    def known(self, asked: Sequence[Asked]) -> bool:
        """Whether all answers are there; what is not becomes an open question."""
        missing = [one.key for one in asked if one.key not in self._verdicts]
        self._open.update(dict.fromkeys(missing))
        return not missing

    def verdict(self, local: Screened, asked: Sequence[Asked]) -> Screened:
        """The verdict with all answers, which are forgotten then."""
        if not asked:
            return local
        verdict = self._advice.verdict(local, asked, self._verdicts, rewritable=True)
        for one in asked:
            self._verdicts.pop(one.key, None)
        self._blocked = self._blocked or verdict.blocked
        return verdict

    def block(self, why: str) -> None:
        """End the answer."""
        self._blocked = self._blocked or why


class ConsultedText:
    """A text in pieces: what `local` releases is held until the providers have seen it."""

    def __init__(
        self, local: TextScreen, about: Passage, screen: ConsultingScreen, advice: Advice
    ) -> None:
        self._local, self._about, self._screen, self._advice = local, about, screen, advice
        self._held = self._before = ""
        self._finished = False

    @property
    def finished(self) -> bool:
        """Whether the text has ended and nothing of it is held."""
        return self._finished and not self._held

    def feed(self, text: str) -> str:
        """What may be released now."""
        if text and not self._finished:
            self._held += self._local.feed(text)
        return self._released()

    def finish(self) -> str:
        """The rest."""
        if not self._finished:
            self._finished = True
            self._held += self._local.finish()
        return self._released()

    def _released(self) -> str:
        out: list[str] = []
        while self._screen.blocked is None and self._due():
            piece = self._judged(self._held[:PIECE])
            if piece is None:
                break
            out.append(piece)
            self._before = (self._before + self._held[:PIECE])[-CONTEXT:]
            self._held = self._held[PIECE:]
        return "".join(out)

    def _due(self) -> bool:
        return len(self._held) >= PIECE or bool(self._finished and self._held)

    def _judged(self, piece: str) -> str | None:
        """The piece as it may go on; None where that is not known, or it may not."""
        one = self._about
        whole = self._before + piece
        about = Passage(whole, one.place, one.stage, one.part, one.channel, name=one.name)
        asked = self._advice.asked((about,), Screened())
        if not self._screen.known(asked):
            return None
        verdict = self._screen.verdict(Screened(), asked)
        if verdict.blocked is not None:
            return None
        said = verdict.texts.get(one.place, whole)
        if not said.startswith(self._before):
            self._screen.block(UNSEEN)
            return None
        return said[len(self._before) :]
