from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.adapters.redis_client import GONE, open_client
from gateway.config.state import State
from tests.support.ports import free_port
from tests.support.valkey import valkey


async def test_a_client_has_the_database_of_the_url() -> None:
    with valkey() as server:
        one = open_client(State(url=f"redis://127.0.0.1:{server.port}/3"))
        other = open_client(State(url=f"redis://127.0.0.1:{server.port}"))
        await one.set("a", "1")
        assert await one.get("a") == b"1"
        assert await other.get("a") is None
        await one.aclose()
        await other.aclose()


async def test_a_socket_is_reached_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with valkey("--unixsocket", str(path)):
        client = open_client(State(url=f"unix://{path}"))
        await client.set("a", "1")
        assert await client.get("a") == b"1"
        await client.aclose()


async def test_whoever_does_not_know_the_password_gets_nothing() -> None:
    with valkey("--requirepass", "s3cret") as server:
        right = open_client(State(url=server.url, password=SecretStr("s3cret")))
        await right.set("a", "1")
        await right.aclose()
        for password in (None, SecretStr("wrong")):
            client = open_client(State(url=server.url, password=password))
            with pytest.raises(GONE):
                await client.get("a")
            await client.aclose()


async def test_a_server_that_is_not_there_or_does_not_answer_is_gone() -> None:
    absent = open_client(State(url=f"redis://127.0.0.1:{free_port()}", connect_seconds=0.2))
    with pytest.raises(GONE):
        await absent.get("a")
    with valkey() as server:
        stuck = open_client(State(url=server.url, answer_seconds=0.2))
        await stuck.set("a", "1")
        server.freeze()
        with pytest.raises(GONE):
            await stuck.get("a")
        server.thaw()
        await stuck.aclose()
    await absent.aclose()
