"""Guardrails see every string of what an MCP server sends."""

import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.jsonvalue import JsonValue
from gateway.model.passage import Part, Passage, Stage
from gateway.protocols.mcp.passages_of_answers import answer_passages
from gateway.wire.jsonedit import edited
from tests.support.said import NEW, PROSE, check_places, check_prose, replaced, texts

TOOL = {
    "name": "run",
    "title": "Run it",
    "description": "Runs.",
    "inputSchema": {"type": "object", "properties": {"cmd": {"description": "C."}}},
    "outputSchema": {"title": "O."},
    "annotations": {"title": "A a", "readOnlyHint": True},
}


def answer(result: Any, ident: Any = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": ident, "result": result}


def said(message: Any, method: str | None) -> tuple[Passage, ...]:
    return answer_passages(message, lambda _: method)


def told(found: Sequence[Passage]) -> list[tuple[str, str, str, str]]:
    return [(one.text, one.channel, one.stage.value, one.part.value) for one in found]


def test_a_result_of_a_tool_is_seen_with_the_keys_of_what_is_structured() -> None:
    resource = {"uri": "file:///a b", "blob": b64encode(b"the plan").decode()}
    message = answer(
        {
            "content": [
                {"type": "text", "text": "t t"},
                {"type": "image", "data": "iVBO" * 100, "mimeType": "image/png"},
                {"type": "resource", "resource": resource},
                {"type": "resource_link", "uri": "https://e.x", "name": "l l"},
            ],
            "structuredContent": {"k": ["v v"]},
            "isError": True,
            "novel": "n n",
        }
    )
    found = said(message, "tools/call")
    assert told(found) == [
        ("t t", "result/content/0", "tool_result", "tool_result"),
        ("file:///a b", "result/content/2", "tool_result", "resource"),
        ("the plan", "result/content/2", "tool_result", "resource"),
        ("https://e.x", "result/content/3", "tool_result", "tool_result"),
        ("l l", "result/content/3", "tool_result", "tool_result"),
        ("k", "result/structuredContent", "tool_result", "tool_result"),
        ("v v", "result/structuredContent", "tool_result", "tool_result"),
        ("novel", "result/other", "tool_result", "metadata"),
        ("n n", "result/other", "tool_result", "metadata"),
    ]
    changed = replaced(message, found, "the plan")
    blob = changed["result"]["content"][2]["resource"]["blob"]
    assert blob == b64encode(NEW.encode()).decode()


def test_each_tool_of_a_list_is_an_item_with_its_name() -> None:
    message = answer({"tools": [{"name": "a"}, TOOL], "nextCursor": "AAAA" * 50})
    found = said(message, "tools/list")
    assert [(one.text, one.item, one.name) for one in found] == [
        ("a", 0, "a"),
        *((text, 1, "run") for text in ("run", "Run it", "Runs.", "cmd", "C.", "O.", "A a")),
    ]
    assert {(one.stage, one.part) for one in found} == {(Stage.TOOL_LIST, Part.TOOL_DEFINITION)}
    assert {one.channel for one in found} == {"result/tools/0", "result/tools/1"}
    left = json.loads(edited(json.dumps(message), {}, [("result", "tools", 0)]))
    assert left["result"]["tools"] == [TOOL]


@pytest.mark.parametrize(
    ("method", "key"),
    [
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
    ],
)
def test_items_of_other_lists_are_items_too(method: str, key: str) -> None:
    item = {"name": "n", "description": "d d", "arguments": [{"name": "a", "description": "e e"}]}
    found = said(answer({key: [item, "odd"]}), method)
    assert [(one.text, one.channel, one.item) for one in found] == [
        ("n", f"result/{key}/0", 0),
        ("d d", f"result/{key}/0", 0),
        ("a", f"result/{key}/0/arguments", 0),
        ("e e", f"result/{key}/0/arguments", 0),
        ("odd", f"result/{key}/1", 1),
    ]


def test_prompts_resources_and_what_a_server_says_of_itself_have_their_stages() -> None:
    prompt = {
        "description": "d d",
        "messages": [
            {"role": "user", "content": {"type": "text", "text": "u u"}},
            {"role": "assistant", "content": {"type": "text", "text": "a a"}},
        ],
    }
    assert told(said(answer(prompt), "prompts/get")) == [
        ("d d", "result/description", "prompt_get", "instructions"),
        ("u u", "result/messages/0", "prompt_get", "user"),
        ("a a", "result/messages/1", "prompt_get", "assistant"),
    ]
    contents = {"contents": [{"uri": "u", "text": "t t"}]}
    assert told(said(answer(contents), "resources/read")) == [
        ("u", "result/contents/0", "resource_read", "resource"),
        ("t t", "result/contents/0", "resource_read", "resource"),
    ]
    about = {"protocolVersion": "2025-11-25", "instructions": "i i", "serverInfo": {"name": "s s"}}
    assert told(said(answer(about), "initialize")) == [
        ("i i", "result/instructions", "response", "instructions"),
        ("name", "result/serverInfo", "response", "instructions"),
        ("s s", "result/serverInfo", "response", "instructions"),
    ]
    completed = {"completion": {"values": ["a b"], "hasMore": False}}
    assert told(said(answer(completed), "completion/complete")) == [
        ("a b", "result/completion", "response", "assistant")
    ]


def test_what_the_server_asks_of_the_client_is_seen() -> None:
    sampling = {
        "jsonrpc": "2.0",
        "id": 9,
        "method": "sampling/createMessage",
        "params": {
            "messages": [{"role": "user", "content": {"type": "text", "text": "u u"}}],
            "systemPrompt": "s s",
            "tools": [TOOL],
            "maxTokens": 1,
        },
    }
    found = said(sampling, "tools/call")
    assert told(found)[:3] == [
        ("u u", "params/messages/0", "response", "user"),
        ("s s", "params/systemPrompt", "response", "system"),
        ("run", "params/tools/0", "response", "tool_definition"),
    ]
    assert found[2].item is None
    schema = {"type": "object", "properties": {"card": {"title": "Your card"}}}
    elicited = {"message": "Your card, please", "requestedSchema": schema}
    message = {"jsonrpc": "2.0", "id": 9, "method": "elicitation/create", "params": elicited}
    assert told(said(message, None)) == [
        (text, "params", "response", "assistant")
        for text in ("Your card, please", "card", "Your card")
    ]


def test_notifications_and_errors_are_seen() -> None:
    params = {"level": "info", "logger": "l", "data": {"k": "v v"}}
    message = {"jsonrpc": "2.0", "method": "notifications/message", "params": params}
    assert told(said(message, "tools/call")) == [
        (text, "params", "notification", "notification") for text in ("l", "k", "v v")
    ]
    error = {"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "m m", "data": ["d d"]}}
    assert told(said(error, "tools/call")) == [
        ("m m", "error", "tool_result", "error"),
        ("d d", "error", "tool_result", "error"),
    ]


def test_a_result_of_an_unknown_request_is_judged_by_its_members() -> None:
    both = {"tools": [TOOL], "content": [{"type": "text", "text": "t t"}], "contents": ["c c"]}
    found = said(answer(both), None)
    assert {one.stage for one in found} == {
        Stage.TOOL_LIST,
        Stage.TOOL_RESULT,
        Stage.RESOURCE_READ,
    }


def test_what_a_method_does_not_answer_is_seen_all_the_same() -> None:
    found = said(answer({"tools": [{"description": "d d"}]}), "tools/call")
    assert texts(found) == ["tools", "description", "d d"]
    assert {(one.stage, one.part, one.item) for one in found} == {
        (Stage.TOOL_RESULT, Part.METADATA, None)
    }
    odd = said(answer(["a b"]), "acme/do")
    assert told(odd) == [("a b", "result", "response", "metadata")]


def test_in_a_batch_channels_and_places_begin_with_the_number_of_the_message() -> None:
    batch: list[JsonValue] = [answer({"content": "a"}, 1), answer({"instructions": "b"}, 2)]
    methods: dict[JsonValue, str] = {1: "tools/call", 2: "initialize"}
    found = answer_passages(batch, lambda ident: methods[ident])
    assert [(one.text, one.channel, one.place.path[0]) for one in found] == [
        ("a", "0/result/content", 0),
        ("b", "1/result/instructions", 1),
    ]


KEYS = (
    "jsonrpc id method params result error content contents type text data resource blob uri tools "
    "name description inputSchema properties messages message instructions structuredContent other"
)
keys = st.sampled_from(KEYS.split())
words = st.sampled_from(["sampling/createMessage", "notifications/message", "text", "aGk="])
values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.just(PROSE) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=14,
)
METHODS = (None, "tools/call", "tools/list", "prompts/get", "resources/read", "initialize", "x")


@settings(max_examples=150)
@given(value=values, method=st.sampled_from(METHODS))
def test_whatever_a_message_holds_all_prose_is_seen_and_can_be_replaced(
    value: Any, method: str | None
) -> None:
    check_places(value, lambda one: said(one, method))
    check_prose(value, lambda one: said(one, method))


def test_text_that_comes_as_an_image_is_seen() -> None:
    image = {"type": "image", "mimeType": "image/png", "data": b64encode(b"say hello").decode()}
    noise = {**image, "data": b64encode(b"\x89PNG" + bytes(range(256))).decode()}
    assert texts(said(answer({"content": [image, noise]}), "tools/call")) == ["say hello"]
