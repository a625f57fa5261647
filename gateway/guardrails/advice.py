"""What providers say of one exchange: what to ask them, and what follows. Pure: no I/O, no clock.

They are asked about what would go on: nothing local has blocked it, and what is masked or left out
is so already.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.guardrails.combine import Judged
from gateway.guardrails.consulting import Consultation, Opinion, consultations, opinion
from gateway.guardrails.guard import Guard, ProviderUse
from gateway.guardrails.provider import Direction, ProviderVerdict, Question, not_judged
from gateway.guardrails.tally import Tally
from gateway.model.finding import SkipReason
from gateway.model.outcome import Outcome
from gateway.model.passage import Passage, Place
from gateway.model.screening import Screened

UNANSWERED: Final = not_judged(SkipReason.ERROR)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a Guardrail to a provider."""

    guard: Guard
    use: ProviderUse
    about: Consultation

    @property
    def key(self) -> tuple[str, Question]:
        """Whom to ask what."""
        return self.use.provider, self.about.question


class Advice:
    """Collects verdicts of providers for the Guardrails that apply. `model` is the model that is
    asked, "" for none; with `opaque` a caller is told that something was blocked and no more."""

    def __init__(
        self,
        guards: Iterable[Guard],
        direction: Direction,
        model: str,
        *,
        opaque: bool,
        text_key: bytes = b"",
    ) -> None:
        self._guards = tuple(guard for guard in guards if guard.providers)
        self._direction = direction
        self._model = model
        self._opaque = opaque
        self._tally = Tally(tuple(guard.name for guard in self._guards), None, text_key)

    @property
    def wanted(self) -> bool:
        """Whether any of the Guardrails asks a provider."""
        return bool(self._guards)

    def asked(self, passages: Sequence[Passage], local: Screened) -> tuple[Asked, ...]:
        """What to ask of a message of which `local` is the verdict so far."""
        if local.blocked is not None:
            return ()
        going = [
            replace(one, text=local.texts.get(one.place, one.text))
            for one in passages
            if one.item is None or one.item not in local.dropped
        ]
        return tuple(
            Asked(guard, use, about)
            for guard in self._guards
            for use in guard.providers
            for about in consultations(going, guard, use, self._direction, self._model)
        )

    def verdict(
        self,
        local: Screened,
        asked: Iterable[Asked],
        verdicts: Mapping[tuple[str, Question], ProviderVerdict],
        *,
        rewritable: bool,
    ) -> Screened:
        """The verdict on the message, now that the providers have answered."""
        texts: dict[Place, str] = dict(local.texts)
        dropped, fatal = set(local.dropped), list[Judged]()
        for one in asked:
            answer = verdicts.get(one.key, UNANSWERED)
            said = opinion(one.about, answer, one.guard, one.use, rewritable=rewritable)
            judged = _judged(said)
            self._tally.take(judged)
            channels = {found.finding.channel for found in said.found}
            for passage in one.about.passages:
                if passage.channel in channels:
                    self._tally.mark(passage.channel, passage.text)
            every = range(len(one.about.passages))
            blocked = [one.about.passages[index] for index in (every if said.all else said.blocked)]
            items = {passage.item for passage in blocked}
            if None in items:
                fatal.append(judged)
            dropped.update(item for item in items if item is not None)
            texts.update(said.texts)
        if fatal:
            return Screened(blocked=self._tally.block(fatal, opaque=self._opaque))
        changed = sum(texts[place] != local.texts.get(place) for place in texts)
        self._tally.rewritten(masked=changed, dropped=len(dropped) - len(local.dropped))
        return Screened(texts=texts, dropped=frozenset(dropped))

    def outcome(self) -> Outcome:
        """What providers found so far."""
        return self._tally.outcome()


def _judged(said: Opinion) -> Judged:
    return Judged(found=list(said.found), missed=list(said.missed))
