"""What only engines tell one another is known under every spelling that a server takes for it."""

import pytest

from gateway.wire.engine_keys import ENGINE_KEYS, engine_key
from tests.protocols.openai.clients import chat


@pytest.mark.parametrize("key", sorted(ENGINE_KEYS))
def test_an_engine_key_is_found_however_it_is_spelt(key: str) -> None:
    for spelt in (key, key.upper(), key.title(), f"{key}\0", f"\uff50{key[1:]}"):
        is_it = spelt[0] != "\uff50" or key[0] == "p"
        assert engine_key({"model": 1, spelt: 2}) == (key if is_it else None)


def test_bodies_of_the_api_have_none() -> None:
    assert engine_key(chat(service_tier="priority", metadata={"priority": 1})) is None
    assert engine_key(()) is None
