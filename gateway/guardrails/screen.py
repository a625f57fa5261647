"""One answer screened by the Guardrails that apply to its request. Pure: no I/O, no clock."""

from collections.abc import Sequence
from typing import Final

from gateway.guardrails.combine import Judged, Where
from gateway.guardrails.means import Means
from gateway.guardrails.message import judge_message
from gateway.guardrails.refusals import finish_found
from gateway.guardrails.text_screen import FreeText, GuardedText
from gateway.model.outcome import Outcome
from gateway.model.passage import Part, Passage, Stage
from gateway.model.screening import Screened, TextScreen

MANY: Final = 1_024
"""Texts after which those that have ended are forgotten: an answer may have any number of them."""


class Screen:
    """An `AnswerScreen` that knows at once: nothing has to be asked."""

    pending = False

    def __init__(self, means: Means) -> None:
        self._means = means
        self._blocked: str | None = None
        self._channels: dict[tuple[str, Stage, Part], FreeText | GuardedText] = {}
        self._room = MANY
        self._last: tuple[Sequence[Passage], Screened] | None = None

    @property
    def blocked(self) -> str | None:
        """What the caller is told, once anything blocks."""
        return self._blocked

    def whole(self, passages: Sequence[Passage]) -> Screened:
        """The verdict on a whole message. Each is judged by itself: whether one that is blocked
        ends the answer, or is left out of it, is for the protocol to say."""
        if self._last is not None and self._last[0] == passages:
            return self._last[1]
        if self._last is not None:
            self._means.budget.earn(sum(len(one.text) for one in passages))
        verdict = judge_message(passages, self._means, rewritable=True, to_the_end=False)
        self._last = passages, verdict
        self._blocked = self._blocked or verdict.blocked
        return verdict

    def channel(self, channel: str, stage: Stage, part: Part, name: str = "") -> TextScreen:
        """The screen of the text of a channel."""
        key = channel, stage, part
        screen = self._channels.get(key)
        if screen is None:
            if len(self._channels) >= self._room:
                self._forget()
            screen = self._channels[key] = self._text(Where(channel, stage, part, name))
        return screen

    def stopped(self, reason: str) -> None:
        """A model says why it stopped."""
        self._means.tally.take(Judged(finish_found(self._means.guards, reason)))

    def outcome(self) -> Outcome:
        """What was found so far, for records."""
        return self._means.tally.outcome()

    def _forget(self) -> None:
        going_on = {key: one for key, one in self._channels.items() if not one.finished}
        self._channels, self._room = going_on, max(MANY, 2 * len(going_on))

    def _text(self, where: Where) -> FreeText | GuardedText:
        plan = self._means.plan_of(self._means.guards, where.stage, where.part)
        if not plan.guards:
            return FreeText()
        return GuardedText(where, plan, self._means, lambda: self._blocked is not None, self._block)

    def _block(self, cause: Judged) -> None:
        self._blocked = self._means.tally.block((cause,), opaque=self._means.opaque)
