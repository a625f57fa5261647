"""The MCP plugin: Streamable HTTP of all revisions on one URL. Pure: no I/O, no clock."""

from gateway.model.head import RequestHead
from gateway.model.refusal import Answer, Refusal
from gateway.protocols import base
from gateway.protocols.mcp.client import client_of
from gateway.protocols.mcp.lists import LISTS
from gateway.protocols.mcp.opening import McpOpening, Settings
from gateway.protocols.mcp.render import render


class Mcp:
    """`origins` are the browser origins that may call, `body_limit` is in bytes, of the body as
    sent and as inflated; `batches` accepts those of 2025-03-26."""

    name = "mcp"

    def __init__(self, *, batches: bool, origins: frozenset[str], body_limit: int) -> None:
        lower = frozenset(origin.lower() for origin in origins)
        self._settings = Settings(batches, lower, body_limit)

    @classmethod
    def of(cls, settings: base.Settings) -> "Mcp":
        """The plugin for a route."""
        return cls(
            batches=settings.batches, origins=settings.origins, body_limit=settings.body_limit
        )

    def open(self, head: RequestHead) -> McpOpening:
        """The request that `head` begins."""
        return McpOpening(head, client_of(head), self._settings)

    def render(self, refusal: Refusal, audit_id: str, head: RequestHead | None = None) -> Answer:
        """The refusal as a JSON-RPC error over HTTP."""
        del head
        return render(refusal, audit_id)

    def list_method(self, method: str) -> bool:
        """Whether the result of `method` is a list that is filtered by policy."""
        return method in LISTS
