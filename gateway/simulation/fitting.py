"""Factors of the model of a server at which tokens come as a trace measured.

Three numbers, since servers differ in more than their speed: how long computing takes (what makes
long prompts late), how long everything else in a step takes (what paces answers), and what every
request waits before it is queued, which is the shortest wait there is. Each has measurements that
tell of it alone, whose medians give a first answer; a search with simulations mends it, as waiting
behind others depends on all three. The fewer others a server had, the more a request counts: what it took tells
of the server, not of those before it.

Nothing is random: the same trace gives the same factors.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import exp, isfinite, log
from typing import Final, TypeAlias

from gateway.simulation.mooncake import Row
from gateway.simulation.overlap import others_under_way
from gateway.simulation.replaying import Fleet, Profile, Progress, replayed
from gateway.simulation.request import Outcome

WIDEST: Final = 64.0
"""How many times as long as without the fit anything is taken to take at most, or as short."""

LONG_ANSWER: Final = 8
"""Tokens of an answer from which on its pace can be told from its length in time."""

FIRST_STEP: Final = log(2)
LAST_STEP: Final = log(1.04)
ROUNDS: Final = 3
"""Times that all factors are set by medians, before the search."""

MOST: Final = 80
"""Simulations of the fitted part of a trace, at most."""

MOST_OF_ONE: Final = 20
"""Of them for the single factor."""

TAME: Final = 1e-3
"""How much it counts, beside the times, that a factor is 1: where it makes no difference it should
not wander off."""

LOST: Final = 10.0
"""How far, in powers of e, an answer that does not come is from one that came."""

SAME: Final = 0.1
"""The part of a prompt by which what a server and its model had cached may differ, where times are
compared: a trace that begins with warm caches says nothing of cold ones."""

FEWEST_ALIKE: Final = 4

Point: TypeAlias = tuple[float, float, float]
"""Logarithms of the factors of computing, of the rest of a step, and of the wait before it."""

Weighed: TypeAlias = tuple[float, float]
"""A number and its weight."""

DATA_SHEET: Final[Point] = (0.0, 0.0, 0.0)


class Fit:
    """Looks for factors by which `rows`, served by `profile` on `fleet`, come as measured. Each has
    a time to its first token, or is there only since others waited behind it."""

    def __init__(
        self,
        rows: Sequence[Row],
        profile: Profile,
        fleet: Fleet,
        seed: int,
        progress: Progress,
    ) -> None:
        self._rows = rows
        self._places = [place for place, row in enumerate(rows) if measured_ttft(row) is not None]
        self._weights = [1 / (1 + others) for others in others_under_way(rows)]
        self._profile = profile
        self._fleet = fleet
        self._seed = seed
        self._progress = progress
        self._known: dict[Point, tuple[float, Sequence[Outcome]]] = {}

    def one(self) -> Point:
        """The best single factor for all that a server does in a step. Raises MisfitError as
        `replayed`."""
        return self._searched(DATA_SHEET, [(1, 1, 0)], MOST_OF_ONE)

    def all(self) -> Point:
        """The best three: by medians, then by looking around. Raises MisfitError as `replayed`."""
        tried = [DATA_SHEET, self.one()]
        for _ in range(ROUNDS):
            tried.append(self._by_medians(tried[-1]))
        best = min(tried, key=self._distance)
        directions = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, -1)]
        return self._searched(best, directions, MOST)

    def _searched(self, at: Point, directions: Sequence[tuple[int, int, int]], most: int) -> Point:
        """Where the distance is lowest, looked for in ever smaller steps (pattern search)."""
        step = FIRST_STEP
        while step > LAST_STEP and len(self._known) < most:
            nearby = (_moved(at, along, step * sign) for along in directions for sign in (1, -1))
            better = next((one for one in nearby if self._distance(one) < self._distance(at)), None)
            if better is None:
                step /= 2
            else:
                at = better
        return at

    def _distance(self, at: Point) -> float:
        return self._simulated(at)[0]

    def _simulated(self, at: Point) -> tuple[float, Sequence[Outcome]]:
        found = self._known.get(at)
        if found is None:
            self._progress(f"fitting, simulation {len(self._known) + 1} of {MOST} at most")
            fleet = fitted(self._fleet, at)
            outcomes = replayed(self._rows, self._profile, fleet, seed=self._seed)
            found = self._known[at] = (self._apart(outcomes, at), outcomes)
        return found

    def _apart(self, outcomes: Sequence[Outcome], at: Point) -> float:
        """How far times are apart: means of the logarithms of their ratios, whatever the sign. Of
        what is lost the same, however many of the others are compared."""
        lost = sum(not isfinite(outcomes[place].e2e) for place in self._places)
        compared = self._compared(outcomes)
        return (
            _mean_size([self._first(outcomes, place) for place in compared])
            + _mean_size(self._paces(outcomes, compared))
            + LOST * lost / len(self._places)
            + TAME * sum(one * one for one in at)
        )

    def _by_medians(self, at: Point) -> Point:
        """What each factor would be if it alone made the difference: the pace of answers gives that
        of decoding, the requests with the most to compute that of computing, and the half with the
        least what is waited for before."""
        outcomes = self._simulated(at)[1]
        compared = sorted(self._compared(outcomes), key=lambda place: self._new(outcomes, place))
        if not compared:
            return at
        light, heavy = compared[: -(-len(compared) // 2)], compared[len(compared) * 3 // 4 :]
        usual = self._fleet.server.admission
        before = usual * exp(at[2])
        late = _median(
            [(self._seen(place) - outcomes[place].ttft, self._weights[place]) for place in light]
        )
        after = max(before + late, usual / WIDEST)
        more = _median(
            [
                (
                    (self._seen(place) - after) / (outcomes[place].ttft - before),
                    self._weights[place],
                )
                for place in heavy
            ]
        )
        paces = self._paces(outcomes, compared)
        return _within(
            at[0] + log(max(more, 1 / WIDEST)),
            at[1] - (_median(paces) if paces else 0.0),
            log(after / usual),
        )

    def _first(self, outcomes: Sequence[Outcome], place: int) -> Weighed:
        """The logarithm of simulated over measured, of the first token."""
        return log(outcomes[place].ttft / self._seen(place)), self._weights[place]

    def _paces(self, outcomes: Sequence[Outcome], compared: Sequence[int]) -> list[Weighed]:
        """The same of the time per further token, of those where it was measured."""
        return [
            (log(outcomes[place].tpot / seen), self._weights[place])
            for place in compared
            if (seen := measured_tpot(self._rows[place])) is not None
        ]

    def _compared(self, outcomes: Sequence[Outcome]) -> list[int]:
        """The places whose times are compared: of those that came, the ones with as much in the
        cache as the server had; all, if that leaves too few."""
        came = [place for place in self._places if isfinite(outcomes[place].e2e)]
        alike = [place for place in came if _as_cached(self._rows[place], outcomes[place])]
        return alike if len(alike) >= FEWEST_ALIKE else came

    def _seen(self, place: int) -> float:
        seen = measured_ttft(self._rows[place])
        assert seen is not None
        return seen

    def _new(self, outcomes: Sequence[Outcome], place: int) -> int:
        """Tokens that were computed."""
        return self._rows[place].tokens - outcomes[place].cached


def fitted(fleet: Fleet, at: Point) -> Fleet:
    """`fleet` with its factors changed by these."""
    one = fleet.server
    prefill, decode, wait = map(exp, at)
    server = replace(
        one,
        prefill=one.prefill * prefill,
        decode=one.decode * decode,
        admission=one.admission * wait,
    )
    return replace(fleet, server=server)


def at_limit(at: Point) -> bool:
    """Whether a better factor would be beyond the range."""
    return any(abs(one) > log(WIDEST / 1.05) for one in at)


def measured_ttft(row: Row) -> float | None:
    """Seconds to the first token, above 0; None: not measured."""
    return (row.served.ttft or None) if row.served is not None else None


def measured_tpot(row: Row) -> float | None:
    """Seconds per further token of an answer that is long enough to tell, above 0; None: not
    measured, or nobody counted the tokens."""
    served = row.served
    if served is None or served.duration is None or not served.counted or row.output < LONG_ANSWER:
        return None
    spent = served.duration - (served.ttft or served.duration)
    return spent / (row.output - 1) if spent > 0 else None


def _moved(at: Point, along: Sequence[int], step: float) -> Point:
    return _within(*(one + each * step for one, each in zip(at, along, strict=True)))


def _within(prefill: float, decode: float, wait: float) -> Point:
    widest = log(WIDEST)
    first, second, third = (min(max(one, -widest), widest) for one in (prefill, decode, wait))
    return first, second, third


def _mean_size(logs: Sequence[Weighed]) -> float:
    return sum(abs(one) * weight for one, weight in logs) / (sum(each[1] for each in logs) or 1.0)


def _median(values: Sequence[Weighed]) -> float:
    """The smallest that has half of the weight at or below it; of one at least."""
    ordered = sorted(values)
    left = sum(weight for _, weight in ordered) / 2
    for value, weight in ordered:
        left -= weight
        if left <= 0:
            return value
    return ordered[-1][0]


def _as_cached(row: Row, made: Outcome) -> bool:
    """Whether the model had about as much in its cache as the server, as far as that is known."""
    seen = row.served.cached if row.served is not None else None
    return seen is None or abs(seen - made.reported) <= SAME * row.tokens
