"""The replies that carry a body on, in each mode of ext_proc. Pure: no I/O, no clock."""

from typing import Final

from gateway.extproc.commands import BodyReply, Direction, HeadersReply, Reply, TrailersReply
from gateway.extproc.events import BodyMode, ResponseBody
from gateway.model.verdict import Forward, Mutation

DUPLEX_PIECE: Final = 62_000
"""Bytes of a streamed body reply. Some proxies take no more than 64 KiB at once, so that endpoint
pickers send this much."""


def buffered(conclusion: Forward) -> BodyReply:
    """The answer to a BUFFERED body: with another one, if the verdict has one."""
    return BodyReply(
        Direction.REQUEST,
        _with_length(conclusion.mutation, conclusion.body),
        conclusion.body,
        metadata=conclusion.metadata,
        reroutes=conclusion.reroutes,
    )


def _with_length(mutation: Mutation, body: bytes | None) -> Mutation:
    """A replaced BUFFERED body needs its content-length in the same reply, or Envoy sends 500."""
    if body is None:
        return mutation
    return Mutation((*mutation.set, ("content-length", str(len(body)))), mutation.remove)


def streamed(conclusion: Forward, body: bytes, *, trailed: bool) -> tuple[Reply, ...]:
    """The withheld reply to the head, then `body` in pieces. Of a `trailed` request the trailers
    are the end, else the last piece is."""
    replies: list[Reply] = [
        HeadersReply(
            Direction.REQUEST,
            conclusion.mutation,
            metadata=conclusion.metadata,
            reroutes=conclusion.reroutes,
        )
    ]
    replies += in_pieces(Direction.REQUEST, body, ends=not trailed)
    if trailed:
        replies.append(TrailersReply(Direction.REQUEST))
    return tuple(replies)


def in_pieces(direction: Direction, data: bytes, *, ends: bool) -> tuple[BodyReply, ...]:
    """`data` as streamed replies, one at least; `ends` is whether nothing comes after it."""
    starts = range(0, len(data) or 1, DUPLEX_PIECE)
    return tuple(
        BodyReply(
            direction,
            data=data[at : at + DUPLEX_PIECE],
            streamed=True,
            end_of_stream=ends and at == starts[-1],
        )
        for at in starts
    )


def relayed(event: ResponseBody, mode: BodyMode) -> tuple[BodyReply, ...]:
    """The answer to a piece of a response that nobody reads. In duplex mode Envoy has no copy of
    it, so it goes back."""
    if mode is not BodyMode.DUPLEX:
        return (BodyReply(Direction.RESPONSE),)
    return in_pieces(Direction.RESPONSE, event.data, ends=event.end_of_stream)
