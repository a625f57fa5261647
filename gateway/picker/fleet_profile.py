"""What a profile offers besides, if it can rank a whole fleet at once. Pure."""

from typing import Protocol, runtime_checkable

from gateway.model.demand import Demand
from gateway.picker.fleet import Seen
from gateway.picker.profile import Ranking


@runtime_checkable
class FleetProfile(Protocol):
    """A profile that needs no `Candidate` for each endpoint. It picks as its `rank` would."""

    def pick(self, demand: Demand, seen: Seen, now: float) -> Ranking:
        """Rank them. Only the pick and its fallbacks have to be in the ranking."""
        ...
