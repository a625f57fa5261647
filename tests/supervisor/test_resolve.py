import asyncio
import socket
from typing import Any

import pytest

from gateway.config.schema import Backend
from gateway.supervisor.resolve import Resolver

NAMES: dict[str, list[str]] = {}


@pytest.fixture(autouse=True)
async def name_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Knows NAMES only. Like the real one it cannot be asked for a name that is no DNS name."""

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        host.encode("idna")
        if host not in NAMES:
            raise socket.gaierror(socket.EAI_AGAIN, "try again")
        return [(0, 0, 0, "", (address, port)) for address in NAMES[host]]

    NAMES.clear()
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


def backend(*endpoints: str) -> Backend:
    return Backend(name="one", endpoints=endpoints, health_interval=2)


async def test_every_address_of_a_name_is_an_endpoint() -> None:
    NAMES["pods"] = ["10.0.0.2", "10.0.0.1", "10.0.0.1", "fd00::1"]
    found = await Resolver().resolve([backend("pods:80", "10.0.0.9:81", "[::1]:82")])
    assert found == {
        ("one", "10.0.0.1:80"): 2,
        ("one", "10.0.0.2:80"): 2,
        ("one", "[fd00::1]:80"): 2,
        ("one", "10.0.0.9:81"): 2,
        ("one", "[::1]:82"): 2,
    }


async def test_a_name_that_never_resolved_contributes_nothing() -> None:
    assert await Resolver().resolve([backend("unknown:80", "10.0.0.9:81")]) == {
        ("one", "10.0.0.9:81"): 2
    }


async def test_a_name_service_that_is_down_takes_no_endpoint_away() -> None:
    resolver = Resolver()
    NAMES["pods"] = ["10.0.0.1"]
    before = await resolver.resolve([backend("pods:80")])
    NAMES.clear()
    assert await resolver.resolve([backend("pods:80")]) == before
    NAMES["pods"] = ["10.0.0.2"]
    assert await resolver.resolve([backend("pods:80")]) == {("one", "10.0.0.2:80"): 2}


@pytest.mark.parametrize("host", ["a..b", "a" * 64])
async def test_a_name_that_cannot_be_asked_for_contributes_nothing(host: str) -> None:
    assert await Resolver().resolve([backend(f"{host}:80", "10.0.0.9:81")]) == {
        ("one", "10.0.0.9:81"): 2
    }
