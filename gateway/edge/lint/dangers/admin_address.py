"""Envoy's admin address, open to others than this machine."""

import ipaddress
from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import Setup


def _find(setup: Setup) -> Found:
    for root in setup.roots:
        address = root["admin.address.socket_address.address"]
        if address.given and not _loopback(address.text):
            yield address, f"the admin address listens on {address.text}"


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


DANGER: Final = Danger(
    name="admin-address",
    level="danger",
    reason="whoever reaches it reads the configuration and stops Envoy",
    fix="bind it to 127.0.0.1",
    find=_find,
)
