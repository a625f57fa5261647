"""Streams are cut into events without losing or changing a byte."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.wire.sse import Event, Reader, serialise

LIMIT = 1_000


def read(*chunks: bytes, limit: int = LIMIT) -> list[Event]:
    reader = Reader(limit)
    pieces = [piece for chunk in chunks for piece in reader.feed(chunk)]
    return pieces + reader.finish()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_an_event_has_its_fields_and_raw_bytes_with_every_line_end(end: bytes) -> None:
    raw = end.join((b"id: 7", b"event:note", b"data: a", b"data:  b", b"retry: 5", b"", b""))
    assert read(raw) == [Event(raw, b"a\n b", b"7", b"note")]


def test_a_comment_between_events_comes_out_at_once() -> None:
    reader = Reader(LIMIT)
    assert reader.feed(b": ping\n") == [Event(b": ping\n")]
    assert reader.feed(b"data: x\n: inner\n") == []
    assert reader.feed(b"\n") == [Event(b"data: x\n: inner\n\n", b"x")]


def test_a_field_without_colon_is_empty_and_an_id_with_nul_is_ignored() -> None:
    assert read(b"data\nid: a\0b\n\n") == [Event(b"data\nid: a\0b\n\n", b"")]


def test_a_byte_order_mark_hides_no_data_line() -> None:
    assert read(b"\xef\xbb", b"\xbfdata: x\n\n") == [
        Event(b"\xef\xbb\xbf"),
        Event(b"data: x\n\n", b"x"),
    ]


def test_an_unfinished_event_is_discarded_at_the_end() -> None:
    assert read(b"data: a\n\ndata: b\n") == [Event(b"data: a\n\n", b"a")]


def test_a_last_carriage_return_counts_at_the_end() -> None:
    assert [piece.data for piece in read(b"data: a\r\r")] == [b"a"]


@pytest.mark.parametrize("chunks", [(b"data: " + b"x" * 100 + b"\n\n",), (b"data: ",) * 4])
def test_after_an_event_over_the_limit_nothing_comes_out(chunks: tuple[bytes, ...]) -> None:
    reader = Reader(20)
    assert [reader.feed(chunk) for chunk in chunks][-1] == []
    assert reader.overflowed
    assert reader.feed(b"\n\ndata: y\n\n") == []
    assert reader.finish() == []


def test_replaced_data_keeps_every_other_line() -> None:
    raw = b": c\r\nid: 7\r\ndata: a\r\nretry: 5\r\ndata: b\r\n\r\n"
    event = Event(raw, b"a\nb", b"7")
    assert event.replaced(data=b'{"x":\n1}', ident=b"8") == (
        b': c\nid: 8\ndata: {"x":\ndata: 1}\nretry: 5\n\n'
    )
    assert event.replaced() == raw


def test_a_serialised_event_reads_back() -> None:
    raw = serialise(b"{}\n[]", event=b"error", ident=b"1")
    assert read(raw) == [Event(raw, b"{}\n[]", b"1", b"error")]


LINES = st.sampled_from(
    [
        b"data: a",
        b"data",
        b"id: 1",
        b": c",
        b"",
        b"",
        b"event: e",
        b"x",
        b"\xef\xbb\xbf",
        b"retry: 1",
    ]
)
STREAMS = st.lists(
    st.tuples(LINES, st.sampled_from([b"\n", b"\r", b"\r\n"])).map(b"".join), max_size=12
).map(b"".join)


@settings(max_examples=200)
@given(stream=STREAMS | st.binary(max_size=60), cuts=st.lists(st.integers(0, 80)))
def test_any_chunking_gives_the_same_events(stream: bytes, cuts: list[int]) -> None:
    at = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[start:end] for start, end in pairwise(at)]
    whole = read(stream)
    assert read(*chunks) == whole
    assert stream.startswith(b"".join(piece.raw for piece in whole))


@settings(max_examples=300)
@given(pieces=st.lists(st.lists(LINES, max_size=3).map(b"\n".join), max_size=5))
def test_chunks_that_end_with_blank_lines_give_the_same_events(pieces: list[bytes]) -> None:
    chunks = [b"data: first\n\n", *(piece + b"\n\n" for piece in pieces)]
    assert read(*chunks) == read(b"".join(chunks))


@settings(max_examples=100)
@given(stream=STREAMS, data=st.text("a\n\r{", max_size=8))
def test_replaced_data_is_what_a_reader_then_sees(stream: bytes, data: str) -> None:
    for event in read(stream):
        replaced = read(event.replaced(data=data.encode()))
        if event.data is not None:
            seen = [piece.data for piece in replaced if piece.data is not None]
            assert seen == [b"\n".join(re.split(rb"\r\n?|\n", data.encode()))]
