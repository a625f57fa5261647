"""Whether another endpoint shall do the prefill: by the same predicted cost. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.picker.endpoint import Role
from gateway.picker.fit import Fit

_START: Final = (0.02, 2e-6)
"""Seconds for a transfer, and for each of its tokens, before one was seen: keys and values of a
large model over a fast network."""

_PATIENCE: Final = 6
"""Transfers on end that take far longer than predicted, after which that is what they take. Most of
one that is measured is what the prediction of the rest was wrong by, so that a few mean nothing."""


@dataclass(frozen=True, slots=True)
class Priced:
    """What an endpoint would cost, in seconds: until the first token, and in all."""

    address: str
    expected: float
    cost: float


class Disaggregation:
    """Learns what moving keys and values takes, and decides where it pays."""

    def __init__(self) -> None:
        self._transfer = Fit(_START, weight=1.0, patience=_PATIENCE)

    def seconds(self, tokens: int) -> float:
        """Predicted time of moving the keys and values of so many tokens."""
        return self._transfer.predict((1.0, float(tokens)))

    def learn(self, seconds: float, tokens: int) -> None:
        """A transfer of so many tokens took so many seconds."""
        if seconds > 0:
            self._transfer.learn((1.0, float(tokens)), seconds)

    def prefiller(
        self, local: float, relieved: float, prefillers: Sequence[Priced], tokens: int
    ) -> Priced | None:
        """The endpoint that shall prefill, None if none pays.

        `local` is the cost of the best endpoint that does it all, `relieved` that of the best one
        without the prefill, both in seconds; `tokens` are what would have to be moved.
        """
        best = min(prefillers, key=lambda each: each.cost, default=None)
        if best is None or best.cost + self.seconds(tokens) + relieved >= local:
            return None
        return best


def split(roles: Sequence[Role]) -> tuple[list[int], list[int]]:
    """The places of those that may answer, and of those that only prefill. Without one that may
    answer, all do."""
    answering = [place for place, role in enumerate(roles) if role in ("both", "decode")]
    prefill = [place for place, role in enumerate(roles) if role == "prefill"]
    return (answering, prefill) if answering else (list(range(len(roles))), [])
