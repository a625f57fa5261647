"""Events of messages say what a screen releases."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.passage import Part
from gateway.protocols.anthropic.screening import screened_reader
from gateway.protocols.base import ResponseReader
from tests.support.answer_screen import BLOCKED, MASKED, RuleScreen, masked
from tests.support.screened import LIMIT, documents, event, fed, reading


def reader(screen: RuleScreen, **more: Any) -> ResponseReader:
    found = screened_reader("text/event-stream", reading(screen, **more), screen)
    assert found is not None
    return found


def says(kind: str, **members: Any) -> bytes:
    return event({"type": kind, **members}, kind)


def start(block: Any, index: int = 0) -> bytes:
    return says("content_block_start", index=index, content_block=block)


def delta(kind: str, index: int = 0, **members: Any) -> bytes:
    return says("content_block_delta", index=index, delta={"type": kind, **members})


def stop(index: int = 0) -> bytes:
    return says("content_block_stop", index=index)


def text(*pieces: str, index: int = 0) -> bytes:
    deltas = b"".join(delta("text_delta", index, text=piece) for piece in pieces)
    return start({"type": "text", "text": ""}, index) + deltas + stop(index)


BEGIN = says(
    "message_start",
    message={
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "usage": {"input_tokens": 3, "output_tokens": 1},
    },
)
END = says(
    "message_delta",
    delta={"stop_reason": "end_turn", "stop_sequence": None},
    usage={"output_tokens": 9},
) + says("message_stop")
TOOL: dict[str, Any] = {"type": "tool_use", "id": "t", "name": "f", "input": {}}


def said(out: bytes, key: str = "text", index: int = 0) -> str:
    """What a client puts together."""
    return "".join(
        one["delta"].get(key, "")
        for one in documents(out)
        if one["type"] == "content_block_delta" and one["index"] == index
    )


def test_a_stream_of_which_all_is_released_passes_byte_for_byte() -> None:
    one = reader(RuleScreen())
    body = BEGIN + says("ping") + text("Hel", "lo") + END
    assert fed(one, body) == body
    assert one.usage is not None
    assert (one.usage.input, one.usage.output) == (3, 9)


def test_a_secret_that_is_cut_into_deltas_is_masked() -> None:
    screen = RuleScreen(hold=4)
    out = fed(reader(screen), BEGIN + text("a SEC", "RET b") + END)
    assert said(out) == f"a {MASKED} b"
    assert b"SEC" not in out
    assert screen.kinds["content/0"][1] is Part.ASSISTANT


def test_the_rest_comes_before_the_block_stops() -> None:
    found = documents(fed(reader(RuleScreen(hold=99)), text("one ", "two")))
    assert found[-2:] == [
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": "one two"},
        },
        {"type": "content_block_stop", "index": 0},
    ]


@pytest.mark.parametrize("end", [says("message_stop"), b""])
def test_a_block_that_never_stops_releases_the_rest_at_the_end(end: bytes) -> None:
    body = start({"type": "text", "text": "held "}) + delta("text_delta", text="text") + end
    out = fed(reader(RuleScreen(hold=9)), body)
    begun, *_ = documents(out)
    assert begun["content_block"]["text"] + said(out) == "held text"


def thought(*pieces: str) -> bytes:
    deltas = b"".join(delta("thinking_delta", thinking=piece) for piece in pieces)
    begun = start({"type": "thinking", "thinking": "", "signature": ""})
    return begun + deltas + delta("signature_delta", signature="c2ln") + stop()


def test_thinking_that_passes_keeps_its_signature_after_its_rest() -> None:
    screen = RuleScreen(hold=99)
    out = fed(reader(screen), thought("let me", " think"))
    kinds = [one["delta"]["type"] for one in documents(out) if "delta" in one]
    assert said(out, "thinking") == "let me think"
    assert kinds[-2:] == ["thinking_delta", "signature_delta"]
    assert screen.kinds["content/0"][1] is Part.REASONING


def test_masked_thinking_loses_its_signature() -> None:
    out = fed(reader(RuleScreen()), thought("a SEC", "RET"))
    assert said(out, "thinking") == f"a {MASKED}"
    assert b"signature_delta" not in out


def used(*pieces: str) -> bytes:
    deltas = b"".join(delta("input_json_delta", partial_json=piece) for piece in pieces)
    return start(TOOL) + deltas + stop()


def test_an_input_is_held_until_its_block_stops_and_goes_on_as_one_delta() -> None:
    screen = RuleScreen()
    out = fed(reader(screen), used("", '{"q": "a SEC', 'RET"}'))
    assert json.loads(said(out, "partial_json")) == {"q": f"a {MASKED}"}
    assert len(documents(out)) == 3
    found = {(one.channel, one.part, one.name) for one in screen.seen}
    assert ("content/0/input", Part.TOOL_ARGUMENTS, "f") in found


def test_an_input_that_passes_is_as_it_came() -> None:
    assert said(fed(reader(RuleScreen()), used('{"a" :', " 1.0}")), "partial_json") == '{"a" : 1.0}'


def test_an_input_that_is_no_json_is_judged_as_a_text() -> None:
    out = fed(reader(RuleScreen()), used('{"q": "SEC', "RET"))
    assert MASKED.encode() in out
    assert b"RET" not in out


def test_escapes_hide_nothing_in_an_input_that_is_no_json() -> None:
    out = fed(reader(RuleScreen()), used('{"q": "SEC', r'\u0052ET",}'))
    assert MASKED.encode() in out
    assert b"u0052" not in out


def test_an_input_that_is_blocked_is_never_seen() -> None:
    one = reader(RuleScreen())
    out = fed(one, used('{"q": "FORBID', 'DEN"}') + END)
    assert b"FORBID" not in out
    assert out.rpartition(b"event: ")[2].startswith(b"error\n")
    assert BLOCKED.encode() in out
    assert one.feed(text("more")) == b""


def test_the_screen_is_told_why_the_model_stopped_though_nothing_is_counted() -> None:
    screen = RuleScreen()
    fed(reader(screen), says("message_delta", delta={"stop_reason": "refusal"}))
    assert screen.reasons == ["refusal"]


def test_a_citation_is_judged() -> None:
    cited = {"type": "char_location", "cited_text": "a SECRET", "document_index": 0}
    body = start({"type": "text", "text": ""}) + delta("citations_delta", citation=cited) + stop()
    _, one, _ = documents(fed(reader(RuleScreen()), body))
    assert one["delta"] == {
        "type": "citations_delta",
        "citation": {**cited, "cited_text": f"a {MASKED}"},
    }


def test_a_block_that_begins_whole_is_judged() -> None:
    block = {
        "type": "mcp_tool_result",
        "tool_use_id": "t",
        "content": [{"type": "text", "text": "SECRET"}],
    }
    begun, _ = documents(fed(reader(RuleScreen()), start(block) + stop()))
    assert begun["content_block"]["content"] == [{"type": "text", "text": MASKED}]


def test_an_error_of_the_server_and_unknown_members_are_judged() -> None:
    body = says("error", error={"type": "api_error", "message": "no SECRET"}) + says(
        "new", x="SECRET"
    )
    wrong, new = documents(fed(reader(RuleScreen()), body))
    assert wrong["error"]["message"] == f"no {MASKED}"
    assert new["x"] == MASKED


def test_the_model_is_named_as_the_client_did() -> None:
    begun, *_ = documents(fed(reader(RuleScreen(), renames=("m", "mine")), BEGIN))
    assert begun["message"]["model"] == "mine"


@pytest.mark.parametrize(
    "bad",
    [
        b"data: {\n\n",
        b"data: []\n\n",
        start({"type": "text", "text": ""}) + delta("text_delta", text="x", Text="SECRET"),
        says("ping", Delta="SECRET"),
        start({"type": "text", "text": ""}) + delta("a SECRET kind"),
        delta("text_delta", text="a SECRET without a block"),
        start({"type": "text", "text": ""}) + delta("text_delta", text=["SECRET"]),
        start({"type": "text", "text": ""})
        + delta("thinking_delta", thinking="x")
        + delta("text_delta", text="SECRET"),
        text("a") + start({"type": "text", "text": ""}),
        stop(),
        start("SECRET"),
        start(TOOL) + delta("input_json_delta", partial_json={"a": "SECRET"}),
        start(TOOL) + delta("input_json_delta", partial_json="x" * 15_000) * 2,
    ],
)
def test_what_cannot_be_read_ends_the_stream(bad: bytes) -> None:
    one = reader(RuleScreen())
    out = fed(one, bad + says("later"))
    assert one.broken
    assert b"later" not in out
    assert b"SECRET" not in out
    assert len(bad) < 2 * LIMIT


def test_nothing_goes_on_while_the_screen_asks() -> None:
    screen = RuleScreen(asks=True)
    one = reader(screen)
    assert said(one.feed(text("a ", "ASK b") + END)) == "a "
    assert one.finish() == b""
    screen.answer()
    assert said(one.finish()) == "ASK b"


WORDS = st.sampled_from(["SECRET", "SEC", "RET", "FORBIDDEN", "a", " ", "é", '"'])
PIECES = st.lists(st.lists(WORDS, max_size=5).map("".join), max_size=5)
CUTS = st.lists(st.integers(0, 4_000), max_size=8)


@settings(deadline=None)
@given(PIECES, PIECES, CUTS, st.integers(0, 12))
def test_at_any_chunking_the_client_reads_what_the_whole_answer_says(
    one: list[str], two: list[str], cuts: list[int], hold: int
) -> None:
    body = BEGIN + text(*one) + text(*two, index=1) + END
    out = fed(reader(RuleScreen(hold)), body, cuts)
    assert out == fed(reader(RuleScreen(hold)), body)
    wholes = ["".join(one), "".join(two)]
    if any("FORBIDDEN" in whole for whole in wholes):
        assert BLOCKED.encode() in out
        assert b"FORBIDDEN" not in out
        return
    assert [said(out, index=0), said(out, index=1)] == [masked(whole) for whole in wholes]


JSON = st.recursive(
    st.none()
    | st.integers(-1, 2)
    | st.floats()
    | st.sampled_from(["a", "a FORBIDDEN", "SECRET b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "name", "content", "input", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
KINDS = st.sampled_from(
    [
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_start",
        "message_delta",
        "message_stop",
        "error",
    ]
)
DELTA_KINDS = st.sampled_from(
    ["text_delta", "thinking_delta", "input_json_delta", "signature_delta", "citations_delta"]
)
DELTA_MEMBERS = st.sampled_from(["text", "thinking", "partial_json", "signature", "citation", "x"])


def typed(kind: Any, rest: dict[str, Any]) -> bytes:
    return event({"index": 0, **rest, "type": kind})


def odd_delta(kind: Any, rest: dict[str, Any]) -> bytes:
    return event({"type": "content_block_delta", "index": 0, "delta": {**rest, "type": kind}})


@settings(deadline=None)
@given(
    st.lists(
        st.binary(max_size=20)
        | st.just(start({"type": "text", "text": ""}))
        | st.builds(odd_delta, DELTA_KINDS | JSON, st.dictionaries(DELTA_MEMBERS, JSON, max_size=2))
        | st.builds(
            typed,
            KINDS | JSON,
            st.dictionaries(
                st.sampled_from(["index", "delta", "content_block", "message", "error", "x"]),
                JSON,
                max_size=3,
            ),
        ),
        max_size=6,
    )
)
def test_nothing_that_a_server_sends_raises_or_slips_through(events: list[bytes]) -> None:
    assert b"FORBIDDEN" not in fed(reader(RuleScreen()), b"".join(events))
