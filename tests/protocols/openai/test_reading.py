"""Answers are read while they pass, however they arrive, and pass whether or not they can be."""

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.refusal import Reason
from gateway.model.usage import Usage
from gateway.protocols.base import Reading, ResponseReader
from gateway.protocols.openai.reading import usage_reader
from tests.protocols.openai.clients import encode

LIMIT = 300
JSON = "application/json"
EVENTS = "text/event-stream; charset=utf-8"
COUNTS = {"prompt_tokens": 3, "completion_tokens": 2}
ANSWER = encode({"model": "m", "choices": [{"finish_reason": "stop"}], "usage": COUNTS})

READING = Reading(
    shows=lambda _method, _name: False,
    limit=LIMIT,
    error=lambda reason, why: encode(
        {"error": {"message": why, "type": "t", "param": None, "code": reason.value}}
    ),
)


def reader(content_type: str, *, strips: bool = False, named: bool = False) -> ResponseReader:
    return usage_reader(content_type, READING, strips=strips, named_events=named)


def event(document: Any, name: str = "") -> bytes:
    return (f"event: {name}\n" if name else "").encode() + b"data: " + encode(document) + b"\n\n"


def chunk(text: str, finish: str | None = None) -> bytes:
    choice = {"delta": {"content": text}, "finish_reason": finish}
    return event({"model": "m", "choices": [choice], "usage": None})


USAGE = event({"model": "m", "choices": [], "usage": COUNTS})
DONE = b"data: [DONE]\n\n"
BEFORE = chunk("a") + b": keep-alive\n\n" + chunk("b", "stop")
STREAM = BEFORE + USAGE + DONE


def fed(one: ResponseReader, *pieces: bytes) -> bytes:
    return b"".join([*(one.feed(piece) for piece in pieces), one.finish()])


def cut(body: bytes, cuts: list[int]) -> list[bytes]:
    return [body[start:end] for start, end in pairwise(sorted({0, len(body), *cuts}))]


def test_json_passes_piece_by_piece_and_is_read_at_its_end() -> None:
    one = reader(JSON)
    assert one.feed(ANSWER[:9]) == ANSWER[:9]
    assert one.feed(ANSWER[9:]) == ANSWER[9:]
    assert one.usage is None
    assert one.finish() == b""
    assert one.usage == Usage(3, 2, model="m", finish="stop")


def test_a_stream_is_read_event_by_event() -> None:
    one = reader(EVENTS)
    assert one.feed(STREAM) == STREAM
    assert one.usage == Usage(3, 2, model="m", finish="stop")
    assert one.finish() == b""


@pytest.mark.parametrize("key", [b'"usage":', b'"usage" :\t', rb'"\u0075sage":'])
def test_usage_is_found_however_its_key_is_written(key: bytes) -> None:
    one = reader(EVENTS, strips=True)
    last = b'data: {"choices":[],' + key + b'{"prompt_tokens":3,"completion_tokens":2}}\n\n'
    assert fed(one, BEFORE, last, DONE) == BEFORE + DONE
    assert one.usage == Usage(3, 2, finish="stop")


@pytest.mark.parametrize(
    "key", [b'"finish_reason":', b'"finish_reason" : ', rb'"\u0066inish_reason":']
)
def test_why_it_ends_is_found_however_its_key_is_written(key: bytes) -> None:
    one = reader(EVENTS)
    chunk = b'data: {"choices":[{' + key + b'"length"}]}\n\n'
    assert fed(one, chunk, USAGE) == chunk + USAGE
    assert one.usage == Usage(3, 2, model="m", finish="length")


def test_usage_that_the_client_did_not_ask_for_is_left_out() -> None:
    one = reader(EVENTS, strips=True)
    assert fed(one, STREAM) == BEFORE + DONE
    assert one.usage == Usage(3, 2, model="m", finish="stop")
    assert (one.filtered, one.broken) == (0, False)


def test_a_last_chunk_that_has_more_than_usage_is_not_left_out() -> None:
    more = event({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": COUNTS})
    one = reader(EVENTS, strips=True)
    assert fed(one, more) == more
    assert one.usage == Usage(3, 2, finish="stop")


def test_a_stream_of_responses_tells_its_usage_in_its_last_event() -> None:
    answer = {
        "object": "response",
        "model": "m",
        "status": "completed",
        "usage": {"input_tokens": 3, "output_tokens": 2},
    }
    stream = event({"type": "response.created", "response": {"usage": None}}, "response.created")
    stream += event({"type": "response.completed", "response": answer}, "response.completed")
    one = reader(EVENTS, named=True)
    assert fed(one, stream) == stream
    assert one.usage == Usage(3, 2, model="m", finish="completed")


@given(st.data(), st.booleans())
def test_how_a_stream_arrives_changes_nothing(data: st.DataObject, crlf: bool) -> None:
    stream = STREAM.replace(b"\n", b"\r\n") if crlf else STREAM
    expected = (BEFORE + DONE).replace(b"\n", b"\r\n") if crlf else BEFORE + DONE
    one = reader(EVENTS, strips=True)
    out, rest = b"", stream
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        out += one.feed(rest[:size])
        rest = rest[size:]
    assert out + one.finish() == expected
    assert one.usage == Usage(3, 2, model="m", finish="stop")


pieces = st.sampled_from(
    [b"data", b": ", b"\n", b"\r", b"\n\n", b"[DONE]", b'{"choices":[{}]}', b"\xff", b"x" * 200]
)


@given(st.lists(pieces | st.binary(max_size=4)), st.booleans())
def test_any_bytes_pass_unchanged_where_there_is_no_usage(given: list[bytes], strips: bool) -> None:
    for content_type in (JSON, EVENTS, "audio/mpeg", ""):
        one = reader(content_type, strips=strips)
        assert fed(one, *given) == b"".join(given)
        assert not one.broken


def test_json_over_the_limit_passes_unread() -> None:
    large = ANSWER + b" " * LIMIT
    one = reader(JSON)
    assert fed(one, large[:9], large[9:]) == large
    assert one.usage is None


def test_after_an_event_over_the_limit_the_rest_passes_unread() -> None:
    large = chunk("x" * LIMIT)
    one = reader(EVENTS, strips=True)
    assert fed(one, BEFORE, large[:99], large[99:], USAGE, DONE) == BEFORE + large + USAGE + DONE
    assert one.usage is None


def test_an_event_without_an_end_passes() -> None:
    one = reader(EVENTS, strips=True)
    assert fed(one, BEFORE, b'data: {"choic') == BEFORE + b'data: {"choic'


@pytest.mark.parametrize("content_type", ["audio/mpeg", "", "application/json; charset=latin-1"])
def test_another_media_type_passes_unread(content_type: str) -> None:
    one = reader(content_type)
    assert fed(one, ANSWER) == ANSWER
    assert one.usage is None


def test_json_is_replaced_by_an_error_unless_some_of_it_is_sent() -> None:
    fresh, begun = reader(JSON), reader(JSON)
    assert b"own_fault" in fresh.break_off(Reason.OWN_FAULT, "why")
    begun.feed(b"{")
    assert begun.break_off(Reason.OWN_FAULT, "why") == b""
    for one in (fresh, begun):
        assert one.broken
        assert fed(one, ANSWER) == b""


def test_a_stream_breaks_off_with_an_error_in_its_own_form() -> None:
    one = reader(EVENTS)
    one.feed(BEFORE + b"data: {")
    assert one.break_off(Reason.OWN_FAULT, "why").startswith(b'data: {"error": {"message": "why"')
    assert fed(one, STREAM) == b""
    assert one.broken


def test_a_stream_of_responses_breaks_off_with_an_error_event() -> None:
    one = reader(EVENTS, named=True)
    one.feed(event({"type": "response.created"}, "response.created"))
    name, data, *_ = one.break_off(Reason.OWN_FAULT, "why").split(b"\n")
    assert name == b"event: error"
    assert json.loads(data.removeprefix(b"data: ")) == {
        "type": "error",
        "code": "own_fault",
        "message": "why",
        "param": None,
        "sequence_number": 1,
    }


# --- answers that name another model than the client did ------------------------------------------

RENAMING = replace(READING, renames=("m", "né"))


def renaming(content_type: str, *, strips: bool = False) -> ResponseReader:
    return usage_reader(content_type, RENAMING, strips=strips, named_events=False)


@given(st.lists(st.integers(0, len(ANSWER))))
def test_an_answer_names_the_model_that_the_client_named(cuts: list[int]) -> None:
    one = renaming(JSON)
    out = fed(one, *cut(ANSWER, cuts))
    assert json.loads(out) == json.loads(ANSWER) | {"model": "né"}
    assert one.usage == Usage(3, 2, model="m", finish="stop")  # the record keeps who answered


@given(st.lists(st.integers(0, len(STREAM))))
def test_every_event_names_the_model_that_the_client_named(cuts: list[int]) -> None:
    one = renaming(EVENTS, strips=True)
    out = fed(one, *cut(STREAM, cuts))
    assert out == BEFORE.replace(b'"m"', b'"n\\u00e9"') + DONE
    assert one.usage == Usage(3, 2, model="m", finish="stop")


def test_the_model_of_a_response_within_an_event_is_renamed_as_well() -> None:
    sent = event({"type": "response.created", "response": {"model": "m", "id": "r"}}, "created")
    assert fed(renaming(EVENTS), sent) == sent.replace(b'"m"', b'"n\\u00e9"')


@pytest.mark.parametrize(
    "document",
    [
        {"model": "other"},
        {"model": None},
        {"choices": [{"message": {"content": {"model": "m"}}}]},
        {"usage": {"model": "m"}, "response": "m"},
        ["m"],
    ],
)
def test_nothing_else_is_renamed(document: Any) -> None:
    assert fed(renaming(JSON), encode(document)) == encode(document)
    assert fed(renaming(EVENTS), event(document)) == event(document)


@pytest.mark.parametrize("body", [b"", b"<p>", b'{"model":"m",', b'{"model":"m"}' + b" " * LIMIT])
def test_what_cannot_be_read_goes_on_as_it_is(body: bytes) -> None:
    for step in (1, 7, 1000):
        parts = [body[at : at + step] for at in range(0, len(body), step)]
        assert fed(renaming(JSON), *parts) == body


def test_what_is_held_gives_way_to_an_error() -> None:
    one = renaming(JSON)
    assert one.feed(ANSWER[:20]) == b""
    assert json.loads(one.break_off(Reason.OWN_FAULT, "why"))["error"]["message"] == "why"
    assert fed(one, ANSWER[20:]) == b""
