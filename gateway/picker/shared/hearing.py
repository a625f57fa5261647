"""What a pool tells a profile of the requests of other gateways. Pure: no I/O, no clock."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Hearing(Protocol):
    """A profile that wants to know what others place."""

    def heard(self, address: str, uncached_tokens: int, now: float) -> None:
        """Another gateway has given the endpoint a request with so many uncached tokens."""
        ...
