"""Brings what is known of pools to the workers: at once who is there, in batches what they say."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from gateway.model.engine import EngineLoad
from gateway.model.jsonvalue import JsonObject
from gateway.picker.endpoint import Endpoint
from gateway.picker.pool_messages import POOLS, endpoints_message, loads_message
from gateway.supervisor.health import EndpointKey

LOG: Final = logging.getLogger("gatehouse.supervisor")
BATCH_SECONDS: Final = 0.1


class PoolNews:
    """`stand` gives workers a message that later ones get as well (kind, message), `tell` one that
    they may miss. `loads` are the newest, by endpoint."""

    def __init__(
        self,
        stand: Callable[[str, JsonObject], Awaitable[None]],
        tell: Callable[[JsonObject], Awaitable[None]],
        batch: float = BATCH_SECONDS,
    ) -> None:
        self.endpoints: Mapping[str, Sequence[Endpoint]] = {}
        self.loads: dict[EndpointKey, EngineLoad] = {}
        self._stand = stand
        self._tell = tell
        self._batch = batch
        self._fresh: dict[EndpointKey, EngineLoad | None] = {}
        self._some = asyncio.Event()

    async def announce(self, endpoints: Mapping[str, Sequence[Endpoint]]) -> None:
        """These are the pools' servers now; nothing is sent where that is no news."""
        if endpoints == self.endpoints:
            return
        self.endpoints = endpoints
        members = {(pool, one.address) for pool, found in endpoints.items() for one in found}
        self.loads = {key: load for key, load in self.loads.items() if key in members}
        await self._stand(POOLS, endpoints_message(endpoints))

    def note(self, key: EndpointKey, load: EngineLoad | None) -> None:
        """A server said this, or did not answer."""
        self._fresh[key] = load
        if load is None:
            self.loads.pop(key, None)
        else:
            self.loads[key] = load
        self._some.set()

    def repeat(self) -> None:
        """Send everything again: somebody has come who knows none of it."""
        self._fresh = {**self.loads, **self._fresh}
        if self._fresh:
            self._some.set()

    async def run(self) -> None:
        """Send loads until cancelled: only the newest of each server, however long workers take."""
        while True:
            await self._some.wait()
            await asyncio.sleep(self._batch)
            fresh, self._fresh = self._fresh, {}
            self._some.clear()
            now = asyncio.get_running_loop().time()
            await self._tell(loads_message(((*key, load) for key, load in fresh.items()), now))
