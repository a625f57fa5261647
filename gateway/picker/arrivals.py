"""How often requests come to each endpoint, and what one more delays there. Pure.

By the first policy iteration of `gateway.picker.price`, work delays those who come after it to the
same endpoint. How many these are is the endpoint's own affair: sessions and hot prompts come back
to where they were. With the pool's mean instead, an endpoint that nobody comes to looks as costly
as the one that everybody does, and new conversations crowd where others have begun already.
"""

from collections.abc import Iterable
from math import exp
from typing import Final

from gateway.picker.fleet import Fleet

WINDOW: Final = 20.0
"""Seconds over which arrivals and their work are averaged."""

_BUSIEST: Final = 0.95
"""Utilisation above which a price does not rise any more: it would be without bound at 1."""

_ERA: Final = 10 * WINDOW
"""Seconds after which pressures are written down anew."""


class _Stream:
    """Requests that come one after another: how many, and how many seconds of work, both fading."""

    __slots__ = ("at", "count", "work")

    def __init__(self) -> None:
        self.count = self.work = self.at = 0.0

    def came(self, seconds: float, now: float) -> None:
        fade = _fade(now - self.at)
        self.count = self.count * fade + 1
        self.work = self.work * fade + seconds
        self.at = max(now, self.at)

    def pressure(self, servers: int = 1) -> float:
        """As `Arrivals.mean`, when the newest came."""
        share = 1 / WINDOW / servers
        return self.count * share / (2 * (1 - min(self.work * share, _BUSIEST)))


class Arrivals:
    """The pressure of each endpoint: l / (2 (1 - r)) for l arrivals per second that keep it busy
    for a share r of the time, so that x seconds of work behind v seconds delay those who come by
    l x (2v + x) / (2 (1 - r)).

    They fade together from one arrival to the next, by `left`, so that time costs no arithmetic for
    each endpoint. Pressures are kept as what they would have been at the beginning of an era.
    """

    def __init__(self) -> None:
        self._all = _Stream()
        self._streams: dict[str, _Stream] = {}
        self._pressures: dict[str, float] = {}
        self._era = 0.0
        self._changed: set[str] = set()
        self._life: tuple[Fleet, int] | None = None
        self._placed: list[float] = []

    def came(self, address: str, seconds: float, now: float) -> None:
        """A request came to the endpoint with so many seconds of work."""
        self._all.came(seconds, now)
        if now - self._era > _ERA:
            left = self.left(now)
            self._pressures = {each: known * left for each, known in self._pressures.items()}
            self._era, self._life = now, None
        stream = self._streams.setdefault(address, _Stream())
        stream.came(seconds, now)
        self._pressures[address] = stream.pressure() / self.left(stream.at)
        self._changed.add(address)

    def forget(self, address: str) -> None:
        """The endpoint is gone."""
        self._streams.pop(address, None)
        self._pressures.pop(address, None)
        self._changed.discard(address)
        self._life = None

    def left(self, now: float) -> float:
        """What is left by now of all pressures that were ever told."""
        return _fade(now - self._era)

    def pressures(self, addresses: Iterable[str]) -> list[float]:
        """Those of these endpoints; times `left` they are those of now."""
        return [self._pressures.get(address, 0.0) for address in addresses]

    def of_fleet(self, fleet: Fleet) -> list[float]:
        """The same of all endpoints of a fleet, of which only those that changed are looked up."""
        if self._life != (fleet, fleet.life):
            self._life = (fleet, fleet.life)
            self._placed = self.pressures(fleet.addresses)
        for address in self._changed:
            place = fleet.places.get(address)
            if place is not None:
                self._placed[place] = self._pressures.get(address, 0.0)
        self._changed.clear()
        return self._placed

    def mean(self, servers: int) -> float:
        """That of an endpoint to which an equal share of the pool's requests comes, with `servers`
        endpoints; times `left` it is that of now."""
        return self._all.pressure(servers) / self.left(self._all.at)


def _fade(seconds: float) -> float:
    return exp(-max(seconds, 0.0) / WINDOW)
