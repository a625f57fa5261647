"""All that Guardrails found in one message, and what the caller is told. Pure: no I/O, no clock."""

import hmac
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias, TypeVar

from gateway.guardrails.combine import Judged
from gateway.model.finding import Action
from gateway.model.outcome import Found, Missed, Outcome, TextMark

OPAQUE: Final = "blocked"
"""What a caller is told who is told nothing."""

MOST: Final = 1_000
"""Findings of one message that are kept, and the same of checks that did not happen. Of the rest
one of each kind is kept as well, so that nothing that follows from what was found depends on it."""

Ticks: TypeAlias = Callable[[], int]
"""A clock that never goes back, in nanoseconds."""


T = TypeVar("T")


class Tally:
    """Grows with what is judged. The same finding counts once, however often its text is shown."""

    def __init__(
        self, guardrails: tuple[str, ...], ticks: Ticks | None, text_key: bytes = b""
    ) -> None:
        self._guardrails = guardrails
        self._ticks = ticks
        self._text_key = text_key
        self._kinds: set[object] = set()
        self._further: dict[str, int] = {}
        self._texts: dict[str, TextMark] = {}
        self._found: dict[Found, None] = {}
        self._missed: dict[Missed, None] = {}
        self._nanoseconds: dict[str, int] = {}
        self._blocked_by = ""
        self._excluded = self._masked = self._dropped = 0
        self.released = 0

    @property
    def seconds(self) -> float:
        """How long was judged so far."""
        return sum(self._nanoseconds.values()) / 1e9

    def start(self) -> int:
        """The time, for `spent`."""
        return 0 if self._ticks is None else self._ticks()

    def spent(self, detector: str, start: int) -> None:
        """Count the time since `start` to a detector."""
        if self._ticks is not None:
            more = self._ticks() - start
            self._nanoseconds[detector] = self._nanoseconds.get(detector, 0) + more

    def take(self, judged: Judged) -> None:
        """Add what became of a text."""
        for one in judged.found:
            if not self._keeps(one, self._found, _kind_of_found):
                self._further[one.guardrail] = self._further.get(one.guardrail, 0) + 1
        for lost in judged.missed:
            self._keeps(lost, self._missed, _kind_of_missed)
        self._excluded += judged.excluded

    def _keeps(self, one: T, kept: dict[T, None], kind_of: Callable[[T], object]) -> bool:
        """Keep it, unless there are too many and one of its kind is there."""
        kind = kind_of(one)
        if len(kept) >= MOST and one not in kept and kind in self._kinds:
            return False
        self._kinds.add(kind)
        kept[one] = None
        return True

    def hasher(self) -> hmac.HMAC | None:
        """For the text of a mark that comes in pieces, each in UTF-8; None where none is made."""
        return hmac.new(self._text_key, digestmod="sha256") if self._text_key else None

    def mark(
        self, channel: str, text: str, before: hmac.HMAC | None = None, start: int = 0
    ) -> None:
        """Remember which text it was in which something was found: `text`, after `start` characters
        that `before` has taken."""
        hasher = self.hasher() if before is None else before.copy()
        if hasher is not None and (len(self._texts) < MOST or channel in self._texts):
            hasher.update(text.encode("utf-8", "surrogatepass"))
            self._texts[channel] = TextMark(hasher.hexdigest(), start + len(text))

    def rewritten(self, *, masked: int = 0, dropped: int = 0) -> None:
        """Count texts that were changed and items that were left out."""
        self._masked += masked
        self._dropped += dropped

    def block(self, causes: Iterable[Judged], *, opaque: bool) -> str:
        """What the caller is told of texts that end the message: who ended it, and for which
        categories. Never what was found, nor where."""
        found = [one for cause in causes for one in cause.found if _blocks(one)]
        lost = [one for cause in causes for one in cause.missed if _blocks(one)]
        blocking = {one.guardrail for one in (*found, *lost)}
        name = next(name for name in self._guardrails if name in blocking)
        self._blocked_by = self._blocked_by or name
        if opaque:
            return OPAQUE
        categories = {one.finding.category for one in found if one.guardrail == name}
        why = ", ".join(sorted(categories)) or "not judged"
        return f"blocked by guardrail {name} ({why})"

    def outcome(self) -> Outcome:
        """What there is so far."""
        acted = [*self._found, *self._missed]
        return Outcome(
            guardrails=self._guardrails,
            found=tuple(self._found),
            missed=tuple(self._missed),
            action=_strongest(one.action for one in acted if not one.shadow),
            shadow=_strongest(one.action for one in acted if one.shadow),
            blocked_by=self._blocked_by,
            dropped=self._dropped,
            masked=0 if self._blocked_by else self._masked,
            excluded=self._excluded,
            released=self.released,
            microseconds={name: spent // 1000 for name, spent in self._nanoseconds.items()},
            further=dict(self._further),
            texts=dict(self._texts),
        )


def _kind_of_found(one: Found) -> object:
    said = one.finding
    what = said.detector, said.category, said.level
    return one.guardrail, what, one.action, one.shadow, one.stage, one.part


def _kind_of_missed(one: Missed) -> object:
    said = one.skipped
    return one.guardrail, said.detector, said.reason, one.action, one.shadow, one.stage


def _blocks(one: Found | Missed) -> bool:
    return one.action is Action.BLOCK and not one.shadow


def _strongest(actions: Iterable[Action]) -> Action | None:
    return max(actions, key=lambda action: action.strength, default=None)
