"""Messages, items and tools leave the bytes of what a model reads of them, in its order."""

from typing import Any

import pytest

from gateway.protocols.openai.items import contents, message, response_items, tools
from gateway.wire.transcript import Transcript

IMAGE = "https://images.example/cat.png"


def of_message(**members: Any) -> Transcript:
    out = Transcript()
    message({"role": "assistant", **members}, out)
    return out


def of_items(*items: Any) -> Transcript:
    out = Transcript()
    response_items(list(items), out)
    return out


def joined(out: Transcript) -> bytes:
    return b"".join(out.parts)


def call(**members: Any) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": {"name": "read", **members}}


def test_a_message_is_its_role_its_reasoning_its_text_and_its_calls_in_this_order() -> None:
    out = of_message(
        tool_calls=[call(arguments='{"path":"a"}'), {"custom": {"name": "sh", "input": "ls"}}],
        content="Let me look.",
        reasoning_content="It is a file.",
    )
    assert joined(out) == (
        b'\x1eassistant\x1fIt is a file.Let me look.\x1dread\x1f{"path":"a"}\x1dsh\x1fls'
    )


def test_the_older_form_of_a_call_is_one() -> None:
    old = of_message(content=None, function_call={"name": "read", "arguments": "{}"})
    assert joined(old) == joined(of_message(tool_calls=[call(arguments="{}")]))


def test_both_names_of_reasoning_are_one() -> None:
    assert joined(of_message(reasoning="why")) == joined(of_message(reasoning_content="why"))


def test_a_text_is_the_same_alone_and_as_a_part() -> None:
    part = of_message(content=[{"type": "text", "text": "hello", "cache_control": {}}])
    assert part.parts == of_message(content="hello").parts


def test_the_ids_of_calls_make_no_difference() -> None:
    one, other = of_message(tool_calls=[call()]), of_message(tool_calls=[{**call(), "id": "c2"}])
    assert one.parts == other.parts


def test_what_the_tools_are_called_with_makes_a_difference() -> None:
    one = of_message(tool_calls=[call(arguments="1")])
    assert one.parts != of_message(tool_calls=[call(arguments="2")]).parts


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": IMAGE}},
        {"type": "image_url", "image_url": IMAGE},
        {"type": "input_image", "image_url": IMAGE, "detail": "high"},
        {"type": "input_image", "file_id": "file-1"},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        {"type": "video_url", "video_url": {"url": IMAGE}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERg=="}},
        {"type": "input_file", "file_url": "https://files.example/a.pdf"},
        {"type": "image_embeds", "image_embeds": {"image_embeds": "QUJD", "grid": "QUI="}},
    ],
)
def test_media_count_as_such_and_are_not_in_the_bytes(part: dict[str, Any]) -> None:
    out = Transcript()
    contents([part], out)
    assert out.media_tokens > 0
    assert len(out.parts) == 1
    assert b"example" not in joined(out)
    assert b"JVBERg" not in joined(out)


def test_two_images_differ_where_their_urls_do() -> None:
    one, other = Transcript(), Transcript()
    contents([{"type": "image_url", "image_url": {"url": IMAGE}}], one)
    contents([{"type": "image_url", "image_url": {"url": IMAGE + "?2"}}], other)
    assert one.parts != other.parts


def test_a_part_of_an_unknown_type_is_read_whole() -> None:
    one, other = Transcript(), Transcript()
    contents([{"type": "thinking", "thinking": [{"type": "text", "text": "a"}]}], one)
    contents([{"type": "thinking", "thinking": [{"type": "text", "text": "b"}]}], other)
    assert one.parts != other.parts


def test_the_output_of_a_tool_is_read_as_text_and_as_a_picture() -> None:
    text = of_items({"type": "function_call_output", "call_id": "c", "output": "42"})
    assert joined(text) == b"\x1etool\x1f42"
    shot = {"type": "computer_screenshot", "image_url": "data:image/png;base64,AAAA"}
    seen = of_items({"type": "computer_call_output", "call_id": "c", "output": shot})
    assert seen.media_tokens > 0
    assert b"AAAA" not in joined(seen)
    drawn = of_items({"type": "image_generation_call", "id": "ig_1", "result": "AAAA" * 99})
    assert drawn.media_tokens > 0
    assert b"AAAA" not in joined(drawn)


def test_a_conversation_of_items_reads_like_one_of_messages() -> None:
    items = of_items(
        {"role": "user", "content": [{"type": "input_text", "text": "Which?"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {"type": "function_call", "call_id": "c", "name": "read", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "d", "name": "sh", "input": "ls"},
        {"type": "message", "role": "assistant", "content": "That."},
        {"id": "msg_1"},
    )
    assert joined(items) == (
        b"\x1euser\x1fWhich?\x1ereasoning\x1fHm.\x1dread\x1f{}\x1dsh\x1fls"
        b'\x1eassistant\x1fThat.{"id":"msg_1"}'
    )


def test_tools_are_read_in_the_order_in_which_they_are_offered() -> None:
    offered: list[Any] = [call(description="b"), call(description="a")]
    one, other, older = Transcript(), Transcript(), Transcript()
    tools({"tools": offered}, one)
    tools({"tools": offered[::-1]}, other)
    tools({"functions": [{"name": "f"}]}, older)
    assert one.parts != other.parts
    assert set(one.parts) == set(other.parts)
    assert joined(older) == b'\x1etools\x1f{"name":"f"}'


def test_no_tools_leave_no_trace() -> None:
    out = Transcript()
    tools({"tools": [], "functions": None}, out)
    assert out.parts == ()


@pytest.mark.parametrize("wrong", [7, None, [], [7], {"type": 7}, [{"type": 7}], "text"])
def test_members_of_unexpected_types_are_passed_over(wrong: Any) -> None:
    out = of_message(content=wrong, tool_calls=wrong, function_call=wrong, refusal=wrong)
    response_items(wrong, out)
    tools({"tools": wrong}, out)
    assert out.parts[0] == b"\x1eassistant\x1f"
