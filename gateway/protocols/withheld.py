"""A response body that is withheld until it is whole. Pure: no I/O, no clock.

What every protocol does with an answer that is judged as one document: lists, cards.
"""

from abc import ABC, abstractmethod
from typing import Final

from gateway.model.refusal import Reason
from gateway.protocols.base import Reading

TOO_LARGE: Final = "the response is too large to be read"


class WithheldReader(ABC):
    """A `ResponseReader` of one document. `filtered` counts the items that were dropped, `broken`
    tells whether the reader gave up."""

    too_large = TOO_LARGE
    """What is said of a body over `Reading.limit`."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._pieces: list[bytes] = []
        self._size = 0
        self.filtered = 0
        self.broken = False

    @property
    def usage(self) -> None:
        """Such an answer costs no tokens."""
        return

    def feed(self, data: bytes) -> bytes:
        """Withhold a piece; the error once the limit is passed."""
        if self.broken:
            return b""
        self._size += len(data)
        if self._size > self._reading.limit:
            return self._unreadable(self.too_large)
        self._pieces.append(data)
        return b""

    def finish(self) -> bytes:
        """What the client gets; nothing for a body without a byte."""
        return b"" if self.broken or not self._size else self._whole(b"".join(self._pieces))

    def break_off(self, reason: Reason, why: str) -> bytes:
        """Give up: an error in place of the body; whatever still comes is swallowed."""
        self.broken = True
        self._pieces.clear()
        return self._reading.error(reason, why)

    def _unreadable(self, why: str) -> bytes:
        return self.break_off(Reason.NO_ENDPOINT, why)

    @abstractmethod
    def _whole(self, body: bytes) -> bytes:
        """What the client gets for the whole body."""
