"""An MCP server on the Python SDK that records which tool calls it executes.

    python -m tests.support.mcp_backend --record FILE [--stateless] [--json] [--name N] [--port P]
        [--tools FILE]

Prints `ready URL`. Serves modern requests (2026-07-28) as well as legacy ones, these with
sessions or, with --stateless, without. Each call is appended to FILE as a JSON line
{"name", "arguments"} before the answer is sent, with the arguments as they were received. With
--tools it offers what the JSON array in that file says whenever it is asked.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
)

from demo.serving import listen, serve

TOOLS = [
    Tool(name="echo", description="Answer with the arguments", input_schema={"type": "object"}),
    Tool(name="delete", description="What policies forbid", input_schema={"type": "object"}),
    Tool(name="whoami", description="Tell which replica answers", input_schema={"type": "object"}),
]


def build_server(name: str, record: Path, offered: Path | None = None) -> Server[Any]:
    """The server of the replica `name`, which appends its calls to `record`. The file `offered` has
    the tools that it lists."""

    async def list_tools(
        ctx: ServerRequestContext[Any, Any], params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        del ctx, params
        return ListToolsResult(tools=TOOLS if offered is None else _tools_in(offered))

    async def call_tool(
        ctx: ServerRequestContext[Any, Any], params: CallToolRequestParams
    ) -> CallToolResult:
        del ctx
        arguments = json.dumps(params.arguments or {})
        with record.open("a") as calls:
            calls.write(f'{{"name": {json.dumps(params.name)}, "arguments": {arguments}}}\n')
        text = name if params.name == "whoami" else arguments
        return CallToolResult(content=[TextContent(text=text)])

    return Server("recorder", version="1.0.0", on_list_tools=list_tools, on_call_tool=call_tool)


def _tools_in(file: Path) -> list[Tool]:
    return [Tool.model_validate(one) for one in json.loads(file.read_text())]


def main() -> None:
    """Parses the command line and serves on loopback."""
    parser = argparse.ArgumentParser(prog="mcp_backend")
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--stateless", action="store_true")
    parser.add_argument("--json", action="store_true", help="answer with JSON, not with SSE")
    parser.add_argument("--name", default="replica-a")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tools", type=Path, default=None, help="a file of definitions")
    options = parser.parse_args()
    listening = listen("127.0.0.1", options.port)
    server = build_server(options.name, options.record, options.tools)
    app = server.streamable_http_app(stateless_http=options.stateless, json_response=options.json)
    serve(app, listening)


if __name__ == "__main__":
    main()
