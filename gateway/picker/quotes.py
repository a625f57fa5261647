"""What one request costs at each endpoint of a field, and which of them is cheapest. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Final

from gateway.model.demand import Demand
from gateway.picker.affinity import adapter_seconds
from gateway.picker.disaggregation import Priced
from gateway.picker.field import Field
from gateway.picker.order import cheapest, rounded
from gateway.picker.price import Moment, Parts, Spot, prices
from gateway.picker.profile import Candidate, Ranked, Ranking
from gateway.picker.rates import Rates

_SCORED: Final = 16
"""So many of the best explain a pick."""


class Quotes:
    """`costs` and `firsts`, the expected times to the first token, in seconds for each place of
    `field`. `adapter` is how long requests stay if it
    matters which endpoint has the adapter, `session` the address where the session was."""

    def __init__(
        self,
        field: Field,
        moment: Moment,
        demand: Demand,
        *,
        adapter: float | None = None,
        session: str | None = None,
    ) -> None:
        self.field = field
        self.moment = moment
        self.costs, self.firsts = prices(
            field.rows, field.paces, field.uncached, field.pressures, moment
        )
        self._missed: list[float] | None = None
        self._adapters: list[float] | None = None
        self._here: int | None = None
        if adapter is not None:
            self._load(demand.model, adapter)
        if session is not None:
            self._favour(session)

    def order(self, turn: int, most: int) -> list[int]:
        """As `gateway.picker.order.cheapest`."""
        return cheapest(self.costs, turn, most)

    def least(self, turn: int) -> float:
        """The cost of the best, in seconds to a tenth of a millisecond."""
        return rounded(self.costs[self.order(turn, 1)[0]])

    def priced(self, turn: int) -> list[Priced]:
        """All, the best first."""
        return [
            Priced(self._address(place), self.firsts[place], rounded(self.costs[place]))
            for place in self.order(turn, len(self.costs))
        ]

    def ranking(
        self, turn: int, most: int | None, tokens: int, prefiller: str | None = None
    ) -> Ranking:
        """The best `most` in order (None: all), of a prompt of so many tokens."""
        order = self.order(turn, len(self.costs) if most is None else max(most, _SCORED))
        ranked = tuple([self._ranked(place, tokens) for place in order[:most]])
        return Ranking(ranked, prefiller, self._scores(order[:_SCORED]))

    def miss(self, demand: Demand, tokens: int, rates: Rates, answer: float) -> None:
        """Let the seconds that each endpoint would be later than the SLOs count once more: those of
        the first token, and those of all of an answer's tokens, one of which weighs `answer`
        seconds."""
        first_slo, slo = demand.ttft_slo or inf, demand.tpot_slo or inf
        step, each, usual, missed = rates.step, rates.step_per_token, rates.usual, list[float]()
        places = zip(self.firsts, self.field.rows, self.field.paces, strict=True)
        for first, row, pace in places:
            context = tokens if row.busy is None else row.busy.context_tokens + tokens
            late = (step + each * context) * (pace or usual) - slo
            missed.append(max(first - first_slo, 0.0) + max(late, 0.0) * answer)
        self._missed = missed
        self.costs = [cost + late for cost, late in zip(self.costs, missed, strict=True)]

    def _load(self, model: str, stay: float) -> None:
        waits = [adapter_seconds(model, state.load, stay) for state in self.field.states]
        self._adapters = waits
        self.costs = [cost + wait for cost, wait in zip(self.costs, waits, strict=True)]
        self.firsts = [first + wait for first, wait in zip(self.firsts, waits, strict=True)]

    def _favour(self, session: str) -> None:
        place = self.field.place(session)
        if place is not None:
            pace = self.field.paces[place] or self.moment.usual
            self.costs[place] -= self.moment.session * pace
            self._here = place

    def _address(self, place: int) -> str:
        return self.field.states[place].endpoint.address

    def _parts(self, place: int) -> Mapping[str, float]:
        return Parts(
            self.moment,
            self._spot(place),
            0.0 if self._adapters is None else self._adapters[place],
            0.0 if self._missed is None else self._missed[place],
            here=place == self._here,
        )

    def _spot(self, place: int) -> Spot:
        field = self.field
        return field.rows[place], field.paces[place], field.uncached[place], field.pressures[place]

    def _scores(self, places: Sequence[int]) -> "Scores":
        states, adapters, missed = self.field.states, self._adapters, self._missed
        return Scores(
            self.moment,
            [states[place].endpoint.address for place in places],
            [self._spot(place) for place in places],
            adapters=None if adapters is None else [adapters[place] for place in places],
            missed=None if missed is None else [missed[place] for place in places],
            here=None if self._here is None else self._address(self._here),
        )

    def _ranked(self, place: int, tokens: int) -> Ranked:
        field = self.field
        candidate = Candidate(field.states[place], tokens - field.uncached[place], tokens)
        return Ranked(candidate, self._parts(place), self.firsts[place] * 1000)


class Scores(Mapping[str, Mapping[str, float]]):
    """Parts by address, made when they are asked for: few picks are ever explained. What they are
    made of is kept, since the fleet goes on."""

    __slots__ = ("_adapters", "_addresses", "_here", "_missed", "_moment", "_spots")

    def __init__(  # noqa: PLR0913  made in one place only
        self,
        moment: Moment,
        addresses: list[str],
        spots: list[Spot],
        *,
        adapters: list[float] | None,
        missed: list[float] | None,
        here: str | None,
    ) -> None:
        """The lists are parallel; `here` is the address where the session was."""
        self._moment = moment
        self._addresses = addresses
        self._spots = spots
        self._adapters = adapters
        self._missed = missed
        self._here = here

    def __getitem__(self, address: str) -> Parts:
        try:
            place = self._addresses.index(address)
        except ValueError:
            raise KeyError(address) from None
        return Parts(
            self._moment,
            self._spots[place],
            0.0 if self._adapters is None else self._adapters[place],
            0.0 if self._missed is None else self._missed[place],
            here=address == self._here,
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._addresses)

    def __len__(self) -> int:
        return len(self._addresses)
