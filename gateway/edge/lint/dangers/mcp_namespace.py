"""Rules about what Envoy's own MCP filter found, in a namespace that it no longer writes."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import Setup

_OLD: Final = "mcp_proxy"
_FLAG: Final = "envoy.reloadable_features.mcp_filter_use_new_metadata_namespace"


def _find(setup: Setup) -> Found:
    layers = [one for root in setup.roots for one in root["layered_runtime.layers"].items]
    flags = [layer["static_layer"].entry(_FLAG).value for layer in layers]
    if any(flag in (False, "false") for flag in flags):
        return
    for manager in setup.managers:
        for node in (node for one in manager.filters for node in one.config.walk()):
            place = node["filter"]
            if place.text == _OLD and node["path"].given:
                yield place, f"a rule looks for metadata of {_OLD}"


DANGER: Final = Danger(
    name="mcp-namespace",
    level="danger",
    reason="on Envoy 1.40 there is none: what it should allow is refused, what it should refuse "
    "is allowed",
    fix="look in envoy.filters.http.mcp",
    find=_find,
)
