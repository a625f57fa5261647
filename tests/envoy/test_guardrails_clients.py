"""What official clients make of answers that guardrails masked or blocked, through the real
Envoy."""

import json
import sys
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest
from a2a.client import A2AClientError, Client, ClientConfig, create_client
from a2a.helpers import get_stream_response_text, new_text_message
from a2a.types.a2a_pb2 import Role, SendMessageRequest, StreamResponse, TaskState
from mcp import Client as McpClient
from mcp import MCPError
from mcp.client.streamable_http import streamable_http_client
from openai.types.chat.chat_completion_chunk import ChoiceDelta

from tests.envoy.guardrail_stage import (
    EVENTS,
    JSON,
    MODES,
    Stage,
    guarded,
    guardrail,
    words,
)
from tests.support.echo import Seen
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse, gateway_config
from tests.support.processes import running
from tests.support.raw_backend import Reply

SECRET = "moonraker"
WORD = "verboten"
DETECTORS = [words(WORD), {**words(SECRET, category="codename"), "action": "mask"}]
HELLO: Any = [{"role": "user", "content": "hello"}]
HEADERS = {"x-api-key": KEY}


def edge(target: str, *stages: str) -> Any:
    return guardrail("edge", {"backend": target}, stages, detectors=DETECTORS)


def event(value: dict[str, Any], name: str = "") -> bytes:
    return (f"event: {name}\n" if name else "").encode() + b"data: %b\n\n" % (
        json.dumps(value).encode()
    )


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- OpenAI -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("openai")
    with guarded(folder, "openai", [edge("up", "request", "response")]) as started:
        yield started


@pytest.fixture
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=20) as client:
        yield client


def openai_client(stage: Stage, mode: str, http: httpx2.Client) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=stage.gateway.url(mode),
        api_key="unused",
        default_headers=HEADERS,
        http_client=http,
        max_retries=0,
    )


def chunks(deltas: Iterable[dict[str, Any]], finish: str = "stop") -> list[bytes]:
    """The chunks of a chat completion."""
    known = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    last: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": finish}
    made = [event({**known, "choices": [choice]}) for choice in (*choices, last)]
    return [*made, b"data: [DONE]\n\n"]


def tool_call(arguments: str) -> list[dict[str, Any]]:
    """The deltas of a call, its arguments a few characters at a time."""
    first = {"id": "call", "type": "function", "function": {"name": "find", "arguments": ""}}
    pieces = [arguments[at : at + 4] for at in range(0, len(arguments), 4)]
    return [
        {"role": "assistant", "content": None, "tool_calls": [{"index": 0, **first}]},
        *({"tool_calls": [{"index": 0, "function": {"arguments": one}}]} for one in pieces),
    ]


def test_openai_shows_a_masked_stream(models: Stage, mode: str, http: httpx2.Client) -> None:
    deltas = ({"content": one} for one in ("it is moon", "raker, ", "and so on " * 30))
    models.answer(*chunks(deltas), kind=EVENTS)
    with openai_client(models, mode, http).chat.completions.stream(
        model="m", messages=HELLO
    ) as stream:
        message = stream.get_final_completion().choices[0].message
    assert message.content == "it is [CODENAME], " + "and so on " * 30


def test_openai_raises_an_error_where_a_stream_is_blocked(
    models: Stage, mode: str, http: httpx2.Client
) -> None:
    said = ({"content": one} for one in ("all is well. " * 30, "verbo", "ten, and more"))
    models.answer(*chunks(said), kind=EVENTS)
    stream = openai_client(models, mode, http).chat.completions.create(
        model="m", messages=HELLO, stream=True
    )
    deltas: list[ChoiceDelta] = []
    with pytest.raises(openai.APIError) as blocked:
        deltas.extend(chunk.choices[0].delta for chunk in stream)
    text = "".join(delta.content or "" for delta in deltas)
    assert text.startswith("all is well. ")
    assert "verbo" not in text
    assert blocked.value.code == "content_policy_violation"
    assert "guardrail edge" in blocked.value.message


def test_openai_parses_the_masked_arguments_of_a_tool_call(
    models: Stage, mode: str, http: httpx2.Client
) -> None:
    arguments = json.dumps({"query": f'what "is" {SECRET}?', "n": 1})
    models.answer(*chunks(tool_call(arguments), "tool_calls"), kind=EVENTS)
    with openai_client(models, mode, http).chat.completions.stream(
        model="m", messages=HELLO
    ) as stream:
        choice = stream.get_final_completion().choices[0]
    (call,) = choice.message.tool_calls or []
    assert choice.finish_reason == "tool_calls"
    assert (call.id, call.function.name) == ("call", "find")
    assert json.loads(call.function.arguments) == {"query": 'what "is" [CODENAME]?', "n": 1}


def test_openai_gets_nothing_of_a_blocked_tool_call(
    models: Stage, mode: str, http: httpx2.Client
) -> None:
    said = tool_call(json.dumps({"query": f"{WORD} things"}))
    models.answer(*chunks(said, "tool_calls"), kind=EVENTS)
    stream = openai_client(models, mode, http).chat.completions.create(
        model="m", messages=HELLO, stream=True
    )
    deltas: list[ChoiceDelta] = []
    with pytest.raises(openai.APIError, match="guardrail edge"):
        deltas.extend(chunk.choices[0].delta for chunk in stream)
    assert [delta.tool_calls for delta in deltas if delta.tool_calls] == []


def test_openai_raises_a_bad_request_for_a_blocked_prompt(
    models: Stage, mode: str, http: httpx2.Client
) -> None:
    models.answer(*chunks([]), kind=EVENTS)
    with pytest.raises(openai.BadRequestError) as blocked:
        openai_client(models, mode, http).chat.completions.create(
            model="m", messages=[{"role": "user", "content": WORD}], stream=True
        )
    assert blocked.value.code == "content_policy_violation"
    assert models.raw.seen == []


def response_events(text: str, arguments: str) -> list[bytes]:
    """A response that says a text and calls a function."""
    part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": []}
    message = {"type": "message", "id": "m1", "role": "assistant", "status": "completed"}
    call = {"type": "function_call", "id": "f1", "call_id": "c1", "name": "find"}
    head: dict[str, Any] = {
        "id": "r1",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
    at: dict[str, Any] = {"item_id": "m1", "output_index": 0, "content_index": 0}
    call_at: dict[str, Any] = {"item_id": "f1", "output_index": 1}
    done: list[dict[str, Any]] = [{**message, "content": [part]}, {**call, "arguments": arguments}]
    cut = [text[n : n + 5] for n in range(0, len(text), 5)]
    cut_arguments = [arguments[n : n + 5] for n in range(0, len(arguments), 5)]
    said: list[dict[str, Any]] = [
        {"type": "created", "response": {**head, "status": "in_progress", "output": []}},
        {"type": "output_item.added", "output_index": 0, "item": {**message, "content": []}},
        {"type": "content_part.added", **at, "part": {**part, "text": ""}},
        *({"type": "output_text.delta", **at, "delta": one, "logprobs": []} for one in cut),
        {"type": "output_text.done", **at, "text": text, "logprobs": []},
        {"type": "content_part.done", **at, "part": part},
        {"type": "output_item.done", "output_index": 0, "item": done[0]},
        {"type": "output_item.added", "output_index": 1, "item": {**call, "arguments": ""}},
        *(
            {"type": "function_call_arguments.delta", **call_at, "delta": one}
            for one in cut_arguments
        ),
        {"type": "function_call_arguments.done", **call_at, "arguments": arguments},
        {"type": "output_item.done", "output_index": 1, "item": done[1]},
        {"type": "completed", "response": {**head, "status": "completed", "output": done}},
    ]
    return [
        event(
            {**one, "type": f"response.{one['type']}", "sequence_number": n},
            f"response.{one['type']}",
        )
        for n, one in enumerate(said)
    ]


def test_openai_puts_a_masked_response_together(
    models: Stage, mode: str, http: httpx2.Client
) -> None:
    answer = response_events(f"it is {SECRET}.", json.dumps({"query": SECRET}))
    models.answer(*answer, kind=EVENTS)
    with openai_client(models, mode, http).responses.stream(model="m", input="hello") as stream:
        text = "".join(one.delta for one in stream if one.type == "response.output_text.delta")
        last = stream.get_final_response()
    assert text == last.output_text == "it is [CODENAME]."
    (call,) = [one for one in last.output if one.type == "function_call"]
    assert json.loads(call.arguments) == {"query": "[CODENAME]"}


def test_openai_sees_the_error_of_a_blocked_response(
    models: Stage, mode: str, http: httpx2.Client
) -> None:
    models.answer(*response_events(f"it is {WORD}.", "{}"), kind=EVENTS)
    stream = openai_client(models, mode, http).responses.create(
        model="m", input="hello", stream=True
    )
    *before, last = list(stream)
    assert last.type == "error"
    assert last.code == "content_policy_violation"
    assert "guardrail edge" in last.message
    assert not any(
        one.type.startswith(("response.completed", "response.output_text.done")) for one in before
    )


# --- Anthropic ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def claude(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("anthropic")
    with guarded(folder, "anthropic", [edge("up", "request", "response")]) as started:
        yield started


def anthropic_client(stage: Stage, mode: str, http: httpx2.Client) -> anthropic.Anthropic:
    return anthropic.Anthropic(
        base_url=stage.gateway.url(mode),
        api_key=KEY,
        http_client=http,
        max_retries=0,
    )


def message_events(text: str, query: str) -> list[bytes]:
    """A message that says a text and uses a tool."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    message: dict[str, Any] = {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }
    arguments = json.dumps({"query": query, "n": 1})
    tool: dict[str, Any] = {"type": "tool_use", "id": "t1", "name": "find", "input": {}}
    said: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        },
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": text[at : at + 5]},
            }
            for at in range(0, len(text), 5)
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": tool},
        *(
            {
                "type": "content_block_delta",
                "index": 1,
                "delta": {"type": "input_json_delta", "partial_json": arguments[at : at + 5]},
            }
            for at in range(0, len(arguments), 5)
        ),
        {"type": "content_block_stop", "index": 1},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {"output_tokens": 9},
        },
        {"type": "message_stop"},
    ]
    return [event(one, one["type"]) for one in said]


def test_anthropic_puts_a_masked_message_together(
    claude: Stage, mode: str, http: httpx2.Client
) -> None:
    claude.answer(*message_events(f"it is {SECRET}.", f"where is {SECRET}?"), kind=EVENTS)
    with anthropic_client(claude, mode, http).messages.stream(
        model="m", max_tokens=9, messages=HELLO
    ) as stream:
        message = stream.get_final_message()
    text, tool = message.content
    assert text.type == "text"
    assert text.text == "it is [CODENAME]."
    assert tool.type == "tool_use"
    assert tool.input == {"query": "where is [CODENAME]?", "n": 1}
    assert message.stop_reason == "tool_use"


@pytest.mark.parametrize(
    ("text", "query"), [(f"this is {WORD}", "x"), ("fine", f"{WORD} things")], ids=["text", "input"]
)
def test_anthropic_raises_an_error_where_a_stream_is_blocked(
    claude: Stage, mode: str, http: httpx2.Client, text: str, query: str
) -> None:
    claude.answer(*message_events(text, query), kind=EVENTS)
    inputs: list[str] = []
    with (
        pytest.raises(anthropic.APIStatusError) as blocked,
        anthropic_client(claude, mode, http).messages.stream(
            model="m", max_tokens=9, messages=HELLO
        ) as stream,
    ):
        inputs += [one.partial_json for one in stream if one.type == "input_json"]
    body: Any = blocked.value.body
    assert body["error"]["type"] == "invalid_request_error"
    assert "guardrail edge" in body["error"]["message"]
    assert inputs == []


def test_anthropic_raises_a_bad_request_for_a_blocked_prompt(
    claude: Stage, mode: str, http: httpx2.Client
) -> None:
    claude.answer(*message_events("x", "y"), kind=EVENTS)
    with pytest.raises(anthropic.BadRequestError, match="guardrail edge"):
        anthropic_client(claude, mode, http).messages.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": WORD}]
        )
    assert claude.raw.seen == []


# --- MCP ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("mcp")
    stages = ("tool_call", "tool_result", "tool_list", "resource_read", "response")
    with guarded(folder, "mcp", [edge("up", *stages)]) as started:
        started.raw.answer = mcp_server
        yield started


def mcp_server(request: Seen) -> Reply:
    """A server whose tool says what it is asked to, as JSON or in a stream, without a session."""
    if request.method != "POST":
        return Reply(405)
    asked = json.loads(request.body)
    if "id" not in asked:
        return Reply(202)
    result: dict[str, Any] = {}
    match asked["method"]:
        case "initialize":
            info = {"name": "s", "version": "1"}
            capabilities: dict[str, Any] = {"tools": {}, "resources": {}}
            version = asked["params"]["protocolVersion"]
            result = {"protocolVersion": version, "capabilities": capabilities, "serverInfo": info}
        case "tools/list":
            schema = {"type": "object"}
            result["tools"] = [
                {"name": "say", "description": f"says {SECRET}", "inputSchema": schema},
                {"name": "bad", "description": f"{WORD} things", "inputSchema": schema},
            ]
        case "tools/call":
            said = asked["params"]["arguments"]["said"].replace("-", "")
            result["content"] = [{"type": "text", "text": said}]
        case _:
            uri = asked["params"]["uri"]
            text = WORD if uri.endswith("bad") else f"it is {SECRET}"
            result["contents"] = [{"uri": uri, "text": text}]
    answer = {"jsonrpc": "2.0", "id": asked["id"], "result": result}
    if asked["method"] == "tools/call" and asked["params"]["name"] == "say":
        return Reply(200, [EVENTS], [event(answer, "message")])
    return Reply(200, [JSON], [json.dumps(answer).encode()])


@asynccontextmanager
async def mcp_client(stage: Stage, mode: str) -> AsyncGenerator[McpClient]:
    async with httpx2.AsyncClient(headers=HEADERS, timeout=20) as http:
        transport = streamable_http_client(stage.gateway.url(mode), http_client=http)
        async with McpClient(transport, mode="legacy", read_timeout_seconds=20) as client:
            yield client


def text_of(result: Any) -> str:
    (only,) = result.content
    return only.text


async def test_the_mcp_client_sees_masked_results_and_blocked_ones_as_failed(
    tools: Stage, mode: str
) -> None:
    async with mcp_client(tools, mode) as client:
        listed = await client.list_tools()
        masked = await client.call_tool("say", {"said": "it is moon-raker"})
        blocked = await client.call_tool("say", {"said": "this is ver-boten and more"})
        refused = await client.call_tool("say", {"said": WORD})
        after = await client.call_tool("say", {"said": "fine"})
    assert [(one.name, one.description) for one in listed.tools] == [("say", "says [CODENAME]")]
    assert (masked.is_error, text_of(masked)) == (False, "it is [CODENAME]")
    for one in (blocked, refused):
        assert one.is_error
        assert "guardrail edge" in text_of(one)
        assert "and more" not in text_of(one)
    assert (after.is_error, text_of(after)) == (False, "fine")


async def test_the_mcp_client_raises_an_error_for_a_blocked_resource(
    tools: Stage, mode: str
) -> None:
    async with mcp_client(tools, mode) as client:
        read: Any = (await client.read_resource("file:///good")).contents[0]
        with pytest.raises(MCPError, match="guardrail edge") as blocked:
            await client.read_resource("file:///bad")
    assert read.text == "it is [CODENAME]"
    assert blocked.value.error.data["reason"] == "content_blocked"


# --- A2A ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway before an agent that says what it is told, word by word."""
    folder = tmp_path_factory.mktemp("a2a")
    command = [sys.executable, "-m", "demo.agent", "--port", "0", "--name", "agent"]
    with running(command) as process:
        url = process.wait_for_line(r"^ready (http://[^/]+)")[1]
        routes = [
            {"name": mode, "path": f"/{mode}", "protocol": "a2a", "mode": mode, "backend": "agent"}
            for mode in MODES
        ]
        config = gateway_config({"agent": [url]}, folder, routes=routes)
        config["backends"][0]["path"] = "/"
        policies = [allow("all", "agent", agents=["*"]), edge("agent", "a2a_artifact")]
        with gatehouse(folder, config=config, policies=policies) as gateway:
            yield gateway


@asynccontextmanager
async def a2a_client(url: str, binding: str, *, streaming: bool) -> AsyncGenerator[Client]:
    async with httpx.AsyncClient(headers=HEADERS, timeout=20) as http:
        config = ClientConfig(
            httpx_client=http, streaming=streaming, supported_protocol_bindings=[binding]
        )
        yield await create_client(url, config)


async def answered(client: Client, text: str) -> list[StreamResponse]:
    request = SendMessageRequest(message=new_text_message(text, role=Role.ROLE_USER))
    return [one async for one in client.send_message(request)]


@pytest.mark.parametrize("binding", ["JSONRPC", "HTTP+JSON"])
async def test_the_a2a_client_sees_a_masked_artifact_and_an_error_for_a_blocked_one(
    agents: Gateway, mode: str, binding: str
) -> None:
    async with a2a_client(agents.url(mode), binding, streaming=True) as client:
        events = await answered(client, SECRET)
        with pytest.raises(A2AClientError, match="guardrail edge"):
            await answered(client, WORD)
    texts = [get_stream_response_text(one) for one in events if one.HasField("artifact_update")]
    assert "".join(texts) == "agent:[CODENAME]"
    assert events[-1].status_update.status.state == TaskState.TASK_STATE_COMPLETED


@pytest.mark.parametrize("binding", ["JSONRPC", "HTTP+JSON"])
async def test_the_a2a_client_sees_the_same_of_a_whole_task(agents: Gateway, binding: str) -> None:
    told = "guardrail edge" if binding == "JSONRPC" else "400"  # this client shows no more of REST
    async with a2a_client(agents.url("buffered"), binding, streaming=False) as client:
        (event_,) = await answered(client, SECRET)
        with pytest.raises(A2AClientError, match=told):
            await answered(client, WORD)
    (artifact,) = event_.task.artifacts
    assert "".join(part.text for part in artifact.parts) == "agent:[CODENAME]"
