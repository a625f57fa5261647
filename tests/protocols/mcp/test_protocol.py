"""The plugin as the pipeline sees it."""

from gateway.model.call import Deframed
from gateway.protocols.base import Protocol, Settings
from gateway.protocols.mcp import PROTOCOL
from tests.protocols.mcp.clients import CALL, encode, head, rpc


def test_mcp_is_a_protocol_plugin() -> None:
    plugin: Protocol = PROTOCOL(Settings("/mcp", "tracker", 1_024))
    assert plugin.name == "mcp"
    assert plugin.open(head()).verdict is None
    assert isinstance(plugin.open(head()).deframe(encode(rpc("tools/call", CALL))), Deframed)
