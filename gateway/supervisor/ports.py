"""Addresses that somebody else already listens on, found before anything is started."""

import errno
import socket
from collections.abc import Mapping

from gateway.config.addresses import parse_address


def taken_addresses(wanted: Mapping[str, str]) -> list[str]:
    """A sentence for each address ("host:port") that cannot be bound; `wanted` maps what it is
    for to the address."""
    return [
        f"{what}: {problem}; stop the other program or choose another port"
        for what, address in wanted.items()
        if (problem := _problem(address))
    ]


def _problem(text: str) -> str:
    address = parse_address(text)
    if address is None or not address.literal:
        return ""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            return f"{text} is in use" if taken else f"{text}: {error.strerror}"
    return ""
