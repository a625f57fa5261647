"""A request tells its prompt, so that whoever knows its beginning already can be found."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

import httpx2
import openai as sdk
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.call import Deframed
from gateway.model.prompt import Prompt
from gateway.picker.chain import chain
from gateway.wire.transcript import MOST_OUTPUT_TOKENS
from tests.protocols.openai.clients import chat, deframe, form, get
from tests.protocols.spelling import spelt

CHAT = "chat/completions"
FUNCTION = {"type": "function", "function": {"name": "read", "parameters": {"type": "object"}}}

TEXTS: st.SearchStrategy[str] = st.text(max_size=40)
CALLS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        "id": TEXTS,
        "type": st.just("function"),
        "function": st.fixed_dictionaries({"name": TEXTS, "arguments": TEXTS}),
    }
)
PARTS: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": TEXTS}),
    st.fixed_dictionaries(
        {"type": st.just("image_url"), "image_url": st.fixed_dictionaries({"url": TEXTS})}
    ),
)
MESSAGES: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"])},
    optional={
        "content": TEXTS | st.none() | st.lists(PARTS, max_size=3),
        "reasoning_content": TEXTS,
        "tool_calls": st.lists(CALLS, max_size=2),
    },
)
TOOLS: st.SearchStrategy[Any] = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.just("function"),
            "function": st.fixed_dictionaries(
                {"name": TEXTS, "parameters": st.dictionaries(st.integers().map(str), TEXTS)}
            ),
        }
    ),
    max_size=3,
)
BODIES: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"model": st.just("demo-small"), "messages": st.lists(MESSAGES, max_size=6)},
    optional={"tools": TOOLS, "max_tokens": st.integers(0, 1000), "temperature": st.just(0.5)},
)


def prompt(body: Any, path: str = CHAT, **more: Any) -> Prompt:
    found = deframe(path, body, **more)
    assert isinstance(found, Deframed), found
    assert found.prompt is not None
    return found.prompt()


def whole(body: Any, path: str = CHAT) -> bytes:
    return b"".join(prompt(body, path).parts)


@given(BODIES, st.randoms(use_true_random=False))
def test_the_prompt_is_the_same_however_a_client_spells_its_json(body: Any, random: Random) -> None:
    assert prompt(spelt(body, random)) == prompt(json.dumps(body).encode())


@given(BODIES, MESSAGES, st.integers(1, 64), st.randoms(use_true_random=False))
def test_a_conversation_that_goes_on_begins_with_what_it_was(
    body: Any, message: Any, block: int, random: Random
) -> None:
    before = prompt(spelt(body, random))
    after = prompt(spelt({**body, "messages": [*body["messages"], message]}, random))
    assert after.parts[: len(before.parts)] == before.parts
    assert len(after.parts) > len(before.parts)
    hashes = chain(before, block)
    assert chain(after, block)[: len(hashes)] == hashes


@given(BODIES, st.data())
def test_a_conversation_whose_beginning_differs_shares_nothing_behind_that(
    body: Any, data: st.DataObject
) -> None:
    word = data.draw(st.text(min_size=1, max_size=5))
    first = {"role": "system", "content": "x"}
    other = {"role": "system", "content": "x" + word}
    texts = [
        chain(prompt({**body, "tools": None, "messages": [one, *body["messages"]]}), 16)
        for one in (first, other)
    ]
    assert not set(texts[0]) & set(texts[1])


def test_tools_come_before_the_messages_wherever_the_body_has_them() -> None:
    found = whole(chat(tools=[FUNCTION]))
    assert found.startswith(b"\x1etools\x1f")
    assert found.endswith(b"\x1euser\x1fhello")


def test_the_model_is_the_one_that_an_alias_stands_for() -> None:
    assert prompt(chat()).model == "demo-small"
    assert prompt(chat(model="fast")).model == "demo-small"
    assert prompt({"input": "x"}, "responses").model == ""


def test_a_salt_separates_caches() -> None:
    assert prompt(chat(cache_salt="tenant-1")).salt == "tenant-1"
    assert prompt(chat(cache_salt=7)).salt == ""
    assert chain(prompt(chat(cache_salt="a")), 4) != chain(prompt(chat(cache_salt="b")), 4)


@pytest.mark.parametrize(
    ("path", "body", "limit"),
    [
        (CHAT, chat(), None),
        (CHAT, chat(max_tokens=5), 5),
        (CHAT, chat(max_completion_tokens=7, max_tokens=5), 7),
        (CHAT, chat(max_tokens=5, n=3), 15),
        (CHAT, chat(max_tokens=0), 0),
        (CHAT, chat(max_tokens=-1), None),
        (CHAT, chat(max_tokens=2**62, n=2**62), MOST_OUTPUT_TOKENS),
        ("completions", {"model": "m", "prompt": "x", "max_tokens": 2, "best_of": 4}, 8),
        ("responses", {"model": "m", "input": "x", "max_output_tokens": 9}, 9),
        ("embeddings", {"model": "m", "input": "x"}, 0),
    ],
)
def test_the_bound_of_the_answer_is_that_of_all_its_choices(
    path: str, body: Any, limit: int | None
) -> None:
    assert prompt(body, path).output_limit == limit


@pytest.mark.parametrize(
    ("path", "body", "repeatable"),
    [
        (CHAT, chat(), True),
        (CHAT, chat(store=False), True),
        (CHAT, chat(store=True), False),
        (CHAT, chat(tools=[FUNCTION]), True),
        ("completions", {"model": "m", "prompt": "x"}, True),
        ("responses", {"model": "m", "input": "x"}, False),
        ("responses", {"model": "m", "input": "x", "store": False}, True),
        ("responses", {"model": "m", "input": "x", "store": False, "background": True}, False),
        ("responses", {"store": False, "tools": [{"type": "function", "name": "f"}]}, True),
        ("responses", {"store": False, "tools": [{"type": "web_search"}]}, True),
        (
            "responses",
            {
                "store": False,
                "tools": [{"type": "mcp", "server_label": "a", "server_url": "https://a.example"}],
            },
            False,
        ),
        ("responses", {"store": False, "tools": [{"type": "code_interpreter"}]}, False),
        ("embeddings", {"model": "m", "input": "x"}, True),
    ],
)
def test_a_request_may_be_repeated_where_nothing_is_kept_and_no_tool_is_run(
    path: str, body: Any, repeatable: bool
) -> None:
    assert prompt(body, path).repeatable is repeatable


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ("once", (b"once",)),
        (["once", "twice"], (b"\x1eprompt\x1f", b"once", b"\x1eprompt\x1f", b"twice")),
        ([1, 515], (b"\x01\x00\x00\x00\x03\x02\x00\x00",)),
        (
            [[1], [2]],
            (b"\x1eprompt\x1f", b"\x01\x00\x00\x00", b"\x1eprompt\x1f", b"\x02\x00\x00\x00"),
        ),
        ([], ()),
    ],
)
@pytest.mark.parametrize(("path", "key"), [("completions", "prompt"), ("embeddings", "input")])
def test_texts_and_token_ids_are_read_one_after_the_other(
    path: str, key: str, given: Any, parts: tuple[bytes, ...]
) -> None:
    assert prompt({"model": "m", key: given}, path).parts == parts


def test_more_token_ids_begin_with_the_hashes_of_fewer() -> None:
    ids = list(range(1000))
    few = prompt({"model": "m", "prompt": ids[:800]}, "completions")
    many = prompt({"model": "m", "prompt": ids}, "completions")
    assert many.parts[0].startswith(few.parts[0])


def test_a_response_is_read_from_its_instructions_to_its_input() -> None:
    body = {
        "model": "m",
        "input": "Hi",
        "instructions": "Be brief.",
        "tools": [{"type": "function", "name": "f"}],
    }
    assert whole(body, "responses") == (
        b'\x1etools\x1f{"name":"f","type":"function"}\x1esystem\x1fBe brief.\x1euser\x1fHi'
    )


def test_what_went_before_is_part_of_a_response() -> None:
    one = whole({"model": "m", "input": "Hi", "previous_response_id": "resp_1"}, "responses")
    other = whole({"model": "m", "input": "Hi", "previous_response_id": "resp_2"}, "responses")
    talk = whole({"model": "m", "input": "Hi", "conversation": {"id": "conv_1"}}, "responses")
    assert len({one, other, talk}) == 3


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("images/generations", {"prompt": "a cat"}, b"a cat"),
        ("audio/speech", {"model": "m", "input": "Hi", "voice": "v"}, b"Hi"),
        ("moderations", {"input": ["a", "b"]}, b"\x1eprompt\x1fa\x1eprompt\x1fb"),
        ("moderations", {"input": [{"type": "text", "text": "a"}]}, b"a"),
        ("embeddings", {"model": "m", "messages": [{"role": "user", "content": "a"}]}, None),
    ],
)
def test_other_methods_have_a_prompt_as_well(path: str, body: Any, text: bytes | None) -> None:
    assert whole(body, path) == (b"\x1euser\x1fa" if text is None else text)


def test_an_edited_image_counts_as_one() -> None:
    found = prompt(
        {"prompt": "blue", "images": [{"image_url": "https://images.example/a.png"}]},
        "images/edits",
    )
    assert (found.media_tokens, found.parts[0]) == (225, b"blue")


def test_a_form_tells_its_text_and_how_much_it_brings() -> None:
    recording = {"file": ("a.wav", b"x" * 128_000, "audio/wav")}
    body, lines = form(recording, model="fast", prompt="names")
    found = prompt(body, "audio/transcriptions", lines=lines)
    assert found == Prompt("demo-small", (b"names",), media_tokens=100)


def test_an_upload_is_not_repeated() -> None:
    body, lines = form({"file": ("a.txt", b"x" * 5000, "text/plain")}, purpose="user_data")
    found = prompt(body, "files", lines=lines)
    assert (found.repeatable, found.media_tokens, found.model) == (False, 0, "")


@pytest.mark.parametrize(("path", "method"), [("models", "GET"), ("responses/r1", "DELETE")])
def test_what_no_model_answers_has_no_prompt(path: str, method: str) -> None:
    found = get(path, method)
    assert isinstance(found, Deframed)
    assert found.prompt is None


KEYS = st.sampled_from(
    [
        "type",
        "text",
        "role",
        "content",
        "image_url",
        "url",
        "input_audio",
        "data",
        "file",
        "file_id",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "custom",
        "input",
        "output",
        "summary",
        "result",
        "refusal",
        "reasoning",
        "tools",
        "model",
        "id",
    ]
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
PATHS = (CHAT, "completions", "responses", "embeddings", "moderations", "images/edits")


@given(
    st.sampled_from(PATHS),
    st.dictionaries(
        st.sampled_from(
            [
                "messages",
                "input",
                "prompt",
                "tools",
                "functions",
                "instructions",
                "documents",
                "store",
                "n",
                "best_of",
                "suffix",
                "max_tokens",
                "cache_salt",
                "images",
                "conversation",
                "previous_response_id",
                "background",
            ]
        ),
        ANYTHING | st.lists(ANYTHING, max_size=3),
    ),
)
def test_whatever_is_let_through_has_a_prompt(path: str, body: dict[str, Any]) -> None:
    found = deframe(path, {"model": "m"} | body)
    if isinstance(found, Deframed):
        assert found.prompt is not None
        told = found.prompt()
        assert told == found.prompt()
        assert told.media_tokens >= 0
        assert told.output_limit is None or told.output_limit >= 0


# --- what the official SDK sends ------------------------------------------------------------------


def sent(ask: Callable[[sdk.OpenAI], Any]) -> tuple[str, bytes]:
    """Path and body of the request that the SDK makes; nothing answers it."""
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={})

    transport = httpx2.Client(transport=httpx2.MockTransport(answer))
    with sdk.OpenAI(api_key="k", base_url="http://models.example/v1", http_client=transport) as one:
        ask(one)
    return seen[0].url.path.removeprefix("/v1/"), seen[0].content


def test_the_turns_of_an_agent_that_uses_the_sdk_share_their_beginning() -> None:
    def ask(*messages: Any) -> Prompt:
        path, body = sent(
            lambda client: client.chat.completions.create(
                model="demo-small",
                messages=list(messages),
                tools=[sdk.pydantic_function_tool(Read)],
            )
        )
        return prompt(body, path)

    class Read(sdk.BaseModel):
        path: str

    said = [
        {"role": "system", "content": "You are a coding agent. " * 40},
        {"role": "user", "content": "Fix it."},
    ]
    call = {"name": "Read", "arguments": '{"path": "a.py"}'}
    turn = [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": call}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "def f(): ..."},
    ]
    first, second = ask(*said), ask(*said, *turn)
    assert second.parts[: len(first.parts)] == first.parts
    assert b'{"path": "a.py"}' in second.parts
    assert len(chain(first, 64)) >= 15


def test_the_responses_of_the_sdk_are_read() -> None:
    path, body = sent(
        lambda client: client.responses.create(
            model="demo-small",
            instructions="Be brief.",
            input=[{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
            store=False,
            max_output_tokens=50,
        )
    )
    found = prompt(body, path)
    assert b"".join(found.parts) == b"\x1esystem\x1fBe brief.\x1euser\x1fHi"
    assert (found.repeatable, found.output_limit) == (True, 50)


def test_the_embeddings_of_the_sdk_are_read() -> None:
    path, body = sent(
        lambda client: client.embeddings.create(
            model="fast", input=["a", "b"], encoding_format="float"
        )
    )
    assert prompt(body, path).model == "demo-small"
    assert prompt(body, path).parts[1::2] == (b"a", b"b")
