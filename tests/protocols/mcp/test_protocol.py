"""The plugin as the pipeline sees it."""

from gateway.model.call import Deframed
from gateway.protocols.base import Protocol
from gateway.protocols.mcp import PROTOCOL
from tests.protocols.mcp.clients import CALL, encode, head, rpc


def test_mcp_is_a_protocol_plugin() -> None:
    plugin: Protocol = PROTOCOL(batches=False, origins=frozenset(), body_limit=1_024)
    assert plugin.name == "mcp"
    assert plugin.look(head()) is None
    assert isinstance(plugin.deframe(head(), encode(rpc("tools/call", CALL))), Deframed)


def test_the_body_limit_is_that_of_the_route() -> None:
    body = encode(rpc("ping"))
    fitting = PROTOCOL(batches=False, origins=frozenset(), body_limit=len(body))
    assert isinstance(fitting.deframe(head(), body), Deframed)
    assert not isinstance(fitting.deframe(head(), body + b" "), Deframed)
