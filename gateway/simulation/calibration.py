"""How far the model of a server is from what a trace measured.

The requests that come first choose the factors of the model, and those after them say how far off
it is, so that the error is not one that was fitted away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.simulation.fitting import (
    DATA_SHEET,
    Fit,
    at_limit,
    fitted,
    measured_tpot,
    measured_ttft,
)
from gateway.simulation.hardware import Server
from gateway.simulation.mooncake import Row
from gateway.simulation.replaying import (
    MOST_ENDPOINTS,
    Fleet,
    Profile,
    Progress,
    percentile,
    replayed,
    silent,
)
from gateway.simulation.request import Outcome

LOOKED_AT: Final = 1000
"""Requests at the beginning of a trace that are looked at."""

FITTED: Final = 300
"""Of them those that choose factors at most, so that the fit ends soon."""

FEWEST: Final = 4
"""Measured requests without which there is no fit."""


@dataclass(frozen=True, slots=True)
class Times:
    """Percentiles in seconds, infinite for what did not come. The time per further token is None
    where no counted answer was long enough to tell."""

    ttft_p50: float
    ttft_p90: float
    tpot_p50: float | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What servers with some set of factors showed; `errors` are simulated over measured, less 1.
    Half of the requests had their first token within `typical` of that, whatever the sign: a
    percentile says little where it falls between hits and misses."""

    factors: str
    server: Server
    simulated: Times
    errors: Times
    typical: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The model beside the trace, for `endpoints` servers and the profile that served it.

    `fitted` requests chose the factors and `requests` later ones were compared. `tried` are the
    data sheet, one factor for all that a server does, and three; the last is the one to simulate
    with. Hit rates are of the compared requests whose cached tokens a server reported, None if
    there are none. `at_limit`: no factors fit, better ones would be beyond the range.
    """

    endpoints: int
    profile: str
    fitted: int
    requests: int
    measured: Times
    tried: tuple[Tried, ...]
    at_limit: bool = False
    measured_hits: float | None = None
    simulated_hits: float | None = None

    @property
    def best(self) -> Tried:
        """With all factors."""
        return self.tried[-1]


def calibrated(
    rows: Sequence[Row],
    profile: Profile,
    fleet: Fleet,
    *,
    seed: int = 0,
    progress: Progress = silent,
) -> Calibration | None:
    """The servers of `fleet` with the factors at which tokens come as measured. None if the trace
    has measured too few. Raises MisfitError as `replayed`."""
    head = rows[:LOOKED_AT]
    places = [place for place, row in enumerate(head) if measured_ttft(row) is not None]
    if len(places) < FEWEST:
        return None
    half = min(len(places) // 2, FITTED)
    seen_by_fit = _until_ended(head, places[:half])
    fit = Fit(
        seen_by_fit,
        places[:half],
        fleet,
        lambda servers: replayed(seen_by_fit, profile, servers, seed=seed),
        progress,
    )
    points = {"data sheet": DATA_SHEET, "one factor": fit.one(), "three factors": fit.all()}
    kept_back = places[half:]
    compared = [head[place] for place in kept_back]
    seen = _measured(compared)
    tried: list[Tried] = []
    outcomes: list[Outcome] = []
    for name, point in points.items():
        progress(f"comparing, {name}")
        servers = fitted(fleet, point)
        every = replayed(head, profile, servers, seed=seed)
        outcomes = [every[place] for place in kept_back]
        made = _simulated(compared, outcomes)
        typical = percentile(_each_error(compared, outcomes), 0.5)
        tried.append(Tried(name, servers.server, made, _errors(made, seen), typical))
    return Calibration(
        fleet.endpoints,
        profile.name,
        half,
        len(kept_back),
        seen,
        tuple(tried),
        at_limit(points["three factors"]),
        *_hits(compared, outcomes),
    )


def served_by(rows: Sequence[Row]) -> tuple[int | None, str | None]:
    """Among how many endpoints and by which profile most of a trace was served; None: it does not
    say, or among more than can be simulated."""
    counts: dict[int, int] = {}
    profiles: dict[str, int] = {}
    for row in rows:
        if row.served is None:
            continue
        if row.served.endpoints is not None and 0 < row.served.endpoints <= MOST_ENDPOINTS:
            counts[row.served.endpoints] = counts.get(row.served.endpoints, 0) + 1
        if row.served.profile is not None:
            profiles[row.served.profile] = profiles.get(row.served.profile, 0) + 1
    endpoints = max(counts, key=lambda one: counts[one], default=None)
    return endpoints, max(profiles, key=lambda one: profiles[one], default=None)


def _until_ended(rows: Sequence[Row], places: Sequence[int]) -> Sequence[Row]:
    """The rows that came before those at `places` had ended: what waits behind a request makes its
    tokens slower. Of the later ones only their coming is used."""
    ends = 0.0
    for place in places:
        served = rows[place].served
        assert served is not None
        ends = max(ends, rows[place].at + max(served.ttft or 0.0, served.duration or 0.0))
    return [row for at, row in enumerate(rows) if at <= places[-1] or row.at <= ends]


def _measured(rows: Sequence[Row]) -> Times:
    return _times(
        [measured_ttft(row) or 0.0 for row in rows],
        [tpot for row in rows if (tpot := measured_tpot(row)) is not None],
    )


def _simulated(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> Times:
    """Of the same requests."""
    both = zip(rows, outcomes, strict=True)
    return _times(
        [made.ttft for made in outcomes],
        [made.tpot for row, made in both if measured_tpot(row) is not None],
    )


def _times(firsts: Sequence[float], paces: Sequence[float]) -> Times:
    pace = percentile(paces, 0.5) if paces else None
    return Times(percentile(firsts, 0.5), percentile(firsts, 0.9), pace)


def _errors(made: Times, seen: Times) -> Times:
    both = made.tpot_p50, seen.tpot_p50
    return Times(
        made.ttft_p50 / seen.ttft_p50 - 1,
        made.ttft_p90 / seen.ttft_p90 - 1,
        None if both[0] is None or both[1] is None else both[0] / both[1] - 1,
    )


def _each_error(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> list[float]:
    """Of the time to the first token of each, at least 0."""
    both = zip(rows, outcomes, strict=True)
    return [abs(made.ttft / (measured_ttft(row) or made.ttft) - 1) for row, made in both]


def _hits(
    rows: Sequence[Row], outcomes: Sequence[Outcome]
) -> tuple[float, float] | tuple[None, None]:
    """Shares of prompt tokens that were cached: as reported, and as simulated of the same."""
    told = [
        (row.served.cached, outcome.cached, row.tokens)
        for row, outcome in zip(rows, outcomes, strict=True)
        if row.served is not None and row.served.cached is not None
    ]
    if not told:
        return None, None
    seen, made, tokens = (sum(column) for column in zip(*told, strict=True))
    return seen / tokens, made / tokens
