"""The reader of an answer that holds an agent's card. Pure: no I/O, no clock."""

from collections.abc import Callable
from typing import Final

from gateway.model.refusal import Reason
from gateway.protocols.a2a.members import WrongError
from gateway.protocols.base import Reading
from gateway.wire.content import is_media_type

TOO_LARGE: Final = "the response is too large to be read"
UNREADABLE: Final = "the agent's card cannot be read"
MEDIA_TYPES: Final = ("application/json", "application/a2a+json")

Rewrite = Callable[[bytes], bytes]
"""Makes the client's card of the agent's; raises WrongError."""


def reader_of(content_type: str, reading: Reading, rewrite: Rewrite) -> "CardReader | None":
    """The reader for JSON in UTF-8; None for any other media type."""
    if any(is_media_type(content_type, one) for one in MEDIA_TYPES):
        return CardReader(reading, rewrite)
    return None


class CardReader:
    """Withholds a card until it is whole. `broken` tells whether the reader gave up."""

    def __init__(self, reading: Reading, rewrite: Rewrite) -> None:
        self._reading = reading
        self._rewrite = rewrite
        self._body = bytearray()
        self.broken = False

    @property
    def filtered(self) -> int:
        """Nothing is left out of a card."""
        return 0

    @property
    def usage(self) -> None:
        """A2A counts no tokens."""
        return

    def feed(self, data: bytes) -> bytes:
        """Withhold a piece; the error once the limit is passed."""
        if self.broken:
            return b""
        self._body += data
        if len(self._body) > self._reading.limit:
            return self.break_off(Reason.NO_ENDPOINT, TOO_LARGE)
        return b""

    def finish(self) -> bytes:
        """The card as the client may see it."""
        if self.broken or not self._body:
            return b""
        try:
            return self._rewrite(bytes(self._body))
        except WrongError:
            return self.break_off(Reason.NO_ENDPOINT, UNREADABLE)

    def break_off(self, reason: Reason, why: str) -> bytes:
        """Give up: an error in place of the card; whatever still comes is swallowed."""
        self.broken = True
        self._body.clear()
        return self._reading.error(reason, why)
