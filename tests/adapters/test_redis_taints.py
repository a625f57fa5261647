"""Taints that gateways share, in a real Valkey."""

from collections.abc import Iterator

import pytest

from gateway.adapters.redis_taints import open_taints
from gateway.config.state import State
from tests.support.valkey import RealValkey, valkey


@pytest.fixture(scope="module")
def server() -> Iterator[RealValkey]:
    with valkey() as running:
        yield running


def state(server: RealValkey, prefix: str) -> State:
    return State(url=server.url, prefix=prefix, answer_seconds=1.0, connect_seconds=1.0)


async def test_what_one_gateway_writes_another_reads(server: RealValkey) -> None:
    one, other = open_taints(state(server, "a:")), open_taints(state(server, "a:"))
    assert await one.write(["k1"], {"web": 60.0})
    assert await other.read(["k0", "k1"], ["web", "mail"]) == {"web"}
    assert await other.read(["k0"], ["web"]) == frozenset()
    await one.close()
    await other.close()


async def test_gateways_with_another_prefix_share_nothing(server: RealValkey) -> None:
    one, other = open_taints(state(server, "b:")), open_taints(state(server, "c:"))
    await one.write(["k"], {"web": 60.0})
    assert await other.read(["k"], ["web"]) == frozenset()
    await one.close()
    await other.close()


async def test_the_server_forgets_a_taint_by_itself(server: RealValkey) -> None:
    store = open_taints(state(server, "d:"))
    await store.write(["k"], {"web": 0.001})
    while await store.read(["k"], ["web"]):
        pass
    assert await store.read(["k"], ["web"]) == frozenset()
    await store.close()


async def test_without_documents_nothing_is_asked(server: RealValkey) -> None:
    store = open_taints(state(server, "e:"))
    assert await store.read(["k"], []) == frozenset()
    await store.close()


async def test_a_server_that_is_gone_is_told_as_unknown() -> None:
    with valkey() as server:
        store = open_taints(state(server, "f:"))
        assert await store.write(["k"], {"web": 60.0})
    assert await store.read(["k"], ["web"]) is None
    assert not await store.write(["k"], {"web": 60.0})
    await store.close()
