"""Two gateways before one fleet, each with half of the requests, with and without common state."""

from collections import deque
from collections.abc import Sequence
from random import Random
from typing import Final

from gateway.picker.broker import Broker
from gateway.picker.shared.circle import Circle
from gateway.picker.shared.pool import SharedPool
from gateway.simulation.picking import BUILT_IN, ProductionPicker
from gateway.simulation.policy import Decided, Refused, Seen, Target
from gateway.simulation.request import Outcome, Request

TICK: Final = 0.05
"""Seconds between two messages of a gateway, as gateway.server.sharing has it."""

ON_THE_WAY: Final = 0.01
"""Seconds from one gateway to another."""

POOL: Final = "simulated"


class OneOfTwo(ProductionPicker):
    """As the gateway runs it, with a circle."""

    def __init__(self, seed: int, number: int) -> None:
        super().__init__(seed)
        plan = BUILT_IN
        random = Random(seed)
        self.shared = SharedPool(plan.profile(random), name=POOL)
        self.picker = self.shared
        self.broker = Broker(self.shared, plan.rules())
        self.shared.witness = self.broker.gate
        self.circle = Circle(bytes([number]) * 16)

    def look(self, seen: Sequence[Seen], now: float) -> None:
        """Members and scrapes come to every gateway, whoever is asked."""
        self._tell(seen, now)


class TwoApart:
    """Each gateway knows what it sent, and what the engines say."""

    name = "gatehouse_two_apart"
    interval = ProductionPicker.interval
    estimates = ProductionPicker.estimates

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._gateways = [OneOfTwo(seed, number) for number in range(2)]
        self._of: dict[int, OneOfTwo] = {}

    def offer(self, request: Request, seen: Sequence[Seen], now: float) -> Target | Refused | None:
        """As in `Policy`, by a gateway that is drawn."""
        for each in self._gateways:
            each.look(seen, now)
        self._talk(now)
        one = self._of[request.number] = self._random.choice(self._gateways)
        return one.offer(request, seen, now)

    def wakeup(self, now: float) -> float | None:
        """As in `Policy`."""
        due = [at for one in self._gateways if (at := one.wakeup(now)) is not None]
        return min(due, default=None)

    def step(self, seen: Sequence[Seen], now: float) -> Sequence[Decided]:
        """As in `Policy`."""
        self._talk(now)
        return [each for one in self._gateways for each in one.step(seen, now)]

    def aborts(self) -> Sequence[int]:
        """As in `Policy`."""
        return [each for one in self._gateways for each in one.aborts()]

    def withdraw(self, request: Request, now: float) -> None:
        """As in `Policy`."""
        self._of.pop(request.number).withdraw(request, now)

    def first_token(self, outcome: Outcome, now: float) -> None:
        """As in `Policy`."""
        self._of[outcome.request.number].first_token(outcome, now)

    def finished(self, outcome: Outcome, now: float) -> None:
        """As in `Policy`."""
        self._of.pop(outcome.request.number).finished(outcome, now)

    def left(self, index: int, now: float) -> None:
        """As in `Policy`."""
        for one in self._gateways:
            one.left(index, now)

    def _talk(self, now: float) -> None:
        """Nobody says anything."""


class TwoSharing(TwoApart):
    """They tell each other what they have sent, twenty times a second."""

    name = "gatehouse_two"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._said: deque[tuple[float, bytes]] = deque()
        self._next = 0.0
        for one in self._gateways:
            one.circle.share({POOL: one.shared})

    def _talk(self, now: float) -> None:
        """Say what is due, and hear what has come."""
        while self._next <= now:
            for one in self._gateways:
                news = one.circle.news(self._next)
                if news is not None:
                    self._said.append((self._next + ON_THE_WAY, news))
            self._hear(self._next)
            self._next = max(self._next + TICK, now // TICK * TICK)
        self._hear(now)

    def _hear(self, now: float) -> None:
        while self._said and self._said[0][0] <= now:
            at, message = self._said.popleft()
            for one in self._gateways:
                one.circle.take(message, at)
