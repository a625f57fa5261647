"""How the gateway tells Envoy which endpoint a bound request must reach. Pure: no I/O, no clock.

Source: envoy.http.stateful_session.header, whose state is base64 of "ip:port". With strict mode
Envoy answers 404 when that endpoint is gone, and sends a first attempt to no other. A retry it
would send to any (`Router::Filter::overrideHostToSelect` is empty then; measured on 1.40), so a
bound request has none.
"""

import base64
import ipaddress
from typing import Final

HEADER: Final = "x-gateway-session-endpoint"
NO_RETRIES: Final = ("x-envoy-max-retries", "0")
"""Overrides the route's policy for one request; Envoy's router takes it out again."""


def is_endpoint(text: str) -> bool:
    """Whether `text` is "ip:port", an IPv6 address in brackets, as Envoy writes upstreams."""
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or not 0 < int(port[:6]) <= 65_535:
        return False
    if "%" in host:  # a zone identifier names an interface of this machine only
        return False
    bracketed = host.startswith("[") and host.endswith("]")
    try:
        address = ipaddress.ip_address(host[1:-1] if bracketed else host)
    except ValueError:
        return False
    return bracketed == (address.version == 6)


def binding(endpoint: str) -> tuple[tuple[str, str], ...]:
    """The headers that let a request reach this endpoint and no other; ValueError when it is no
    "ip:port"."""
    return ((HEADER, session_endpoint(endpoint)), NO_RETRIES)


def session_endpoint(endpoint: str) -> str:
    """The value of `HEADER` for an endpoint; ValueError when it is no "ip:port"."""
    if not is_endpoint(endpoint):
        raise ValueError("an endpoint is ip:port, an IPv6 address in brackets")
    return base64.b64encode(endpoint.encode("ascii")).decode("ascii")
