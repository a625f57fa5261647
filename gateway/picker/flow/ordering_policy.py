"""What an ordering policy is. Pure: no I/O, no clock."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.picker.flow.entry import Entry


@dataclass(frozen=True, slots=True)
class Ordering:
    """A way to order the requests of a flow: the one with the least `key` goes first, of equal
    ones the one that came first. `key` must not change while the request waits."""

    name: str
    key: Callable[[Entry], float]
