"""The gRPC binding: one request message in one frame. Pure: no I/O, no clock.

Streams of requests do not occur in A2A; the answer, which may be a stream, is not read.
"""

from typing import Final

from gateway.model.call import Call
from gateway.model.head import Headers
from gateway.model.passage import Passage
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.a2a.call import call_of
from gateway.protocols.a2a.client import Client
from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.messages import params_of
from gateway.protocols.a2a.operation import EXTENDED_CARD, Operation
from gateway.protocols.a2a.passages import passages_of
from gateway.wire.content import is_media_type
from gateway.wire.grpcframe import FrameFault, unframed

_MEDIA_TYPES: Final = ("application/grpc", "application/grpc+proto")


def deframed(
    operation: Operation, headers: Headers, body: bytes, client: Client, backend: str
) -> Call | Refusal:
    """The call of a framed request message."""
    content_type = headers.get("content-type") or ""
    if not any(is_media_type(content_type, one) for one in _MEDIA_TYPES):
        return Refusal(Reason.UNSUPPORTED_MEDIA, "content-type must be application/grpc")
    if operation.method == EXTENDED_CARD:  # its answer would name the agent's own URLs
        text = "cards are not served over gRPC; JSON-RPC and REST have them"
        return Refusal(Reason.UNKNOWN_METHOD, text)
    message = unframed(body)
    if message is FrameFault.COMPRESSED:
        return Refusal(Reason.UNSUPPORTED_MEDIA, message.value)
    if isinstance(message, FrameFault):
        return Refusal(Reason.PARSE_ERROR, message.value)
    try:
        params = params_of(operation.method, operation.version, message)
        return call_of(operation.method, params, client, backend)
    except WrongError as wrong:
        return Refusal(Reason.INVALID_PARAMS, str(wrong))


def passages(operation: Operation, body: bytes) -> tuple[Passage, ...]:
    """The passages of a framed request message that is acceptable. Their places are in what it says
    as params, and no other text can take their place."""
    message = unframed(body)
    if isinstance(message, FrameFault):
        return ()
    return passages_of(params_of(operation.method, operation.version, message))
