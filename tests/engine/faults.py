"""What goes wrong in an imitated engine, and how often."""

import random
from typing import Final

from tests.engine.settings import Settings

REFUSALS: Final = {
    "unavailable": (503, "The engine is not available.", "ServiceUnavailableError"),
    "rate_limit": (429, "Too many requests.", "RateLimitError"),
    "server_error": (500, "The engine failed.", "InternalServerError"),
    "invalid_request": (400, "The request is invalid.", "BadRequestError"),
}
"""Status, message and type of the faults that are an answer."""


class Faults:
    """Chooses the fault of each request, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        """`seed` of the choice."""
        self._random = random.Random(seed)
        self.requests = 0

    def next(self, settings: Settings) -> str:
        """The fault of the next request, "none" for most, "death" when the process must end."""
        self.requests += 1
        if 0 < settings.die_after < self.requests:
            return "death"
        unlucky = self._random.random() < settings.fault_rate
        return settings.fault if unlucky else "none"
