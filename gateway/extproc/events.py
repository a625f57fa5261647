"""What Envoy tells the machine. Pure: no I/O, no clock, no protobuf.

Source: envoy/service/ext_proc/v3 `ProcessingRequest`; one event a message.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from gateway.model.head import RequestHead, ResponseHead


class BodyMode(Enum):
    """How Envoy hands over a body, as `protocol_config` says."""

    NONE = "none"
    STREAMED = "streamed"
    BUFFERED = "buffered"
    BUFFERED_PARTIAL = "buffered_partial"
    DUPLEX = "duplex"
    GRPC = "grpc"


@dataclass(frozen=True, slots=True)
class Modes:
    """The body modes of one stream."""

    request: BodyMode
    response: BodyMode


@dataclass(frozen=True, slots=True)
class RequestHeaders:
    """The request's head. With `end_of_stream` no body and no trailers follow."""

    head: RequestHead
    end_of_stream: bool
    modes: Modes


@dataclass(frozen=True, slots=True)
class RequestBody:
    """All of the body in BUFFERED mode (even without `end_of_stream`: trailers follow then), a
    piece of it in FULL_DUPLEX_STREAMED."""

    data: bytes
    end_of_stream: bool


@dataclass(frozen=True, slots=True)
class RequestTrailers:
    """The request ended with trailers; they end a body that had no `end_of_stream`."""


@dataclass(frozen=True, slots=True)
class ResponseHeaders:
    """The head of an upstream's answer, or of an answer that Envoy made itself. `modes` count
    when it is a stream's first message: a filter before ours answered."""

    head: ResponseHead
    end_of_stream: bool
    modes: Modes


@dataclass(frozen=True, slots=True)
class ResponseBody:
    """A piece of the response body."""

    data: bytes
    end_of_stream: bool


@dataclass(frozen=True, slots=True)
class ResponseTrailers:
    """The response ended with trailers."""


Event: TypeAlias = (
    RequestHeaders
    | RequestBody
    | RequestTrailers
    | ResponseHeaders
    | ResponseBody
    | ResponseTrailers
)
