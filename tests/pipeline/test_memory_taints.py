"""Taints that one worker remembers."""

from gateway.pipeline.memory_taints import MemoryTaints


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_taint_is_known_until_its_time_is_over() -> None:
    clock = Clock()
    store = MemoryTaints(clock)
    assert await store.write(["a"], {"web": 10.0})
    assert await store.read(["b", "a"], ["web", "mail"]) == {"web"}
    clock.now = 10.0
    assert await store.read(["a"], ["web"]) == frozenset()


async def test_a_taint_lasts_longer_when_it_is_written_again_and_never_shorter() -> None:
    clock = Clock()
    store = MemoryTaints(clock)
    await store.write(["a"], {"web": 10.0})
    clock.now = 5.0
    await store.write(["a"], {"web": 2.0})
    clock.now = 9.0
    assert await store.read(["a"], ["web"]) == {"web"}


async def test_only_labels_that_are_asked_for_are_told() -> None:
    store = MemoryTaints(Clock())
    await store.write(["a"], {"web": 10.0, "mail": 10.0})
    assert await store.read(["a"], ["mail"]) == {"mail"}


async def test_what_is_full_takes_no_more_and_forgets_nothing_early() -> None:
    clock = Clock()
    store = MemoryTaints(clock, most=2)
    assert await store.write(["a", "b"], {"web": 10.0})
    assert not await store.write(["c"], {"web": 10.0})
    assert await store.write(["a"], {"mail": 10.0})
    assert await store.read(["a"], ["web"]) == {"web"}
    clock.now = 11.0
    assert await store.write(["c"], {"web": 10.0})
