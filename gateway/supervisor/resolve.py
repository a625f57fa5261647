"""Host names of endpoints to addresses: the gateway resolves, so that every replica is known."""

import asyncio
import socket
from collections.abc import Sequence

from gateway.config.addresses import parse_address
from gateway.config.schema import Backend


async def resolve(backends: Sequence[Backend]) -> dict[tuple[str, str], float]:
    """(backend, "ip:port") -> its health interval in seconds, for every address of every endpoint.

    A name that does not resolve contributes nothing now; the caller asks again later.
    """
    targets: dict[tuple[str, str], float] = {}
    for backend in backends:
        for text in backend.endpoints:
            for address in await _addresses(text):
                targets[backend.name, address] = backend.health_interval
    return targets


async def _addresses(text: str) -> list[str]:
    address = parse_address(text)
    if address is None:
        return []
    if address.literal:
        return [text]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return sorted({_joined(str(entry[4][0]), address.port) for entry in found})


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
