"""Tools that send notifications while they run, and the methods that ask for notifications."""

import asyncio
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.mcpserver import Context, MCPServer
from mcp.types import (
    EmptyResult,
    SetLevelRequestParams,
    SubscribeRequestParams,
    UnsubscribeRequestParams,
)

# The suite wants to see that messages are not held until the end.
PAUSE_SECONDS = 0.05
RECONNECT_SECONDS = 0.2


def add_to(server: MCPServer) -> None:
    """Registers the tools of this module."""
    for tool in (
        test_tool_with_logging,
        test_logging_tool,
        test_tool_with_progress,
        test_streaming_elicitation,
        test_reconnection,
        test_trigger_tool_change,
        test_trigger_prompt_change,
    ):
        server.add_tool(tool, structured_output=False)


def add_legacy_methods(server: Server[Any]) -> None:
    """Registers the methods of 2025-11-25 and older that `MCPServer` has no decorator for."""
    server.add_request_handler("logging/setLevel", SetLevelRequestParams, accept)
    server.add_request_handler("resources/subscribe", SubscribeRequestParams, accept)
    server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, accept)


async def accept(ctx: ServerRequestContext[Any, Any], params: object) -> EmptyResult:
    """Answers that all is well."""
    del ctx, params
    return EmptyResult()


async def test_tool_with_logging(ctx: Context) -> str:
    """Log three messages."""
    await log(ctx, "Tool execution started")
    await asyncio.sleep(PAUSE_SECONDS)
    await log(ctx, "Tool processing data")
    await asyncio.sleep(PAUSE_SECONDS)
    await log(ctx, "Tool execution completed")
    return "Logged three messages."


async def test_logging_tool(ctx: Context) -> str:
    """Log one message, which a modern client gets only if it asked for it."""
    await log(ctx, "Tool executed")
    return "Logged one message."


async def test_tool_with_progress(ctx: Context) -> str:
    """Report progress in three steps."""
    for done in (0, 50, 100):
        await ctx.report_progress(done, 100)
        await asyncio.sleep(PAUSE_SECONDS)
    return "Reported progress."


async def test_streaming_elicitation(ctx: Context) -> str:
    """Report progress and ask nothing outside of the result."""
    await ctx.report_progress(1, 1)
    return "Asked nothing."


async def test_reconnection(ctx: Context) -> str:
    """Close the stream before the result, which the client fetches by its last event id."""
    await ctx.close_sse_stream()
    await asyncio.sleep(RECONNECT_SECONDS)
    return "Reconnected."


async def test_trigger_tool_change(ctx: Context) -> str:
    """Tell listeners that the list of tools has changed."""
    await ctx.notify_tools_changed()
    return "Told."


async def test_trigger_prompt_change(ctx: Context) -> str:
    """Tell listeners that the list of prompts has changed."""
    await ctx.notify_prompts_changed()
    return "Told."


async def log(ctx: Context, text: str) -> None:
    """Sends a log message at level info on the stream of the request."""
    await ctx.log("info", text)  # pyright: ignore[reportDeprecated]  older revisions have it
