"""What policy is told of a JSON body, exactly."""

from typing import Any

import pytest

from gateway.policy.vocabulary import carries
from gateway.protocols.openai.attributes import attributes, check_stream_options
from gateway.protocols.openai.typed import WrongError
from tests.protocols.openai.clients import USER

CHAT: dict[str, Any] = {
    "model": "m",
    "messages": [
        USER,
        {"role": "user", "content": [{"type": "image_url", "image_url": "http://a"}]},
    ],
    "stream": True,
    "max_tokens": 10,
    "max_completion_tokens": 20,
    "n": 2,
    "temperature": 1,
    "top_p": 0.5,
    "reasoning_effort": "low",
    "tools": [{"type": "function", "function": {"name": "f"}}],
    "tool_choice": "auto",
    "user": "u",
    "safety_identifier": "s",
    "prompt_cache_key": "k",
    "service_tier": "flex",
    "store": True,
    "metadata": {"a": "b"},
    "response_format": {"type": "json_schema", "json_schema": {"name": "x"}},
    "seed": 1,
}
RESPONSE: dict[str, Any] = {
    "model": "m",
    "input": "abc",
    "stream": False,
    "max_output_tokens": 5,
    "temperature": 0.5,
    "top_p": 1.0,
    "reasoning": {"effort": "high"},
    "tools": [{"type": "mcp", "server_label": "gh", "server_url": "https://gh"}],
    "tool_choice": "required",
    "user": "u",
    "safety_identifier": "s",
    "prompt_cache_key": "k",
    "service_tier": "auto",
    "store": False,
    "background": True,
    "previous_response_id": "resp_1",
    "conversation": {"id": "conv_1"},
    "metadata": {},
}


def without_body(method: str, body: dict[str, Any]) -> dict[str, Any]:
    found = dict(attributes(method, body))
    assert found.pop("body") == body
    return found


def test_a_chat_completion_carries() -> None:
    assert without_body("chat/completions", CHAT) == {
        "model": "m",
        "stream": True,
        "max_tokens": 20,
        "n": 2,
        "temperature": 1.0,
        "top_p": 0.5,
        "reasoning_effort": "low",
        "roles": ["user"],
        "message_count": 2,
        "text_bytes": 5,
        "part_types": ["text", "image_url"],
        "urls": ["http://a"],
        "tools": ["f"],
        "tool_types": ["function"],
        "tool_choice": "auto",
        "user": "u",
        "safety_identifier": "s",
        "prompt_cache_key": "k",
        "service_tier": "flex",
        "store": True,
        "metadata": {"a": "b"},
        "response_format": "json_schema",
    }


def test_a_response_carries() -> None:
    assert without_body("responses", RESPONSE) == {
        "model": "m",
        "stream": False,
        "max_tokens": 5,
        "temperature": 0.5,
        "top_p": 1.0,
        "reasoning_effort": "high",
        "roles": ["user"],
        "message_count": 1,
        "text_bytes": 3,
        "part_types": ["text"],
        "urls": [],
        "tools": [],
        "tool_types": ["mcp"],
        "tool_choice": "required",
        "mcp_urls": ["https://gh"],
        "mcp_labels": ["gh"],
        "mcp_tools": ["*"],
        "user": "u",
        "safety_identifier": "s",
        "prompt_cache_key": "k",
        "service_tier": "auto",
        "store": False,
        "background": True,
        "previous_response_id": "resp_1",
        "conversation": "conv_1",
        "metadata": {},
    }


@pytest.mark.parametrize(
    ("method", "body", "found"),
    [
        (
            "completions",
            {"model": "m", "prompt": ["ab", "c"], "suffix": "d", "n": 2, "best_of": 5},
            {"model": "m", "n": 5, "input_count": 2, "text_bytes": 4},
        ),
        (
            "embeddings",
            {"model": "m", "input": [[1, 2]], "dimensions": 3, "user": "u"},
            {"model": "m", "input_count": 1, "text_bytes": 8, "dimensions": 3, "user": "u"},
        ),
        ("moderations", {"input": "abc"}, {"input_count": 1, "text_bytes": 3}),
        (
            "moderations",
            {"model": "m", "input": [{"type": "text", "text": "ab"}, {"type": "image_url"}]},
            {"model": "m", "input_count": 2, "text_bytes": 2},
        ),
        (
            "images/generations",
            {"model": "m", "prompt": "cat", "size": "1x1", "quality": "hd", "stream": True},
            {
                "model": "m",
                "n": 1,
                "text_bytes": 3,
                "size": "1x1",
                "quality": "hd",
                "stream": True,
            },
        ),
        (
            "images/edits",
            {
                "prompt": "cat",
                "images": [{"image_url": "http://a"}],
                "mask": {"image_url": "http://b"},
            },
            {"n": 1, "urls": ["http://a", "http://b"]},
        ),
        (
            "audio/speech",
            {"model": "m", "input": "ab", "instructions": "c", "voice": {"id": "v"}},
            {"model": "m", "text_bytes": 3, "voice": "v"},
        ),
    ],
)
def test_other_methods_carry(method: str, body: dict[str, Any], found: dict[str, Any]) -> None:
    assert without_body(method, body) == found


def test_what_is_not_said_has_its_default() -> None:
    assert attributes("responses", {"model": "m", "input": "x"})["store"] is True
    assert attributes("responses", {"model": "m", "input": "x", "store": None})["store"] is True
    chat = attributes("chat/completions", {"model": "m", "messages": []})
    assert chat["n"] == 1
    assert "store" not in chat
    assert "max_tokens" not in chat


@pytest.mark.parametrize("key", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
def test_the_bound_on_tokens_is_the_largest_of_all_spellings(key: str) -> None:
    names = ("max_tokens", "max_completion_tokens", "max_output_tokens")
    bounds = dict.fromkeys(names, 1) | {key: 9}
    for method in ("chat/completions", "completions", "responses"):
        assert attributes(method, {"model": "m", **bounds})["max_tokens"] == 9


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("chat/completions", CHAT),
        ("responses", RESPONSE),
        ("completions", {"model": "m", "prompt": "x", "temperature": 1, "user": "u"}),
        ("embeddings", {"model": "m", "input": "x", "dimensions": 2, "user": "u"}),
        ("moderations", {"input": "x"}),
        ("images/generations", {"prompt": "x", "user": "u", "response_format": "url"}),
        ("images/edits", {"user": "u", "size": "s", "quality": "q", "response_format": "r"}),
        ("audio/speech", {"model": "m", "input": "x", "voice": "v", "response_format": "mp3"}),
    ],
)
def test_only_what_the_vocabulary_lists_for_a_method_is_there(
    method: str, body: dict[str, Any]
) -> None:
    found = attributes(method, body)
    assert [name for name in found if not carries(method, "llm", name)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": 1},
        {"model": None},
        {"stream": "true"},
        {"stream": 1},
        {"max_tokens": 1.0},
        {"max_tokens": "10"},
        {"max_completion_tokens": True},
        {"n": "2"},
        {"best_of": 1.5},
        {"temperature": "0"},
        {"top_p": []},
        {"reasoning_effort": 1},
        {"reasoning": "low"},
        {"reasoning": {"effort": "high"}},
        {"messages": {}},
        {"tools": {}},
        {"tool_choice": 1},
        {"user": 1},
        {"metadata": []},
        {"store": "yes"},
        {"response_format": 1},
        {"response_format": {"type": 1}},
        {"service_tier": {}},
        {"Model": "other"},
        {"MAX_TOKENS": 1},
        {"seed": 1, "Seed": 2},
    ],
)
def test_a_known_member_of_another_type_is_refused(wrong: dict[str, Any]) -> None:
    body: dict[str, Any] = {"model": "m", "messages": [USER], "reasoning_effort": "low"}
    assert attributes("chat/completions", body)
    with pytest.raises(WrongError):
        attributes("chat/completions", {**body, **wrong})


@pytest.mark.parametrize(
    ("method", "required"),
    [
        ("chat/completions", True),
        ("completions", True),
        ("embeddings", True),
        ("audio/speech", True),
        ("responses", False),
        ("moderations", False),
        ("images/generations", False),
        ("images/edits", False),
    ],
)
def test_a_model_is_required_where_the_api_requires_one(method: str, required: bool) -> None:
    if required:
        with pytest.raises(WrongError, match="model is required"):
            attributes(method, {})
    else:
        assert "model" not in attributes(method, {})


def test_options_of_a_stream_have_their_types() -> None:
    check_stream_options({})
    check_stream_options({"stream_options": {"include_usage": None, "more": 1}})
    wrong: list[Any] = [1, {"include_usage": 1}, {"Include_Usage": True}]
    for options in wrong:
        with pytest.raises(WrongError):
            check_stream_options({"stream_options": options})
