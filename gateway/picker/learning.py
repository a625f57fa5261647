"""What a pool tells a profile that learns. Pure: no I/O, no clock."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from gateway.picker.index import PrefixIndex


@dataclass(frozen=True, slots=True)
class Began:
    """The first tokens of `count` requests came on average `seconds` after their placement at
    `address`, which then had `work_tokens` uncached prompt tokens to compute up to and including
    the request's own, beside answers that together had `context_tokens` tokens."""

    address: str
    seconds: float
    work_tokens: float
    context_tokens: float
    now: float
    count: int = 1


@dataclass(frozen=True, slots=True)
class Ended:
    """A request was at `address` for `seconds`, of which `answering` after the first token (None:
    not seen) for `output_tokens` (None: not told). `context_tokens` as in `Began`."""

    address: str
    seconds: float
    answering: float | None
    output_tokens: int | None
    context_tokens: float
    now: float


@runtime_checkable
class Learner(Protocol):
    """A profile that wants to know how its choices turned out."""

    def watch(self, index: PrefixIndex) -> None:
        """Read what is believed of the endpoints' caches from here."""
        ...

    def speed(self, address: str, now: float) -> float:
        """Uncached prompt tokens per second that the endpoint is believed to compute."""
        ...

    def began(self, event: Began) -> None:
        """A first token came."""
        ...

    def ended(self, event: Ended) -> None:
        """A request is over."""
        ...

    def stepped(self, address: str, seconds: float, context_tokens: float, now: float) -> None:
        """An endpoint took so many seconds per token of each of its running answers, which had so
        many tokens of context together."""
        ...

    def moved(self, seconds: float, tokens: int) -> None:
        """Keys and values of so many tokens took so long from a prefilling endpoint to another."""
        ...

    def left(self, address: str) -> None:
        """An endpoint is gone; what was learnt of it does not hold for the next at its address."""
        ...
