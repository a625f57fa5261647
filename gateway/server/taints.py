"""Where a worker remembers taints, as `state` says: in memory or where gateways share.

What was in memory is not known any more once `state` is a URL: a change of it is in the log.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Protocol, TypeAlias

from gateway.config.state import State
from gateway.pipeline.memory_taints import MemoryTaints
from gateway.pipeline.taints import TaintStore

LOG: Final = logging.getLogger("gatehouse.state")


class ClosableStore(TaintStore, Protocol):
    """A store with a connection."""

    async def close(self) -> None:
        """Let the connection go."""
        ...


OpenStore: TypeAlias = Callable[[State], ClosableStore]
"""Opens the store that `state` names; it connects when it is first asked."""


class Taints:
    """A `TaintStore` that follows the configuration. `now` is in seconds, of any origin."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.open_store: OpenStore | None = None
        self._memory = MemoryTaints(now)
        self._state = State()
        self._shared: ClosableStore | None = None

    async def use(self, state: State) -> None:
        """Remember where `state` says from now on."""
        if state == self._state:
            return
        LOG.info("taints are remembered in %s", "shared state" if state.shared else "memory")
        await self.close()
        self._state = state
        if state.shared and self.open_store is not None:
            self._shared = self.open_store(state)

    async def read(self, keys: Sequence[str], labels: Collection[str]) -> frozenset[str] | None:
        """Which of the labels are under any of the keys; None where that cannot be known."""
        if self._state.shared and self._shared is None:
            return None
        store: TaintStore = self._shared or self._memory
        return await store.read(keys, labels)

    async def write(self, keys: Sequence[str], labels: Mapping[str, float]) -> bool:
        """Keep labels, each for its seconds; False where that failed."""
        if self._state.shared and self._shared is None:
            return False
        store: TaintStore = self._shared or self._memory
        return await store.write(keys, labels)

    async def close(self) -> None:
        """Let the connection go, if there is one."""
        shared, self._shared = self._shared, None
        if shared is not None:
            await shared.close()
