"""What policy knows of system prompt and messages, however they are nested."""

from typing import Any

import pytest

from gateway.model.refusal import Reason
from tests.protocols.anthropic.clients import attributes, content, refusal

URL = "https://files.example/a"
IMAGE = {"type": "image", "source": {"type": "url", "url": URL}}
TEXT = {"type": "text", "text": "häm"}  # four bytes


def test_roles_come_once_each_in_order_and_a_system_prompt_is_the_first() -> None:
    said = [{"role": role, "content": "x"} for role in ("user", "assistant", "user", "system")]
    assert attributes(messages=said)["roles"] == ["user", "assistant", "system"]
    assert attributes(messages=said, system="x")["roles"] == ["system", "user", "assistant"]
    assert attributes(messages=said)["message_count"] == 4


@pytest.mark.parametrize("system", ["häm", [TEXT], TEXT])
def test_a_system_prompt_is_a_string_or_blocks(system: Any) -> None:
    found = attributes(system=system, messages=[])
    assert (found["roles"], found["part_types"], found["text_bytes"]) == (["system"], ["text"], 4)
    assert found["message_count"] == 0


def test_no_system_prompt_has_no_role() -> None:
    assert "roles" not in attributes(system=None, messages=[])


def test_a_string_is_one_text_block() -> None:
    found = attributes(messages=[{"role": "user", "content": "häm"}])
    assert (found["part_types"], found["text_bytes"]) == (["text"], 4)


BLOCKS: dict[str, tuple[dict[str, Any], int, list[str], list[str]]] = {
    "text": (TEXT, 4, ["text"], []),
    "thinking": ({"type": "thinking", "thinking": "abc", "signature": "x"}, 3, ["thinking"], []),
    "redacted": ({"type": "redacted_thinking", "data": "abc"}, 0, ["redacted_thinking"], []),
    "image by URL": (IMAGE, 0, ["image"], [URL]),
    "image inline": (
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "abc"}},
        0,
        ["image"],
        [],
    ),
    "image as data URL": (
        {"type": "image", "source": {"type": "url", "url": "DATA:image/png,abc"}},
        0,
        ["image"],
        [],
    ),
    "file": (
        {"type": "document", "source": {"type": "file", "file_id": "abc"}},
        0,
        ["document"],
        [],
    ),
    "document by URL": (
        {"type": "document", "source": {"type": "url", "url": URL}, "title": "ab", "context": "c"},
        3,
        ["document"],
        [URL],
    ),
    "document of text": (
        {"type": "document", "source": {"type": "text", "data": "abc"}},
        3,
        ["document"],
        [],
    ),
    "document of blocks": (
        {"type": "document", "source": {"type": "content", "content": [TEXT, IMAGE]}},
        4,
        ["document", "text", "image"],
        [URL],
    ),
    "document of a string": (
        {"type": "document", "source": {"type": "content", "content": "abc"}},
        3,
        ["document", "text"],
        [],
    ),
    "search result": (
        {"type": "search_result", "source": "ab", "title": "c", "content": [TEXT]},
        7,
        ["search_result", "text"],
        [],
    ),
    "tool use": (
        {"type": "tool_use", "id": "t", "name": "n", "input": {"a": ["bc", 1, {"d": None}]}},
        4,
        ["tool_use"],
        [],
    ),
    "tool result": (
        {"type": "tool_result", "tool_use_id": "t", "content": "abc"},
        3,
        ["tool_result", "text"],
        [],
    ),
    "tool result of blocks": (
        {"type": "tool_result", "tool_use_id": "t", "content": [TEXT, IMAGE]},
        4,
        ["tool_result", "text", "image"],
        [URL],
    ),
    "fetched page": (
        {
            "type": "web_fetch_tool_result",
            "tool_use_id": "t",
            "content": {
                "type": "web_fetch_result",
                "url": "https://was.fetched.example",
                "content": {"type": "document", "source": {"type": "text", "data": "abc"}},
            },
        },
        3,
        ["web_fetch_tool_result", "web_fetch_result", "document"],
        [],
    ),
    "output of code": (
        {
            "type": "code_execution_tool_result",
            "content": {"type": "code_execution_result", "stdout": "ab", "stderr": "c"},
        },
        3,
        ["code_execution_tool_result", "code_execution_result"],
        [],
    ),
    "compaction": ({"type": "compaction", "content": "abc"}, 3, ["compaction", "text"], []),
    "unknown": (
        {"type": "new", "inner": [{"url": URL}], "said": "abc"},
        len("typenewinnerurl" + URL + "saidabc"),
        ["new"],
        [URL],
    ),
}


@pytest.mark.parametrize(("block", "size", "types", "urls"), BLOCKS.values(), ids=BLOCKS)
def test_a_block_is_known_by_type_text_and_urls(
    block: dict[str, Any], size: int, types: list[str], urls: list[str]
) -> None:
    for found in (
        attributes(messages=content(block)),
        attributes(messages=[], system=[block]),
    ):
        assert (found["part_types"], found["text_bytes"]) == (types, size)
        assert found.get("urls", []) == urls


def test_every_url_and_type_comes_once() -> None:
    found = attributes(messages=content(IMAGE, TEXT, IMAGE, TEXT))
    assert (found["urls"], found["part_types"], found["text_bytes"]) == (
        [URL],
        ["image", "text"],
        8,
    )


WRONG: dict[str, Any] = {
    "no messages": ...,
    "null messages": None,
    "messages as an object": {},
    "messages as a string": "hi",
    "a message that is a string": ["hi"],
    "no role": [{"content": "hi"}],
    "a role that is a number": [{"role": 1, "content": "hi"}],
    "content that is a number": [{"role": "user", "content": 1}],
    "a block that is a string": content("hi"),
    "a block without a type": content({"text": "hi"}),
    "a type that is a list": content({"type": ["text"], "text": "hi"}),
    "text that is a number": content({"type": "text", "text": 1}),
    "text that is a list": content({"type": "text", "text": ["hi"]}),
    "thinking that is an object": content({"type": "thinking", "thinking": {}}),
    "a source that is a list": content({"type": "image", "source": []}),
    "a URL that is an object": content({"type": "image", "source": {"type": "url", "url": {}}}),
    "a nested block that is wrong": content(
        {"type": "tool_result", "content": [{"type": "text", "text": 1}]}
    ),
    "a mimicked role": [{"Role": "user", "content": "hi"}],
    "a mimicked text": content({"type": "text", "TEXT": "hi"}),
    "a mimicked URL": content({"type": "image", "source": {"type": "url", "Url": URL}}),
    "tool changes that are an object": content({"type": "compaction", "tool_changes": {}}),
}


@pytest.mark.parametrize("messages", WRONG.values(), ids=WRONG)
def test_what_has_a_wrong_type_is_refused(messages: Any) -> None:
    assert refusal(messages=messages).reason is Reason.INVALID_PARAMS


@pytest.mark.parametrize("system", [1, True, [1], [{"type": "text", "text": 1}]])
def test_a_system_prompt_of_a_wrong_type_is_refused(system: Any) -> None:
    assert refusal(system=system).reason is Reason.INVALID_PARAMS


def test_a_refusal_says_where_and_quotes_no_content() -> None:
    refused = refusal(messages=content(TEXT, {"type": "text", "text": ["secret"]}))
    assert refused.message == "messages[0].content[1].text must be a string"


def test_input_of_a_tool_is_free() -> None:
    free = {"type": "tool_use", "input": {"Type": 1, "TEXT": 2, "type": 3}}
    assert attributes(messages=content(free))["part_types"] == ["tool_use"]
