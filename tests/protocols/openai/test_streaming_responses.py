"""Events of responses say what a screen releases, each time that they say it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.passage import Part
from gateway.model.refusal import Reason
from gateway.protocols.base import ResponseReader
from gateway.protocols.openai.reading import answer_reader
from gateway.protocols.openai.streaming_responses import flat
from tests.support.answer_screen import BLOCKED, MASKED, RuleScreen, masked
from tests.support.screened import LIMIT, documents, error, event, fed, reading

EVENTS = "text/event-stream"


def reader(screen: RuleScreen, **more: Any) -> ResponseReader:
    found = answer_reader(EVENTS, reading(screen, **more), strips=False, named_events=True)
    assert found is not None
    return found


def says(kind: str, **members: Any) -> bytes:
    return event({"type": f"response.{kind}", **members}, f"response.{kind}")


AT = {"item_id": "i", "output_index": 0, "content_index": 0}


def message(text: str) -> Any:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": [{"token": text}]}
    return {"type": "message", "id": "i", "role": "assistant", "content": [part]}


def spoken(*deltas: str) -> bytes:
    """A whole stream that says one text."""
    text = "".join(deltas)
    item = message(text)
    numbered = enumerate(deltas, 3)
    return b"".join(
        (
            says(
                "created",
                sequence_number=0,
                response={"object": "response", "model": "m", "output": []},
            ),
            says(
                "output_item.added", sequence_number=1, output_index=0, item={**item, "content": []}
            ),
            says(
                "content_part.added",
                sequence_number=2,
                **AT,
                part={"type": "output_text", "text": ""},
            ),
            *(
                says(
                    "output_text.delta",
                    sequence_number=at,
                    **AT,
                    delta=delta,
                    logprobs=[{"token": delta}],
                )
                for at, delta in numbered
            ),
            says(
                "output_text.done", sequence_number=90, **AT, text=text, logprobs=[{"token": text}]
            ),
            says("content_part.done", sequence_number=91, **AT, part=item["content"][0]),
            says("output_item.done", sequence_number=92, output_index=0, item=item),
            says(
                "completed",
                sequence_number=93,
                response={
                    "object": "response",
                    "model": "m",
                    "output": [item],
                    "usage": {"input_tokens": 3, "output_tokens": 2},
                },
            ),
        )
    )


def read(out: bytes, kind: str = "output_text") -> str:
    """What a client puts together of deltas."""
    return "".join(
        one["delta"] for one in documents(out) if one["type"] == f"response.{kind}.delta"
    )


def repeated(out: bytes) -> list[str]:
    """What is said again when the text is done."""
    last = {one["type"].removeprefix("response."): one for one in documents(out)}
    return [
        last["output_text.done"]["text"],
        last["content_part.done"]["part"]["text"],
        last["output_item.done"]["item"]["content"][0]["text"],
        last["completed"]["response"]["output"][0]["content"][0]["text"],
    ]


def test_a_stream_of_which_all_is_released_passes_byte_for_byte() -> None:
    one = reader(RuleScreen())
    body = spoken("Hel", "lo") + b": keep-alive\n\n"
    assert fed(one, body) == body
    assert one.usage is not None
    assert one.usage.output == 2


def test_a_masked_text_is_masked_wherever_it_is_said_again() -> None:
    out = fed(reader(RuleScreen(hold=4)), spoken("a SEC", "RET", " b"))
    assert read(out) == f"a {MASKED} b"
    assert repeated(out) == [f"a {MASKED} b"] * 4
    assert b"SECRET" not in out


def test_the_rest_comes_before_the_text_is_said_to_be_done() -> None:
    found = documents(fed(reader(RuleScreen(hold=99)), spoken("one ", "two")))
    at = [one["type"] for one in found].index("response.output_text.done")
    assert found[at - 1]["delta"] == "one two"
    assert found[at - 1]["sequence_number"] == 4
    assert [one["sequence_number"] for one in found] == sorted(
        one["sequence_number"] for one in found
    )


def test_log_probabilities_of_a_masked_text_are_dropped() -> None:
    out = fed(reader(RuleScreen()), spoken("SEC", "RET"))
    assert b'token"' not in out.replace(b'"token": ""', b"")


def test_the_screen_is_told_why_a_response_is_not_complete() -> None:
    screen = RuleScreen()
    details = {"reason": "content_filter"}
    response: dict[str, Any] = {"object": "response", "output": [], "incomplete_details": details}
    fed(reader(screen), says("incomplete", sequence_number=1, response=response))
    assert screen.reasons == ["content_filter"]


def test_a_block_ends_the_stream_and_the_text_is_not_said_again() -> None:
    one = reader(RuleScreen(hold=2))
    out = fed(one, spoken("fine ", "FORBID", "DEN"))
    *_, last = documents(out)
    assert (last["type"], last["message"]) == ("error", BLOCKED)
    assert out.rpartition(b"event: ")[2].startswith(b"error\n")
    assert b"FORBID" not in out
    assert one.broken


@pytest.mark.parametrize(
    ("kind", "number", "part"),
    [
        ("refusal", "content", Part.REFUSAL),
        ("reasoning_text", "content", Part.REASONING),
        ("reasoning_summary_text", "summary", Part.REASONING),
    ],
)
def test_other_texts_have_channels_of_their_own(kind: str, number: str, part: Part) -> None:
    screen = RuleScreen()
    at = {"output_index": 2, f"{number}_index": 1}
    body = says(f"{kind}.delta", **at, delta="SEC") + says(f"{kind}.delta", **at, delta="RET")
    assert read(fed(reader(screen), body), kind) == MASKED
    assert [(channel, known[1]) for channel, known in screen.kinds.items()] == [
        (f"output/2/{number}/1", part)
    ]


CALL = {"type": "function_call", "id": "i", "call_id": "c", "name": "f", "arguments": ""}


def called(*deltas: str) -> bytes:
    whole = "".join(deltas)
    return b"".join(
        (
            says("output_item.added", output_index=0, item=CALL),
            *(says("function_call_arguments.delta", output_index=0, delta=one) for one in deltas),
            says("function_call_arguments.done", output_index=0, arguments=whole),
            says("output_item.done", output_index=0, item={**CALL, "arguments": whole}),
        )
    )


def test_the_input_of_a_call_is_held_and_goes_on_as_one_delta() -> None:
    screen = RuleScreen()
    out = documents(fed(reader(screen), called('{"q": "SEC', 'RET"}')))
    judged = json.dumps({"q": MASKED})
    assert [one["type"].removeprefix("response.") for one in out] == [
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
    ]
    assert (out[1]["delta"], out[2]["arguments"], out[3]["item"]["arguments"]) == (judged,) * 3
    assert ("output/0/arguments", "f") in {(one.channel, one.name) for one in screen.seen}


def test_the_input_of_a_call_that_is_blocked_is_never_seen() -> None:
    out = fed(reader(RuleScreen()), called('{"q": "FORBID', 'DEN"}'))
    assert b"FORBID" not in out
    assert BLOCKED.encode() in out


def test_the_input_of_a_call_that_is_never_done_is_left_out() -> None:
    body = says("function_call_arguments.delta", output_index=0, delta="held")
    assert fed(reader(RuleScreen()), body) == b""


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        ("mcp_call_arguments", "arguments"),
        ("custom_tool_call_input", "input"),
        ("code_interpreter_call_code", "code"),
    ],
)
def test_the_input_of_other_calls_is_held_too(kind: str, member: str) -> None:
    body = says(f"{kind}.delta", output_index=0, delta="SEC") + says(
        f"{kind}.done", output_index=0, **{member: "SECRET"}
    )
    delta, done = documents(fed(reader(RuleScreen()), body))
    assert (delta["delta"], done[member]) == (MASKED, MASKED)


def test_an_annotation_is_judged() -> None:
    body = says(
        "output_text.annotation.added", **AT, annotation={"type": "url_citation", "url": "u SECRET"}
    )
    (one,) = documents(fed(reader(RuleScreen()), body))
    assert one["annotation"] == {"type": "url_citation", "url": f"u {MASKED}"}


def test_members_and_events_that_nobody_knows_are_judged() -> None:
    body = event({"type": "new", "note": {"x": "SECRET"}}) + event({"note": "SECRET"})
    assert documents(fed(reader(RuleScreen()), body)) == [
        {"type": "new", "note": {"x": MASKED}},
        {"note": MASKED},
    ]


def test_an_error_of_the_server_is_judged() -> None:
    body = event({"type": "error", "code": "c", "message": "a SECRET"}, "error")
    (one,) = documents(fed(reader(RuleScreen()), body))
    assert one == {"type": "error", "code": "c", "message": f"a {MASKED}"}


def test_a_text_that_differs_from_its_deltas_is_judged_by_itself() -> None:
    body = says("output_text.delta", **AT, delta="fine") + says(
        "output_text.done", **AT, text="SECRET"
    )
    *_, done = documents(fed(reader(RuleScreen()), body))
    assert done["text"] == MASKED


def test_the_model_is_named_as_the_client_did() -> None:
    out = fed(reader(RuleScreen(), renames=("m", "mine")), spoken("a"))
    assert {one["response"]["model"] for one in documents(out) if "response" in one} == {"mine"}


def test_inputs_that_never_end_are_bounded() -> None:
    one = reader(RuleScreen())
    for _ in range(LIMIT // 1_000 + 1):
        one.feed(says("function_call_arguments.delta", output_index=0, delta="x" * 1_000))
    assert one.broken


@pytest.mark.parametrize(
    "bad",
    [
        b"data: {\n\n",
        b"data: []\n\n",
        says("output_text.delta", **AT, delta="x", Delta="SECRET"),
        says("output_text.delta", delta=["SECRET"]),
        says("function_call_arguments.delta", delta={"a": "SECRET"}),
        says("output_text.delta", output_index="SECRET", delta="x"),
    ],
)
def test_what_cannot_be_read_ends_the_stream(bad: bytes) -> None:
    one = reader(RuleScreen())
    out = fed(one, bad + says("later"))
    assert one.broken
    assert b"later" not in out + one.feed(says("later"))
    assert b"SECRET" not in out


def test_nothing_goes_on_while_the_screen_asks() -> None:
    screen = RuleScreen(asks=True)
    one = reader(screen)
    body = spoken("a ", "ASK b")
    assert read(one.feed(body)) == "a "
    assert one.finish() == b""
    screen.answer()
    rest = one.finish()
    assert read(rest) == "ASK b"
    assert repeated(rest) == ["a ASK b"] * 4


def test_an_error_is_told_in_the_form_of_the_stream() -> None:
    assert json.loads(flat(error(Reason.NO_ENDPOINT, "why"), 7)) == {
        "type": "error",
        "code": "no_endpoint",
        "message": "why",
        "param": None,
        "sequence_number": 7,
    }


WORDS = st.sampled_from(["SECRET", "SEC", "RET", "FORBIDDEN", "a", " ", "é", '"'])
DELTAS = st.lists(st.lists(WORDS, max_size=5).map("".join), max_size=6)
CUTS = st.lists(st.integers(0, 4_000), max_size=8)


@settings(deadline=None)
@given(DELTAS, CUTS, st.integers(0, 12))
def test_at_any_chunking_the_client_reads_what_the_whole_answer_says(
    deltas: list[str], cuts: list[int], hold: int
) -> None:
    text = "".join(deltas)
    out = fed(reader(RuleScreen(hold)), spoken(*deltas), cuts)
    assert out == fed(reader(RuleScreen(hold)), spoken(*deltas))
    if "FORBIDDEN" in text:
        assert BLOCKED.encode() in out
        assert b"FORBIDDEN" not in out
        return
    assert read(out) == masked(text)
    assert repeated(out) == [masked(text)] * 4


def typed(kind: Any, rest: dict[str, Any]) -> bytes:
    return event({**rest, "type": kind})


KINDS = st.sampled_from(
    [
        "response.output_text.delta",
        "response.output_text.done",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.added",
        "response.output_item.done",
        "response.content_part.done",
        "response.completed",
        "error",
        "new",
    ]
)
JSON = st.recursive(
    st.none()
    | st.integers(-1, 2)
    | st.floats()
    | st.sampled_from(["a", "a FORBIDDEN", "SECRET b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "name", "content", "output", "arguments", "summary", "x"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
MEMBERS = st.sampled_from(
    [
        "delta",
        "text",
        "item",
        "part",
        "response",
        "arguments",
        "name",
        "annotation",
        "output_index",
        "x",
    ]
)


@settings(deadline=None)
@given(
    st.lists(
        st.binary(max_size=20)
        | st.builds(typed, KINDS | JSON, st.dictionaries(MEMBERS, JSON, max_size=3)),
        max_size=6,
    )
)
def test_nothing_that_a_server_sends_raises_or_slips_through(events: list[bytes]) -> None:
    out = fed(reader(RuleScreen()), b"".join(events))
    assert b"FORBIDDEN" not in out
