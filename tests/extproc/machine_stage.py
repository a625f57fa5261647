"""Exchanges of the machine, brought to where a test begins."""

from gateway.extproc.commands import (
    BodyReply,
    Direction,
    HeadersReply,
    ImmediateReply,
    Judge,
    JudgeResponse,
    ModeOverride,
    Preview,
    Reply,
)
from gateway.extproc.events import (
    BodyMode,
    Modes,
    RequestBody,
    RequestHeaders,
    ResponseBody,
    ResponseHeaders,
)
from gateway.model.head import RequestHead, ResponseHead
from gateway.model.refusal import Answer
from gateway.model.verdict import (
    Forward,
    Mutation,
    Proceed,
    ReadResponse,
    Refuse,
)
from tests.playbook import Playbook

LIMIT = 1000
BUFFERED = Modes(BodyMode.BUFFERED, BodyMode.NONE)
DUPLEX = Modes(BodyMode.DUPLEX, BodyMode.DUPLEX)
HEAD_ONLY = Modes(BodyMode.NONE, BodyMode.NONE)

HEAD = RequestHead("POST", "/mcp", route="mcp")
OK = ResponseHead(200, details="via_upstream", upstream="10.0.0.1:80")
TOO_LARGE = ResponseHead(413, details="request_payload_too_large")
ADDED = Mutation((("x-a", "1"),))
REFUSAL = Refuse(Answer(403, (), b"no"), "gatehouse_denied")
REFUSED = (ImmediateReply(REFUSAL.answer, REFUSAL.details),)

UP, DOWN = Direction.REQUEST, Direction.RESPONSE
HOLD = ModeOverride(BodyMode.BUFFERED, True, False, BodyMode.NONE)
HOLD_AND_ANSWER = ModeOverride(BodyMode.BUFFERED, True, True, BodyMode.NONE)
STREAM_RESPONSE = ModeOverride(BodyMode.BUFFERED, True, True, BodyMode.STREAMED)
NO_LENGTH = Mutation(remove=("content-length",))


def bodiless(modes: Modes = BUFFERED) -> RequestHeaders:
    return RequestHeaders(HEAD, end_of_stream=True, modes=modes)


def headers(modes: Modes = BUFFERED) -> RequestHeaders:
    return RequestHeaders(HEAD, end_of_stream=False, modes=modes)


def answer(
    head: ResponseHead = OK, modes: Modes = BUFFERED, *, end_of_stream: bool = False
) -> ResponseHeaders:
    return ResponseHeaders(head, end_of_stream, modes)


def body(data: bytes = b"{}", *, ends: bool = True) -> RequestBody:
    return RequestBody(data, ends)


def piece(data: bytes, *, ends: bool = False) -> ResponseBody:
    return ResponseBody(data, ends)


def duplex(direction: Direction, data: bytes, *, ends: bool = False) -> BodyReply:
    return BodyReply(direction, data=data, streamed=True, end_of_stream=ends)


def holding(modes: Modes = BUFFERED, *, response_headers: bool = False) -> Playbook:
    """A playbook that waits for the body of a request."""
    playbook = Playbook(body_limit=LIMIT)
    reply = (HeadersReply(UP, override=HOLD_AND_ANSWER if response_headers else HOLD),)
    withheld = modes.request is BodyMode.DUPLEX
    assert playbook >> headers(modes) << Preview(HEAD)
    assert playbook >> Proceed(response_headers) << (() if withheld else reply)
    return playbook


def forwarded(modes: Modes = BUFFERED) -> Playbook:
    """A playbook that waits for the response of a request with the body {}."""
    playbook = holding(modes, response_headers=True)
    assert playbook >> body() << Judge(HEAD, b"{}")
    replies: tuple[Reply, ...] = (BodyReply(UP),)
    if modes.request is BodyMode.DUPLEX:
        replies = (HeadersReply(UP), duplex(UP, b"{}", ends=True))
    assert playbook >> Forward(response_headers=True) << replies
    return playbook


def reading() -> Playbook:
    """A playbook that waits for the first piece of a response in STREAMED mode."""
    playbook = forwarded() >> answer() << JudgeResponse(OK, end_of_stream=False)
    assert playbook >> ReadResponse() << (HeadersReply(DOWN, NO_LENGTH, STREAM_RESPONSE),)
    return playbook
