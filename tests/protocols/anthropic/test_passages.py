"""Guardrails see every string of a request to Anthropic's API, and can replace it."""

import gzip
import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.call import Deframed
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.model.refusal import Refusal
from gateway.protocols.anthropic.passages import passages_of
from tests.protocols.anthropic.clients import MODEL, SDK, body, deframe, encode, opened, plugin
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

NOISE = b64encode(bytes(range(128, 256)) * 3).decode()


def said(path: str = "/v1/messages", **members: Any) -> tuple[Passage, ...]:
    deframed = deframe(path, **members)
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


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_system_prompt_messages_and_tools_are_seen(path: str) -> None:
    schema = {"type": "object", "properties": {"cmd": {"description": "C."}}}
    found = said(
        path,
        system=[{"type": "text", "text": "s s", "cache_control": {"type": "ephemeral"}}],
        messages=[{"role": "user", "content": "u u"}, {"role": "assistant", "content": "a a"}],
        tools=[{"name": "run", "description": "R.", "input_schema": schema}],
    )
    assert channels(found) == [
        ("u u", "messages/0/content", "user"),
        ("a a", "messages/1/content", "assistant"),
        ("s s", "system/0", "system"),
        ("run", "tools/0", "tool_definition"),
        ("R.", "tools/0", "tool_definition"),
        ("cmd", "tools/0", "tool_definition"),
        ("C.", "tools/0", "tool_definition"),
    ]
    assert texts(said(path, system="s s"))[-1] == "s s"


def test_every_kind_of_block_is_seen_by_what_it_is() -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "thinking", "thinking": "t t", "signature": "EqQB" * 90},
        {"type": "redacted_thinking", "data": "EqQB" * 90},
        {"type": "tool_use", "id": "1", "name": "run", "input": {"k": ["v v"]}},
        {"type": "tool_result", "tool_use_id": "1", "content": "r r"},
        {
            "type": "tool_result",
            "tool_use_id": "1",
            "content": [
                {"type": "text", "text": "q q"},
                {"type": "image", "source": {"type": "base64", "data": NOISE}},
            ],
        },
        {"type": "image", "source": {"type": "url", "url": "https://e.x/a b"}},
        {"type": "search_result", "source": "s s", "title": "h h", "content": []},
        {"type": "unheard_of", "note": "n n"},
    ]
    found = said(messages=[{"role": "assistant", "content": blocks}])
    assert channels(found) == [
        ("t t", "messages/0/content/0", "reasoning"),
        ("run", "messages/0/content/2/name", "tool_arguments"),
        ("k", "messages/0/content/2/input", "tool_arguments"),
        ("v v", "messages/0/content/2/input", "tool_arguments"),
        ("r r", "messages/0/content/3/content", "tool_result"),
        ("q q", "messages/0/content/4/content/0", "tool_result"),
        ("https://e.x/a b", "messages/0/content/5", "assistant"),
        ("s s", "messages/0/content/6", "assistant"),
        ("h h", "messages/0/content/6", "assistant"),
        ("note", "messages/0/content/7/other", "metadata"),
        ("n n", "messages/0/content/7/other", "metadata"),
    ]
    assert found[3].name == "run"


def test_documents_that_are_text_are_seen_and_can_be_replaced() -> None:
    plain = b64encode(b"coded words").decode()
    sources = [
        {"type": "text", "media_type": "text/plain", "data": "plain words"},
        {"type": "base64", "media_type": "text/markdown", "data": plain},
        {"type": "base64", "media_type": "application/pdf", "data": NOISE},
        {"type": "content", "content": [{"type": "text", "text": "inner words"}]},
    ]
    blocks = [{"type": "document", "title": "t t", "source": one} for one in sources[:1]]
    blocks += [{"type": "document", "source": one} for one in sources[1:]]
    sent = body(messages=[{"role": "user", "content": blocks}])
    found = passages_of(sent)
    assert texts(found) == ["t t", "plain words", "coded words", "inner words"]
    assert {one.part for one in found} == {Part.USER}
    changed = replaced(sent, found, "coded words")
    source = changed["messages"][0]["content"][1]["source"]
    assert source["data"] == b64encode(NEW.encode()).decode()


def test_what_the_client_says_of_itself_and_of_servers_is_seen() -> None:
    found = said(
        metadata={"user_id": "eve@example.com"},
        stop_sequences=["END NOW"],
        mcp_servers=[{"type": "url", "url": "https://e.x/mcp", "name": "a"}],
        unheard={"of": "this"},
    )
    assert channels(found) == [
        ("Hi", "messages/0/content", "user"),
        ("eve@example.com", "metadata", "metadata"),
        ("END NOW", "stop_sequences", "metadata"),
        ("https://e.x/mcp", "mcp_servers", "user"),
        ("unheard", "other", "metadata"),
        ("of", "other", "metadata"),
        ("this", "other", "metadata"),
    ]


def test_a_request_with_another_text_is_the_same_otherwise() -> None:
    sent = encode(body(temperature=0.10))
    changed = with_text(opened().deframe(sent), "Hi")
    assert changed.body == sent.replace(b'"Hi"', encode(NEW))
    assert changed.calls[0].attributes["text_bytes"] == len(NEW)
    assert changed.prompt is not None
    assert NEW.encode() in b"".join(changed.prompt().parts)
    assert changed.passages is not None
    assert texts(changed.passages()) == [NEW]


def test_another_text_does_not_undo_the_coding_twice_and_no_digest_is_left() -> None:
    lines = (*SDK, ("content-encoding", "gzip"), ("digest", "sha-256=x"))
    sent = encode(body())
    changed = with_text(opened(lines).deframe(gzip.compress(sent)), "Hi")
    assert changed.body == sent.replace(b'"Hi"', encode(NEW))
    assert set(changed.drop_headers) == {"content-encoding", "digest"}


def test_another_text_keeps_the_model_that_the_request_is_for() -> None:
    using = plugin(aliases={MODEL: "inner"})
    first = opened(using=using).deframe(encode(body()))
    assert json.loads(with_text(first, "Hi").body or b"")["model"] == "inner"
    assert isinstance(first, Deframed)
    assert first.with_model is not None
    moved = with_text(first.with_model("other"), "Hi")
    assert json.loads(moved.body or b"")["model"] == "other"
    assert json.loads(moved.body or b"")["messages"][0]["content"] == NEW


def test_a_text_without_a_place_refuses_the_request() -> None:
    first = deframe()
    assert isinstance(first, Deframed)
    assert first.with_texts is not None
    assert isinstance(first.with_texts({Place(("nowhere",)): "x"}), Refusal)


KEYS = (
    "messages role content type text source data url input name tools input_schema properties "
    "thinking system metadata title citations signature other"
)
keys = st.sampled_from(KEYS.split())
words = st.sampled_from(["text", "tool_use", "tool_result", "thinking", "base64", "text/plain"])
values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.just(PROSE) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=14,
)


@settings(max_examples=150)
@given(sent=st.dictionaries(keys, values, max_size=4))
def test_whatever_a_body_holds_all_prose_is_seen_and_can_be_replaced(sent: dict[str, Any]) -> None:
    check_places(sent, passages_of)
    check_prose(sent, passages_of)
