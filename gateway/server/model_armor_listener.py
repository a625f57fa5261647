"""Where a worker serves Model Armor's API: HTTP/1.1, plain or over TLS, beside its gRPC socket."""

import asyncio
import contextlib
import socket
from collections.abc import Generator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from gateway.config.addresses import parse_address
from gateway.config.model_armor import ModelArmorServer

MAX_CONNECTIONS: Final = 1024
"""Of one worker; further ones get HTTP 503."""

KEEP_ALIVE_SECONDS: Final = 30
STOP_SECONDS: Final = 2


class ModelArmorListener:
    """Serves an application at the address of `config`."""

    def __init__(self, config: ModelArmorServer, application: ASGIApp) -> None:
        self._config = config
        self._application = application
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Bind and serve; the URL. All workers bind the same address, and the kernel spreads
        connections over them. OSError when it is taken by others, or when the certificate does not
        fit; ValueError when it is no address."""
        host, _, digits = self._config.address.rpartition(":")
        free = digits == "0"  # any port that is free
        address = parse_address(f"{host}:1" if free else self._config.address)
        if address is None:
            raise ValueError("the address of Model Armor's API is not host:port")
        listener = _bound(address.host, 0 if free else address.port)
        self._server = _QuietServer(self._settings())
        self._server.config.load()
        self._serving = asyncio.ensure_future(self._server.serve([listener]))
        scheme = "http" if self._config.certificate is None else "https"
        return f"{scheme}://{host}:{listener.getsockname()[1]}"

    async def stop(self) -> None:
        """Stop serving; who is being answered gets `STOP_SECONDS`."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving

    def _settings(self) -> uvicorn.Config:
        return uvicorn.Config(
            self._application,
            log_config=None,  # uvicorn's own would switch loggers on that were switched off
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            http="h11",
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
            ssl_certfile=self._config.certificate,
            ssl_keyfile=self._config.key,
        )


def _bound(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


class _QuietServer(uvicorn.Server):
    """Leaves signals to the worker."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
