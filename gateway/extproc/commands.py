"""What the machine asks of its driver, and what goes back to Envoy.

Pure: no I/O, no clock, no protobuf. A command that asks a question (`Preview`, `Judge`,
`JudgeResponse`, `Read`) is answered by `Machine.conclude`; `Send` and `Wait` are not.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from gateway.extproc.events import BodyMode
from gateway.model.head import RequestHead, ResponseHead
from gateway.model.jsonvalue import JsonObject
from gateway.model.refusal import Answer
from gateway.model.verdict import UNCHANGED, Gap, Mutation


class Direction(Enum):
    """Which half of the exchange a reply belongs to."""

    REQUEST = "request"
    RESPONSE = "response"


# --- questions and orders to the driver -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Preview:
    """A body follows: is the head acceptable, and does anything need the response?"""

    head: RequestHead


@dataclass(frozen=True, slots=True)
class Judge:
    """The request is complete: may it go on? With a `gap` its body is not in `body`.

    An OVERFLOW comes before the rest of the body: whoever sends too much is told at once.
    """

    head: RequestHead
    body: bytes
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class JudgeResponse:
    """The response's head is here: what becomes of it?"""

    head: ResponseHead
    end_of_stream: bool


@dataclass(frozen=True, slots=True)
class Read:
    """A piece of a response that is read: what does the client get for it?"""

    data: bytes
    end_of_stream: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until the next event."""


@dataclass(frozen=True, slots=True)
class ModeOverride:
    """What Envoy shall send of the rest of the exchange; it replaces every mode of the filter.

    `request_trailers` matters to a held request: without it a BUFFERED request that has trailers
    and no data goes upstream on the headers' reply alone (measured on 1.40). `response_trailers`
    keeps the stream open until the response has ended, whether or not it has any.
    """

    request_body: BodyMode
    request_trailers: bool
    response_headers: bool
    response_body: BodyMode
    response_trailers: bool = False


@dataclass(frozen=True, slots=True)
class HeadersReply:
    """Answer to headers."""

    direction: Direction
    mutation: Mutation = UNCHANGED
    override: ModeOverride | None = None
    metadata: "JsonObject | None" = None
    reroutes: bool = False


@dataclass(frozen=True, slots=True)
class BodyReply:
    """Answer to a body message. `data` None forwards the received bytes; `streamed` is the form
    that FULL_DUPLEX_STREAMED demands, in which `data` is never None."""

    direction: Direction
    mutation: Mutation = UNCHANGED
    data: bytes | None = None
    streamed: bool = False
    end_of_stream: bool = False
    metadata: "JsonObject | None" = None
    reroutes: bool = False


PASSED: Final = BodyReply(Direction.RESPONSE)
"""The answer to a piece of a response that goes on as it came."""


@dataclass(frozen=True, slots=True)
class TrailersReply:
    """Answer to trailers; they pass unchanged."""

    direction: Direction


@dataclass(frozen=True, slots=True)
class ImmediateReply:
    """The gateway's own answer; Envoy forwards nothing."""

    answer: Answer
    details: str


@dataclass(frozen=True, slots=True)
class TimeoutReply:
    """The answer to what Envoy waits for takes longer: `seconds` from now at most. Envoy takes one
    for each message, up to its max_message_timeout."""

    seconds: float


Reply: TypeAlias = HeadersReply | BodyReply | TrailersReply | ImmediateReply | TimeoutReply


@dataclass(frozen=True, slots=True)
class Send:
    """Replies that need no judgement."""

    replies: tuple[Reply, ...]


Command: TypeAlias = Preview | Judge | JudgeResponse | Read | Wait | Send
