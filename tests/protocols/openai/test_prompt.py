"""What a prompt holds is found, wherever it stands."""

from typing import Any

import pytest

from gateway.protocols.openai.prompt import Prompt
from gateway.protocols.openai.typed import Members, WrongError


def chat(*messages: Any, **more: Any) -> Prompt:
    prompt = Prompt()
    prompt.chat(Members({"messages": list(messages), **more}))
    return prompt


def response(**body: Any) -> Prompt:
    prompt = Prompt()
    prompt.response(Members(body))
    return prompt


def said(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


def test_messages_have_roles_parts_and_text() -> None:
    prompt = chat(
        {"role": "system", "content": "be"},
        {"role": "user", "content": [{"type": "text", "text": "né"}]},
        {"role": "assistant", "content": None, "refusal": "no"},
        {"role": "user", "content": "x"},
    )
    assert list(prompt.roles) == ["system", "user", "assistant"]
    assert list(prompt.parts) == ["text"]
    assert (prompt.count, prompt.text) == (4, 2 + 3 + 2 + 1)


def test_tool_calls_count_as_text_without_their_ids() -> None:
    function = {"name": "run", "arguments": "{}"}
    called = [{"id": "call_123", "type": "function", "function": function}]
    prompt = chat({"role": "assistant", "content": None, "tool_calls": called})
    assert prompt.text == len("run") + len("{}")
    older = chat({"role": "assistant", "content": None, "function_call": function})
    assert older.text == prompt.text


def test_members_that_servers_add_to_messages_are_text() -> None:
    prompt = chat({"role": "assistant", "content": "a", "reasoning_content": "bcd", "id": "m_1"})
    assert prompt.text == len("abcd")
    assert chat({"role": "tool", "content": "a", "tool_call_id": "call_1"}).text == 1


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://a/x.png"}},
        {"type": "image_url", "image_url": "https://a/x.png"},
        {"type": "video_url", "video_url": {"url": "https://a/x.png"}},
        {"type": "audio_url", "audio_url": {"url": "https://a/x.png"}},
        {"type": "input_image", "image_url": "https://a/x.png"},
        {"type": "input_file", "file_url": "https://a/x.png"},
        {"type": "text", "text": "", "image_url": {"url": "https://a/x.png"}},
        {"type": "new", "image_url": {"url": "https://a/x.png"}},
        {"type": "input_audio", "input_audio": {"data": "https://a/x.png", "format": "wav"}},
        {"type": "file", "file": {"file_data": "https://a/x.png"}},
    ],
)
def test_urls_are_found_in_parts_of_every_type(part: dict[str, Any]) -> None:
    prompt = chat(said(part))
    assert list(prompt.urls) == ["https://a/x.png"]
    assert list(prompt.parts) == [part["type"]]


@pytest.mark.parametrize("scheme", ["data:", "DATA:"])
def test_inline_content_is_no_url(scheme: str) -> None:
    prompt = chat(
        said(
            {"type": "image_url", "image_url": {"url": f"{scheme}image/png;base64,AAAA"}},
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            {"type": "file", "file": {"file_data": "data:x;base64,AAAA", "filename": "a"}},
        )
    )
    assert not prompt.urls
    assert prompt.text == 0


def test_parts_of_unknown_types_are_text_whole() -> None:
    prompt = chat(said({"type": "new", "id": "123", "deep": [{"more": "abc"}], "n": 1}))
    assert prompt.text == 3


def test_a_predicted_answer_is_text() -> None:
    assert chat(prediction={"type": "content", "content": "abc"}).text == 3


def test_input_may_be_a_string() -> None:
    prompt = response(input="hello", instructions="be")
    assert (prompt.count, prompt.text) == (1, 7)
    assert list(prompt.roles) == ["system", "user"]
    assert list(prompt.parts) == ["text"]


def test_items_of_input_are_messages_or_have_a_type() -> None:
    prompt = response(
        input=[
            {"role": "developer", "content": "a"},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "b"}]},
            {"type": "function_call", "call_id": "c1", "name": "run", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "done"},
            {"id": "msg_1"},
            {"type": "additional_tools", "role": "developer", "tools": []},
        ]
    )
    assert list(prompt.roles) == ["developer", "user"]
    assert list(prompt.parts) == [
        "text",
        "input_text",
        "function_call",
        "function_call_output",
        "item_reference",
        "additional_tools",
    ]
    assert prompt.count == 6
    assert prompt.text == len("a") + len("b") + len("run{}") + len("done")


@pytest.mark.parametrize(
    "item",
    [
        {"type": "computer_call_output", "output": {"type": "x", "image_url": "https://a"}},
        {"type": "function_call_output", "output": [{"type": "x", "file_url": "https://a"}]},
        {"type": "new", "content": [{"image_url": {"url": "https://a"}}]},
        {"type": "new", "image_url": "https://a"},
    ],
)
def test_urls_are_found_in_what_items_hold(item: dict[str, Any]) -> None:
    assert list(response(input=[item]).urls) == ["https://a"]


def test_masks_of_tools_are_fetched() -> None:
    mask = {"image_url": "https://a"}
    tools = [{"type": "image_generation", "input_image_mask": mask}]
    assert list(response(tools=tools).urls) == ["https://a"]


def test_variables_of_a_stored_prompt_are_text() -> None:
    variables = {"a": "xy", "b": {"type": "input_text", "text": "z"}}
    assert response(prompt={"id": "pmpt_1", "variables": variables}).text == 3


@pytest.mark.parametrize(
    ("value", "count", "text"),
    [
        (None, 0, 0),
        ("abc", 1, 3),
        (["a", "bc"], 2, 3),
        ([], 0, 0),
        ([1, 2, 3], 1, 12),
        ([[1, 2], [3]], 2, 12),
    ],
)
def test_texts_and_token_ids_are_counted(value: Any, count: int, text: int) -> None:
    prompt = Prompt()
    assert prompt.texts(Members({"input": value}), "input") == count
    assert prompt.text == text


@pytest.mark.parametrize("value", [1, {"a": 1}, ["a", 1], [[1], "a"], [[1], 2], [True], [1.5]])
def test_mixed_lists_are_refused(value: Any) -> None:
    with pytest.raises(WrongError):
        Prompt().texts(Members({"input": value}), "input")


@pytest.mark.parametrize(
    "message",
    [
        "text",
        {"content": "no role"},
        {"role": 1, "content": "x"},
        {"role": "user", "content": 1},
        {"role": "user", "content": ["x"]},
        {"role": "user", "content": [{"text": "no type"}]},
        {"role": "user", "content": [{"type": "text", "text": 1}]},
        {"role": "user", "content": [{"type": "text", "Text": "x"}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": 1}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"URL": "x"}}]},
        {"role": "user", "content": "x", "Role": "system"},
        {"role": "user", "content": None, "tool_calls": {}},
        {"role": "user", "content": None, "refusal": 1},
        {"role": "user", "content": None, "function_call": "rm"},
    ],
)
def test_messages_of_another_form_are_refused(message: Any) -> None:
    with pytest.raises(WrongError):
        chat(message)


@pytest.mark.parametrize("given", [1, ["x"], [{}], [{"content": "x"}], [{"type": 1}]])
def test_items_of_another_form_are_refused(given: Any) -> None:
    with pytest.raises(WrongError):
        response(input=given)
