"""An MCP server with everything that the conformance suite asks of one.

    python -m tests.conformance.everything --port 0 --name replica-a

Prints `ready URL` and serves legacy sessions and modern requests on /mcp. Replicas that are to
look like one server get the same --shared-key (request states of one open on the other) and
the same --bus directory (change notifications reach the listeners of all).
"""

import argparse
import warnings
from pathlib import Path
from typing import Any

from mcp import MCPDeprecationWarning
from mcp.server.caching import CacheableMethod, CacheHint
from mcp.server.mcpserver import MCPServer
from mcp.server.request_state import RequestStateSecurity
from mcp.server.subscriptions import InMemorySubscriptionBus, SubscriptionBus
from starlette.applications import Starlette

from demo.serving import listen, serve
from tests.conformance.everything import asks, contents, rounds, streams
from tests.conformance.everything.replicas import DatagramBus, MemoryEventStore

RECONNECT_MILLISECONDS = 100
SHARED_LISTS: dict[CacheableMethod, CacheHint] = {
    "tools/list": CacheHint(ttl_ms=1000, scope="public"),
    "prompts/list": CacheHint(ttl_ms=1000, scope="public"),
    "resources/list": CacheHint(ttl_ms=1000, scope="public"),
    "resources/templates/list": CacheHint(ttl_ms=1000, scope="public"),
}


def build_server(
    name: str, shared_key: str | None = None, bus: SubscriptionBus | None = None
) -> MCPServer:
    """The server of the replica `name`; `shared_key` has at least 32 characters."""
    server = MCPServer(
        "everything",
        version="1.0.0",
        log_level="CRITICAL",
        tools=[contents.schema_tool()],
        request_state_security=RequestStateSecurity(keys=[shared_key]) if shared_key else None,
        subscriptions=bus or InMemorySubscriptionBus(),
        cache_hints=SHARED_LISTS,
    )

    def whoami() -> str:
        """Tell which replica answers."""
        return name

    server.add_tool(whoami)
    contents.add_to(server)
    streams.add_to(server)
    asks.add_to(server)
    rounds.add_to(server)
    return server


def build_app(server: MCPServer[Any]) -> Starlette:
    """The ASGI application, with resumable streams and the methods of legacy revisions."""
    app = server.streamable_http_app(
        event_store=MemoryEventStore(), retry_interval=RECONNECT_MILLISECONDS
    )
    streams.add_legacy_methods(server.session_manager.app)
    return app


def main() -> None:
    """Parses the command line and serves on loopback."""
    parser = argparse.ArgumentParser(prog="everything")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--name", default="replica-a")
    parser.add_argument("--shared-key")
    parser.add_argument("--bus", type=Path)
    options = parser.parse_args()
    # Legacy revisions have logging, sampling and roots; that the newest has dropped them is known.
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    listening = listen("127.0.0.1", options.port)
    bus = DatagramBus(options.bus, options.name) if options.bus else None
    serve(build_app(build_server(options.name, options.shared_key, bus)), listening)


if __name__ == "__main__":
    main()
