"""Whether a request goes now, or waits for an endpoint that is worth it. Pure: no I/O, no clock.

An endpoint that has no room at this moment may still be the one that answers soonest: it has the
prompt in its cache, and its price contains the work in front of the request already. So requests
are ranked over all endpoints, and one whose best is full waits for it. Two things are not in the
price and are added: what waits there before the request, which has not been sent, and the time
until there is room, which is taken to be as long as there has been none (Lindy's rule). As soon as
an endpoint with room is no dearer than that, the request goes there. So nobody waits for longer
than what the wait can save (as one rents skis before buying), and without flow control requests
would go much the same way.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from math import inf
from typing import TypeAlias

from gateway.picker.flow.gate import Room
from gateway.picker.flow.lane import ANY
from gateway.picker.profile import Ranked, Ranking


@dataclass(frozen=True, slots=True)
class Full:
    """The request waits for the endpoint at `address` (or for `ANY`). `price` is what it costs
    there, with those that wait before it, and `work` for how long it would keep that endpoint busy,
    both in milliseconds. `further` is whether an endpoint that was not looked at might be better.
    """

    address: str = ANY
    price: float = inf
    work: float = 0.0
    further: bool = False


Choose: TypeAlias = Callable[[Ranking], Ranking | Full]
"""What becomes of a ranking: one whose first has the request, or waiting."""


class Choice:
    """Chooses for one request, which asks for `room` at the second `now`. `ahead` tells of an
    endpoint how many wait for it that go first, and their work in milliseconds."""

    __slots__ = ("_ahead", "_now", "_room")

    def __init__(self, room: Room, now: float, ahead: Callable[[str], tuple[int, float]]) -> None:
        self._room = room
        self._now = now
        self._ahead = ahead

    def __call__(self, ranking: Ranking) -> Ranking | Full:
        """`ranking`, with another endpoint first if that is better, or what to wait for."""
        if not ranking.order:
            return ranking
        best = ranking.order[0]
        if ranking.prefiller is not None and ranking.prefiller in self._room.busy:
            return Full(ranking.prefiller, work=_work(best.parts))
        if self._is_free(best.candidate.address):
            return ranking
        if best.expected is None:  # nothing says what waiting is worth
            return Full(best.candidate.address, further=True)
        return self._weigh(ranking)

    def _weigh(self, ranking: Ranking) -> Ranking | Full:
        scores = ranking.scores or {each.candidate.address: each.parts for each in ranking.order}
        prices = {address: _price(parts) + self._wait(address) for address, parts in scores.items()}
        free = [address for address in prices if self._is_free(address)]
        wanted = min((each for each in prices if each not in free), key=prices.__getitem__)
        wait = Full(wanted, prices[wanted], _work(scores[wanted]), further=True)
        if not free:
            return wait
        other = min(free, key=prices.__getitem__)
        if prices[other] > prices[wanted]:
            return Full(wait.address, wait.price, wait.work)
        first = [each for each in ranking.order if each.candidate.address == other]
        if not first:
            return wait
        return _led_by(first[0], ranking, self._room.full)

    def _wait(self, address: str) -> float:
        """Milliseconds in the gateway until a request is sent there."""
        full = self._now - self._room.full.get(address, self._now)
        return full * 1000 + self._ahead(address)[1]

    def _is_free(self, address: str) -> bool:
        has_room = address in self._room.open or address in self._room.idle
        return has_room and not self._ahead(address)[0]


def cheaper(than: float) -> Choose:
    """Lets a request go whose best costs less than so many milliseconds."""

    def choose(ranking: Ranking) -> Ranking | Full:
        best = ranking.order[0] if ranking.order else None
        if best is None or (best.expected is not None and _price(best.parts) >= than):
            return Full()
        return ranking

    return choose


def _led_by(first: Ranked, ranking: Ranking, full: Container[str]) -> Ranking:
    rest = [each for each in ranking.order if each is not first]
    rest.sort(key=lambda each: each.candidate.address in full)
    return Ranking((first, *rest), ranking.prefiller, ranking.scores)


def _price(parts: Mapping[str, float]) -> float:
    """The sum of the parts of the cost profile, of which that of the session is taken off."""
    return sum(parts.values()) - 2 * parts.get("session", 0.0)


def _work(parts: Mapping[str, float]) -> float:
    """For how long the request keeps the endpoint busy before its first token, in milliseconds: its
    own prefill, and by how much running answers slow that down."""
    own, front = parts.get("prefill", 0.0), parts.get("queue", 0.0)
    if own <= 0:
        return 0.0
    return own + parts.get("decode", 0.0) * own / (own + max(front, 0.0))
