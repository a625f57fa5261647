"""The production picker in other settings, to see what each of them does."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from benchmarks.routing.policies.gatehouse import BUILT_IN, Gatehouse
from gateway.picker.cost import CostProfile
from gateway.picker.disaggregation import Disaggregation, Priced

LEAST_CEILING: Final = 0.1
"""Of saturation, up to which filler is served beside real-time work."""


class Unqueued(Gatehouse):
    """Without flow control: nothing waits, and a full pool drops what may be shed."""

    name = "gatehouse_unqueued"

    def __init__(self, seed: int) -> None:
        super().__init__(seed, rules=replace(BUILT_IN.rules(), enabled=False))


class Holdback(Gatehouse):
    """What may be shed is served only while the pool is nearly idle."""

    name = "gatehouse_holdback"

    def __init__(self, seed: int) -> None:
        rules = replace(BUILT_IN.rules(), ceiling="priority-holdback", min_ceiling=LEAST_CEILING)
        super().__init__(seed, rules=rules)


class AlwaysElsewhere(Disaggregation):
    """The prefill is always elsewhere, where it costs least."""

    def prefiller(
        self, local: float, relieved: float, prefillers: Sequence[Priced], tokens: int
    ) -> Priced | None:
        """As in `Disaggregation`."""
        del local, relieved, tokens
        return min(prefillers, key=lambda each: each.cost, default=None)


class NeverElsewhere(Disaggregation):
    """Who answers also prefills."""

    def prefiller(
        self, local: float, relieved: float, prefillers: Sequence[Priced], tokens: int
    ) -> Priced | None:
        """As in `Disaggregation`."""
        del local, relieved, prefillers, tokens


class AlwaysDisaggregated(Gatehouse):
    """Prefill and decode always apart."""

    name = "gatehouse_always_pd"

    def __init__(self, seed: int) -> None:
        super().__init__(seed, profile=_deciding(AlwaysElsewhere()))


class NeverDisaggregated(Gatehouse):
    """Prefill and decode always together."""

    name = "gatehouse_never_pd"

    def __init__(self, seed: int) -> None:
        super().__init__(seed, profile=_deciding(NeverElsewhere()))


def _deciding(decider: Disaggregation) -> CostProfile:
    profile = CostProfile()
    profile.disaggregation = decider
    return profile
