"""The default profile: predicted milliseconds to the first token, and what they cost others. Pure.

What is added up, and why, is said in `gateway.picker.price`. On an idle pool the soonest endpoint
wins; the busier the pool, the more recomputing what another endpoint has cached has to gain.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gateway.model.demand import Demand
from gateway.picker.affinity import Sessions
from gateway.picker.arrivals import Arrivals
from gateway.picker.disaggregation import Disaggregation
from gateway.picker.field import Field
from gateway.picker.fleet import Fleet, Seen, adapters_of
from gateway.picker.index import PrefixIndex
from gateway.picker.learning import Began, Ended
from gateway.picker.price import Moment
from gateway.picker.profile import Candidate, Ranking
from gateway.picker.quotes import Quotes
from gateway.picker.rates import Rates

_ANSWER_WEIGHT: Final = 0.1
"""A second of an answer against one before its first token: readers are slower than servers."""

_RECENT: Final = 50
"""Observations over which means are taken."""

_ORDERED: Final = 3
"""How many endpoints a pick needs in order: itself and its fallbacks."""


class CostProfile:
    """Minimum cost wins; equal costs take turns. Endpoints that keep to the request's SLOs go
    before those that do not."""

    def __init__(self, name: str = "default") -> None:
        self.name = name
        self.rates = Rates()
        self.disaggregation = Disaggregation()
        self._sessions = Sessions()
        self._index: PrefixIndex | None = None
        self._turn = 0
        self._arrivals = Arrivals()
        self._output, self._answers = 256.0, 1
        self._stay, self._ends = 10.0, 1
        self._reuse = 0.5
        self._uncached, self._prompts = 0.0, 0
        self._paces: list[float] = []
        self._life: tuple[Fleet, int] | None = None

    def watch(self, index: PrefixIndex) -> None:
        """As in `Learner`."""
        self._index = index

    def rank(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> Ranking:
        """All candidates that may answer, cheapest first."""
        if not candidates:
            return Ranking(())
        field = Field.of_candidates(candidates, self._index, self.rates, self._arrivals, now)
        return self._rank(demand, field, candidates[0].prompt_tokens, now, whole=True)

    def pick(self, demand: Demand, seen: Seen, now: float) -> Ranking:
        """As in `FleetProfile`."""
        fleet = seen.fleet
        paces, pressures = self._current_paces(fleet, now), self._arrivals.of_fleet(fleet)
        field = Field.of_fleet(seen, paces, pressures)
        return self._rank(demand, field, seen.tokens, now) if field.rows else Ranking(())

    def placed(self, demand: Demand, candidate: Candidate, now: float) -> None:
        """Count the arrival and its work."""
        if candidate.prompt_tokens:
            cached = min(candidate.cached_tokens / candidate.prompt_tokens, 1.0)
            self._reuse += (cached - self._reuse) * 0.01
        self._came(candidate.address, candidate.uncached_tokens, now)
        self._prompts += 1
        self._uncached += (candidate.uncached_tokens - self._uncached) / min(self._prompts, _RECENT)
        self._turn += 1
        self._sessions.placed(demand.session, candidate.address, now)

    def heard(self, address: str, uncached_tokens: int, now: float) -> None:
        """As in `Hearing` of `gateway.picker.shared.hearing`: it is work for the same endpoints."""
        self._came(address, uncached_tokens, now)

    def speed(self, address: str, now: float) -> float:
        """As in `Learner`."""
        return 1 / (self.rates.per_token * self.rates.pace(address, now))

    def began(self, event: Began) -> None:
        """Learn how fast the endpoint reads."""
        for _ in range(event.count):
            self.rates.learn_first(
                event.address, event.seconds, event.work_tokens, event.context_tokens, event.now
            )

    def ended(self, event: Ended) -> None:
        """Learn how long requests stay, and how long answers are."""
        self._ends += 1
        self._stay += (event.seconds - self._stay) / min(self._ends, _RECENT)
        if event.output_tokens is None:
            return
        self._answers += 1
        self._output += (event.output_tokens - self._output) / min(self._answers, _RECENT)
        if event.answering is not None and event.output_tokens > 1:
            step = event.answering / (event.output_tokens - 1)
            self.stepped(event.address, step, event.context_tokens, event.now)

    def stepped(self, address: str, seconds: float, context_tokens: float, now: float) -> None:
        """Learn how fast the endpoint writes."""
        self.rates.learn_step(address, seconds, context_tokens, now)

    def moved(self, seconds: float, tokens: int) -> None:
        """Learn how long keys and values take from one endpoint to another."""
        self.disaggregation.learn(seconds, tokens)

    def left(self, address: str) -> None:
        """Forget the endpoint."""
        self.rates.forget(address)
        self._arrivals.forget(address)

    def _came(self, address: str, uncached_tokens: int, now: float) -> None:
        seconds = uncached_tokens * self.rates.per_token * self.rates.pace(address, now)
        self._arrivals.came(address, seconds, now)

    def _rank(
        self, demand: Demand, field: Field, tokens: int, now: float, *, whole: bool = False
    ) -> Ranking:
        most = None if whole else _ORDERED
        answering, prefilling = field.split()
        moment = self._moment(demand, tokens, now)
        stay = self._stay if self._knows_adapter(demand.model, answering) else None
        here = self._sessions.at(demand.session, now) if demand.session else None

        def quoted(field: Field, moment: Moment) -> Quotes:
            quotes = Quotes(field, moment, demand, adapter=stay, session=here)
            if demand.ttft_slo is not None or demand.tpot_slo is not None:
                quotes.miss(demand, tokens, self.rates, self._output * _ANSWER_WEIGHT)
            return quotes

        alone = quoted(answering, moment)
        if prefilling is None:
            return alone.ranking(self._turn, most, tokens)
        # requests come to answering endpoints; whose prompts these are to prefill is decided anew
        # for each
        mean = self._arrivals.mean(len(answering.rows))
        prefilling.pressures = [mean] * len(prefilling.rows)
        relieved = replace(moment, relieved=True)
        best = self.disaggregation.prefiller(
            alone.least(self._turn),
            quoted(answering, relieved).least(self._turn),
            quoted(prefilling, moment).priced(self._turn),
            tokens,
        )
        if best is None:
            return alone.ranking(self._turn, most, tokens)
        relieved.elsewhere = best.expected
        relieved.transfer = self.disaggregation.seconds(tokens)
        return quoted(answering, relieved).ranking(self._turn, most, tokens, best.address)

    def _moment(self, demand: Demand, tokens: int, now: float) -> Moment:
        rates = self.rates
        text = tokens - demand.media_tokens
        per_byte = text / demand.prompt_bytes if demand.prompt_bytes and text > 0 else 0.25
        block_tokens = demand.block_bytes * per_byte
        # a prompt of no tokens takes no memory that is worth a thought
        stay, reuse = (self._stay, self._reuse) if tokens else (0.0, 0.0)
        return Moment(
            now,
            rates.base,
            rates.per_token,
            rates.interference,
            rates.usual,
            self._uncached,
            tokens + self._output,
            self._arrivals.left(now),
            rates.step_per_token * self._output * _ANSWER_WEIGHT,
            stay,
            block_tokens * rates.per_token * reuse,
            self._output / 2,
            block_tokens,
            self._output * rates.per_token,
            delay=_ANSWER_WEIGHT,
        )

    def _knows_adapter(self, model: str, field: Field) -> bool:
        """Whether the model is an adapter that some endpoint has; where none has, all are equal."""
        if field.adapters is not None and (field.places is not None or not field.adapters[model]):
            return bool(field.adapters[model])
        return any(model in adapters_of(state) for state in field.states)

    def _current_paces(self, fleet: Fleet, now: float) -> list[float]:
        """The paces of the fleet's endpoints, of which only those that changed are computed."""
        changed = self.rates.changed(now)
        if self._life != (fleet, fleet.life):
            self._life = (fleet, fleet.life)
            self._paces = [self.rates.known_pace(each, now) for each in fleet.addresses]
            return self._paces
        for address in changed:
            place = fleet.places.get(address)
            if place is not None:
                self._paces[place] = self.rates.known_pace(address, now)
        return self._paces
