"""The replies that carry a body on, in each mode of ext_proc. Pure: no I/O, no clock."""

from typing import Final

from gateway.extproc.commands import BodyReply, Direction, HeadersReply, Reply, TrailersReply
from gateway.extproc.events import BodyMode, ResponseBody
from gateway.model.verdict import Forward, Mutation

DUPLEX_PIECE: Final = 256 * 1024
"""Bytes of a streamed body reply: larger ones only add to Envoy's buffers."""


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
    pieces = [body[i : i + DUPLEX_PIECE] for i in range(0, len(body), DUPLEX_PIECE)] or [b""]
    last = len(pieces) - 1
    replies: list[Reply] = [
        HeadersReply(
            Direction.REQUEST,
            conclusion.mutation,
            metadata=conclusion.metadata,
            reroutes=conclusion.reroutes,
        )
    ]
    replies += [
        BodyReply(
            Direction.REQUEST,
            data=piece,
            streamed=True,
            end_of_stream=i == last and not trailed,
        )
        for i, piece in enumerate(pieces)
    ]
    if trailed:
        replies.append(TrailersReply(Direction.REQUEST))
    return tuple(replies)


def relayed(event: ResponseBody, mode: BodyMode) -> BodyReply:
    """The answer to a piece of a response that nobody reads. In duplex mode Envoy has no copy of
    it, so it goes back."""
    if mode is not BodyMode.DUPLEX:
        return BodyReply(Direction.RESPONSE)
    return BodyReply(
        Direction.RESPONSE, data=event.data, streamed=True, end_of_stream=event.end_of_stream
    )
