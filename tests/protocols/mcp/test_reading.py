"""Responses with lists reach a client without what it may not see, however they arrive."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.jsonvalue import JsonMapping, RequestId
from gateway.protocols.base import Reading, ResponseReader
from gateway.protocols.mcp.reading import TOO_LARGE, EventReader, JsonReader, reader_of
from gateway.wire.sse import Reader
from tests.protocols.mcp.clients import encode

LIMIT = 1_000
JSON = "application/json"
EVENTS = "text/event-stream"


def reading(
    calls: Mapping[RequestId, str] = MappingProxyType({1: "tools/list"}),
    *,
    replay: bool = False,
    seal_event: Callable[[str], str | None] | None = None,
) -> Reading:
    """A caller that may see what has "ok" in its name, and asked for tools as request 1."""
    return Reading(
        shows=lambda _method, name: "ok" in name,
        limit=LIMIT,
        calls=calls,
        replay=replay,
        error=lambda _, why: encode({"error": why}),
        seal_event=seal_event,
    )


def opened(content_type: str, using: Reading) -> ResponseReader:
    reader = reader_of(content_type, using)
    assert reader is not None
    return reader


def read(content_type: str, *chunks: bytes, using: Reading | None = None) -> bytes:
    reader = opened(content_type, using or reading())
    return b"".join([*(reader.feed(chunk) for chunk in chunks), reader.finish()])


def tools(*names: str, ident: Any = 1) -> bytes:
    listed = [{"name": name} for name in names]
    return encode({"jsonrpc": "2.0", "id": ident, "result": {"tools": listed}})


def event(data: bytes, ident: str | None = None, kind: str | None = None) -> bytes:
    lines = [*(() if ident is None else (f"id: {ident}",)), *((f"event: {kind}",) if kind else ())]
    return "".join(f"{line}\n" for line in lines).encode() + b"data: " + data + b"\n\n"


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/html",
        "text/plain",
        "application/jsonp",
        "application/json; charset=utf-16",
        "application/json; x=y",
        "text/event-stream; charset=utf-7",
        "application/x-ndjson",
        "application/json, text/html",
    ],
)
def test_a_media_type_that_cannot_be_read_has_no_reader(content_type: str) -> None:
    assert reader_of(content_type, reading()) is None


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        (JSON, JsonReader),
        ("Application/JSON; charset=UTF-8", JsonReader),
        (EVENTS, EventReader),
        ("text/event-stream;charset=utf-8", EventReader),
    ],
)
def test_what_mcp_clients_accept_can_be_read(content_type: str, kind: type) -> None:
    assert isinstance(reader_of(content_type, reading()), kind)


def test_a_json_list_loses_what_is_not_shown_and_counts_it() -> None:
    reader = opened(JSON, reading())
    assert reader.feed(tools("ok-1", "secret", "ok-2", "hidden")) == b""
    assert reader.finish() == tools("ok-1", "ok-2").replace(b"}, {", b"},{")
    assert reader.filtered == 2
    assert not reader.broken


def test_a_streamed_list_loses_what_is_not_shown_and_keeps_the_events_around_it() -> None:
    progress = event(encode({"jsonrpc": "2.0", "method": "notifications/progress"}), "1")
    after = b": ping\n\nid: 3\nretry: 5\n\n"
    got = read(EVENTS, progress + event(tools("secret", "ok"), "2") + after)
    assert got == progress + event(tools("ok"), "2") + after


def test_an_event_goes_on_before_the_next_one_comes() -> None:
    reader = opened(EVENTS, reading())
    note = event(encode({"method": "notifications/progress"}))
    assert reader.feed(note[:9]) == b""
    assert reader.feed(note[9:]) == note
    assert reader.feed(b": ping\n") == b": ping\n"


UNREADABLE = {
    "two documents": tools("secret") + tools("secret"),
    "a duplicate key": b'{"id":1,"result":{"tools":[]},"result":{"tools":[{"name":"secret"}]}}',
    "a mimicked key": b'{"id":1,"Result":{"tools":[{"name":"secret"}]}}',
    "no JSON": b"<p>secret</p>",
    "no message": b'{"tools":[{"name":"secret"}]}',
    "no list": b'{"id":1,"result":{"tools":{"secret":{}}}}',
    "another result": b'{"id":1,"result":{"content":["secret"]}}',
    "not UTF-8": b'{"id":1,"result":{"tools":[{"name":"secret\xff"}]}}',
    "UTF-16": tools("secret").decode().encode("utf-16"),
    "a string": b'"secret"',
    "too large": tools("secret", "x" * LIMIT),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("step", [1, 7, 5_000])
def test_a_json_body_that_cannot_be_judged_becomes_one_error(body: bytes, step: int) -> None:
    reader = opened(JSON, reading())
    chunks = [body[at : at + step] for at in range(0, len(body), step)]
    got = b"".join([*(reader.feed(chunk) for chunk in chunks), reader.finish()])
    assert isinstance(json.loads(got)["error"], str)
    assert b"secret" not in got
    assert reader.broken


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_an_event_that_cannot_be_judged_ends_the_stream_with_an_error(body: bytes) -> None:
    note = event(encode({"method": "notifications/progress"}))
    got = read(EVENTS, note, event(body), event(tools("ok")))
    assert got.startswith(note)
    (error,) = Reader(LIMIT).feed(got[len(note) :])
    assert error.event == b"message"
    assert isinstance(json.loads(error.data or b"")["error"], str)
    assert b"secret" not in got


def test_what_follows_a_body_over_the_limit_is_swallowed() -> None:
    reader = opened(JSON, reading())
    assert json.loads(reader.feed(b" " * (LIMIT + 1)))["error"] == TOO_LARGE
    assert reader.feed(tools("ok")) == reader.finish() == b""


def test_an_event_of_a_type_that_no_client_reads_costs_no_stream() -> None:
    got = read(EVENTS, event(b"{}", kind="ping"), event(tools("ok", "no")), event(b"", kind="ping"))
    assert got == event(tools("ok")) + event(b"", kind="ping")
    assert b"secret" not in read(EVENTS, event(tools("secret"), kind="other"))


def test_a_priming_event_without_data_passes() -> None:
    got = read(
        EVENTS, b"id: 1\nretry: 100\ndata: \n\n", using=reading(seal_event=lambda one: one * 2)
    )
    assert got == b"id: 11\nretry: 100\ndata: \n\n"


@pytest.mark.parametrize("ident", [2, "1", 1.0, True, None])
def test_the_only_answer_of_a_stream_is_the_list_whatever_its_id(ident: Any) -> None:
    assert read(JSON, tools("ok", "secret", ident=ident)) == tools("ok", ident=ident)
    broken = encode({"id": ident, "result": {"content": ["secret"]}})
    assert b"secret" not in read(JSON, broken)


def test_a_batch_is_judged_by_the_ids_of_its_requests() -> None:
    using = reading({1: "tools/list", "1": "tools/call"})
    called = {"id": "1", "result": {"structuredContent": 5}}
    listed = {"id": 1, "result": {"tools": [{"name": "secret"}]}}
    assert json.loads(read(JSON, encode([called, listed]), using=using)) == [
        called,
        {"id": 1, "result": {"tools": []}},
    ]
    swapped = [{**called, "id": 1}, {**listed, "id": "1"}]
    assert "error" in json.loads(read(JSON, encode(swapped), using=using))


@pytest.mark.parametrize("ident", [7, "1", 1.0, True, None])
def test_a_replayed_result_without_context_is_judged_by_its_shape(ident: Any) -> None:
    using = reading({1: "tools/call"}, replay=True)
    assert read(EVENTS, event(tools("ok", "no", ident=ident)), using=using) == event(
        tools("ok", ident=ident)
    )
    odd = encode({"id": ident, "result": {"secret": []}})
    assert b"secret" not in read(EVENTS, event(odd), using=using)


def test_a_replayed_result_with_context_is_judged_by_its_request() -> None:
    using = reading({1: "tools/call", 2: "tools/list"}, replay=True)
    odd = event(encode({"id": 1, "result": {"odd": 1}}))
    assert read(EVENTS, odd, using=using) == odd
    assert b"odd" not in read(EVENTS, event(encode({"id": 2, "result": {"odd": 1}})), using=using)


def test_event_ids_are_sealed_and_one_that_cannot_be_is_emptied() -> None:
    using = reading(seal_event=lambda one: None if one == "long" else f"<{one}>")
    stream = b"id: a\n\n" + event(tools("ok"), "long") + event(tools("ok", "no"), "c") + b"id:\n\n"
    assert read(EVENTS, stream, using=using) == (
        b"id: <a>\n\n" + event(tools("ok"), "") + event(tools("ok"), "<c>") + b"id: \n\n"
    )


def test_an_event_id_that_is_no_text_is_emptied() -> None:
    using = reading(seal_event=lambda one: one)
    assert read(EVENTS, b"id: \xff\ndata:\n\n", using=using) == b"id: \ndata:\n\n"


MESSAGES = st.one_of(
    st.sampled_from(list(UNREADABLE.values())),
    st.lists(st.sampled_from(["ok", "secret", "ok-2"]), max_size=3).map(
        lambda names: tools(*names)
    ),
    st.just(encode({"method": "notifications/progress"})),
)
LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


def cut(body: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({0, len(body), *(one for one in cuts if one < len(body))})
    return [body[start:end] for start, end in pairwise(at)]


@given(
    st.lists(st.tuples(MESSAGES, st.sampled_from([None, "1", "x"]), LINE_ENDS), max_size=5),
    st.lists(st.integers(0, 400), max_size=8),
    st.booleans(),
)
def test_a_stream_reads_alike_in_any_chunking_and_shows_nothing_hidden(
    messages: list[tuple[bytes, str | None, bytes]], cuts: list[int], replay: bool
) -> None:
    using = reading(replay=replay, seal_event=lambda one: f"<{one}>")
    stream = b"".join(event(body, ident).replace(b"\n", end) for body, ident, end in messages)
    whole = read(EVENTS, stream, using=using)
    assert read(EVENTS, *cut(stream, cuts), using=using) == whole
    assert b"secret" not in whole


@given(MESSAGES | st.binary(max_size=60), st.lists(st.integers(0, 400), max_size=8))
def test_a_body_reads_alike_in_any_chunking_and_shows_nothing_hidden(
    body: bytes, cuts: list[int]
) -> None:
    whole = read(JSON, body)
    assert read(JSON, *cut(body, cuts)) == whole
    assert b"secret" not in whole


@pytest.mark.parametrize("content_type", [JSON, EVENTS])
def test_a_tool_that_is_not_offered_is_left_out_and_counted(content_type: str) -> None:
    def offers(definition: JsonMapping) -> bool:
        return definition["name"] != "ok-changed"

    using = replace(reading(), offers=offers)
    reader = opened(content_type, using)
    data = tools("ok", "ok-changed", "hidden")
    out = reader.feed(data if content_type == JSON else event(data)) + reader.finish()
    assert out == (tools("ok") if content_type == JSON else event(tools("ok")))
    assert reader.filtered == 2
