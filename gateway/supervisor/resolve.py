"""Host names of endpoints to addresses: the gateway resolves, so that every replica is known, and
so that the host of a `url` cannot lead into the own network, whoever its name service belongs to.
"""

import asyncio
import logging
import socket
from collections.abc import Sequence
from typing import Final

from gateway.config.addresses import may_be_reached, parse_address
from gateway.config.backend import Backend

LOG: Final = logging.getLogger("gatehouse.supervisor")
MOST_OF_A_URL: Final = 64
"""Addresses that the host of a `url` may have: each is connected to, and said if it is refused,
and how many there are somebody else decides."""


class Resolver:
    """Remembers what each name was last resolved to: a name server that is down for a minute must
    not take every endpoint with it."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[str, ...]] = {}
        self._refused: dict[str, tuple[str, ...]] = {}

    async def resolve(self, backends: Sequence[Backend]) -> dict[tuple[str, str], float]:
        """(backend, "ip:port") -> its health interval in seconds, for every address of every
        endpoint. A name that never resolved contributes nothing now; the caller asks again. Nor
        does an address that a `url` may not lead to: that is logged when it is first seen."""
        named = {text for backend in backends for text in backend.endpoints}
        self._last = {text: await self._addresses(text) for text in sorted(named)}
        return {
            (backend.name, address): backend.health_interval
            for backend in backends
            for text in backend.endpoints
            for address in self._admitted(backend, text)
        }

    def found(self, text: str) -> tuple[str, ...]:
        """The addresses that "host:port" was last resolved to."""
        return self._last.get(text, ())

    def _admitted(self, backend: Backend, text: str) -> tuple[str, ...]:
        """What the endpoint resolved to, without what this backend may not be at."""
        found = self._last[text]
        if backend.url is None:
            return found
        found = found[:MOST_OF_A_URL]
        admitted = tuple(one for one in found if _may_be_reached(one, backend))
        refused = tuple(one for one in found if one not in admitted)
        for address in set(refused) - set(self._refused.get(backend.name, ())):
            LOG.warning(
                "backend %s: %s resolves to %s, which is not public; it gets no traffic (private: "
                "true allows private addresses and loopback)",
                *(backend.name, text, address),
            )
        self._refused[backend.name] = refused
        return admitted

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


def _may_be_reached(address: str, backend: Backend) -> bool:
    parsed = parse_address(address)
    return parsed is not None and may_be_reached(parsed.host, private=backend.private)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
