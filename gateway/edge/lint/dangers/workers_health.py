"""Workers that are dead or hang, and are asked all the same."""

from typing import Final

from gateway.edge.clusters import HTTP_PROTOCOL_OPTIONS
from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import Setup


def _find(setup: Setup) -> Found:
    for cluster in setup.workers:
        name = cluster["name"].text
        if not cluster["health_checks"].items:
            yield cluster["health_checks"], f"{name} has no health_checks"
        if not _pinged(cluster):
            yield cluster["typed_extension_protocol_options"], f"{name} has no connection_keepalive"


def _pinged(cluster: Node) -> bool:
    http2 = cluster["typed_extension_protocol_options"].entry(HTTP_PROTOCOL_OPTIONS)[
        "explicit_http_config.http2_protocol_options"
    ]
    places = (http2, cluster["http2_protocol_options"])
    return any(place["connection_keepalive.interval"].seconds for place in places)


DANGER: Final = Danger(
    name="workers-health",
    level="advice",
    reason="requests wait for a worker that is gone or hangs until they time out",
    fix="give the workers' cluster health_checks and HTTP/2 pings, as the snippet does",
    find=_find,
)
