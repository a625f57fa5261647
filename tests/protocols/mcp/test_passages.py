"""Guardrails see every string of what an MCP client sends, and can replace it."""

import gzip
import json
from base64 import b64encode
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.call import Deframed
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.mcp.passages import passages_of
from tests.protocols.mcp.clients import (
    CALL,
    JSON,
    META,
    SESSION,
    batching,
    encode,
    head,
    mcp,
    modern_lines,
    notify,
    rpc,
)
from tests.support.said import NEW, PROSE, check_places, check_prose, place_of, texts

BATCH = (*JSON, ("mcp-protocol-version", "2025-03-26"))


def said(message: Any) -> tuple[Passage, ...]:
    deframed = mcp.open(head((*JSON, *SESSION))).deframe(encode(message))
    assert isinstance(deframed, Deframed), deframed
    assert deframed.passages is not None
    return deframed.passages()


def with_text(deframed: Deframed | Refusal, text: str, new: str = NEW) -> Deframed | Refusal:
    assert isinstance(deframed, Deframed), deframed
    assert deframed.passages is not None
    assert deframed.with_texts is not None
    return deframed.with_texts({place_of(deframed.passages(), text): new})


def told(message: Any) -> list[tuple[str, str, str, str]]:
    return [(one.text, one.channel, one.stage.value, one.part.value) for one in said(message)]


def test_arguments_of_a_call_are_seen_with_their_keys_and_the_name_of_the_tool() -> None:
    found = said(rpc("tools/call", {"name": "run", "arguments": {"cmd": ["ls", {"k": "v"}]}}))
    assert texts(found) == ["run", "cmd", "ls", "k", "v"]
    assert {(one.stage, one.part, one.name) for one in found} == {
        (Stage.TOOL_CALL, Part.TOOL_ARGUMENTS, "run")
    }
    assert found[3].place == Place(("params", "arguments", "cmd", 1, "k"), key=True)
    assert {one.channel for one in found} == {"params/name", "params/arguments"}


def test_prompts_resources_and_completions_have_their_stages() -> None:
    assert told(rpc("prompts/get", {"name": "p", "arguments": {"k": "v"}})) == [
        ("p", "params/name", "prompt_get", "user"),
        ("k", "params/arguments", "prompt_get", "user"),
        ("v", "params/arguments", "prompt_get", "user"),
    ]
    assert told(rpc("resources/read", {"uri": "file:///a b"})) == [
        ("file:///a b", "params/uri", "resource_read", "tool_arguments")
    ]
    params = {
        "ref": {"type": "ref/prompt", "name": "p"},
        "argument": {"name": "a", "value": "v"},
        "context": {"arguments": {"b": "w"}},
    }
    found = said(rpc("completion/complete", params))
    assert texts(found) == ["p", "a", "v", "b", "w"]
    assert {(one.stage, one.part) for one in found} == {(Stage.REQUEST, Part.USER)}


def test_what_a_client_says_of_itself_and_what_nobody_knows_is_metadata() -> None:
    params = {
        "protocolVersion": "2025-11-25",
        "clientInfo": {"name": "a client"},
        "capabilities": {"roots": {"listChanged": True}},
        "novel": "n n",
    }
    found = said(rpc("initialize", params))
    assert {one.part for one in found} == {Part.METADATA}
    assert texts(found) == ["name", "a client", "roots", "listChanged", "novel", "n n"]
    meta = {"progressToken": 1, "traceparent": "00-x", "own": "m m"}
    assert told(rpc("ping", {"_meta": meta})) == [
        ("own", "params/_meta/other", "request", "metadata"),
        ("m m", "params/_meta/other", "request", "metadata"),
    ]


def test_an_extension_hides_nothing_in_its_params_or_beside_them() -> None:
    message = rpc("acme/do", {"deep": [{"k": "v"}]}, note="n n")
    assert texts(said(message)) == ["note", "n n", "deep", "k", "v"]


def test_notifications_have_their_stage() -> None:
    assert told(notify("notifications/cancelled", {"requestId": 1, "reason": "r r"})) == [
        ("r r", "params", "notification", "notification")
    ]
    progress = {"progressToken": 1, "progress": 2, "message": "m m", "novel": "n n"}
    assert [one[0::3] for one in told(notify("notifications/progress", progress))] == [
        ("m m", "notification"),
        ("novel", "metadata"),
        ("n n", "metadata"),
    ]


def test_answers_of_the_client_are_seen_by_who_said_them() -> None:
    sampled = {"role": "assistant", "model": "m", "content": {"type": "text", "text": "s s"}}
    filled = {"action": "accept", "content": {"name": "Bob B"}}
    roots = {"roots": [{"uri": "file:///home/a b"}]}

    def parts(result: Any) -> list[tuple[str, str]]:
        message = {"jsonrpc": "2.0", "id": 1, "result": result}
        return [(one.text, one.part.value) for one in said(message)]

    assert parts(sampled) == [("s s", "assistant")]
    assert parts(filled) == [("name", "user"), ("Bob B", "user")]
    assert parts(roots) == [("uri", "user"), ("file:///home/a b", "user")]
    error = {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "m m", "data": {"k": "v"}}}
    assert [(one.text, one.part) for one in said(error)] == [
        ("m m", Part.ERROR),
        ("k", Part.ERROR),
        ("v", Part.ERROR),
    ]


def test_media_are_no_passages_and_resources_that_are_text_are() -> None:
    noise = b64encode(bytes(range(128, 256)) * 3).decode()
    resource = {"uri": "file:///a b", "blob": b64encode(b"the plan").decode()}
    declared = {"uri": "u", "mimeType": "text/plain", "blob": b64encode(b"a\xffb").decode()}
    blocks = [
        {"type": "image", "data": noise, "mimeType": "image/png"},
        {"type": "resource", "resource": resource},
        {"type": "resource", "resource": declared},
    ]
    message = {"jsonrpc": "2.0", "id": 1, "result": {"role": "user", "content": blocks}}
    found = said(message)
    assert texts(found) == ["file:///a b", "the plan", "u", "a\ufffdb"]
    assert {one.part for one in found} == {Part.RESOURCE}


def test_in_a_batch_channels_and_places_begin_with_the_number_of_the_message() -> None:
    batch = [rpc("tools/call", CALL | {"arguments": {"q": "a"}}, 1), rpc("ping", {"x": "b"}, 2)]
    deframed = batching.open(head(BATCH)).deframe(encode(batch))
    assert isinstance(deframed, Deframed), deframed
    assert deframed.passages is not None
    found = deframed.passages()
    assert [(one.text, one.channel, one.place.path[0], one.stage) for one in found] == [
        ("get_issue", "0/params/name", 0, Stage.TOOL_CALL),
        ("q", "0/params/arguments", 0, Stage.TOOL_CALL),
        ("a", "0/params/arguments", 0, Stage.TOOL_CALL),
        ("x", "1/params/other", 1, Stage.REQUEST),
        ("b", "1/params/other", 1, Stage.REQUEST),
    ]
    changed = with_text(deframed, "a")
    assert isinstance(changed, Deframed)
    assert len(changed.calls) == 2
    assert json.loads(changed.body or b"")[0]["params"]["arguments"] == {"q": NEW}


def test_a_request_with_another_text_is_the_same_otherwise() -> None:
    body = (
        b'{"jsonrpc": "2.0","id":9007199254740993,"method":"tools/call",'
        b'"params":{"name":"run","arguments":{"n":1.50,"cmd":"ls"}}}'
    )
    lines = (*JSON, *SESSION, ("content-encoding", "gzip"), ("content-md5", "x"))
    first = mcp.open(head(lines)).deframe(gzip.compress(body))
    changed = with_text(first, "ls")
    assert isinstance(changed, Deframed)
    assert changed.body == body.replace(b'"ls"', encode(NEW))
    assert changed.calls[0].attributes["arguments"] == {"n": 1.5, "cmd": NEW}
    assert changed.calls[0].id == 9007199254740993
    assert changed.session == "s-1"
    assert set(changed.drop_headers) == {"content-encoding", "content-md5"}
    assert changed.passages is not None
    assert texts(changed.passages()) == ["run", "n", "cmd", NEW]


def test_a_text_that_the_head_names_too_cannot_be_changed_in_the_body_alone() -> None:
    lines = modern_lines("tools/call", "get_issue")
    first = mcp.open(head(lines)).deframe(encode(rpc("tools/call", {**CALL, "_meta": META})))
    changed = with_text(first, "get_issue")
    assert isinstance(changed, Refusal)
    assert changed.reason is Reason.HEADER_MISMATCH


def test_what_has_no_body_has_no_passages() -> None:
    lines = (("accept", "text/event-stream"), *SESSION)
    deframed = mcp.open(head(lines, "GET")).deframe(b"")
    assert isinstance(deframed, Deframed)
    assert deframed.passages is None
    assert deframed.with_texts is None


KEYS = (
    "jsonrpc id method params name arguments _meta result error content type text data resource "
    "blob uri message roots argument ref inputResponses other"
)
keys = st.sampled_from(KEYS.split())
words = st.sampled_from(["tools/call", "prompts/get", "notifications/progress", "text", "aGk="])
values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.just(PROSE) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=14,
)


@settings(max_examples=150)
@given(value=values)
def test_whatever_a_message_holds_all_prose_is_seen_and_can_be_replaced(value: Any) -> None:
    check_places(value, passages_of)
    check_prose(value, passages_of)
