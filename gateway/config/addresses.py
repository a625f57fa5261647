"""host:port texts, URLs, URL paths, and which addresses are public. Pure."""

import ipaddress
import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Final, NamedTuple, TypeAlias

_LABEL: Final = "[A-Za-z0-9_-]{1,63}"
_HOST: Final = re.compile(rf"(?=.{{1,253}}$)(?!-){_LABEL}(?:\.{_LABEL})*(?<!-)")
"""A host name within the limits of DNS (RFC 1035, section 2.3.4), or an IPv4 address."""
_PATH: Final = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~!$&'()*+,;=:@-]+)*/?")


_URL: Final = re.compile(r"https://(?P<host>[^/:]+)(?P<port>:[0-9]{1,5})?(?P<path>/[^?#]*)?")
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_CARRY_IPV4: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""Prefixes of IPv6 with an IPv4 address behind them: RFC 6052, section 2.1; RFC 4291, 2.5.5.1."""

_LOCAL_NAT64: Final = IPv6Network("64:ff9b:1::/48")
"""RFC 8215: what an address of it leads to is known to the own network only."""

_Ip: TypeAlias = IPv4Address | IPv6Address


class Address(NamedTuple):
    """A host (name or IP literal, without brackets) and a port, 1 to 65535."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def literal(self) -> bool:
        """Whether the host is an IP address, so that nothing needs resolving."""
        return is_ip(self.host)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host == "localhost" or (
            self.literal and ipaddress.ip_address(self.host).is_loopback
        )


def parse_address(text: str) -> Address | None:
    """`host:port`, `1.2.3.4:port` or `[::1]:port`; None for anything else, also for a name that no
    name service can know."""
    host, colon, digits = text.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", digits) or not 1 <= int(digits) <= 65_535:
        return None
    if host.startswith("[") and host.endswith("]"):
        return Address(host[1:-1], int(digits)) if is_ip(host[1:-1]) and ":" in host else None
    return Address(host, int(digits)) if _HOST.fullmatch(host) else None


def is_ip(host: str) -> bool:
    """Whether `host` is an IPv4 or IPv6 literal."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_normal_path(path: str) -> bool:
    """Whether Envoy hands on a URL path unchanged: no escapes, `//`, `.`, `..` or query."""
    return path.startswith("/") and _PATH.fullmatch(path) is not None


class HttpsUrl(NamedTuple):
    """https://host[:port]/path; the host is a name in lower case."""

    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header that belongs to it (RFC 9110, section 4.2.2)."""
        return self.host if self.port == 443 else f"{self.host}:{self.port}"

    @property
    def endpoint(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"


def parse_https_url(text: str) -> HttpsUrl | None:
    """A URL whose host is a name, without credentials, query and fragment; None for anything else.

    A host that ends in a number is no name: resolvers read 0x7f.1 and 2130706433 as addresses. The
    path is not looked at; without one it is "/".
    """
    found = _URL.fullmatch(text)
    if found is None:
        return None
    address = parse_address(found["host"] + (found["port"] or ":443"))
    if address is None or _NUMBER.fullmatch(address.host.rpartition(".")[2]):
        return None
    return HttpsUrl(address.host.lower(), address.port, found["path"] or "/")


def may_be_reached(host: str, *, private: bool) -> bool:
    """Whether a name that anybody may have registered may lead to the IP literal `host`.

    Public addresses always, private ones and loopback if `private`; link-local (where clouds keep
    their metadata), multicast and unspecified ones never. An IPv6 address that carries an IPv4
    address is as good as that.
    """
    return all(_allowed(one, private=private) for one in _meant(ipaddress.ip_address(host)))


def _allowed(address: _Ip, *, private: bool) -> bool:
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    local = isinstance(address, IPv6Address) and (address.is_site_local or address in _LOCAL_NAT64)
    return private or (address.is_global and not local)


def _meant(address: _Ip) -> tuple[_Ip, ...]:
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:  # versions of Python differ on what the prefix itself is
        return (address.sixtofour,)
    inner = [address.teredo[1] if address.teredo else None]
    if any(address in prefix for prefix in _CARRY_IPV4):
        inner.append(IPv4Address(int(address) & 0xFFFF_FFFF))
    return (address, *(one for one in inner if one is not None))
