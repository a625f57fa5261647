"""Chunks go on with what a screen releases of their texts; the client reads what a whole answer
would have said."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.passage import Part, Stage
from gateway.model.refusal import Reason
from gateway.model.screening import AnswerScreen
from gateway.protocols.base import Reading, ResponseReader
from gateway.protocols.openai.reading import answer_reader
from tests.protocols.openai.clients import encode
from tests.support.answer_screen import BLOCKED, MASKED, RuleScreen, masked

LIMIT = 20_000
EVENTS = "text/event-stream"
HEAD = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
DONE = b"data: [DONE]\n\n"


def error(reason: Reason, why: str) -> bytes:
    return encode({"error": {"message": why, "code": reason.value}})


def reading(screen: AnswerScreen, **more: Any) -> Reading:
    return Reading(
        shows=lambda _method, _name: True, limit=LIMIT, error=error, screen=screen, **more
    )


def reader(screen: AnswerScreen, *, strips: bool = False, **more: Any) -> ResponseReader:
    found = answer_reader(EVENTS, reading(screen, **more), strips=strips, named_events=False)
    assert found is not None
    return found


def data(document: Any) -> bytes:
    return b"data: " + encode(document) + b"\n\n"


def chunk(*choices: Any, **more: Any) -> bytes:
    return data({**HEAD, "choices": list(choices), **more})


def choice(delta: Any, index: int = 0, finish: str | None = None, **more: Any) -> Any:
    return {"index": index, "delta": delta, "finish_reason": finish, **more}


def says(*texts: str, key: str = "content") -> bytes:
    return b"".join(chunk(choice({key: text})) for text in texts)


def fed(one: ResponseReader, body: bytes, cuts: Sequence[int] = ()) -> bytes:
    inner = sorted({cut % (len(body) + 1) for cut in cuts})
    pieces = [body[start:end] for start, end in pairwise([0, *inner, len(body)])]
    return b"".join([*map(one.feed, pieces), one.finish()])


def chunks(out: bytes) -> list[Any]:
    found = [line[6:] for line in out.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(one) for one in found if one != b"[DONE]"]


def read(out: bytes, key: str = "content", index: int = 0) -> str:
    """What a client puts together."""
    return "".join(
        one["delta"].get(key) or ""
        for whole in chunks(out)
        for one in whole.get("choices", ())
        if one["index"] == index and "delta" in one
    )


END = chunk(choice({}, finish="stop")) + DONE


def test_a_stream_of_which_all_is_released_passes_byte_for_byte() -> None:
    body = says("Hel", "lo") + b": keep-alive\n\n" + END
    assert fed(reader(RuleScreen()), body) == body


def test_a_secret_that_is_cut_into_deltas_is_masked() -> None:
    out = fed(reader(RuleScreen(hold=3)), says("a SEC", "RET", " b") + END)
    assert read(out) == f"a {MASKED} b"
    assert b"SEC" not in out
    assert out.endswith(DONE)


def test_the_other_members_of_a_chunk_stay() -> None:
    body = chunk(choice({"role": "assistant", "content": "SECRET"}), usage=None) + END
    first, *_ = chunks(fed(reader(RuleScreen()), body))
    assert first == {
        **HEAD,
        "choices": [choice({"role": "assistant", "content": MASKED})],
        "usage": None,
    }


def test_the_rest_comes_before_the_chunk_that_finishes_the_choice() -> None:
    *_, rest, end = chunks(fed(reader(RuleScreen(hold=9)), says("held text") + END))
    assert rest == {**HEAD, "choices": [choice({"content": "held text"})]}
    assert end["choices"] == [choice({}, finish="stop")]


def test_the_rest_is_in_the_last_chunk_where_that_has_a_piece() -> None:
    body = chunk(choice({"content": "one "})) + chunk(choice({"content": "two"}, finish="stop"))
    out = fed(reader(RuleScreen(hold=99)), body)
    assert [one["choices"][0]["delta"]["content"] for one in chunks(out)] == ["", "one two"]


@pytest.mark.parametrize("end", [DONE, b""])
def test_a_stream_that_no_chunk_finishes_releases_the_rest_at_its_end(end: bytes) -> None:
    assert read(fed(reader(RuleScreen(hold=9)), says("held") + end)) == "held"


def test_each_choice_and_each_text_of_it_has_a_channel() -> None:
    screen = RuleScreen()
    body = (
        chunk(choice({"content": "SEC", "reasoning_content": "SEC"}), choice({"refusal": "SEC"}, 1))
        + chunk(choice({"reasoning": "RET"}), choice({"content": "RET"}, 1))
        + END
    )
    out = fed(reader(screen), body)
    assert MASKED.encode() not in out
    assert screen.kinds == {
        "choices/0/content": (Stage.RESPONSE, Part.ASSISTANT, ""),
        "choices/0/reasoning_content": (Stage.RESPONSE, Part.REASONING, ""),
        "choices/0/reasoning": (Stage.RESPONSE, Part.REASONING, ""),
        "choices/1/refusal": (Stage.RESPONSE, Part.REFUSAL, ""),
        "choices/1/content": (Stage.RESPONSE, Part.ASSISTANT, ""),
    }


def test_log_probabilities_go_with_a_text_that_is_released_as_it_came() -> None:
    spelt = {"content": [{"token": "ab"}]}
    body = chunk(choice({"content": "ab"}, logprobs=spelt)) + END
    assert fed(reader(RuleScreen()), body) == body


@pytest.mark.parametrize("key", ["logprobs", "token_ids"])
def test_log_probabilities_and_token_ids_of_a_held_or_masked_text_are_dropped(key: str) -> None:
    body = b"".join(
        chunk({**choice({"content": text}), key: ["spelt"]}) for text in ("SE", "CRET", " more")
    )
    assert b"spelt" not in fed(reader(RuleScreen()), body + END)


def test_what_says_the_reasoning_again_is_left_out() -> None:
    body = chunk(choice({"reasoning": "x", "reasoning_details": [{"text": "SEC"}]})) + END
    assert b"reasoning_details" not in fed(reader(RuleScreen()), body)


def test_a_block_ends_the_stream_with_an_error() -> None:
    one = reader(RuleScreen())
    out = fed(one, says("fine", " FORBIDDEN ", "more") + END)
    assert out == says("fine") + b"data: " + error(Reason.CONTENT_BLOCKED, BLOCKED) + b"\n\n"
    assert one.broken
    assert one.feed(says("still")) + one.finish() == b""


def test_the_screen_is_told_why_each_choice_stopped_though_no_chunk_counts() -> None:
    screen = RuleScreen()
    ends = chunk(choice({}, finish="content_filter", index=1)), chunk(choice({}, finish="stop"))
    fed(reader(screen), b"".join((says("a"), *ends, DONE)))
    assert screen.reasons == ["content_filter", "stop"]


def test_a_block_can_end_the_stream_as_the_server_would() -> None:
    out = fed(reader(RuleScreen(), blocks_by_finish=True), says("fine", "FORBIDDEN") + END)
    assert chunks(out)[-1]["choices"] == [choice({}, finish="content_filter")]
    assert out.endswith(DONE)


def call(index: int, **function: str) -> Any:
    return {"tool_calls": [{"index": index, "function": function}]}


CALLS = (
    chunk(
        choice(
            {
                "tool_calls": [
                    {
                        "index": 0,
                        "id": "x",
                        "type": "function",
                        "function": {"name": "f", "arguments": ""},
                    }
                ]
            }
        )
    )
    + chunk(choice(call(0, arguments='{"q": "a SEC')))
    + chunk(choice(call(0, arguments='RET"}')))
    + chunk(choice(call(1, name="g", arguments="{}")))
)


def test_a_call_is_held_until_it_is_whole_and_goes_on_as_one_delta() -> None:
    screen = RuleScreen()
    one = reader(screen)
    out = one.feed(CALLS)
    deltas = [each["choices"][0]["delta"] for each in chunks(out)]
    function = {"name": "f", "arguments": json.dumps({"q": f"a {MASKED}"})}
    whole = {"tool_calls": [{"index": 0, "id": "x", "type": "function", "function": function}]}
    assert deltas == [{}, {}, {}, whole, {}]
    end = one.feed(chunk(choice({}, finish="tool_calls")))
    assert chunks(end)[0]["choices"][0]["delta"] == call(1, name="g", arguments="{}")
    found = {(each.channel, each.part, each.name) for each in screen.seen}
    assert ("choices/0/tool_calls/0/arguments", Part.TOOL_ARGUMENTS, "f") in found
    assert ("choices/0/tool_calls/1/name", Part.TOOL_ARGUMENTS, "g") in found


def test_a_call_that_is_blocked_is_never_seen() -> None:
    out = fed(reader(RuleScreen()), CALLS.replace(b"SEC", b"FORBID").replace(b"RET", b"DEN") + END)
    assert b"FORBID" not in out
    assert BLOCKED.encode() in out


def test_the_older_form_of_calls_is_held_too() -> None:
    pieces = ({"name": "f", "arguments": '{"q":"SEC'}, {"arguments": 'RET"}'})
    body = b"".join(chunk(choice({"function_call": piece})) for piece in pieces)
    out = fed(reader(RuleScreen()), body + chunk(choice({}, finish="function_call")))
    deltas = [one["choices"][0]["delta"] for one in chunks(out)]
    assert deltas == [
        {},
        {},
        {"function_call": {"name": "f", "arguments": f'{{"q":"{MASKED}"}}'}},
        {},
    ]


def test_a_piece_of_a_call_that_was_judged_ends_the_stream() -> None:
    one = reader(RuleScreen())
    out = fed(one, CALLS + chunk(choice(call(0, arguments="more"))))
    assert one.broken
    assert b"more" not in out


def test_calls_that_never_end_are_bounded() -> None:
    one = reader(RuleScreen())
    body = chunk(choice(call(0, arguments="x" * 1_000)))
    out = fed(one, body * (LIMIT // 1_000 + 1))
    assert one.broken
    assert b"too large" in out


def test_only_what_is_kept_of_a_call_counts_as_held() -> None:
    pieces = ["{"] + ["      "] * 1_000 + ["}"]
    body = b"".join(chunk(choice(call(0, arguments=piece))) for piece in pieces)
    assert len(body) > LIMIT
    one = reader(RuleScreen())
    out = fed(one, body + chunk(choice({}, finish="tool_calls")))
    assert not one.broken
    deltas = [each["choices"][0]["delta"] for each in chunks(out)]
    (whole,) = [delta for delta in deltas if delta]
    assert whole == call(0, arguments="".join(pieces))


def test_what_a_call_says_beside_its_arguments_is_bounded_too() -> None:
    one = reader(RuleScreen())
    for number in range(LIMIT // 1_000 + 1):
        one.feed(chunk(choice({"tool_calls": [{"index": 0, f"m{number}": "x" * 1_000}]})))
    assert one.broken


def test_completions_are_read_too() -> None:
    def text(piece: str, finish: str | None = None) -> bytes:
        return data({**HEAD, "choices": [{"index": 0, "text": piece, "finish_reason": finish}]})

    screen = RuleScreen(hold=4)
    out = fed(reader(screen), text("a SEC") + text("RET b") + text("", "stop") + DONE)
    assert "".join(one["choices"][0]["text"] for one in chunks(out)) == f"a {MASKED} b"
    assert list(screen.kinds) == ["choices/0/content"]


def test_members_that_nobody_knows_are_judged_in_each_chunk() -> None:
    body = chunk(choice({"content": "SECRET", "aside": "SECRET"}), note={"x": "SECRET"}) + END
    first, *_ = chunks(fed(reader(RuleScreen()), body))
    assert first["choices"][0]["delta"] == {"content": MASKED, "aside": MASKED}
    assert first["note"] == {"x": MASKED}


@pytest.mark.parametrize("key", ["usage", "obfuscation", "system_fingerprint", "id"])
def test_what_says_no_text_is_judged_where_it_does(key: str) -> None:
    body = says("a") + chunk(choice({"content": "b"}), **{key: "a SECRET in prose"}) + END
    out = fed(reader(RuleScreen()), body)
    assert chunks(out)[1][key] == f"a {MASKED} in prose"


def test_a_text_in_parts_is_one_text() -> None:
    body = b"".join(
        chunk(choice({"content": [{"type": "text", "text": piece}]})) for piece in ("SEC", "RET")
    )
    out = fed(reader(RuleScreen()), body + END)
    assert b"RET" not in out
    assert MASKED.encode() in out


def test_the_transcript_of_sound_is_a_text() -> None:
    body = b"".join(
        chunk(choice({"audio": {"id": "a", "transcript": piece}})) for piece in ("SEC", "RET")
    )
    out = fed(reader(RuleScreen()), body + END)
    texts = [one["choices"][0]["delta"].get("audio") for one in chunks(out)]
    assert texts == [{"id": "a", "transcript": ""}, {"id": "a", "transcript": MASKED}, None]


def test_an_error_in_a_stream_is_judged() -> None:
    out = fed(reader(RuleScreen()), data({"error": {"message": "no SECRET"}}))
    assert chunks(out) == [{"error": {"message": f"no {MASKED}"}}]


def test_usage_is_counted_and_its_chunk_stripped() -> None:
    used = data({**HEAD, "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})
    one = reader(RuleScreen(), strips=True)
    out = fed(one, says("a") + used + DONE)
    assert out == says("a") + DONE
    assert one.usage is not None
    assert one.usage.output == 2


def test_the_model_is_named_as_the_client_did() -> None:
    out = fed(reader(RuleScreen(hold=2), renames=("m", "mine")), says("abc") + END)
    assert {one["model"] for one in chunks(out)} == {"mine"}


@pytest.mark.parametrize(
    "bad",
    [
        b"data: {\n\n",
        b"data: []\n\n",
        b'data: {"choices":[{"index":0,"index":1}]}\n\n',
        data({"type": "transcript.text.delta", "delta": "SECRET"}),
        data({"choices": [1]}),
        chunk(choice({"Content": "SECRET"})),
        data({"Choices": [{"index": 0, "delta": {"content": "SECRET"}}]}),
        chunk({"index": 0, "Delta": {"content": "SECRET"}}),
        data({"choices": {}}),
        data({"choices": [{"index": -1, "delta": {"content": "x"}}]}),
        data({"choices": [{"index": 10**9, "delta": {"content": "x"}}]}),
        data({"choices": [{"index": 0, "delta": {"tool_calls": ["SECRET"]}}]}),
        data({"choices": [{"index": 0, "delta": {"function_call": "SECRET"}}]}),
        chunk(choice({}, finish="stop")) + says("text after the end"),
        b"data: " + b"x" * LIMIT + b"\n\n",
    ],
)
def test_what_cannot_be_read_ends_the_stream(bad: bytes) -> None:
    one = reader(RuleScreen())
    out = fed(one, bad + says("later"))
    assert one.broken
    assert b"later" not in out
    assert Reason.NO_ENDPOINT.value.encode() in out
    assert b"SECRET" not in out


def test_an_event_without_an_end_is_left_out() -> None:
    assert fed(reader(RuleScreen()), says("a") + b'data: {"x": "SECRET"}') == says("a")


def test_nothing_goes_on_while_the_screen_asks() -> None:
    screen = RuleScreen(asks=True)
    one = reader(screen)
    body = says("a ", "ASK b") + END
    assert read(one.feed(body)) == "a "
    assert one.feed(b"") + one.finish() == b""
    screen.answer()
    rest = one.feed(b"")
    assert read(rest) == "ASK b"
    assert rest.endswith(DONE)
    assert one.finish() == b""


def test_a_call_waits_for_what_the_screen_asks() -> None:
    screen = RuleScreen(asks=True)
    one = reader(screen)
    body = chunk(choice(call(0, name="f", arguments='"ASK SECRET"'))) + chunk(
        choice({}, finish="tool_calls")
    )
    assert b"ASK" not in one.feed(body) + one.finish()
    screen.answer()
    assert MASKED.encode() in one.finish()


def test_what_waits_is_bounded() -> None:
    screen = RuleScreen(asks=True)
    one = reader(screen)
    one.feed(says("ASK"))
    for _ in range(LIMIT // 50):
        one.feed(says("more"))
    assert one.broken


WORDS = st.sampled_from(["SECRET", "SEC", "RET", "FORBIDDEN", "a", " ", "é", "\U0001f600", '"'])
TEXT = st.lists(WORDS, max_size=8).map("".join)
KEYS = st.sampled_from(["content", "refusal", "reasoning", "reasoning_content"])
DELTAS = st.lists(st.tuples(st.integers(0, 1), KEYS, TEXT), max_size=8)
CUTS = st.lists(st.integers(0, 3_000), max_size=8)


@settings(deadline=None)
@given(DELTAS, CUTS, st.integers(0, 12))
def test_at_any_chunking_the_client_reads_what_the_whole_answer_says(
    deltas: list[tuple[int, str, str]], cuts: list[int], hold: int
) -> None:
    wholes: dict[tuple[int, str], str] = {}
    for index, key, text in deltas:
        wholes[index, key] = wholes.get((index, key), "") + text
    body = b"".join(chunk(choice({key: text}, index)) for index, key, text in deltas) + DONE
    out = fed(reader(RuleScreen(hold)), body, cuts)
    assert out == fed(reader(RuleScreen(hold)), body)
    if any("FORBIDDEN" in text for text in wholes.values()):
        assert BLOCKED.encode() in out
        assert b"FORBIDDEN" not in out
        return
    assert {place: read(out, place[1], place[0]) for place in wholes} == {
        place: masked(text) for place, text in wholes.items()
    }


JSON = st.recursive(
    st.none()
    | st.integers(-2, 3)
    | st.floats()
    | st.sampled_from(["a", "a FORBIDDEN", "SECRET b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "delta",
                    "index",
                    "content",
                    "text",
                    "tool_calls",
                    "function",
                    "name",
                    "arguments",
                    "finish_reason",
                    "audio",
                    "transcript",
                    "function_call",
                    "error",
                    "role",
                    "id",
                    "reasoning_details",
                    "other",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
ODD = st.lists(
    st.binary(max_size=30)
    | JSON.map(lambda value: b"data: " + json.dumps(value).encode() + b"\n\n")
    | st.lists(JSON, max_size=2).map(lambda each: data_of({"choices": each}))
    | st.dictionaries(KEYS | st.just("tool_calls"), JSON).map(
        lambda delta: data_of({"choices": [{"index": 0, "delta": delta}]})
    ),
    max_size=6,
)


def data_of(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


@settings(deadline=None)
@given(ODD, CUTS)
def test_nothing_that_a_server_sends_raises_or_slips_through(
    events: list[bytes], cuts: list[int]
) -> None:
    out = fed(reader(RuleScreen()), b"".join(events), cuts)
    texts = [json.dumps(one, ensure_ascii=False) for one in chunks(out)]
    assert not any("FORBIDDEN" in text for text in texts)
