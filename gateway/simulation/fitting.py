"""Factors of the model of a server at which tokens come as a trace measured.

Three numbers, since servers differ in more than their speed: how long computing takes (what makes
long prompts late), how long everything else in a step takes (what paces answers), and what every
request waits before it is queued, which is the shortest wait there is. Each has measurements that
tell of it alone, whose medians give a first answer; a search with simulations mends it, as waiting
behind others depends on all three. The fewer others a server had, the more a request counts: what
it took tells of the server, not of those before it.

Nothing is random: the same trace gives the same factors.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import exp, isfinite, log
from typing import Final, TypeAlias

from gateway.simulation.mooncake import Row
from gateway.simulation.overlap import others_under_way
from gateway.simulation.replaying import Fleet, Progress
from gateway.simulation.request import Outcome

WIDEST: Final = 64.0
"""How many times as long as without the fit anything is taken to take at most, or as short."""

LONG_ANSWER: Final = 8
"""Tokens of an answer from which on its pace can be told from its length in time."""

FIRST_STEP: Final = log(2)
LAST_STEP: Final = log(1.04)
AROUND: Final = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, -1))
"""Directions of the search: each factor, and one for the other where both explain the same."""

ROUNDS: Final = 4
"""Times that all factors are set by medians, before a search."""

MOST: Final = 80
"""Simulations of the fitted part of a trace, about: a step of the search that began is ended."""

MOST_OF_ONE, MOST_AT_FIRST = 15, 55
"""Of them until the single factor is known, and until the first search of all three ends."""

TAME: Final = 1e-3
"""How much it counts, beside the times, that a factor is 1: where it makes no difference it should
not wander off."""

LOST: Final = 10.0
"""How far, in powers of e, an answer that does not come is from one that came."""

SAME: Final = 0.1
"""The part of a prompt by which what a server and its model had cached may differ, where times are
compared: a trace that begins with warm caches says nothing of cold ones."""

FEWEST_ALIKE: Final = 4

SHORT: Final = 0.25
"""The part of all requests whose wait is not for others, at least."""

Point: TypeAlias = tuple[float, float, float]
"""Logarithms of the factors of computing, of the rest of a step, and of the wait before it."""

Weighed: TypeAlias = tuple[float, float]
"""A number and its weight."""

DATA_SHEET: Final[Point] = (0.0, 0.0, 0.0)


class Fit:
    """Looks for factors of `servers` by which those of `rows` at `places` come as measured. They
    have a time to the first token; the others are there since these waited behind them. `run` says
    what becomes of the rows on other servers."""

    def __init__(
        self,
        rows: Sequence[Row],
        places: Sequence[int],
        servers: Fleet,
        run: Callable[[Fleet], Sequence[Outcome]],
        progress: Progress,
    ) -> None:
        self._rows = rows
        self._places = places
        self._weights = [1 / (1 + others) for others in others_under_way(rows)]
        self._servers = servers
        self._run = run
        self._progress = progress
        self._known: dict[Point, tuple[float, Sequence[Outcome]]] = {}

    def one(self) -> Point:
        """The best single factor for all that a server does in a step."""
        return self._searched(DATA_SHEET, [(1, 1, 0)], MOST_OF_ONE)

    def all(self) -> Point:
        """The best three: by medians, then by looking around, and both once more from there."""
        best = self.one()
        for most in (MOST_AT_FIRST, MOST):
            tried = [best]
            for _ in range(ROUNDS):
                tried.append(self._by_medians(tried[-1]))
            best = self._searched(min(tried, key=self._distance), AROUND, most)
        return best

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
            outcomes = self._run(fitted(self._servers, at))
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
        """What each factor would be if the times that were measured were a straight line over the
        simulated: its slope is that of computing, its end the wait before; and the pace of answers
        is that of decoding."""
        outcomes = self._simulated(at)[1]
        compared = self._compared(outcomes)
        if not compared:
            return at
        usual = self._servers.server.admission
        before = usual * exp(at[2])
        points = sorted(
            (outcomes[place].ttft - before, self._seen(place), self._weights[place])
            for place in compared
        )
        slope = _slope(points)
        waits = [(seen - slope * made, weight) for made, seen, weight in points]
        after = _quantile(waits, SHORT)
        paces = self._paces(outcomes, compared)
        return _within(
            at[0] + log(slope),
            at[1] - (_median(paces) if paces else 0.0),
            log(max(after, usual / WIDEST) / usual),
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
    return _quantile(values, 0.5)


def _quantile(values: Sequence[Weighed], share: float) -> float:
    """The smallest that has this share of the weight at or below it; of one value at least."""
    ordered = sorted(values)
    left = sum(weight for _, weight in ordered) * share
    for value, weight in ordered:
        left -= weight
        if left <= 0:
            return value
    return ordered[-1][0]


def _slope(points: Sequence[tuple[float, float, float]]) -> float:
    """By which weighted points (x, y, weight), in order of x, rise: the median of what pairs that
    are half of them apart say (Theil's incomplete method), 1 where they say nothing; within the
    range of factors."""
    half = len(points) // 2
    pairs = zip(points, points[-half:] if half else (), strict=False)
    slopes = [
        ((high[1] - low[1]) / (high[0] - low[0]), low[2] * high[2])
        for low, high in pairs
        if high[0] > low[0]
    ]
    return min(max(_median(slopes), 1 / WIDEST), WIDEST) if slopes else 1.0


def _as_cached(row: Row, made: Outcome) -> bool:
    """Whether the model had about as much in its cache as the server, as far as that is known."""
    seen = row.served.cached if row.served is not None else None
    return seen is None or abs(seen - made.reported) <= SAME * row.tokens
