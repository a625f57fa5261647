"""All that Guardrails found in one message, and what the caller is told. Pure: no I/O, no clock."""

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from gateway.guardrails.combine import Judged
from gateway.model.finding import Action
from gateway.model.outcome import Found, Missed, Outcome

OPAQUE: Final = "blocked"
"""What a caller is told who is told nothing."""

Ticks: TypeAlias = Callable[[], int]
"""A clock that never goes back, in nanoseconds."""


class Tally:
    """Grows with what is judged. The same finding counts once, however often its text is shown."""

    def __init__(self, guardrails: tuple[str, ...], ticks: Ticks | None) -> None:
        self._guardrails = guardrails
        self._ticks = ticks
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
        self._found.update(dict.fromkeys(judged.found))
        self._missed.update(dict.fromkeys(judged.missed))
        self._excluded += judged.excluded

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
        )


def _blocks(one: Found | Missed) -> bool:
    return one.action is Action.BLOCK and not one.shadow


def _strongest(actions: Iterable[Action]) -> Action | None:
    return max(actions, key=lambda action: action.strength, default=None)
