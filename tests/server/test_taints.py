"""A worker remembers taints where the configuration says."""

from collections.abc import Collection, Mapping, Sequence

from gateway.config.state import State
from gateway.server.taints import Taints

SHARED = State(url="redis://127.0.0.1:1")


class Kept:
    """A store that tells what it was asked."""

    def __init__(self) -> None:
        self.written: list[Sequence[str]] = []
        self.closed = False

    async def read(self, keys: Sequence[str], labels: Collection[str]) -> frozenset[str] | None:
        return frozenset(labels) if keys else frozenset()

    async def write(self, keys: Sequence[str], labels: Mapping[str, float]) -> bool:
        self.written.append((*keys, *labels))
        return True

    async def close(self) -> None:
        self.closed = True


async def test_without_shared_state_taints_are_in_memory() -> None:
    taints = Taints(lambda: 0.0)
    await taints.use(State())
    assert await taints.write(["k"], {"web": 1.0})
    assert await taints.read(["k"], ["web"]) == {"web"}


async def test_with_shared_state_taints_are_there() -> None:
    kept = Kept()
    taints = Taints(lambda: 0.0)
    taints.open_store = lambda _: kept
    await taints.use(SHARED)
    assert await taints.write(["k"], {"web": 1.0})
    assert kept.written == [("k", "web")]
    assert await taints.read(["k"], ["web"]) == {"web"}


async def test_shared_state_that_nothing_opens_is_unknown_and_not_memory() -> None:
    taints = Taints(lambda: 0.0)
    await taints.use(SHARED)
    assert await taints.read(["k"], ["web"]) is None
    assert not await taints.write(["k"], {"web": 1.0})


async def test_a_store_is_closed_when_the_configuration_names_another() -> None:
    kept = Kept()
    taints = Taints(lambda: 0.0)
    taints.open_store = lambda _: kept
    await taints.use(SHARED)
    await taints.use(SHARED)
    assert not kept.closed
    await taints.use(State())
    assert kept.closed
