"""Guardrails see every string of a request to an OpenAI-style server, and can replace it."""

import gzip
import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.call import Deframed
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.openai.passages import passages_of
from tests.protocols.openai.clients import JSON, chat, deframe, form, head, openai
from tests.support.said import (
    NEW,
    PROSE,
    channels,
    check_places,
    check_prose,
    place_of,
    replaced,
    texts,
)

TOOL = {
    "type": "function",
    "function": {
        "name": "run",
        "description": "Runs a command.",
        "parameters": {"type": "object", "properties": {"cmd": {"description": "The command."}}},
    },
}


def said(path: str, body: Any) -> tuple[Passage, ...]:
    deframed = deframe(path, body)
    assert isinstance(deframed, Deframed), deframed
    assert deframed.passages is not None
    found = deframed.passages()
    assert {one.stage for one in found} <= {Stage.REQUEST}
    return found


def with_text(deframed: Deframed | Refusal, text: str, new: str = NEW) -> Deframed:
    assert isinstance(deframed, Deframed), deframed
    assert deframed.passages is not None
    assert deframed.with_texts is not None
    changed = deframed.with_texts({place_of(deframed.passages(), text): new})
    assert isinstance(changed, Deframed), changed
    return changed


def test_every_message_is_seen_by_its_role() -> None:
    roles = ("system", "developer", "user", "assistant", "tool", "function", "strange")
    messages = [{"role": role, "content": f"by {role}"} for role in roles]
    assert [(one.text, one.part) for one in said("chat/completions", chat(messages=messages))] == [
        ("by system", Part.SYSTEM),
        ("by developer", Part.SYSTEM),
        ("by user", Part.USER),
        ("by assistant", Part.ASSISTANT),
        ("by tool", Part.TOOL_RESULT),
        ("by function", Part.TOOL_RESULT),
        ("by strange", Part.USER),
    ]


def test_every_part_of_a_message_is_seen_but_not_the_bytes_of_media() -> None:
    noise = b64encode(bytes(range(128, 256)) * 3).decode()
    parts = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "https://e.x/?q=a b", "detail": "high"}},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{noise}"}},
        {"type": "input_audio", "input_audio": {"data": noise, "format": "wav"}},
        {
            "type": "file",
            "file": {
                "filename": "my plan.txt",
                "file_data": "data:text/plain;base64," + b64encode(b"the plan").decode(),
            },
        },
        {"type": "new_kind", "caption": "of a new kind"},
    ]
    body = chat(messages=[{"role": "user", "content": parts}])
    found = said("chat/completions", body)
    assert channels(found) == [
        ("look", "messages/0/content", "user"),
        ("https://e.x/?q=a b", "messages/0/content", "user"),
        ("my plan.txt", "messages/0/content", "user"),
        ("the plan", "messages/0/content", "user"),
        ("caption", "messages/0/content/other", "metadata"),
        ("of a new kind", "messages/0/content/other", "metadata"),
    ]
    changed = replaced(body, found, "the plan")
    url = changed["messages"][0]["content"][4]["file"]["file_data"]
    assert url == "data:text/plain;base64," + b64encode(NEW.encode()).decode()


def test_arguments_of_tool_calls_are_parsed_with_the_name_of_the_tool() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "run", "arguments": '{"a":["b"]}'}}
    odd = {"id": "d", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}
    older = {"name": "old", "arguments": "no json"}
    message = {"role": "assistant", "tool_calls": [call, odd], "function_call": older}
    found = said("chat/completions", chat(messages=[message]))
    assert {one.part for one in found} == {Part.TOOL_ARGUMENTS}
    assert [(one.text, one.channel, one.name) for one in found] == [
        ("run", "messages/0/tool_calls/0/name", "run"),
        ("a", "messages/0/tool_calls/0/arguments", "run"),
        ("b", "messages/0/tool_calls/0/arguments", "run"),
        ("sql", "messages/0/tool_calls/1/name", "sql"),
        ("SELECT 1", "messages/0/tool_calls/1/input", "sql"),
        ("old", "messages/0/function_call/name", "old"),
        ("no json", "messages/0/function_call/arguments", "old"),
    ]
    changed = replaced(chat(messages=[message]), found, "b")
    arguments = changed["messages"][0]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(arguments) == {"a": [NEW]}


def test_definitions_of_tools_and_formats_are_seen() -> None:
    shape = {"name": "out", "description": "What to say.", "schema": {"title": "Answer here"}}
    body = chat(
        tools=[TOOL],
        functions=[{"name": "f", "description": "F."}],
        response_format={"type": "json_schema", "json_schema": shape},
        tool_choice={"type": "function", "function": {"name": "run"}},
    )
    found = [one for one in said("chat/completions", body) if one.part is Part.TOOL_DEFINITION]
    assert [(one.text, one.channel, one.name) for one in found] == [
        ("run", "tools/0", "run"),
        ("Runs a command.", "tools/0", "run"),
        ("cmd", "tools/0", "run"),
        ("The command.", "tools/0", "run"),
        ("f", "functions/0", "f"),
        ("F.", "functions/0", "f"),
        ("out", "response_format", ""),
        ("What to say.", "response_format", ""),
        ("Answer here", "response_format", ""),
    ]


def test_what_the_model_was_told_before_and_what_the_client_says_of_itself_is_seen() -> None:
    message = {"role": "assistant", "content": "c", "reasoning_content": "r", "refusal": "n"}
    body = chat(
        messages=[message, {"role": "user", "name": "bob@example.com", "content": "u"}],
        user="eve@example.com",
        metadata={"team": "a b"},
        stop=["END NOW"],
        documents=[{"text": "facts"}],
        prediction={"type": "content", "content": "guess"},
        stream_options={"include_usage": True},
        logit_bias={"50256": -100},
        unheard={"of": "this"},
    )
    found = {one.text: one.part for one in said("chat/completions", body)}
    assert found == {
        "c": Part.ASSISTANT,
        "r": Part.REASONING,
        "n": Part.REFUSAL,
        "bob@example.com": Part.METADATA,
        "u": Part.USER,
        "eve@example.com": Part.METADATA,
        "team": Part.METADATA,
        "a b": Part.METADATA,
        "END NOW": Part.METADATA,
        "text": Part.RESOURCE,
        "facts": Part.RESOURCE,
        "guess": Part.USER,
        "unheard": Part.METADATA,
        "of": Part.METADATA,
        "this": Part.METADATA,
    }


def test_items_of_responses_are_seen_by_what_they_are() -> None:
    items = [
        {"role": "developer", "content": "d d"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "u u"}]},
        {"type": "function_call", "call_id": "1", "name": "run", "arguments": '{"k":"v v"}'},
        {"type": "function_call_output", "call_id": "1", "output": "o o"},
        {
            "type": "computer_call_output",
            "call_id": "2",
            "output": {"type": "computer_screenshot", "image_url": "https://e.x/shot"},
        },
        {
            "type": "reasoning",
            "id": "r",
            "summary": [{"type": "summary_text", "text": "s s"}],
            "content": [{"type": "reasoning_text", "text": "t t"}],
            "encrypted_content": "AAAA",
        },
        {"type": "mcp_call", "id": "m", "name": "ask", "arguments": "{}", "output": "said so"},
        {"type": "never_heard_of", "id": "n", "note": "n n"},
    ]
    body = {"model": "m", "instructions": "i i", "input": items, "tools": []}
    assert channels(said("responses", body)) == [
        ("i i", "instructions", "system"),
        ("d d", "input/0/content", "system"),
        ("u u", "input/1/content/0", "user"),
        ("run", "input/2/name", "tool_arguments"),
        ("k", "input/2/arguments", "tool_arguments"),
        ("v v", "input/2/arguments", "tool_arguments"),
        ("o o", "input/3/output", "tool_result"),
        ("https://e.x/shot", "input/4/output", "tool_result"),
        ("s s", "input/5/summary/0", "reasoning"),
        ("t t", "input/5/content/0", "reasoning"),
        ("ask", "input/6/name", "tool_arguments"),
        ("said so", "input/6/output", "tool_result"),
        ("note", "input/7/other", "metadata"),
        ("n n", "input/7/other", "metadata"),
    ]


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("responses", {"input": "a b"}, ["a b"]),
        ("responses", {"prompt": {"id": "p", "variables": {"k": "v"}}}, ["k", "v"]),
        ("completions", {"prompt": ["a", "b"], "suffix": "c"}, ["a", "b", "c"]),
        ("completions", {"prompt": [1, 2]}, []),
        ("embeddings", {"input": ["a", "b"]}, ["a", "b"]),
        ("moderations", {"input": [{"type": "text", "text": "a"}]}, ["a"]),
        ("moderations", {"input": ["a", "b"]}, ["a", "b"]),
        ("images/generations", {"prompt": "a", "response_format": "b64_json"}, ["a"]),
        ("images/edits", {"prompt": "a", "images": [{"image_url": "https://x y"}]}, None),
        ("audio/speech", {"input": "a", "instructions": "b", "voice": "alloy"}, ["a", "b"]),
    ],
)
def test_other_methods_have_their_texts(path: str, body: Any, expected: list[str] | None) -> None:
    found = said(path, {"model": "m", **body})
    assert texts(found) == (["a", "https://x y"] if expected is None else expected)
    assert {one.part for one in found} <= {Part.USER}


def test_fields_and_file_names_of_a_form_are_seen_and_cannot_be_replaced() -> None:
    body, lines = form(
        {"image": ("a cat.png", b"\x89PNG", "image/png")}, model="m", prompt="a b", extra="c d"
    )
    deframed = deframe("images/edits", body, lines)
    assert isinstance(deframed, Deframed)
    assert deframed.passages is not None
    assert deframed.with_texts is None
    assert channels(deframed.passages()) == [
        ("a b", "prompt", "user"),
        ("extra", "other", "metadata"),
        ("c d", "other", "metadata"),
        ("a cat.png", "files/0", "metadata"),
    ]
    without = deframe("files", *form({"file": ("f x", b"1", "a/b")}, purpose="batch"))
    assert isinstance(without, Deframed)
    assert without.passages is not None
    assert texts(without.passages()) == ["f x", "1"]


def test_files_of_a_form_that_are_text_are_seen() -> None:
    files = {"file": ("notes.txt", "say héllo\xff".encode("latin-1"), "text/plain")}
    deframed = deframe("files", *form(files, purpose="batch"))
    assert isinstance(deframed, Deframed)
    assert deframed.passages is not None
    name, said = deframed.passages()
    assert name.text == "notes.txt"
    assert (said.text, said.part) == ("say h\ufffdllo\ufffd", Part.RESOURCE)


def test_a_body_that_means_nothing_is_seen_too() -> None:
    deframed = deframe("responses/r_1/cancel", {"note": "n n"})
    assert isinstance(deframed, Deframed), deframed
    assert deframed.passages is not None
    assert deframed.with_texts is None
    assert texts(deframed.passages()) == ["note", "n n"]


def test_a_request_with_another_text_is_the_same_otherwise() -> None:
    body = json.dumps(chat(temperature=0.10, seed=2**60), indent=1).encode()
    changed = with_text(deframe("chat/completions", body), "hello")
    assert changed.body == body.replace(b'"hello"', json.dumps(NEW).encode())
    (call,) = changed.calls
    assert call.attributes["text_bytes"] == len(NEW)
    assert changed.prompt is not None
    assert NEW.encode() in b"".join(changed.prompt().parts)
    assert changed.passages is not None
    assert texts(changed.passages()) == [NEW]


def test_another_text_does_not_undo_the_coding_twice_and_no_digest_is_left() -> None:
    lines = (*JSON, ("content-encoding", "gzip"), ("content-digest", "sha-256=:x:"))
    changed = with_text(deframe("chat/completions", gzip.compress(_bytes()), lines), "hello")
    assert changed.body == _bytes().replace(b"hello", NEW.encode())
    assert set(changed.drop_headers) == {"content-encoding", "content-digest"}


def test_another_text_keeps_the_alias_the_renaming_and_the_usage_that_is_asked_for() -> None:
    lines = JSON
    opening = openai("all").open(head("chat/completions", lines))
    body = json.dumps(chat(model="fast", stream=True)).encode()
    first = opening.deframe(body)
    changed = with_text(first, "hello")
    told = json.loads(changed.body or b"")
    assert told["model"] == "demo-small"
    assert told["stream_options"] == {"include_usage": True}
    assert told["messages"][0]["content"] == NEW
    assert isinstance(first, Deframed)
    assert first.with_model is not None
    moved = with_text(first.with_model("other"), "hello")
    assert json.loads(moved.body or b"")["model"] == "other"
    assert moved.with_model is not None
    back = json.loads(moved.with_model("third").body or b"")
    assert (back["model"], back["messages"][0]["content"]) == ("third", NEW)


def test_a_text_that_makes_the_request_unacceptable_refuses_it() -> None:
    first = deframe("chat/completions", chat())
    assert isinstance(first, Deframed)
    assert first.with_texts is not None
    assert isinstance(first.with_texts({Place(("nowhere",)): "x"}), Refusal)
    large = first.with_texts({Place(("messages", 0, "content")): "x" * (1 << 20)})
    assert isinstance(large, Refusal)
    assert large.reason is Reason.TOO_LARGE


def _bytes() -> bytes:
    return json.dumps(chat()).encode()


KEYS = (
    "messages role content type text tool_calls function arguments tools parameters "
    "properties image_url url input item output prompt metadata response_format json_schema "
    "file other"
)
keys = st.sampled_from(KEYS.split())
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.just(PROSE)
    | st.just('{"a":["b"]}'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=14,
)


@settings(max_examples=150)
@given(body=st.dictionaries(keys, values, max_size=4), speech=st.booleans())
def test_whatever_a_body_holds_all_prose_is_seen_and_can_be_replaced(
    body: dict[str, Any], speech: bool
) -> None:
    method = "audio/speech" if speech else "chat/completions"

    def of(value: Any) -> tuple[Passage, ...]:
        return passages_of(method, value)

    check_places(body, of)
    check_prose(body, of)
