"""The endpoints among which one request is placed, as parallel sequences. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gateway.picker.arrivals import Arrivals
from gateway.picker.disaggregation import split
from gateway.picker.endpoint import EndpointState
from gateway.picker.fleet import Row, Seen, row_of
from gateway.picker.index import PrefixIndex
from gateway.picker.profile import Candidate
from gateway.picker.rates import Rates


@dataclass(slots=True)
class Field:
    """Rows, paces (0: unknown), uncached tokens, states and pressures (as in
    `gateway.picker.arrivals`) of the same endpoints. `plain` is whether each of them may do
    everything, `places` says where addresses are and `adapters` how many endpoints have each
    adapter, if that is known."""

    rows: Sequence[Row]
    paces: Sequence[float]
    uncached: Sequence[int]
    states: Sequence[EndpointState]
    pressures: Sequence[float]
    plain: bool
    places: Mapping[str, int] | None = None
    adapters: Counter[str] | None = None

    @classmethod
    def of_candidates(
        cls,
        candidates: Sequence[Candidate],
        index: PrefixIndex | None,
        rates: Rates,
        arrivals: Arrivals,
        now: float,
    ) -> "Field":
        """Of any candidates, each looked at anew."""
        states = [each.state for each in candidates]
        return cls(
            [row_of(each, index.shelf(each.address) if index else None) for each in states],
            [rates.known_pace(each.address, now) for each in states],
            [each.uncached_tokens for each in candidates],
            states,
            avoided(
                arrivals.pressures(each.address for each in states),
                [place for place, state in enumerate(states) if state.late],
            ),
            all(each.endpoint.role == "both" for each in states),
        )

    @classmethod
    def of_fleet(cls, seen: Seen, paces: Sequence[float], pressures: Sequence[float]) -> "Field":
        """Of a fleet, whose paces and pressures are known."""
        fleet, tokens = seen.fleet, seen.tokens
        rows = fleet.current()
        uncached = [tokens] * len(rows)
        for place, known in seen.cached.items():
            uncached[place] = max(tokens - known, 0)
        field = cls(
            rows,
            paces,
            uncached,
            fleet.states,
            pressures,
            fleet.plain,
            fleet.places,
            fleet.adapters,
        )
        late: Collection[int] = fleet.late
        if seen.among is not None:
            field = field.only(seen.among)
            late = [at for at, place in enumerate(seen.among) if place in fleet.late]
        field.pressures = avoided(field.pressures, late)
        return field

    def only(self, places: Sequence[int]) -> "Field":
        """These endpoints alone."""
        return Field(
            [self.rows[place] for place in places],
            [self.paces[place] for place in places],
            [self.uncached[place] for place in places],
            [self.states[place] for place in places],
            [self.pressures[place] for place in places],
            self.plain,
            adapters=self.adapters,
        )

    def place(self, address: str) -> int | None:
        """Where this endpoint is, None if it is not there."""
        if self.places is not None:
            return self.places.get(address)
        for place, state in enumerate(self.states):
            if state.endpoint.address == address:
                return place
        return None

    def split(self) -> "tuple[Field, Field | None]":
        """Those that may answer, and those that only prefill, if there are any."""
        if self.plain:
            return self, None
        answering, prefilling = split([state.endpoint.role for state in self.states])
        return self.only(answering), self.only(prefilling) if prefilling else None


def avoided(pressures: Sequence[float], places: Collection[int]) -> Sequence[float]:
    """The same pressures, but the highest at these places, whose endpoints are in trouble: nobody
    comes to them because they are avoided, not because they have room."""
    if not places:
        return pressures
    most = max(pressures)
    return [most if place in places else known for place, known in enumerate(pressures)]
