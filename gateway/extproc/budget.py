"""How many bytes of request bodies the streams of one worker hold together. Pure: a counter."""


class Budget:
    """At most `total` bytes are out at a time. Not for several threads."""

    __slots__ = ("_held", "total")

    def __init__(self, total: int) -> None:
        self.total = total
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes that are out now."""
        return self._held

    def take(self, size: int) -> bool:
        """Take `size` bytes; False, and nothing is taken, when that would be too much."""
        if self._held + size > self.total:
            return False
        self._held += size
        return True

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        self._held -= size
