"""Which endpoint serves which session. Pure: no I/O, no clock."""

from collections import OrderedDict
from collections.abc import Sequence

from gateway.model.demand import Demand
from gateway.picker.profile import Candidate


class SessionTable:
    """Sessions bound to endpoints, at most `capacity` of them, each for `ttl` seconds after its
    last use; the one that was not used for longest makes room.

    A session is bound by its first placement and bound anew only once its endpoint was no
    candidate, as llm-d's `session_id` strategy does it.
    """

    def __init__(self, ttl: float, capacity: int) -> None:
        self._ttl = ttl
        self._capacity = capacity
        self._bound: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._gone = ""  # the session whose endpoint was no candidate in the newest ranking

    def __len__(self) -> int:
        return len(self._bound)

    def find(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> int | None:
        """The position of the candidate that serves the session of `demand`, None if none does."""
        self._gone = ""
        address = self._endpoint(demand.session, now)
        if address is None:
            return None
        for position, candidate in enumerate(candidates):
            if candidate.address == address:
                return position
        self._gone = demand.session
        return None

    def placed(self, demand: Demand, candidate: Candidate, now: float) -> None:
        """Binds the session of `demand`, or marks its binding as used."""
        session = demand.session
        if not session:
            return
        bound = None if session == self._gone else self._endpoint(session, now)
        self._bound[session] = (bound or candidate.address, now)
        self._bound.move_to_end(session)
        self._forget(now)

    def _endpoint(self, session: str, now: float) -> str | None:
        address, used = self._bound.get(session, (None, now)) if session else (None, now)
        return address if now - used <= self._ttl else None

    def _forget(self, now: float) -> None:
        while self._bound:
            session, (_, used) = next(iter(self._bound.items()))
            if len(self._bound) <= self._capacity and now - used <= self._ttl:
                return
            del self._bound[session]
