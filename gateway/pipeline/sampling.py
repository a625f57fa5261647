"""Which answers are read to learn from them. No I/O, no clock."""

from random import Random
from typing import Final

from gateway.pipeline.snapshot import RouteStage

FIRST: Final = 100
"""Of a route's answers that are all read: by then it is known how long prompts and answers are."""


class Sampler:
    """Draws for one worker. Reading an answer costs a message of Envoy's for JSON and one for each
    piece of a stream."""

    def __init__(self, random: Random | None = None) -> None:
        self._random = random or Random()  # noqa: S311  draws samples, nothing secret
        self._read: dict[str, int] = {}

    def reads(self, route: RouteStage) -> bool:
        """Whether the answer to the next request of `route` is read: the first ones, then the
        share that its pools ask for."""
        share = route.sample
        if not share:
            return False
        read = self._read.get(route.name, 0)
        if read >= FIRST and self._random.random() >= share:
            return False
        self._read[route.name] = read + 1
        return True
