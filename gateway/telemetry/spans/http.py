"""A request of which no message is known: unreadable, a batch, a stream. Pure: no I/O, no clock.

Source: OpenTelemetry, semantic conventions for HTTP spans.
"""

from typing import Final

from gateway.model.head import RequestHead
from gateway.telemetry import conventions as names
from gateway.telemetry.spans.description import Attributes, Description

_METHODS: Final = frozenset(
    ("GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE")
)


def describe(head: RequestHead, path: str) -> Description:
    """The span of a request on the route with this path."""
    known = head.method in _METHODS
    attributes: Attributes = {
        names.HTTP_METHOD: head.method if known else names.OTHER,
        names.HTTP_ROUTE: path,
    }
    return Description(f"{head.method if known else 'HTTP'} {path}", attributes)
