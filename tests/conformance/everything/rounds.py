"""Tools that ask the client by an interim result, as 2026-07-28 does (multi round-trip requests).

Each returns an `InputRequiredResult` until the answers that it needs have come; the SDK seals
`request_state` on its way out and opens it on its way in.
"""

from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.exceptions import MCPError
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)


def add_to(server: MCPServer) -> None:
    """Registers the tools and the prompt of this module."""
    for tool in (
        test_missing_capability,
        test_input_required_result_elicitation,
        test_input_required_result_sampling,
        test_input_required_result_list_roots,
        test_input_required_result_request_state,
        test_input_required_result_multiple_inputs,
        test_input_required_result_multi_round,
        test_input_required_result_tampered_state,
        test_input_required_result_capabilities,
    ):
        server.add_tool(tool, structured_output=False)
    server.prompt()(test_input_required_result_prompt)


async def test_missing_capability(ctx: Context) -> str:
    """Need a client that can sample."""
    if ctx.client_capabilities is None or ctx.client_capabilities.sampling is None:
        raise MCPError(
            MISSING_REQUIRED_CLIENT_CAPABILITY,
            "This tool needs the sampling capability",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return "The client can sample."


async def test_input_required_result_elicitation(ctx: Context) -> str | InputRequiredResult:
    """Ask for a name."""
    name = answered(ctx, "user_name", "name")
    if name is None:
        return ask(user_name=form("What is your name?", "name", "string"))
    return f"Hello, {name}!"


async def test_input_required_result_sampling(ctx: Context) -> str | InputRequiredResult:
    """Ask the client's model for a capital."""
    sampled = (ctx.input_responses or {}).get("capital_question")
    if not isinstance(sampled, CreateMessageResult):
        return ask(capital_question=sampling("What is the capital of France?", 100))
    return sampled.content.text if isinstance(sampled.content, TextContent) else "no text"


async def test_input_required_result_list_roots(ctx: Context) -> str | InputRequiredResult:
    """Ask for the client's roots."""
    listed = (ctx.input_responses or {}).get("client_roots")
    if not isinstance(listed, ListRootsResult):
        return ask(client_roots=ListRootsRequest())
    return ", ".join(str(root.uri) for root in listed.roots)


async def test_input_required_result_request_state(ctx: Context) -> str | InputRequiredResult:
    """Ask for a confirmation and keep a state meanwhile."""
    if ctx.request_state != "asked" or answered(ctx, "confirm", "ok") is None:
        return ask("asked", confirm=form("Please confirm", "ok", "boolean"))
    return "state-ok"


async def test_input_required_result_multiple_inputs(ctx: Context) -> str | InputRequiredResult:
    """Ask the user, the model and for the roots at once."""
    if not {"user_name", "greeting", "client_roots"} <= set(ctx.input_responses or {}):
        return ask(
            "asked",
            user_name=form("What is your name?", "name", "string"),
            greeting=sampling("Generate a greeting", 50),
            client_roots=ListRootsRequest(),
        )
    return "All three have answered."


async def test_input_required_result_multi_round(ctx: Context) -> str | InputRequiredResult:
    """Ask twice, the second time after the first answer."""
    if ctx.request_state == "step 1":
        name = answered(ctx, "step1", "name")
        if name is not None:
            question = form("Step 2: What is your favorite color?", "color", "string")
            return ask(f"step 2 {name}", step2=question)
    if (ctx.request_state or "").startswith("step 2 "):
        color = answered(ctx, "step2", "color")
        if color is not None:
            return f"{(ctx.request_state or '').removeprefix('step 2 ')} likes {color}."
    return ask("step 1", step1=form("Step 1: What is your name?", "name", "string"))


async def test_input_required_result_tampered_state(ctx: Context) -> str | InputRequiredResult:
    """Keep a state that must not be tampered with."""
    return await test_input_required_result_request_state(ctx)


async def test_input_required_result_capabilities(ctx: Context) -> str | InputRequiredResult:
    """Ask only in ways that the client has declared."""
    if ctx.input_responses:
        return "Answered."
    requests: dict[str, InputRequest] = {}
    capabilities = ctx.client_capabilities
    if capabilities is not None and capabilities.sampling is not None:
        requests["greeting"] = sampling("Generate a greeting", 50)
    if capabilities is not None and capabilities.elicitation is not None:
        requests["user_name"] = form("What is your name?", "name", "string")
    return ask(**requests) if requests else "The client can be asked nothing."


async def test_input_required_result_prompt(ctx: Context) -> str | InputRequiredResult:
    """A prompt that needs to be told its context first."""
    context = answered(ctx, "user_context", "context")
    if context is None:
        return ask(user_context=form("What context should the prompt use?", "context", "string"))
    return f"Use this context: {context}"


def ask(state: str | None = None, /, **requests: InputRequest) -> InputRequiredResult:
    """The interim result that asks all `requests`, under the names given."""
    return InputRequiredResult(input_requests=requests, request_state=state)


def answered(ctx: Context, name: str, field: str) -> Any:
    """What the user filled into `field` of the form `name`; None if there is no such answer."""
    answer = (ctx.input_responses or {}).get(name)
    if not isinstance(answer, ElicitResult) or answer.content is None:
        return None
    return answer.content.get(field)


def form(message: str, field: str, kind: str) -> ElicitRequest:
    """A form with one required field of a JSON type."""
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def sampling(text: str, max_tokens: int) -> CreateMessageRequest:
    """A question to the client's model."""
    message = SamplingMessage(role="user", content=TextContent(text=text))
    return CreateMessageRequest(
        params=CreateMessageRequestParams(messages=[message], max_tokens=max_tokens)
    )
