"""Tools that ask the client while they run, as revisions up to 2025-11-25 do."""

from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.message import ServerMessageMetadata
from mcp.types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitResult,
    SamplingMessage,
    TextContent,
)

DEFAULTS: dict[str, Any] = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}
OPTIONS = ["option1", "option2", "option3"]
ENUMS: dict[str, Any] = {
    "untitledSingle": {"type": "string", "enum": OPTIONS},
    "titledSingle": {
        "type": "string",
        "oneOf": [
            {"const": "value1", "title": "First Option"},
            {"const": "value2", "title": "Second Option"},
        ],
    },
    "legacyEnum": {
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": OPTIONS}},
    "titledMulti": {
        "type": "array",
        "items": {
            "anyOf": [
                {"const": "value1", "title": "First Choice"},
                {"const": "value2", "title": "Second Choice"},
            ]
        },
    },
}


def add_to(server: MCPServer) -> None:
    """Registers the tools of this module."""
    for tool in (
        test_sampling,
        test_elicitation,
        test_elicitation_sep1034_defaults,
        test_elicitation_sep1330_enums,
    ):
        server.add_tool(tool, structured_output=False)


async def test_sampling(prompt: str, ctx: Context) -> str:
    """Ask the client's model."""
    result = await ctx.session.send_request(
        CreateMessageRequest(
            params=CreateMessageRequestParams(
                messages=[SamplingMessage(role="user", content=TextContent(text=prompt))],
                max_tokens=100,
            )
        ),
        CreateMessageResult,
        metadata=ServerMessageMetadata(related_request_id=ctx.request_id),
    )
    text = result.content.text if isinstance(result.content, TextContent) else "no text"
    return f"LLM response: {text}"


async def test_elicitation(message: str, ctx: Context) -> str:
    """Ask the client's user for a name and an address."""
    properties = {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"},
    }
    result = await elicit(ctx, message, properties, required=["username", "email"])
    return f"User response: {describe(result)}"


async def test_elicitation_sep1034_defaults(ctx: Context) -> str:
    """Ask with a default for every primitive type."""
    result = await elicit(ctx, "Please review and update the form", DEFAULTS, required=[])
    return f"Elicitation completed: {describe(result)}"


async def test_elicitation_sep1330_enums(ctx: Context) -> str:
    """Ask with every form of enumeration."""
    result = await elicit(ctx, "Please select options", ENUMS, required=[])
    return f"Elicitation completed: {describe(result)}"


async def elicit(
    ctx: Context, message: str, properties: dict[str, Any], required: list[str]
) -> ElicitResult:
    """Asks for an object with these properties."""
    schema = {"type": "object", "properties": properties, "required": required}
    return await ctx.session.elicit_form(message, schema, related_request_id=ctx.request_id)


def describe(result: ElicitResult) -> str:
    """The result in the words of the suite."""
    return f"action={result.action}, content={result.content}"
