import logging
import socket
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.config.model_armor import ModelArmorServer
from gateway.server.model_armor_listener import ModelArmorListener
from tests.support.certificates import Authority
from tests.support.tls import client_context


async def hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


APPLICATION = Starlette(routes=[Route("/", hello)])


async def test_it_serves_at_its_address_until_it_is_stopped() -> None:
    listener = ModelArmorListener(ModelArmorServer(address="127.0.0.1:0"), APPLICATION)
    url = await listener.start()
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.get(url)
        assert response.text == "hello"
        assert "server" not in response.headers
    await listener.stop()
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(url)


async def test_a_logger_that_was_switched_off_stays_so() -> None:
    """That of the CEL library, say, which logs values of requests."""
    silent = logging.getLogger("tests.silent.model_armor")
    silent.disabled = True
    listener = ModelArmorListener(ModelArmorServer(address="127.0.0.1:0"), APPLICATION)
    await listener.start()
    await listener.stop()
    assert silent.disabled


async def test_several_workers_serve_at_one_address() -> None:
    first = ModelArmorListener(ModelArmorServer(address="127.0.0.1:0"), APPLICATION)
    url = await first.start()
    address = url.removeprefix("http://")
    second = ModelArmorListener(ModelArmorServer(address=address), APPLICATION)
    assert await second.start() == url
    await first.stop()
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(url)).text == "hello"
    await second.stop()


async def test_an_address_that_somebody_else_has_is_an_error() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        listener = ModelArmorListener(ModelArmorServer(address=address), APPLICATION)
        with pytest.raises(OSError, match="Address already in use"):
            await listener.start()
    await listener.stop()


async def test_what_is_no_address_is_an_error() -> None:
    listener = ModelArmorListener(ModelArmorServer(address="nowhere"), APPLICATION)
    with pytest.raises(ValueError, match="host:port"):
        await listener.start()


async def test_with_a_certificate_it_speaks_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.server("127.0.0.1")
    config = ModelArmorServer(
        address="127.0.0.1:0", certificate=str(pair.certificate), key=str(pair.key)
    )
    listener = ModelArmorListener(config, APPLICATION)
    url = await listener.start()
    assert url.startswith("https://")
    async with httpx.AsyncClient(trust_env=False, verify=client_context(authority.ca)) as client:
        assert (await client.get(url)).text == "hello"
    await listener.stop()
