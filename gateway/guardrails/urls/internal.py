"""URLs that lead inside: metadata services, loopback, private networks. Pure: no I/O, no clock.

CWE-918 (server-side request forgery). Where a name leads is for who resolves it; here are the names
and addresses that say it themselves, in every form of them.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from gateway.guardrails.urls.url import Url

_METADATA_HOSTS: Final = """
169.254.169.254 169.254.170.2 169.254.169.253 100.100.100.200 192.0.0.192 168.63.129.16
metadata.google.internal metadata metadata.goog instance-data instance-data.ec2.internal
fd00:ec2::254
"""
_METADATA: Final = frozenset(_METADATA_HOSTS.split())
_TO_LOOPBACK: Final = re.compile(
    r"(?:^|[.-])(?:127[.-]0[.-]0[.-]1|169[.-]254[.-]169[.-]254)\.(?:nip|sslip|xip)\.io$|"
    r"(?:^|\.)(?:localtest\.me|lvh\.me|vcap\.me|lacolhost\.com)$"
)


def internal(url: Url) -> float | None:
    """How surely a URL that somebody gives to a tool is meant to reach what only the tool can: 0 to
    1; None for a public host."""
    if url.host in _METADATA or _TO_LOOPBACK.search(url.host):
        return 0.95
    address = _address(url.host)
    disguised = address is not None and url.written.lower() != url.host
    if address is None:
        local = url.host == "localhost" or url.host.endswith((".localhost", ".internal", ".local"))
        return 0.65 if local else None
    if address.is_link_local:
        return 0.95
    if address.is_global and not (address.is_multicast or address.is_unspecified):
        return 0.6 if disguised else None
    return 0.9 if disguised else 0.65


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that is reached in the end: IPv6 may carry one of IPv4."""
    try:
        if ":" not in host:
            return IPv4Address(host)
        address = IPv6Address(host.partition("%")[0])
    except AddressValueError:
        return None
    carried = address.ipv4_mapped or address.sixtofour
    if carried is None and int(address) >> 32 in {0, 0x64FF9B << 64} and int(address) > 1:
        carried = IPv4Address(int(address) & 0xFFFF_FFFF)
    return carried or address
