"""A worker's socket shows its certificate, and with a CA takes nobody but who has one of it."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import StatusCode, aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gateway.config.schema import ListenerTls
from gateway.server.credentials import server_credentials
from gateway.server.service import Service
from gateway.server.stream import StreamDriver
from tests.server.envoy_side import PATIENCE, Script
from tests.support.certificates import Authority, Pair

SERVING = health_pb2.HealthCheckResponse.SERVING


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Pair:
    return authority.server("127.0.0.1")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another authority of the same name."""
    return Authority(tmp_path_factory.mktemp("stranger"))


def tls(pair: Pair, ca: Path | None = None, **more: Any) -> ListenerTls:
    return ListenerTls(
        certificate=str(pair.certificate),
        key=str(pair.key),
        client_ca=None if ca is None else str(ca),
        **more,
    )


@contextlib.asynccontextmanager
async def serving(files: ListenerTls) -> AsyncGenerator[str]:
    """The address of a service with these files."""
    exchange = Script()
    service = Service(
        lambda _: StreamDriver(exchange, deadline=1, body_limit=1),
        receive_bytes=1,
        streams=1,
        credentials=server_credentials(files),
    )
    address = await service.start("127.0.0.1:0")
    try:
        yield address
    finally:
        await service.drain(0)


def client(trusted: Path, shown: Pair | None) -> grpc.ChannelCredentials:
    if shown is None:
        return grpc.ssl_channel_credentials(trusted.read_bytes())
    return grpc.ssl_channel_credentials(
        trusted.read_bytes(), shown.key.read_bytes(), shown.certificate.read_bytes()
    )


async def status(address: str, trusted: Path, shown: Pair | None = None) -> int:
    """What the health service says to a client that trusts `trusted` and shows `shown`."""
    async with aio.secure_channel(address, client(trusted, shown)) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE)
        return answer.status


async def turned_away(address: str, trusted: Path, shown: Pair | None = None) -> None:
    """The same, for a client with which no connection comes about."""
    with pytest.raises(aio.AioRpcError) as caught:
        await status(address, trusted, shown)
    assert caught.value.code() is StatusCode.UNAVAILABLE


def test_a_socket_without_tls_has_no_credentials() -> None:
    assert server_credentials(None) is None


async def test_without_a_ca_whoever_trusts_the_certificate_is_let_in(
    authority: Authority, server: Pair
) -> None:
    async with serving(tls(server)) as address:
        assert await status(address, authority.ca) == SERVING


async def test_a_client_finds_out_that_a_worker_is_not_the_one_it_trusts(
    server: Pair, stranger: Authority
) -> None:
    async with serving(tls(server)) as address:
        await turned_away(address, stranger.ca)


@pytest.mark.parametrize("said", ["required", "optional"])
async def test_with_a_ca_only_its_certificates_are_let_in(
    authority: Authority, server: Pair, stranger: Authority, said: str
) -> None:
    """Whatever `client_certificate` says: that is for listeners, where other proofs count too."""
    files = tls(server, authority.ca, client_certificate=said)
    async with serving(files) as address:
        assert await status(address, authority.ca, authority.client("spiffe://a/envoy")) == SERVING
        await turned_away(address, authority.ca)
        await turned_away(address, authority.ca, stranger.client("spiffe://a/envoy"))
        expired = authority.client("spiffe://a/envoy", expired=True)
        await turned_away(address, authority.ca, expired)


async def test_a_plain_client_is_not_understood(server: Pair) -> None:
    async with serving(tls(server)) as address, aio.insecure_channel(address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        with pytest.raises(aio.AioRpcError) as caught:
            await health.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE)
        assert caught.value.code() is StatusCode.UNAVAILABLE


@pytest.mark.parametrize("gone", ["certificate", "key", "client_ca"])
def test_a_file_that_cannot_be_read_is_an_os_error(
    authority: Authority, server: Pair, tmp_path: Path, gone: str
) -> None:
    files = tls(server, authority.ca).model_copy(update={gone: str(tmp_path / "gone.pem")})
    with pytest.raises(OSError, match=r"gone\.pem"):
        server_credentials(files)
