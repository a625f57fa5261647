"""How many model servers are enough for a trace, and by which profile."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.simulation.hardware import Server
from gateway.simulation.mooncake import Row
from gateway.simulation.replaying import (
    Figures,
    Fleet,
    Profile,
    Progress,
    figures_of,
    replayed,
    silent,
)

KEPT: Final = 0.9
"""The share of the requests that have to keep the SLOs, as the p90 of the tables."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What all runs have in common. SLOs are seconds."""

    server: Server
    speed: float = 1.0
    ttft_slo: float = 2.0
    tpot_slo: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Sized:
    """What so many endpoints showed by a profile."""

    endpoints: int
    profile: str
    figures: Figures


def sized(
    rows: Sequence[Row],
    profiles: Sequence[Profile],
    endpoints: Sequence[int],
    setting: Setting,
    progress: Progress = silent,
) -> Iterator[Sized]:
    """Each profile with each number of endpoints, the same arrivals for all. Raises MisfitError as
    `replayed`."""
    for count in endpoints:
        for profile in profiles:
            progress(f"{count} endpoints by {profile.name}")
            fleet = Fleet(setting.server, count)
            outcomes = replayed(rows, profile, fleet, speed=setting.speed, seed=setting.seed)
            found = figures_of(outcomes, setting.ttft_slo, setting.tpot_slo)
            yield Sized(count, profile.name, found)


def fewest(runs: Sequence[Sized], profile: str) -> int | None:
    """The smallest number of endpoints from which on every simulated number keeps the SLOs for
    `KEPT` of the requests; None: none does."""
    enough: int | None = None
    own = [run for run in runs if run.profile == profile]
    for run in sorted(own, key=lambda run: run.endpoints, reverse=True):
        if run.figures.kept < KEPT:
            break
        enough = run.endpoints
    return enough
