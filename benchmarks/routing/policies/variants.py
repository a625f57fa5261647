"""The production picker in other settings, to see what each of them does."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from benchmarks.routing.policies.gatehouse import Gatehouse
from gateway.picker.cost import CostProfile
from gateway.picker.disaggregation import Disaggregation, Priced
from gateway.picker.flow.rules import FlowRules

LEAST_CEILING: Final = 0.05
"""Of saturation, up to which filler is served beside real-time work."""


QUEUEING: Final = FlowRules()
"""What a document with an empty flow section says."""


class Queued(Gatehouse):
    """With flow control and its default bounds, which the built-in picker does without."""

    name = "gatehouse_queued"

    def __init__(self, seed: int) -> None:
        super().__init__(seed, rules=QUEUEING)


class Holdback(Gatehouse):
    """What may be shed is served only while the pool is nearly idle."""

    name = "gatehouse_holdback"

    def __init__(self, seed: int) -> None:
        rules = replace(QUEUEING, ceiling="priority-holdback", min_ceiling=LEAST_CEILING)
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
