"""Several profiles, each for a share of the requests. Pure: no I/O, no clock."""

from collections.abc import Sequence
from random import Random
from typing import Final

from gateway.model.demand import Demand
from gateway.picker.index import PrefixIndex
from gateway.picker.learning import Began, Ended, Learner
from gateway.picker.profile import Candidate, Profile, Ranking
from gateway.picker.shared.hearing import Hearing

_UNKNOWN_SPEED: Final = 10_000.0
"""Uncached prompt tokens a second, where no profile learns any: a GPU of 2025 with an 8B model."""


class SplitProfile:
    """Ranks each request by one of `profiles`, drawn by their shares (0 or more). All of them learn
    from every request, so that none is judged by less than the others know."""

    def __init__(
        self, name: str, profiles: Sequence[tuple[Profile, float]], random: Random
    ) -> None:
        self._whole = name
        self._profiles = [profile for profile, _ in profiles]
        self._shares = [share for _, share in profiles]
        self._learners = [one for one in self._profiles if isinstance(one, Learner)]
        self._hearing = [one for one in self._profiles if isinstance(one, Hearing)]
        self._random = random
        self._drawn = self._profiles[0]

    @property
    def name(self) -> str:
        """That of the profile which ranked last: picking and charging are one step, so that a
        placement bears the name of the profile that made it."""
        return self._drawn.name

    def rank(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> Ranking:
        """The ranking of the profile that is drawn."""
        (self._drawn,) = self._random.choices(self._profiles, self._shares)
        return self._drawn.rank(demand, candidates, now)

    def placed(self, demand: Demand, candidate: Candidate, now: float) -> None:
        """Told to all."""
        for profile in self._profiles:
            profile.placed(demand, candidate, now)

    def heard(self, address: str, uncached_tokens: int, now: float) -> None:
        """As in `Hearing` of `gateway.picker.shared.hearing`, told to all that want to know."""
        for hearing in self._hearing:
            hearing.heard(address, uncached_tokens, now)

    def watch(self, index: PrefixIndex) -> None:
        """Told to all that learn."""
        for learner in self._learners:
            learner.watch(index)

    def began(self, event: Began) -> None:
        """Told to all that learn."""
        for learner in self._learners:
            learner.began(event)

    def ended(self, event: Ended) -> None:
        """Told to all that learn."""
        for learner in self._learners:
            learner.ended(event)

    def speed(self, address: str, now: float) -> float:
        """What the first that learns believes."""
        return self._learners[0].speed(address, now) if self._learners else _UNKNOWN_SPEED

    def stepped(self, address: str, seconds: float, context_tokens: float, now: float) -> None:
        """Told to all that learn."""
        for learner in self._learners:
            learner.stepped(address, seconds, context_tokens, now)

    def moved(self, seconds: float, tokens: int) -> None:
        """Told to all that learn."""
        for learner in self._learners:
            learner.moved(seconds, tokens)

    def left(self, address: str) -> None:
        """Told to all that learn."""
        for learner in self._learners:
            learner.left(address)
