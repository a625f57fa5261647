"""Clusters whose address comes from the request."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import Setup

_STEERED: Final = ("use_http_header", "http_header_name", "metadata_key")


def _find(setup: Setup) -> Found:
    behind = {cluster.path for cluster in setup.backends}
    for cluster in setup.clusters:
        kind = cluster["type"] if cluster["type"].given else cluster["cluster_type.name"]
        if kind.text not in {"ORIGINAL_DST", "envoy.cluster.original_dst"}:
            continue
        steered = _steered(cluster)
        if steered is not None:
            yield steered, "the address of this cluster is what a header says"
        elif cluster.path in behind:
            yield kind, "a judged route leads to whatever address the client connected to"


def _steered(cluster: Node) -> Node | None:
    places = (cluster["original_dst_lb_config"][key] for key in _STEERED)
    return next((place for place in places if place.value not in (None, False, "")), None)


DANGER: Final = Danger(
    name="original-dst",
    level="danger",
    reason="a client reaches any address that Envoy can, its own admin address too",
    fix="name the endpoints: type STATIC, STRICT_DNS or EDS",
    find=_find,
)
