"""MCP, revisions 2024-11-05 to 2026-07-28. Pure: no I/O, no clock."""

from gateway.protocols.mcp.protocol import Mcp

PROTOCOL = Mcp.of

__all__ = ["PROTOCOL", "Mcp"]
