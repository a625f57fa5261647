import asyncio
import logging
import socket
from typing import Any

import pytest

from gateway.config.backend import Backend
from gateway.supervisor.resolve import MOST_OF_A_URL, Resolver

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


def elsewhere(name: str = "one", *, private: bool = False) -> Backend:
    url, endpoints = "https://api.example/", ("api.example:443",)
    return Backend(name=name, url=url, endpoints=endpoints, private=private, health_interval=2)


async def test_the_name_of_a_url_leads_to_public_addresses_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    NAMES["api.example"] = ["8.8.8.8", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"]
    with caplog.at_level(logging.WARNING):
        found = await Resolver().resolve([elsewhere()])
    assert found == {("one", "8.8.8.8:443"): 2}
    assert len(caplog.messages) == 4
    for address in ("10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]"):
        text = f"backend one: api.example:443 resolves to {address}:443, which is not public"
        assert [message for message in caplog.messages if message.startswith(text)]


async def test_whose_name_it_is_cannot_have_any_number_of_addresses_connected_to_or_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    NAMES["api.example"] = [f"8.8.{n // 250}.{n % 250}" for n in range(4_000)]
    assert len(await Resolver().resolve([elsewhere()])) == MOST_OF_A_URL
    NAMES["api.example"] = [f"10.8.{n // 250}.{n % 250}" for n in range(4_000)]
    assert await Resolver().resolve([elsewhere()]) == {}
    assert len(caplog.messages) == MOST_OF_A_URL


async def test_where_it_is_wanted_to_private_ones_as_well() -> None:
    NAMES["api.example"] = ["8.8.8.8", "10.0.0.1", "169.254.169.254"]
    found = await Resolver().resolve([elsewhere("one"), elsewhere("two", private=True)])
    assert set(found) == {("one", "8.8.8.8:443"), ("two", "8.8.8.8:443"), ("two", "10.0.0.1:443")}


async def test_endpoints_may_be_anywhere() -> None:
    NAMES["pods"] = ["127.0.0.1", "169.254.1.1"]
    assert len(await Resolver().resolve([backend("pods:80")])) == 2


async def test_a_name_that_turns_inwards_loses_its_endpoints_and_has_them_again_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    resolver = Resolver()
    NAMES["api.example"] = ["8.8.8.8"]
    before = await resolver.resolve([elsewhere()])
    NAMES["api.example"] = ["127.0.0.1"]
    assert await resolver.resolve([elsewhere()]) == {}
    NAMES.clear()  # what was refused is not what is remembered as good
    assert await resolver.resolve([elsewhere()]) == {}
    assert len(caplog.messages) == 1
    NAMES["api.example"] = ["8.8.8.8"]
    assert await resolver.resolve([elsewhere()]) == before


async def test_what_a_text_was_resolved_to_is_known() -> None:
    NAMES["pods"] = ["10.0.0.2", "10.0.0.1"]
    resolver = Resolver()
    assert resolver.found("pods:80") == ()
    await resolver.resolve([backend("pods:80")])
    assert resolver.found("pods:80") == ("10.0.0.1:80", "10.0.0.2:80")
