"""Whether endpoints accept connections: the one owner of health, published through EDS."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

LOG: Final = logging.getLogger("gatehouse.supervisor")
CONNECT_SECONDS: Final = 1.0
FAILURES_TO_EJECT: Final = 2
SETTLE_SECONDS: Final = 0.02

EndpointKey: TypeAlias = tuple[str, str]
"""(backend name, "ip:port")."""


class EndpointHealth:
    """Checks every endpoint by a TCP connection. An endpoint is healthy until it failed twice in
    a row, and again after one success; `on_change` is awaited after each change."""

    def __init__(self, on_change: Callable[[], Awaitable[None]]) -> None:
        self._on_change = on_change
        self._failures: dict[EndpointKey, int] = {}
        self._targets: Mapping[EndpointKey, float] = {}
        self._tasks: dict[EndpointKey, asyncio.Task[None]] = {}
        self._telling = asyncio.Lock()

    def state(self) -> Mapping[EndpointKey, bool]:
        """Endpoint -> healthy."""
        return MappingProxyType(
            {key: self._failures.get(key, 0) < FAILURES_TO_EJECT for key in self._targets}
        )

    @property
    def targets(self) -> Mapping[EndpointKey, float]:
        """Endpoint -> the interval of its checks in seconds."""
        return self._targets

    def watch(self, targets: Mapping[EndpointKey, float]) -> None:
        """Check these endpoints from now on; the value is the interval in seconds."""
        for key in set(self._tasks) - set(targets):
            self._tasks.pop(key).cancel()
            self._failures.pop(key, None)
        self._targets = dict(targets)
        for key in set(targets) - set(self._tasks):
            self._tasks[key] = asyncio.ensure_future(self._check_for_ever(key))

    async def _check_for_ever(self, key: EndpointKey) -> None:
        while True:
            await self._note(key, alive=await accepts_connections(key[1]))
            await asyncio.sleep(self._targets[key])

    async def _note(self, key: EndpointKey, *, alive: bool) -> None:
        before = self._failures.get(key, 0)
        after = 0 if alive else min(before + 1, FAILURES_TO_EJECT)
        self._failures[key] = after
        if (before < FAILURES_TO_EJECT) != (after < FAILURES_TO_EJECT):
            await self._tell()

    async def _tell(self) -> None:
        """One change at a time; a listener that fails must not end the checks."""
        async with self._telling:
            try:
                await self._on_change()
            except Exception:
                LOG.exception("a change of health could not be told")

    async def settle(self, keys: Sequence[EndpointKey]) -> None:
        """Wait until each of `keys` has accepted a connection."""
        while not all(self._failures.get(key) == 0 for key in keys):  # noqa: ASYNC110  few and short
            await asyncio.sleep(SETTLE_SECONDS)

    async def close(self) -> None:
        """Stop checking."""
        tasks: Sequence[asyncio.Task[None]] = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def accepts_connections(address: str) -> bool:
    """Whether "ip:port" accepts a TCP connection within a second. By a socket alone: streams around
    it cost more than all else that an idle endpoint costs."""
    name, _, port = address.rpartition(":")
    host = name.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as line:
            line.setblocking(False)
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().sock_connect(line, (host, int(port)))
    except (OSError, OverflowError, ValueError):  # TimeoutError is an OSError
        return False
    return True
