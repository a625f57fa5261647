"""Names of records, which clients and logs refer to."""

import os
from typing import Final


class AuditIds:
    """128 random bits in hex each: unguessable, and unique over gateways.

    The system's randomness is drawn for many at once: a system call costs more than all else that
    an id needs. Not for a process that forks.
    """

    BYTES: Final = 16
    DRAWN: Final = 256

    def __init__(self) -> None:
        self._left: list[str] = []

    def __call__(self) -> str:
        if not self._left:
            drawn = os.urandom(self.BYTES * self.DRAWN).hex()
            size = 2 * self.BYTES
            self._left = [drawn[at : at + size] for at in range(0, len(drawn), size)]
        return self._left.pop()
