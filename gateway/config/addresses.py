"""host:port texts and URL paths. Pure."""

import ipaddress
import re
from typing import Final, NamedTuple

_LABEL: Final = "[A-Za-z0-9_-]{1,63}"
_HOST: Final = re.compile(rf"(?=.{{1,253}}$)(?!-){_LABEL}(?:\.{_LABEL})*(?<!-)")
"""A host name within the limits of DNS (RFC 1035, section 2.3.4), or an IPv4 address."""
_PATH: Final = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~!$&'()*+,;=:@-]+)*/?")


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
