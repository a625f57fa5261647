"""MCP messages for tests that write HTTP themselves. No I/O."""

from typing import Any

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
ACCEPT = "application/json, text/event-stream"


def modern(
    method: str,
    params: dict[str, Any] | None = None,
    /,
    *,
    ident: int | str | None = 1,
    name: str | None = None,
    **headers: str,
) -> dict[str, Any]:
    """Arguments for httpx.post: one 2026-07-28 message whose headers say what its body says.

    `ident` None makes a notification. Underscores in `headers` stand for hyphens.
    """
    body: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    body["params"] = {**(params or {}), "_meta": META}
    if ident is not None:
        body["id"] = ident
    sent = {"accept": ACCEPT, "mcp-protocol-version": MODERN, "mcp-method": method}
    if name is not None:
        sent["mcp-name"] = name
    return {"json": body, "headers": sent | _lines(headers)}


def modern_call(
    tool: str,
    arguments: dict[str, Any] | None = None,
    /,
    *,
    ident: int | str | None = 1,
    **headers: str,
) -> dict[str, Any]:
    """A tools/call of 2026-07-28."""
    params = {"name": tool, "arguments": arguments or {}}
    return modern("tools/call", params, ident=ident, name=tool, **headers)


def legacy(
    method: str,
    params: dict[str, Any] | None = None,
    /,
    *,
    ident: int | str | None = 1,
    version: str = LEGACY,
    **headers: str,
) -> dict[str, Any]:
    """Arguments for httpx.post: one message of a revision with sessions, here without one."""
    body: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params or {}}
    if ident is not None:
        body["id"] = ident
    return {
        "json": body,
        "headers": {"accept": ACCEPT, "mcp-protocol-version": version} | _lines(headers),
    }


def legacy_call(tool: str, *, ident: int | str | None = 1, **headers: str) -> dict[str, Any]:
    """A tools/call of 2025-11-25."""
    return legacy("tools/call", {"name": tool, "arguments": {}}, ident=ident, **headers)


def _lines(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
