"""The admin address: /healthz, /readyz, /metrics, /status, /pools, /picks/AUDIT-ID and
/trace. Loopback unless configured.

It shows names, numbers and states, never configuration values or secrets.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gateway.model.jsonvalue import JsonObject
from gateway.supervisor.metrics import SupervisorMetrics


class Pools(Protocol):
    """Tells of pools and picks."""

    async def view(self) -> JsonObject:
        """All pools."""
        ...

    async def pick(self, audit_id: str) -> JsonObject | None:
        """One pick; None if it is not known."""
        ...

    async def trace(self) -> JsonObject:
        """The newest requests that were served."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """What is told of the gateway: `ready` whether traffic can be judged, `status` the document of
    `gatehouse status`."""

    ready: Callable[[], bool]
    status: Callable[[], JsonObject]
    pools: Pools


class Admin:
    """Serves the admin address. `metrics_folder` is where workers keep their metrics, `own` are the
    supervisor's."""

    def __init__(
        self,
        address: str,
        shown: Shown,
        metrics_folder: Path,
        own: SupervisorMetrics,
    ) -> None:
        self._address = address
        self._shown = shown
        self._metrics_folder = metrics_folder
        self._own = own
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Bind and serve; the URL. Raises `OSError` when the address is taken."""
        host, _, port = self._address.rpartition(":")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host.strip("[]"), int(port)))
        except OSError as error:
            listener.close()
            raise OSError(
                error.errno, f"admin address {self._address}: {error.strerror}"
            ) from error
        config = uvicorn.Config(
            self._application(),
            log_config=None,  # uvicorn's own would switch loggers on that were switched off
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
        )
        self._server = _QuietServer(config)
        self._serving = asyncio.ensure_future(self._server.serve([listener]))
        return f"http://{host}:{listener.getsockname()[1]}"

    async def stop(self) -> None:
        """Stop serving."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            self._server.force_exit = True
            await self._serving

    def _application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/healthz", self._healthz),
                Route("/readyz", self._readyz),
                Route("/metrics", self._metrics),
                Route("/status", self._show_status),
                Route("/pools", self._show_pools),
                Route("/picks/{audit_id}", self._show_pick),
                Route("/trace", self._show_trace),
            ]
        )

    async def _healthz(self, _request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def _readyz(self, _request: Request) -> Response:
        ready = self._shown.ready()
        return PlainTextResponse("ready\n" if ready else "not ready\n", 200 if ready else 503)

    async def _metrics(self, _request: Request) -> Response:
        self._own.pools.show(await self._shown.pools.view())
        text = await asyncio.to_thread(self._collect)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    def _collect(self) -> bytes:
        """The sum over workers, then what the supervisor itself counts."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(self._metrics_folder))
        return generate_latest(registry) + generate_latest(self._own.registry)

    async def _show_status(self, _request: Request) -> Response:
        return JSONResponse(self._shown.status())

    async def _show_pools(self, _request: Request) -> Response:
        return JSONResponse(await self._shown.pools.view())

    async def _show_trace(self, _request: Request) -> Response:
        return JSONResponse(await self._shown.pools.trace())

    async def _show_pick(self, request: Request) -> Response:
        found = await self._shown.pools.pick(request.path_params["audit_id"])
        if found is None:
            return JSONResponse({"error": "no such pick is kept"}, 404)
        return JSONResponse(found)


class _QuietServer(uvicorn.Server):
    """Leaves signals to the supervisor."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
