"""What a profile must offer: a ranking of candidates for one request. Pure: no I/O, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.model.demand import Demand
from gateway.picker.endpoint import EndpointState


@dataclass(frozen=True, slots=True)
class Candidate:
    """An endpoint that may get the request: `cached_tokens` of the request's `prompt_tokens` are
    believed to be in its cache, contiguous from the beginning."""

    state: EndpointState
    cached_tokens: int
    prompt_tokens: int

    @property
    def address(self) -> str:
        """ "ip:port"."""
        return self.state.endpoint.address

    @property
    def uncached_tokens(self) -> int:
        """What the endpoint would have to prefill."""
        return max(self.prompt_tokens - self.cached_tokens, 0)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with the numbers that it was compared by, for explanations. `expected` is its
    predicted time to first token in milliseconds, None where the profile predicts none."""

    candidate: Candidate
    parts: Mapping[str, float] = field(default_factory=dict[str, float])
    expected: float | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """The candidates that may serve, best first; empty when a filter left none. `prefiller` is
    the address that shall prefill first, if that pays. `scores` are the parts of the best by their
    addresses, which may be more than `order` has."""

    order: tuple[Ranked, ...]
    prefiller: str | None = None
    scores: Mapping[str, Mapping[str, float]] = field(
        default_factory=dict[str, Mapping[str, float]]
    )


class Profile(Protocol):
    """A way to choose. It may learn from what it is told; the ledger and the index are not its."""

    @property
    def name(self) -> str:
        """What metrics and records call it."""
        ...

    def rank(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> Ranking:
        """Rank `candidates`, which are all healthy; `now` is in seconds on the picker's clock."""
        ...

    def placed(self, demand: Demand, candidate: Candidate, now: float) -> None:
        """`demand` has been charged to `candidate`, in the same step as its ranking."""
        ...
