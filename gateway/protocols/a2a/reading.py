"""The reader of an answer that holds an agent's card. Pure: no I/O, no clock."""

from collections.abc import Callable
from typing import Final

from gateway.protocols.a2a.members import WrongError
from gateway.protocols.base import Reading
from gateway.protocols.withheld import WithheldReader
from gateway.wire.content import is_media_type

UNREADABLE: Final = "the agent's card cannot be read"
MEDIA_TYPES: Final = ("application/json", "application/a2a+json")

Rewrite = Callable[[bytes], bytes]
"""Makes the client's card of the agent's; raises WrongError."""


def reader_of(content_type: str, reading: Reading, rewrite: Rewrite) -> "CardReader | None":
    """The reader for JSON in UTF-8; None for any other media type."""
    if any(is_media_type(content_type, one) for one in MEDIA_TYPES):
        return CardReader(reading, rewrite)
    return None


class CardReader(WithheldReader):
    """A card, which leads to the gateway when it goes on."""

    def __init__(self, reading: Reading, rewrite: Rewrite) -> None:
        super().__init__(reading)
        self._rewrite = rewrite

    def _whole(self, body: bytes) -> bytes:
        """The card as the client may see it."""
        try:
            return self._rewrite(body)
        except WrongError:
            return self._unreadable(UNREADABLE)
