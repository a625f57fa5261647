"""The gRPC server of a worker: ext_proc, ext_authz, health and reflection on one socket.

The handlers are generic and take raw bytes: the services' own names are Envoy's, the message types
are ours (protos/extproc.proto, protos/extauthz.proto).
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import grpc
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from gateway.config.wiring import METADATA_KEY, Wiring, WiringError, parse_wiring
from gateway.pipeline.review import Review
from gateway.server.check import CheckDriver, decode
from gateway.server.codec import UndecodableMessageError
from gateway.server.foreign import InForce, opened
from gateway.server.stream import StreamDriver

EXT_PROC_SERVICE: Final = "envoy.service.ext_proc.v3.ExternalProcessor"
EXT_AUTHZ_SERVICE: Final = "envoy.service.auth.v3.Authorization"
LIVENESS: Final = "liveness"
READY: Final = ("", "readiness", EXT_PROC_SERVICE)
"""Services that grpc.health.v1 is asked about, as of endpoint pickers (llm-d router v0.10). The
former serves while the worker drains, which is no reason to kill it; the others do not."""

RESET_SECONDS: Final = 0.002
"""How long a stream that Envoy ended waits for the reset that follows, which cancels it: grpc.aio
leaks 116 bytes for each status that it sends on a call that is gone (grpc/grpc#43360)."""

ANYBODY: Final = "no certificate shows that this is an Envoy of ours"
"""What comes by our wiring says who its caller is, and by which listener that came."""

HEALTH_SERVICE: Final = "grpc.health.v1.Health"
REVIEWED_AT_ONCE: Final = 50
"""Streams judged again before requests get their turn."""
LAST_WORDS_SECONDS: Final = 0.5
"""Between the end of a drain and the end of its streams; the supervisor allows a second."""


class Service:
    """Serves streams and checks until `drain`. `new_driver` makes the driver of one stream,
    `new_check` that of one check; without it there are none."""

    def __init__(
        self,
        new_driver: Callable[[Wiring], StreamDriver],
        *,
        receive_bytes: int,
        streams: int,
        new_check: Callable[[Wiring], CheckDriver] | None = None,
        credentials: grpc.ServerCredentials | None = None,
    ) -> None:
        self._foreign: InForce = lambda: None
        self._new_driver = new_driver
        self._new_check = new_check
        self._active: dict[asyncio.Task[None], StreamDriver] = {}
        self._credentials = credentials
        self._health = health.aio.HealthServicer()
        self._server = aio.server(
            options=[
                ("grpc.max_receive_message_length", receive_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.max_concurrent_streams", streams),
                ("grpc.so_reuseport", 0),
                ("grpc.max_metadata_size", 128 * 1024),
                # Envoy pings to notice a stopped worker; gRPC would end such a connection.
                ("grpc.http2.max_ping_strikes", 0),
            ]
        )
        self._register()

    def _register(self) -> None:
        make_stream: Any = grpc.stream_stream_rpc_method_handler
        self._add(EXT_PROC_SERVICE, "Process", make_stream(self._process))
        names = (EXT_PROC_SERVICE, HEALTH_SERVICE, reflection.SERVICE_NAME)
        if self._new_check is not None:
            make_unary: Any = grpc.unary_unary_rpc_method_handler
            self._add(EXT_AUTHZ_SERVICE, "Check", make_unary(partial(self._check, self._new_check)))
            names = (*names, EXT_AUTHZ_SERVICE)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(names, self._server)

    def _add(self, service: str, method: str, handler: Any) -> None:
        generic = grpc.method_handlers_generic_handler(service, {method: handler})
        self._server.add_generic_rpc_handlers((generic,))

    async def _process(self, _requests: object, stream: Any) -> None:
        task = asyncio.current_task()
        if task is None:
            await stream.abort(grpc.StatusCode.INTERNAL, "no task")
            return
        try:
            wired = await self._wired(stream)
        except (WiringError, UndecodableMessageError) as error:
            await stream.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            return
        if wired is None:
            return
        wiring, stream = wired
        driver = self._new_driver(wiring)
        self._active[task] = driver
        try:
            await driver.serve(stream)
        finally:
            del self._active[task]
        if not driver.complete:  # ending cleanly here would let the request pass unjudged
            await stream.abort(grpc.StatusCode.INTERNAL, "ended before the verdict")
        await asyncio.sleep(RESET_SECONDS)

    async def _wired(self, stream: Any) -> tuple[Wiring, Any] | None:
        """What a stream can deliver, and itself; None if it ended and had asked nothing."""
        wiring = _wiring(stream.invocation_metadata())
        if wiring is not None:
            self._known()
            return wiring, stream
        proxy = self._foreign()
        if proxy is None:
            raise WiringError("no wiring: this stream is not of configuration that we generated")
        return await opened(stream, proxy)

    def _known(self) -> None:
        """Raises `WiringError` where nothing shows that an Envoy of ours is there."""
        proxy = self._foreign()
        if proxy is not None and proxy.anybody:
            raise WiringError(ANYBODY)

    async def _check(
        self, new_check: Callable[[Wiring], CheckDriver], raw: bytes, context: Any
    ) -> bytes:
        """One check. Whatever fails here ends badly, and Envoy refuses the request then; nothing
        but a verdict may come back, since an empty answer would let it pass."""
        try:
            self._known()
            asked = decode(raw)
        except (UndecodableMessageError, WiringError) as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            raise
        return await new_check(asked.wiring).answer(asked)

    def admit(self, foreign: InForce) -> None:
        """Serve streams without wiring as `foreign` says at that time; else they are refused. Where
        it takes them from anybody, those with wiring are refused, and checks."""
        self._foreign = foreign

    async def start(self, address: str) -> str:
        """Bind `address` ("unix:PATH" or "IP:PORT") and serve. Returns the bound address.

        Raises `OSError` when it cannot be bound."""
        try:
            if self._credentials is None:
                port = self._server.add_insecure_port(address)
            else:
                port = self._server.add_secure_port(address, self._credentials)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address}") from error
        await self._server.start()
        for name in (LIVENESS, *READY):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return address if address.startswith("unix:") else f"{address.rpartition(':')[0]}:{port}"

    async def drain(self, seconds: float) -> None:
        """Stop taking streams, close those that need nothing more, give the rest `seconds` and
        then a moment in which responses that are read can end with an error of their protocol."""
        for name in READY:
            await self._health.set(name, health_pb2.HealthCheckResponse.NOT_SERVING)
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        stopping = asyncio.ensure_future(self._server.stop(seconds + LAST_WORDS_SECONDS))
        while not stopping.done():
            for task, driver in list(self._active.items()):
                driver.drain(task)
                if clock() >= deadline:
                    driver.expire()
            await asyncio.wait([stopping], timeout=0.05)
        await stopping

    async def review(self, snapshot: object, permitted: Callable[[Review], bool]) -> None:
        """Judge again what lasts and was not yet judged by `snapshot`, or has outlived its
        credential, and cut off what is no longer permitted."""
        now = time.time()
        due = [one for one in self._active.items() if one[1].due(snapshot, now)]
        for number, (task, driver) in enumerate(due):
            driver.reviewed_by = snapshot
            if driver.review is not None and not permitted(driver.review):
                driver.revoke(task)
            if number % REVIEWED_AT_ONCE == 0:
                await asyncio.sleep(0)

    @property
    def open_streams(self) -> int:
        """Streams that are being served now."""
        return len(self._active)


def _wiring(metadata: Iterable[tuple[str, str | bytes]] | None) -> Wiring | None:
    """The wiring that a stream brings, None if it brings none. Raises `WiringError`."""
    for name, value in metadata or ():
        if name == METADATA_KEY and isinstance(value, str):
            wiring = parse_wiring(value)
            if wiring.mode == "check":
                raise WiringError("a stream where a check is configured")
            return wiring
    return None
