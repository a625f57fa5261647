"""The Python SDK's client: calls tools, and says what came of it.

    python -m tests.support.mcp_caller MODE URL KEY TOOL...

MODE is that of the SDK: "auto" speaks the newest revision, "legacy" opens a session. Prints
`TOOL: TEXT` for each result, `TOOL: error CODE` for each error.
"""

import asyncio
import sys
from typing import Literal

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent


async def call(mode: Literal["auto", "legacy"], url: str, key: str, tools: list[str]) -> None:
    """Call each tool once, over one connection."""
    async with (
        httpx2.AsyncClient(headers={"x-api-key": key}, timeout=10) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        for tool in tools:
            sys.stdout.write(f"{tool}: {await _said(client, tool)}\n")


async def _said(client: Client, tool: str) -> str:
    try:
        result = await client.call_tool(tool, {"text": "hi"})
    except MCPError as error:
        return f"error {error.error.code}"
    return "".join([one.text for one in result.content if isinstance(one, TextContent)])


def main() -> None:
    """Parses the command line."""
    mode, url, key, *tools = sys.argv[1:]
    asyncio.run(call("legacy" if mode == "legacy" else "auto", url, key, tools))


if __name__ == "__main__":
    main()
