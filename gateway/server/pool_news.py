"""What the supervisor says of model servers, for the placer of this process."""

from collections.abc import Callable, Mapping, Sequence

from gateway.model.jsonvalue import JsonObject
from gateway.picker.endpoint import Endpoint
from gateway.picker.pool_messages import LOADS, POOLS, read_endpoints, read_loads
from gateway.server.placing import LocalPlacer


class PoolNews:
    """Takes the messages of the supervisor about pools. `clock` is the placer's, in seconds."""

    def __init__(self, placer: LocalPlacer, clock: Callable[[], float]) -> None:
        self._placer = placer
        self._clock = clock
        self._endpoints: Mapping[str, Sequence[Endpoint]] = {}

    def take(self, message: JsonObject) -> bool:
        """Pass a message on; False for one about something else. Raises ValueError for one that
        this version did not write."""
        match message.get("type"):
            case kind if kind == POOLS:
                self._endpoints = read_endpoints(message)
                self.repeat()
            case kind if kind == LOADS:
                for pool, address, load in read_loads(message, self._clock()):
                    self._placer.load(pool, address, load)
            case _:
                return False
        return True

    def repeat(self) -> None:
        """The endpoints once more: a reload may have brought a pool that was told of before."""
        for pool, endpoints in self._endpoints.items():
            self._placer.endpoints(pool, endpoints)
