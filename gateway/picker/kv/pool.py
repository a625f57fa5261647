"""A pool's picker that listens to what its endpoints say of their caches. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from typing_extensions import override

from gateway.config.pool import KvEvents
from gateway.model.demand import Demand
from gateway.model.placement import Placement, Served
from gateway.picker.endpoint import Endpoint
from gateway.picker.kv.feed import Step
from gateway.picker.kv.source import Source, source_of
from gateway.picker.kv.tracker import Told, Tracker
from gateway.picker.profile import Ranked, Ranking
from gateway.picker.shared.pool import SharedPool


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an endpoint by its events: `blocks` of its cache, and how many ended
    requests were `joined` to theirs, and how many were not."""

    blocks: int
    joined: int
    unjoined: int


class ListeningPool(SharedPool):
    """As its base, with a tracker while `listen` says so."""

    _tracker: Tracker | None = None
    _config: KvEvents | None = None
    _listed: Sequence[Endpoint] = ()

    def listen(self, config: KvEvents | None) -> None:
        """From now on listen as `config` says; None: not at all."""
        self._config = config
        if config is None:
            self._tracker = None
        elif self._tracker is None:
            self._tracker = Tracker(self.index)
            self._tracker.listen(one.address for one in self._listed)

    def sources(self) -> dict[str, Source]:
        """Where to listen, by the addresses of endpoints."""
        config = self._config
        if config is None:
            return {}
        return {one.address: source_of(one, config) for one in self._listed}

    def heard(self, address: str, steps: Iterable[Step], now: float) -> Told:
        """An endpoint said something."""
        return Told() if self._tracker is None else self._tracker.heard(address, steps, now)

    def known(self, address: str) -> Known | None:
        """What its events say of an endpoint; None while nobody listens."""
        if self._tracker is None:
            return None
        return Known(self._tracker.blocks(address), *self._tracker.joined(address))

    @override
    def set_endpoints(self, endpoints: Sequence[Endpoint], now: float) -> None:
        super().set_endpoints(endpoints, now)
        self._listed = tuple(endpoints)
        if self._tracker is not None:
            self._tracker.listen(one.address for one in endpoints)

    @override
    def _ranked(self, demand: Demand, now: float) -> Ranking:
        if self._tracker is not None:
            self._tracker.correct(demand.chain)
        return super()._ranked(demand, now)

    @override
    def _charge(self, demand: Demand, ranking: Ranking, now: float, waited: float) -> Placement:
        placement = super()._charge(demand, ranking, now, waited)
        if self._tracker is not None:
            self._tracker.placed(placement, demand, now)
        return placement

    @override
    def explain(self, demand: Demand, now: float) -> Sequence[Ranked]:
        if self._tracker is not None:
            self._tracker.correct(demand.chain)
        return super().explain(demand, now)

    @override
    def first_token(self, ticket: int, now: float) -> None:
        super().first_token(ticket, now)
        if self._tracker is not None:
            self._tracker.first_token(ticket, now)

    @override
    def finish(self, ticket: int, served: Served, now: float) -> None:
        super().finish(ticket, served, now)
        if self._tracker is not None:
            self._tracker.finished(ticket, served, now)

    @override
    def expire(self, now: float) -> None:
        super().expire(now)
        if self._tracker is not None:
            self._tracker.tend(now)
