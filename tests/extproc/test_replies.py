"""A body goes on whole, in the form that Envoy takes in each mode."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.extproc.commands import BodyReply, Direction, HeadersReply, TrailersReply
from gateway.extproc.events import BodyMode, ResponseBody
from gateway.extproc.replies import DUPLEX_PIECE, buffered, relayed, streamed
from gateway.model.verdict import Forward, Mutation

ADDED = Mutation((("x-a", "1"),))
SIZES = st.one_of(st.integers(0, 3), st.integers(-2, 2).map(lambda more: 2 * DUPLEX_PIECE + more))


@given(size=SIZES, trailed=st.booleans())
def test_a_streamed_body_comes_out_whole_in_bounded_pieces_and_ends_once(
    size: int, *, trailed: bool
) -> None:
    body = bytes(i % 251 for i in range(1000)) * (size // 1000) + b"x" * (size % 1000)
    head, *pieces = streamed(Forward(ADDED, metadata={}), body, trailed=trailed)
    assert head == HeadersReply(Direction.REQUEST, ADDED, metadata={})
    if trailed:
        assert pieces.pop() == TrailersReply(Direction.REQUEST)
    sent = [one for one in pieces if isinstance(one, BodyReply)]
    assert len(sent) == len(pieces) == max(1, -(-size // DUPLEX_PIECE))
    assert b"".join(one.data or b"" for one in sent) == body
    assert all(one.streamed and len(one.data or b"") <= DUPLEX_PIECE for one in sent)
    assert [one.end_of_stream for one in sent] == [False] * (len(sent) - 1) + [not trailed]


def test_a_buffered_body_that_is_replaced_brings_its_length() -> None:
    reply = buffered(Forward(ADDED, b"other", metadata={}))
    wanted = Mutation((("x-a", "1"), ("content-length", "5")))
    assert reply == BodyReply(Direction.REQUEST, wanted, b"other", metadata={})
    assert buffered(Forward(ADDED)).mutation == ADDED


@pytest.mark.parametrize("ends", [True, False])
def test_only_in_duplex_a_piece_that_nobody_reads_goes_back(*, ends: bool) -> None:
    event = ResponseBody(b"piece", ends)
    assert relayed(event, BodyMode.STREAMED) == (BodyReply(Direction.RESPONSE),)
    assert relayed(event, BodyMode.DUPLEX) == (
        BodyReply(Direction.RESPONSE, data=b"piece", streamed=True, end_of_stream=ends),
    )


@given(size=SIZES, ends=st.booleans())
def test_a_large_piece_goes_back_in_bounded_ones_that_end_once(size: int, *, ends: bool) -> None:
    data = b"y" * max(size, 0)
    sent = relayed(ResponseBody(data, ends), BodyMode.DUPLEX)
    assert b"".join(one.data or b"" for one in sent) == data
    assert all(one.streamed and len(one.data or b"") <= 64 * 1024 for one in sent)
    assert [one.end_of_stream for one in sent] == [False] * (len(sent) - 1) + [ends]
