"""Envoy's ext_proc messages to events, and replies back to messages. No I/O.

The generated classes are upb: parsing a message with 15 headers costs about a microsecond.
Field meanings: envoy/service/ext_proc/v3/external_processor.proto.
"""

import re
from collections.abc import Mapping
from typing import Final

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct, Value

from gateway.config.addresses import parse_address
from gateway.config.wiring import LB_NAMESPACE, SERVED
from gateway.extproc.commands import (
    PASSED,
    BodyReply,
    Direction,
    HeadersReply,
    ImmediateReply,
    ModeOverride,
    Reply,
    TimeoutReply,
    TrailersReply,
)
from gateway.extproc.events import (
    BodyMode,
    Event,
    Modes,
    RequestBody,
    RequestHeaders,
    RequestTrailers,
    ResponseBody,
    ResponseHeaders,
    ResponseTrailers,
)
from gateway.model.head import Headers, Peer, RequestHead, ResponseHead
from gateway.model.jsonvalue import JsonObject
from gateway.model.verdict import Mutation
from gateway.server import extproc_pb2 as pb
from gateway.server.structs import struct_bytes

STATUS: Final = re.compile("[1-9][0-9]{2}")
ATTRIBUTES_KEY: Final = "envoy.filters.http.ext_proc"
PEER_SAN_KEY: Final = "connection.uri_san_peer_certificate"
PEER_SANS_KEY: Final = "filter_state['gatehouse.peer_uri_sans']"
OVERWRITE: Final = pb.HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD
APPEND: Final = pb.HeaderValueOption.HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD

LONGEST_ADDRESS: Final = 64
"""Characters; an IPv6 address with its port has fewer."""

BODY_MODES: Final = {
    pb.ProcessingMode.BodySendMode.NONE: BodyMode.NONE,
    pb.ProcessingMode.BodySendMode.STREAMED: BodyMode.STREAMED,
    pb.ProcessingMode.BodySendMode.BUFFERED: BodyMode.BUFFERED,
    pb.ProcessingMode.BodySendMode.BUFFERED_PARTIAL: BodyMode.BUFFERED_PARTIAL,
    pb.ProcessingMode.BodySendMode.FULL_DUPLEX_STREAMED: BodyMode.DUPLEX,
    pb.ProcessingMode.BodySendMode.GRPC: BodyMode.GRPC,
}

SEND_MODES: Final = {mode: number for number, mode in BODY_MODES.items()}
SEND: Final = pb.ProcessingMode.HeaderSendMode.SEND
SKIP: Final = pb.ProcessingMode.HeaderSendMode.SKIP


class UndecodableMessageError(Exception):
    """Bytes that are no ProcessingRequest, or one without a known payload."""


class Codec:
    """Translates for one stream; the modes come with its first message only."""

    __slots__ = ("_modes",)

    def __init__(self) -> None:
        self._modes = Modes(BodyMode.NONE, BodyMode.NONE)

    def decode(self, raw: bytes) -> Event:
        """One received message. Raises `UndecodableMessageError`."""
        message = _parsed(raw)
        if message.observability_mode:
            raise UndecodableMessageError("Envoy waits for no answer in observability mode")
        if message.HasField("protocol_config"):
            self._modes = _modes(message)
        match message.WhichOneof("request"):
            case "request_headers":
                return self._request_headers(message)
            case "request_body":
                return RequestBody(message.request_body.body, _ends(message.request_body))
            case "request_trailers":
                return RequestTrailers()
            case "response_headers":
                return self._response_headers(message)
            case "response_body":
                return ResponseBody(message.response_body.body, _ends(message.response_body))
            case "response_trailers":
                return ResponseTrailers()
            case _:
                raise UndecodableMessageError("a ProcessingRequest without a known payload")

    def _request_headers(self, message: pb.ProcessingRequest) -> RequestHeaders:
        pseudo, headers = _split(message.request_headers.headers)
        attributes = message.attributes[ATTRIBUTES_KEY].fields
        head = RequestHead(
            method=pseudo.get(":method", ""),
            path=pseudo.get(":path", ""),
            authority=pseudo.get(":authority", ""),
            scheme=pseudo.get(":scheme", "http"),
            headers=headers,
            route=attributes["xds.route_name"].string_value,
            peer=Peer(
                address=attributes["source.address"].string_value,
                mtls=attributes["connection.mtls"].bool_value,
                uri_sans=_uri_sans(attributes),
            ),
            metadata={
                namespace: to_object(struct)
                for namespace, struct in message.metadata_context.filter_metadata.items()
            },
        )
        return RequestHeaders(head, message.request_headers.end_of_stream, self._modes)

    def _response_headers(self, message: pb.ProcessingRequest) -> ResponseHeaders:
        pseudo, headers = _split(message.response_headers.headers)
        attributes = message.attributes[ATTRIBUTES_KEY].fields
        status = pseudo.get(":status", "")
        head = ResponseHead(
            status=int(status) if STATUS.fullmatch(status) else 0,
            headers=headers,
            details=attributes["response.code_details"].string_value,
            upstream=_served(message) or attributes["upstream.address"].string_value,
        )
        return ResponseHeaders(head, message.response_headers.end_of_stream, self._modes)


def modes_of(raw: bytes) -> Modes:
    """The body modes that the first message of a stream tells. Raises `UndecodableMessageError`."""
    return _modes(_parsed(raw))


def _parsed(raw: bytes) -> pb.ProcessingRequest:
    try:
        return pb.ProcessingRequest.FromString(raw)
    except DecodeError as error:
        raise UndecodableMessageError("not a ProcessingRequest") from error


def _modes(message: pb.ProcessingRequest) -> Modes:
    config = message.protocol_config
    return Modes(
        BODY_MODES.get(config.request_body_mode, BodyMode.NONE),
        BODY_MODES.get(config.response_body_mode, BodyMode.NONE),
    )


def _served(message: pb.ProcessingRequest) -> str:
    """The "ip:port" that a proxy tells an endpoint picker of; "" if it tells none. An Envoy with
    our configuration does not hand over this metadata, but an attribute."""
    metadata = message.metadata_context.filter_metadata
    if LB_NAMESPACE not in metadata or SERVED not in metadata[LB_NAMESPACE].fields:
        return ""
    text = metadata[LB_NAMESPACE].fields[SERVED].string_value
    address = parse_address(text) if len(text) <= LONGEST_ADDRESS else None
    return text if address is not None and address.literal else ""


def _uri_sans(attributes: Mapping[str, Value]) -> tuple[str, ...]:
    """Every URI SAN of the peer: Envoy's own attribute has only the first of them."""
    if PEER_SANS_KEY in attributes and (every := attributes[PEER_SANS_KEY].string_value):
        return tuple(every.split(","))
    first = attributes[PEER_SAN_KEY].string_value if PEER_SAN_KEY in attributes else ""
    return (first,) if first else ()


def _ends(body: pb.HttpBody) -> bool:
    return body.end_of_stream or body.end_of_stream_without_message


def _split(header_map: pb.HeaderMap) -> tuple[dict[str, str], Headers]:
    pseudo: dict[str, str] = {}
    lines: list[tuple[str, str]] = []
    for line in header_map.headers:
        name = line.key
        # latin-1 keeps every byte distinct; each consumer judges which ones it accepts.
        value = line.raw_value.decode("latin-1") or line.value
        if name[:1] == ":":
            pseudo[name] = value
        else:
            lines.append((name, value))
    return pseudo, Headers(lines)


def to_object(struct: Struct) -> JsonObject:
    """A Struct as plain JSON values (numbers are floats, as the wire has them).

    Raises `UndecodableMessageError` for numbers that JSON does not have.
    """
    try:
        plain: JsonObject = json_format.MessageToDict(struct)
    except (ValueError, json_format.Error) as error:
        raise UndecodableMessageError("metadata that is not JSON") from error
    return plain


def encode(reply: Reply) -> bytes:
    """One reply as a serialised ProcessingResponse."""
    return _encoded(reply) if reply is not PASSED else _PASSED


def _encoded(reply: Reply) -> bytes:
    message = pb.ProcessingResponse()
    match reply:
        case HeadersReply():
            _headers_reply(message, reply)
        case BodyReply():
            _body_reply(message, reply)
        case TrailersReply():
            target = (
                message.request_trailers
                if reply.direction is Direction.REQUEST
                else message.response_trailers
            )
            target.SetInParent()
        case ImmediateReply():
            _immediate_reply(message, reply)
        case TimeoutReply():
            message.override_message_timeout.FromNanoseconds(int(reply.seconds * 1e9))
    return message.SerializeToString()


def _headers_reply(message: pb.ProcessingResponse, reply: HeadersReply) -> None:
    target = (
        message.request_headers
        if reply.direction is Direction.REQUEST
        else message.response_headers
    )
    target.SetInParent()
    _mutate(target.response.header_mutation, reply.mutation)
    if reply.override is not None:
        _override(message.mode_override, reply.override)
    if reply.reroutes:
        target.response.clear_route_cache = True
    _metadata(message, reply.metadata)


def _override(target: pb.ProcessingMode, override: ModeOverride) -> None:
    target.request_body_mode = SEND_MODES[override.request_body]
    target.request_trailer_mode = SEND if override.request_trailers else SKIP
    target.response_header_mode = SEND if override.response_headers else SKIP
    target.response_body_mode = SEND_MODES[override.response_body]
    target.response_trailer_mode = SEND if override.response_trailers else SKIP


def _body_reply(message: pb.ProcessingResponse, reply: BodyReply) -> None:
    target = message.request_body if reply.direction is Direction.REQUEST else message.response_body
    target.SetInParent()
    _mutate(target.response.header_mutation, reply.mutation)
    if reply.reroutes:
        target.response.clear_route_cache = True
    _metadata(message, reply.metadata)
    if reply.data is None:
        return
    mutation = target.response.body_mutation
    if reply.streamed:
        mutation.streamed_response.body = reply.data
        mutation.streamed_response.end_of_stream = reply.end_of_stream
    elif reply.data:
        mutation.body = reply.data
    else:
        mutation.clear_body = True


def _immediate_reply(message: pb.ProcessingResponse, reply: ImmediateReply) -> None:
    immediate = message.immediate_response
    immediate.status.code = reply.answer.status
    immediate.body = reply.answer.body
    immediate.details = reply.details
    _mutate(immediate.headers, Mutation(reply.answer.headers))


def _mutate(target: pb.HeaderMutation, mutation: Mutation) -> None:
    seen: set[str] = set()
    for name, value in mutation.set:
        option = target.set_headers.add()
        option.header.key = name
        option.header.raw_value = value.encode("latin-1")
        option.append_action = APPEND if name in seen else OVERWRITE
        seen.add(name)
    if mutation.remove:
        target.remove_headers.extend(mutation.remove)


def _metadata(message: pb.ProcessingResponse, metadata: "JsonObject | None") -> None:
    if metadata is not None:
        message.dynamic_metadata.MergeFromString(struct_bytes(metadata))


_PASSED: Final = _encoded(PASSED)
"""Made once, since it answers nearly every event of a stream that is read."""
