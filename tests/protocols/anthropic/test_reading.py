"""Answers reach a client as they came, lists without what it may not see, in any chunking."""

import json
import tracemalloc
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.refusal import Reason, Refusal
from gateway.model.usage import Usage
from gateway.protocols.anthropic.reading import (
    ListReader,
    MessageReader,
    StreamReader,
    list_reader,
    usage_reader,
)
from gateway.protocols.base import Reading, ResponseReader
from gateway.protocols.withheld import TOO_LARGE
from gateway.wire.sse import Reader
from tests.protocols.anthropic.clients import encode, head, opened, plugin
from tests.protocols.anthropic.test_models import page
from tests.protocols.anthropic.test_usage import COUNTS, MESSAGE, delta, start

LIMIT = 1_000
JSON = "application/json"
EVENTS = "text/event-stream"
COST = Usage(327, 42, 300, 0, "m-1", "end_turn")


def error(reason: Reason, why: str) -> bytes:
    return plugin().render(Refusal(reason, why), "a-1", head()).body


def reading() -> Reading:
    """A caller that may see what has "ok" in its name."""
    return Reading(shows=lambda _, name: "ok" in name, limit=LIMIT, error=error)


def reader(content_type: str, *, lists: bool = False) -> ResponseReader:
    found = list_reader(content_type, reading(), {}) if lists else None
    assert found is not None or not lists
    return found or usage_reader(content_type, reading())


def read(into: ResponseReader, *chunks: bytes) -> bytes:
    return b"".join([*(into.feed(chunk) for chunk in chunks), into.finish()])


def cut(body: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({0, len(body), *(one for one in cuts if one < len(body))})
    return [body[first:last] for first, last in pairwise(at)]


def event(value: dict[str, Any], end: bytes = b"\n") -> bytes:
    name = str(value["type"]).encode()
    return b"event: " + name + end + b"data: " + encode(value) + end + end


def test_a_list_must_be_json_and_anything_else_can_be_read() -> None:
    assert isinstance(reader(JSON, lists=True), ListReader)
    for odd in ("", "text/html", EVENTS, "application/json; charset=utf-16"):
        assert list_reader(odd, reading(), {}) is None
    for kind in ("", "text/html", JSON, "application/json; charset=utf-16"):
        assert isinstance(reader(kind), MessageReader)
    assert isinstance(reader(f"{EVENTS}; charset=utf-8"), StreamReader)


def test_the_opening_knows_what_it_reads() -> None:
    assert isinstance(opened((), "GET", "/v1/models").reader(JSON, reading()), ListReader)
    assert isinstance(opened().reader(JSON, reading()), MessageReader)
    assert isinstance(opened().reader(EVENTS, reading()), StreamReader)


# --- lists ------------------------------------------------------------------------------------


def test_a_list_loses_what_is_not_shown_and_counts_it() -> None:
    into = reader(JSON, lists=True)
    assert into.feed(encode(page("no-1", "ok-1", "no-2"))) == b""
    got = json.loads(into.finish())
    assert ([one["id"] for one in got["data"]], got["last_id"]) == (["ok-1"], "ok-1")
    assert (into.filtered, into.broken, into.usage) == (2, False, None)


@pytest.mark.parametrize(
    "body", [b"<p>secret", b'{"data":{}}', b'{"Data":["secret"]}', b" " * (LIMIT + 1)]
)
@pytest.mark.parametrize("step", [1, 5_000])
def test_a_list_that_cannot_be_judged_becomes_one_error(body: bytes, step: int) -> None:
    into = reader(JSON, lists=True)
    got = json.loads(read(into, *(body[at : at + step] for at in range(0, len(body), step))))
    assert (got["type"], got["error"]["type"]) == ("error", "overloaded_error")
    assert into.broken
    assert "secret" not in str(got)


def test_a_list_of_the_route_has_its_aliases() -> None:
    into = opened((), "GET", "/v1/models", plugin(aliases={"ok": "no-1"})).reader(JSON, reading())
    assert into is not None
    got = json.loads(read(into, encode(page("no-1"))))
    assert ([one["id"] for one in got["data"]], into.filtered) == (["ok"], 1)


def test_what_follows_a_list_over_the_limit_is_swallowed() -> None:
    into = reader(JSON, lists=True)
    assert json.loads(into.feed(b" " * (LIMIT + 1)))["error"]["message"] == TOO_LARGE
    assert into.feed(encode(page("ok"))) == into.finish() == b""


# --- messages ---------------------------------------------------------------------------------


def test_a_message_passes_at_once_and_tells_at_its_end_what_it_cost() -> None:
    into = reader(JSON)
    body = encode(MESSAGE)
    assert into.feed(body[:9]) == body[:9]
    assert into.usage is None
    assert into.feed(body[9:]) == body[9:]
    assert into.finish() == b""
    assert into.usage == COST


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<p>",
        b"[]",
        b'{"type":"error","error":{}}',
        encode(MESSAGE)[:-1] + b',"usage":{}}',
        encode(MESSAGE | {"x": "x" * LIMIT}),
    ],
)
def test_a_body_that_does_not_tell_passes_all_the_same(body: bytes) -> None:
    into = reader(JSON)
    assert read(into, body[:5], body[5:]) == body
    assert (into.usage, into.broken) == (None, False)


def test_a_body_of_another_type_passes_and_is_not_read() -> None:
    into = reader("text/plain")
    assert read(into, encode(MESSAGE)) == encode(MESSAGE)
    assert into.usage is None


def test_a_message_that_breaks_off_is_an_error_or_ends_short() -> None:
    into = reader(JSON)
    assert into.break_off(Reason.OWN_FAULT, "why") == error(Reason.OWN_FAULT, "why")
    into = reader(JSON)
    into.feed(b'{"type"')
    assert into.break_off(Reason.OWN_FAULT, "why") == b""
    assert into.feed(b"x") == into.finish() == b""
    assert into.broken


# --- streams ----------------------------------------------------------------------------------

EVENT_LIST: list[dict[str, Any]] = [
    start(**(COUNTS | {"output_tokens": 1})),
    {"type": "content_block_start", "index": 0},
    {"type": "ping"},
    {"type": "content_block_delta", "delta": {"text": '"usage": {"output_tokens": 9}'}},
    delta("end_turn", output_tokens=42),
    {"type": "message_stop"},
]
STREAM = b"".join(event(one) for one in EVENT_LIST)


def test_an_event_passes_before_the_next_one_comes() -> None:
    into = reader(EVENTS)
    first = event(EVENT_LIST[0])
    assert into.feed(first[:20]) == b""
    assert into.feed(first[20:]) == first
    assert into.feed(b": ping\n") == b": ping\n"
    assert into.usage == Usage(327, 1, 300, 0, "m-1", "")


def test_a_stream_passes_byte_for_byte_and_tells_what_it_cost() -> None:
    into = reader(EVENTS)
    assert read(into, STREAM) == STREAM
    assert (into.usage, into.broken, into.filtered) == (COST, False, 0)


def test_a_stream_that_ends_early_tells_what_it_had_cost() -> None:
    into = reader(EVENTS)
    short = event(EVENT_LIST[0]) + b"event: message_delta\ndata: {"
    assert read(into, short) == short
    assert into.usage == Usage(327, 1, 300, 0, "m-1", "")


def test_events_without_a_name_tell_too() -> None:
    stream = b"".join(b"data: " + encode(one) + b"\n\n" for one in EVENT_LIST)
    into = reader(EVENTS)
    assert read(into, stream) == stream
    assert into.usage == COST


def test_the_last_event_tells_although_only_the_end_completes_it() -> None:
    into = reader(EVENTS)
    stream = b"".join(event(one, end=b"\r") for one in (EVENT_LIST[0], EVENT_LIST[4]))
    assert read(into, stream) == stream
    assert into.usage == COST


@pytest.mark.parametrize("content_type", [JSON, EVENTS, "text/plain"])
@pytest.mark.parametrize("piece", [b"x" * 10_000, b"data: x\n" * 1_000])
def test_a_reader_keeps_no_more_than_its_limit(content_type: str, piece: bytes) -> None:
    into = reader(content_type)
    tracemalloc.start()
    try:
        for _ in range(200):
            assert len(into.feed(piece)) <= 2 * len(piece)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 10 * len(piece)


def test_an_event_over_the_limit_passes_and_ends_the_reading_alone() -> None:
    large = event({"type": "content_block_delta", "text": "x" * LIMIT})
    body = event(EVENT_LIST[0]) + large + STREAM
    for chunks in ([body], cut(body, [50, 400, 900, 1_300, 1_400])):
        into = reader(EVENTS)
        assert read(into, *chunks) == body
        assert (into.usage, into.broken) == (Usage(327, 1, 300, 0, "m-1", ""), False)


def test_a_stream_that_breaks_off_ends_with_an_error_event() -> None:
    into = reader(EVENTS)
    passed = into.feed(event(EVENT_LIST[0]) + b"event: message_delta\ndata: {")
    got = passed + into.break_off(Reason.OWN_FAULT, "why")
    first, last = Reader(LIMIT).feed(got)
    assert first.raw == event(EVENT_LIST[0])
    assert last.event == b"error"
    assert json.loads(last.data or b"")["error"] == {"type": "api_error", "message": "why"}
    assert into.feed(STREAM) == into.finish() == b""
    assert into.broken


ODD = st.sampled_from(
    [b": ping\n\n", b"data: [DONE]\n\n", b"event: message_delta\ndata: {\n\n", b"\n", b"id: 1\n\n"]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
CUTS = st.lists(st.integers(0, 900), max_size=8)
PIECES = st.lists(
    ODD | st.tuples(st.sampled_from(EVENT_LIST), ENDS).map(lambda one: event(one[0], end=one[1])),
    max_size=8,
).map(b"".join)


@given(st.just(STREAM) | PIECES | st.binary(max_size=80), CUTS)
def test_a_stream_in_any_chunking_gives_the_same_bytes_and_usage(
    body: bytes, cuts: list[int]
) -> None:
    whole, pieces = reader(EVENTS), reader(EVENTS)
    assert read(whole, body) == body
    assert read(pieces, *cut(body, cuts)) == body
    assert pieces.usage == whole.usage


@given(st.just(encode(MESSAGE)) | st.binary(max_size=80), CUTS)
def test_a_message_in_any_chunking_gives_the_same_bytes_and_usage(
    body: bytes, cuts: list[int]
) -> None:
    whole, pieces = reader(JSON), reader(JSON)
    assert read(whole, body) == body
    assert read(pieces, *cut(body, cuts)) == body
    assert pieces.usage == whole.usage


@given(
    st.lists(st.sampled_from(["ok-1", "no-1", "ok-2"])).map(lambda names: encode(page(*names)))
    | st.binary(max_size=80),
    CUTS,
)
def test_a_list_in_any_chunking_gives_the_same_bytes(body: bytes, cuts: list[int]) -> None:
    whole = read(reader(JSON, lists=True), body)
    assert read(reader(JSON, lists=True), *cut(body, cuts)) == whole
    assert b"no-1" not in whole


# --- answers that name another model than the client did ------------------------------------------


def renaming(kind: str) -> ResponseReader:
    return usage_reader(kind, replace(reading(), renames=("m-1", "né")))


@given(st.lists(st.integers(0, 500)))
def test_an_answer_names_the_model_that_the_client_named(cuts: list[int]) -> None:
    into = renaming(JSON)
    nested = MESSAGE | {"content": [{"type": "tool_use", "input": {"model": "m-1"}}]}
    assert json.loads(read(into, *cut(encode(nested), cuts))) == nested | {"model": "né"}
    assert into.usage == COST  # the record keeps who answered


@given(st.lists(st.integers(0, 500)), st.sampled_from([b"\n", b"\r\n"]))
def test_the_event_that_begins_a_stream_names_it_and_the_others_stay(
    cuts: list[int], end: bytes
) -> None:
    into = renaming(EVENTS)
    first, last = event(start(**COUNTS), end), event(delta("end_turn"), end)
    out = read(into, *cut(first + last, cuts))
    assert out == first.replace(b'"m-1"', b'"n\\u00e9"').replace(b"\r", b"") + last
    assert into.usage == COST


@pytest.mark.parametrize(
    "body", [b"", b"<p>", b'{"model":"m-1",', b'{"model":"m-1"}' + b" " * LIMIT, b'{"model":"m"}']
)
def test_an_answer_without_that_name_goes_on_as_it_is(body: bytes) -> None:
    for step in (1, 7, 5_000):
        assert read(
            renaming(JSON), *(body[at : at + step] for at in range(0, len(body), step))
        ) == (body)


def test_what_is_held_gives_way_to_an_error() -> None:
    into = renaming(JSON)
    assert into.feed(encode(MESSAGE)[:20]) == b""
    assert json.loads(into.break_off(Reason.OWN_FAULT, "why"))["error"]["message"] == "why"
    assert read(into, encode(MESSAGE)[20:]) == b""
