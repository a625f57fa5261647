"""Host names of endpoints to addresses: the gateway resolves, so that every replica is known."""

import asyncio
import socket
from collections.abc import Sequence

from gateway.config.addresses import parse_address
from gateway.config.schema import Backend


class Resolver:
    """Remembers what each name was last resolved to: a name server that is down for a minute must
    not take every endpoint with it."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[str, ...]] = {}

    async def resolve(self, backends: Sequence[Backend]) -> dict[tuple[str, str], float]:
        """(backend, "ip:port") -> its health interval in seconds, for every address of every
        endpoint. A name that never resolved contributes nothing now; the caller asks again."""
        named = {text for backend in backends for text in backend.endpoints}
        self._last = {text: await self._addresses(text) for text in sorted(named)}
        return {
            (backend.name, address): backend.health_interval
            for backend in backends
            for text in backend.endpoints
            for address in self._last[text]
        }

    async def _addresses(self, text: str) -> tuple[str, ...]:
        address = parse_address(text)
        if address is None:
            return ()
        if address.literal:
            return (text,)
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        except OSError:
            return self._last.get(text, ())
        return tuple(sorted({_joined(str(entry[4][0]), address.port) for entry in found}))


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
