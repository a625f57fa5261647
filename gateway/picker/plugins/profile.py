"""The field's own profile: filters, weighted scorers, a picker. Pure: no I/O, no clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.model.demand import Demand
from gateway.picker.plugins.base import Filter, Picker, Scorer
from gateway.picker.plugins.decider import PrefillDecider
from gateway.picker.profile import Candidate, Ranked, Ranking

SCORE: Final = "score"
"""The part of a `Ranked` that its candidate was compared by."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """A scorer and what its scores are multiplied by; `name` is how explanations call it."""

    name: str
    scorer: Scorer
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class PluginChain:
    """Filters in turn, then the scorers, then the picker."""

    filters: tuple[Filter, ...]
    scorers: tuple[Weighted, ...]
    picker: Picker

    def rank(
        self, demand: Demand, candidates: Sequence[Candidate], now: float
    ) -> tuple[Ranked, ...]:
        """The candidates that no filter left out, in the picker's order, each with what every
        scorer gave it (score times weight) and the sum."""
        for one in self.filters:
            if not candidates:
                break
            candidates = one.keep(demand, candidates, now)
        if not candidates:
            return ()
        columns = [self._column(one, demand, candidates, now) for one in self.scorers]
        totals = [sum(row) for row in zip(*columns, strict=True)] or [0.0] * len(candidates)
        order = self.picker.order(totals, [candidate.address for candidate in candidates])
        names = [*(one.name for one in self.scorers), SCORE]
        rows = list(zip(*columns, totals, strict=True))
        return tuple(Ranked(candidates[i], dict(zip(names, rows[i], strict=True))) for i in order)

    def placed(self, demand: Demand, candidate: Candidate, now: float) -> None:
        """Tells every plugin."""
        for one in self._plugins():
            one.placed(demand, candidate, now)

    def _plugins(self) -> Iterator[Filter | Scorer | Picker]:
        yield from self.filters
        yield from (one.scorer for one in self.scorers)
        yield self.picker

    @staticmethod
    def _column(
        one: Weighted, demand: Demand, candidates: Sequence[Candidate], now: float
    ) -> list[float]:
        """Clamped to 0 and 1, so that no scorer outweighs its weight; NaN, which no order could
        place, is 0."""
        weight, scores = one.weight, one.scorer.score(demand, candidates, now)
        return [weight if s >= 1 else s * weight if s > 0 else 0.0 for s in scores]


class PluginProfile:
    """A `Profile` of plugins. With `decider` and `prefill`, the endpoint that `prefill` ranks first
    is told to prefill where the decider wants it, as llm-d's disagg-profile-handler does."""

    def __init__(
        self,
        name: str,
        chain: PluginChain,
        prefill: PluginChain | None = None,
        decider: PrefillDecider | None = None,
    ) -> None:
        self.name = name
        self._chain = chain
        self._prefill = prefill
        self._decider = decider or PrefillDecider()
        self._prefiller: Candidate | None = None  # of the newest ranking

    def rank(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> Ranking:
        """See `Profile`."""
        order = self._chain.rank(demand, candidates, now)
        self._prefiller = self._other(demand, candidates, order, now)
        return Ranking(order, self._prefiller.address if self._prefiller else None)

    def placed(self, demand: Demand, candidate: Candidate, now: float) -> None:
        """See `Profile`."""
        self._chain.placed(demand, candidate, now)
        if self._prefill and self._prefiller:
            self._prefill.placed(demand, self._prefiller, now)

    def _other(
        self,
        demand: Demand,
        candidates: Sequence[Candidate],
        order: Sequence[Ranked],
        now: float,
    ) -> Candidate | None:
        if not order or self._prefill is None or not self._decider.splits(order[0].candidate):
            return None
        best = self._prefill.rank(demand, candidates, now)
        if not best or best[0].candidate.address == order[0].candidate.address:
            return None
        return best[0].candidate
