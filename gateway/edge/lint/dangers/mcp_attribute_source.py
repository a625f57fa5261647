"""Envoy's own MCP filter, told to believe headers of the client."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import Setup


def _find(setup: Setup) -> Found:
    for manager in setup.managers:
        for one in manager.filters:
            source = one.config["attribute_source"]
            if one.type == "Mcp" and source.text == "HEADERS":
                yield source, f"{one.name} takes method and tool from headers"


DANGER: Final = Danger(
    name="mcp-attribute-source",
    level="danger",
    reason="a header says tools/list, the body calls a tool, and rules see the header",
    fix="attribute_source: VERIFY",
    find=_find,
)
