"""A request tells its prompt, so that whoever knows its beginning already can be found."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

import anthropic as sdk
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.call import Deframed
from gateway.model.prompt import Prompt
from gateway.picker.chain import chain
from gateway.wire.transcript import MOST_OUTPUT_TOKENS
from tests.protocols.anthropic.clients import MODEL, body, content, head, opened, plugin
from tests.protocols.spelling import spelt

COUNT = "/v1/messages/count_tokens"
PNG = "iVBORw0KGgoAAAANSUhEUgAABAAAAAMACAYAAAA="
"""The beginning of one of 1024 x 768 pixels."""

TEXTS: st.SearchStrategy[str] = st.text(max_size=40)
BLOCKS: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("text"), "text": TEXTS},
        optional={"cache_control": st.just({"type": "ephemeral"})},
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("tool_use"),
            "id": TEXTS,
            "name": TEXTS,
            "input": st.dictionaries(st.integers().map(str), TEXTS, max_size=3),
        }
    ),
    st.fixed_dictionaries({"type": st.just("tool_result"), "tool_use_id": TEXTS, "content": TEXTS}),
    st.fixed_dictionaries({"type": st.just("thinking"), "thinking": TEXTS}),
)
MESSAGES: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant"]), "content": TEXTS | st.lists(BLOCKS)}
)
BODIES: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        "model": st.just(MODEL),
        "max_tokens": st.integers(1, 100),
        "messages": st.lists(MESSAGES, max_size=5),
    },
    optional={
        "system": TEXTS | st.lists(BLOCKS, max_size=2),
        "tools": st.lists(
            st.fixed_dictionaries(
                {
                    "name": st.just("read"),
                    "input_schema": st.dictionaries(st.integers().map(str), TEXTS, max_size=3),
                }
            ),
            max_size=3,
        ),
    },
)


def prompt_of(sent: bytes, path: str = "/v1/messages") -> Prompt:
    found = opened(path=path).deframe(sent)
    assert isinstance(found, Deframed), found
    assert found.prompt is not None
    return found.prompt()


def prompt(path: str = "/v1/messages", **members: Any) -> Prompt:
    return prompt_of(json.dumps(body(**members)).encode(), path)


def whole(**members: Any) -> bytes:
    return b"".join(prompt(**members).parts)


def said(*blocks: Any) -> bytes:
    """What is left of blocks of a user's message."""
    return whole(messages=content(*blocks)).removeprefix(b"\x1euser\x1f")


@given(BODIES, st.randoms(use_true_random=False))
def test_the_prompt_is_the_same_however_a_client_spells_its_json(body: Any, random: Random) -> None:
    assert prompt_of(spelt(body, random)) == prompt_of(json.dumps(body).encode())


@given(BODIES, MESSAGES, st.integers(1, 64), st.randoms(use_true_random=False))
def test_a_conversation_that_goes_on_begins_with_what_it_was(
    body: Any, message: Any, block: int, random: Random
) -> None:
    before = prompt_of(spelt(body, random))
    after = prompt_of(spelt({**body, "messages": [*body["messages"], message]}, random))
    assert after.parts[: len(before.parts)] == before.parts
    assert len(after.parts) > len(before.parts)
    hashes = chain(before, block)
    assert chain(after, block)[: len(hashes)] == hashes


def test_tools_come_first_then_the_system_prompt_then_the_messages() -> None:
    found = whole(tools=[{"name": "f", "input_schema": {}}], system="Be brief.")
    assert found == (
        b'\x1etools\x1f{"input_schema":{},"name":"f"}\x1esystem\x1fBe brief.\x1euser\x1fHi'
    )


def test_marks_for_caches_make_no_difference_wherever_they_move() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    text: dict[str, Any] = {"type": "text", "text": "a"}
    tool: dict[str, Any] = {"name": "f", "input_schema": {}}
    marked = prompt(tools=[tool | mark], system=[text | mark], messages=content(text | mark))
    assert marked == prompt(tools=[tool], system=[text], messages=content(text))


def test_a_text_is_the_same_alone_and_as_a_block() -> None:
    assert prompt(system="a") == prompt(system=[{"type": "text", "text": "a"}])


def test_the_bill_of_a_coding_agent_is_no_part_of_the_prompt() -> None:
    bills = [f"x-anthropic-billing-header: cc_version=2.1; cch={number};" for number in "12"]
    blocks = [[{"type": "text", "text": bill}, {"type": "text", "text": "You."}] for bill in bills]
    assert prompt(system=blocks[0]) == prompt(system=blocks[1]) == prompt(system="You.")
    assert prompt(system=f"{bills[0]}\nYou.") == prompt(system="You.")


@pytest.mark.parametrize(
    ("block", "left"),
    [
        ({"type": "thinking", "thinking": "Hm.", "signature": "x"}, b"\x1ethinking\x1fHm."),
        ({"type": "redacted_thinking", "data": "x"}, b"\x1ethinking\x1fx"),
        (
            {"type": "tool_use", "id": "t", "name": "f", "input": {"b": 1, "a": 2}},
            b'\x1df\x1f{"a":2,"b":1}',
        ),
        ({"type": "tool_result", "tool_use_id": "t", "content": "42"}, b"\x1etool\x1f42"),
        (
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "4"}]},
            b"\x1etool\x1f4",
        ),
        ({"type": "tool_result", "tool_use_id": "t"}, b"\x1etool\x1f"),
        (
            {
                "type": "document",
                "title": "T",
                "source": {"type": "text", "media_type": "text/plain", "data": "D"},
            },
            b"TD",
        ),
        (
            {
                "type": "document",
                "source": {"type": "content", "content": [{"type": "text", "text": "D"}]},
            },
            b"D",
        ),
        (
            {"type": "web_search_tool_result", "tool_use_id": "t", "content": []},
            b"\x1etool\x1f",
        ),
        (
            {"type": "search_result", "title": "T", "source": "s", "content": []},
            b'{"content":[],"source":"s","title":"T","type":"search_result"}',
        ),
    ],
)
def test_a_block_leaves_what_a_model_reads_of_it(block: dict[str, Any], left: bytes) -> None:
    assert said(block) == left


@pytest.mark.parametrize(
    ("source", "tokens"),
    [
        ({"type": "base64", "media_type": "image/png", "data": PNG}, 768),
        ({"type": "url", "url": "https://images.example/a.png"}, 225),
        ({"type": "file", "file_id": "file_1"}, 225),
    ],
)
def test_an_image_counts_as_such_and_is_not_in_the_bytes(
    source: dict[str, Any], tokens: int
) -> None:
    found = prompt(messages=content({"type": "image", "source": source}))
    assert found.media_tokens == tokens
    kept = b"".join(found.parts)
    assert b"iVBOR" not in kept
    assert b"example" not in kept
    other = prompt(messages=content({"type": "image", "source": {"type": "url", "url": "u"}}))
    assert other.parts != found.parts


def test_a_document_counts_by_its_size() -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": "A" * 80_000}
    found = prompt(messages=content({"type": "document", "source": source}))
    assert 1000 < found.media_tokens < 3000


def test_the_bound_of_the_answer_is_told_and_counting_has_none() -> None:
    assert prompt(max_tokens=7).output_limit == 7
    assert prompt(max_tokens=2**62).output_limit == MOST_OUTPUT_TOKENS
    assert prompt(COUNT, max_tokens=...).output_limit == 0


def test_a_salt_separates_caches() -> None:
    assert prompt(cache_salt="tenant-1").salt == "tenant-1"
    assert prompt().salt == ""


RUNS: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"tools": [{"name": "f", "input_schema": {}}]}, True),
    ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, True),
    ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, True),
    ({"tools": [{"type": "code_execution_20250522", "name": "code_execution"}]}, False),
    ({"tools": [{"type": "mcp_toolset", "mcp_server_name": "a"}]}, False),
    ({"mcp_servers": [{"type": "url", "url": "https://a.example", "name": "a"}]}, False),
    ({"container": "container_1"}, False),
]


@pytest.mark.parametrize(("members", "repeatable"), RUNS)
def test_a_request_may_be_repeated_where_no_tool_is_run_and_nothing_kept(
    members: dict[str, Any], repeatable: bool
) -> None:
    assert prompt(**members).repeatable is repeatable
    assert prompt(COUNT, **members).repeatable


def test_the_model_is_the_one_that_an_alias_stands_for() -> None:
    found = (
        plugin(aliases={"claude": MODEL})
        .open(head())
        .deframe(json.dumps(body(model="claude")).encode())
    )
    assert isinstance(found, Deframed)
    assert found.prompt is not None
    assert found.prompt().model == MODEL


def test_what_no_model_answers_has_no_prompt() -> None:
    found = opened(method="GET", path="/v1/models", lines=()).deframe(b"")
    assert isinstance(found, Deframed)
    assert found.prompt is None


KEYS = st.sampled_from(
    [
        "type",
        "text",
        "thinking",
        "content",
        "source",
        "data",
        "url",
        "file_id",
        "media_type",
        "title",
        "name",
        "input",
        "id",
        "tool",
    ]
)
KINDS = st.sampled_from(
    ["text", "image", "document", "tool_use", "tool_result", "thinking", "base64", "other"]
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | KINDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.fixed_dictionaries({"type": KINDS}, optional={"source": inner, "content": inner})
    ),
    max_leaves=12,
)


@given(ANYTHING, st.lists(ANYTHING, max_size=3), ANYTHING, ANYTHING)
def test_whatever_is_let_through_has_a_prompt(
    system: Any, blocks: list[Any], tools: Any, container: Any
) -> None:
    sent = body(system=system, messages=content(*blocks), tools=tools, container=container)
    found = opened().deframe(json.dumps(sent).encode())
    if isinstance(found, Deframed):
        assert found.prompt is not None
        assert found.prompt() == found.prompt()
        assert found.prompt().media_tokens >= 0


# --- what the official SDK sends ------------------------------------------------------------------


def sent(ask: Callable[[sdk.Anthropic], Any]) -> tuple[str, bytes]:
    """Path and body of the request that the SDK makes; nothing answers it."""
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={})

    transport = httpx2.Client(transport=httpx2.MockTransport(answer))
    with sdk.Anthropic(
        api_key="k", base_url="http://models.example", http_client=transport
    ) as client:
        ask(client)
    return seen[0].url.path, seen[0].content


def test_the_turns_of_an_agent_that_uses_the_sdk_share_their_beginning() -> None:
    def ask(*messages: Any) -> Prompt:
        path, body = sent(
            lambda client: client.messages.create(
                model=MODEL,
                max_tokens=100,
                system=[{"type": "text", "text": "You are a coding agent. " * 40}],
                tools=[{"name": "read", "input_schema": {"type": "object"}}],
                messages=list(messages),
            )
        )
        return prompt_of(body, path)

    turn = [
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "t", "name": "read", "input": {"path": "a"}}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]},
    ]
    asked = {"role": "user", "content": "Fix it."}
    first, second = ask(asked), ask(asked, *turn)
    assert second.parts[: len(first.parts)] == first.parts
    assert second.parts[len(first.parts) + 1 : len(first.parts) + 3] == (
        b"\x1dread\x1f",
        b'{"path":"a"}',
    )
    assert len(chain(first, 64)) >= 15


def test_a_count_of_the_sdk_has_the_prompt_of_its_message() -> None:
    path, counted = sent(
        lambda client: client.messages.count_tokens(
            model=MODEL, system="Be brief.", messages=[{"role": "user", "content": "Hi"}]
        )
    )
    assert path == COUNT
    assert prompt_of(counted, path).parts == prompt(system="Be brief.").parts
