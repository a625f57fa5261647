import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

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
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.refusal import Answer
from gateway.model.verdict import Mutation
from gateway.server import extproc_pb2 as pb
from gateway.server.codec import (
    ATTRIBUTES_KEY,
    BODY_MODES,
    Codec,
    UndecodableMessageError,
    encode,
    modes_of,
    to_object,
)

UP, DOWN = Direction.REQUEST, Direction.RESPONSE
Mode = pb.ProcessingMode.BodySendMode
Send = pb.ProcessingMode.HeaderSendMode
Line = tuple[str, bytes]

PSEUDO: tuple[Line, ...] = (
    (":method", b"POST"),
    (":path", b"/mcp?x=1"),
    (":authority", b"api.example"),
    (":scheme", b"https"),
)


def header_map(*lines: Line) -> pb.HeaderMap:
    values = [pb.HeaderValue(key=key, raw_value=value) for key, value in lines]
    return pb.HeaderMap(headers=values)


def attributes(message: pb.ProcessingRequest, values: JsonObject) -> None:
    message.attributes[ATTRIBUTES_KEY].update(values)


def request_headers(*lines: Line, ends: bool = False) -> pb.ProcessingRequest:
    head = pb.HttpHeaders(headers=header_map(*lines), end_of_stream=ends)
    return pb.ProcessingRequest(request_headers=head)


def response_headers(*lines: Line) -> pb.ProcessingRequest:
    head = pb.HttpHeaders(headers=header_map(*lines))
    return pb.ProcessingRequest(response_headers=head)


def decode(message: pb.ProcessingRequest) -> Event:
    return Codec().decode(message.SerializeToString())


def decoded_head(message: pb.ProcessingRequest) -> RequestHead:
    event = decode(message)
    assert isinstance(event, RequestHeaders)
    return event.head


def encoded(reply: Reply) -> pb.ProcessingResponse:
    return pb.ProcessingResponse.FromString(encode(reply))


# --- events -----------------------------------------------------------------------------------


def test_request_headers_bring_head_peer_route_metadata_and_modes() -> None:
    message = request_headers(*PSEUDO, ("content-type", b"application/json"))
    attributes(
        message,
        {
            "xds.route_name": "mcp",
            "source.address": "10.0.0.9:5000",
            "connection.mtls": True,
            "connection.uri_san_peer_certificate": "spiffe://a/b",
        },
    )
    message.metadata_context.filter_metadata["jwt"].update({"sub": "ann", "n": [1, None]})
    message.protocol_config.request_body_mode = Mode.BUFFERED
    head = RequestHead(
        method="POST",
        path="/mcp?x=1",
        authority="api.example",
        scheme="https",
        headers=Headers([("content-type", "application/json")]),
        route="mcp",
        peer=Peer("10.0.0.9:5000", mtls=True, uri_sans=("spiffe://a/b",)),
        metadata={"jwt": {"sub": "ann", "n": [1.0, None]}},
    )
    modes = Modes(BodyMode.BUFFERED, BodyMode.NONE)
    assert decode(message) == RequestHeaders(head, end_of_stream=False, modes=modes)


def test_every_uri_san_of_the_peer_counts_where_envoy_tells_them_all() -> None:
    message = request_headers(*PSEUDO)
    attributes(
        message,
        {
            "connection.uri_san_peer_certificate": "spiffe://a/b",
            "filter_state['gatehouse.peer_uri_sans']": "spiffe://a/b,spiffe://a/c",
        },
    )
    assert decoded_head(message).peer.uri_sans == ("spiffe://a/b", "spiffe://a/c")


def test_a_message_without_attributes_names_no_route_and_no_peer() -> None:
    head = decoded_head(request_headers(*PSEUDO))
    assert (head.route, head.peer) == ("", Peer())


def test_attributes_of_another_filter_do_not_count() -> None:
    message = request_headers(*PSEUDO)
    message.attributes["other"].update({"xds.route_name": "mcp"})
    assert decoded_head(message).route == ""


def test_attributes_of_another_type_do_not_count() -> None:
    message = request_headers(*PSEUDO)
    attributes(message, {"xds.route_name": 7, "connection.mtls": "true"})
    head = decoded_head(message)
    assert (head.route, head.peer.mtls) == ("", False)


def test_bytes_above_ascii_in_a_header_value_stay_distinct() -> None:
    every = bytes(range(0x80, 0x100))
    value = decoded_head(request_headers(*PSEUDO, ("x-a", every))).headers.get("x-a")
    assert value is not None
    assert value.encode("latin-1") == every


def test_repeated_header_lines_stay_apart_and_in_order() -> None:
    head = decoded_head(request_headers(*PSEUDO, ("X-A", b"1"), ("x-b", b""), ("x-a", b"2")))
    assert head.headers.all("x-a") == ("1", "2")
    assert head.headers.all("x-b") == ("",)


def test_a_value_that_is_not_raw_counts_too() -> None:
    message = request_headers()
    message.request_headers.headers.headers.add(key=":method", value="GET")
    assert decoded_head(message).method == "GET"


@pytest.mark.parametrize("number", list(BODY_MODES))
def test_the_modes_of_the_first_message_hold_for_the_stream(
    number: pb.ProcessingMode.BodySendMode,
) -> None:
    first = pb.ProcessingRequest(request_body=pb.HttpBody())
    first.protocol_config.request_body_mode = number
    first.protocol_config.response_body_mode = number
    second = response_headers((":status", b"200"))
    codec = Codec()
    codec.decode(first.SerializeToString())
    modes = Modes(BODY_MODES[number], BODY_MODES[number])
    event = codec.decode(second.SerializeToString())
    assert event == ResponseHeaders(ResponseHead(200), False, modes)


def test_a_mode_of_a_later_envoy_counts_as_no_body() -> None:
    # field 11 (protocol_config): request_body_mode = 77
    raw = request_headers(*PSEUDO).SerializeToString() + bytes([11 << 3 | 2, 2, 1 << 3, 77])
    event = Codec().decode(raw)
    assert isinstance(event, RequestHeaders)
    assert event.modes == Modes(BodyMode.NONE, BodyMode.NONE)


@pytest.mark.parametrize(
    ("status", "number"),
    [(b"200", 200), (b"", 0), (b"2e2", 0), (b"9" * 5000, 0), (b"099", 0), ("²00".encode(), 0)],
)
def test_a_status_is_three_digits_or_nothing(status: bytes, number: int) -> None:
    event = decode(response_headers((":status", status)))
    assert isinstance(event, ResponseHeaders)
    assert event.head.status == number


def test_response_headers_bring_what_envoy_knows_of_the_upstream() -> None:
    message = response_headers((":status", b"503"), ("retry-after", b"1"))
    values: JsonObject = {
        "response.code_details": "via_upstream",
        "upstream.address": "10.0.0.1:80",
    }
    attributes(message, values)
    head = ResponseHead(503, Headers([("retry-after", "1")]), "via_upstream", "10.0.0.1:80")
    event = decode(message)
    assert isinstance(event, ResponseHeaders)
    assert event.head == head


@pytest.mark.parametrize(
    ("told", "upstream"),
    [
        ("10.0.0.2:80", "10.0.0.2:80"),
        ("[2600:4040:5204::1574:24ae]:80", "[2600:4040:5204::1574:24ae]:80"),
        ("some-host:80", "10.0.0.1:80"),
        ("10.0.0.2", "10.0.0.1:80"),
        ("1" * 100 + ":80", "10.0.0.1:80"),
        (7.0, "10.0.0.1:80"),
    ],
)
def test_who_served_is_what_a_proxy_tells_an_endpoint_picker(
    told: JsonValue, upstream: str
) -> None:
    message = response_headers((":status", b"200"))
    attributes(message, {"upstream.address": "10.0.0.1:80"})
    lb = message.metadata_context.filter_metadata["envoy.lb"]
    lb.update({"x-gateway-destination-endpoint-served": told})
    event = decode(message)
    assert isinstance(event, ResponseHeaders)
    assert event.head.upstream == upstream


def test_modes_can_be_had_before_anything_else() -> None:
    first = request_headers(*PSEUDO)
    first.protocol_config.request_body_mode = pb.ProcessingMode.FULL_DUPLEX_STREAMED
    assert modes_of(first.SerializeToString()) == Modes(BodyMode.DUPLEX, BodyMode.NONE)
    with pytest.raises(UndecodableMessageError):
        modes_of(b"\xff")


def test_bodies_and_trailers_are_events_of_their_direction() -> None:
    body = pb.HttpBody(body=b"\xff{", end_of_stream=True)
    assert decode(pb.ProcessingRequest(request_body=body)) == RequestBody(b"\xff{", True)
    assert decode(pb.ProcessingRequest(response_body=body)) == ResponseBody(b"\xff{", True)
    trailers = pb.HttpTrailers()
    assert decode(pb.ProcessingRequest(request_trailers=trailers)) == RequestTrailers()
    assert decode(pb.ProcessingRequest(response_trailers=trailers)) == ResponseTrailers()


def test_an_end_without_message_is_an_end() -> None:
    body = pb.HttpBody(end_of_stream_without_message=True)
    assert decode(pb.ProcessingRequest(request_body=body)) == RequestBody(b"", True)


def test_unknown_fields_are_ignored() -> None:
    body = pb.HttpBody(body=b"{}", end_of_stream=True)
    raw = pb.ProcessingRequest(request_body=body).SerializeToString()
    unknown = bytes([0xFA, 0x3E, 3]) + b"abc"  # field 1007, length-delimited
    assert Codec().decode(unknown + raw + unknown) == RequestBody(b"{}", True)


def test_a_message_that_holds_nothing_known_is_undecodable() -> None:
    with pytest.raises(UndecodableMessageError, match="known payload"):
        decode(pb.ProcessingRequest())


def test_an_envoy_that_only_observes_is_refused() -> None:
    message = request_headers(*PSEUDO)
    message.observability_mode = True
    with pytest.raises(UndecodableMessageError, match="observability"):
        decode(message)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_metadata_that_is_no_json_is_undecodable(number: float) -> None:
    message = request_headers(*PSEUDO)
    message.metadata_context.filter_metadata["x"].fields["n"].number_value = number
    with pytest.raises(UndecodableMessageError, match="not JSON"):
        decode(message)


def test_an_undecodable_message_is_not_quoted() -> None:
    with pytest.raises(UndecodableMessageError) as caught:
        Codec().decode(b"\xffsecret")
    assert "secret" not in str(caught.value)


def nested(depth: int) -> Struct:
    struct = Struct()
    inner = struct
    for _ in range(depth):
        inner = inner.fields["a"].struct_value
    inner.fields["b"].null_value = 0  # pyright: ignore[reportAttributeAccessIssue]
    return struct


@st.composite
def almost_messages(draw: st.DrawFn) -> bytes:
    """Messages of Envoy with a few bytes changed, lost or added."""
    message = request_headers(*PSEUDO, ("x-a", draw(st.binary(max_size=8))))
    attributes(message, {"xds.route_name": "mcp"})
    depth = draw(st.sampled_from([0, 3, 30]))
    message.metadata_context.filter_metadata["m"].CopyFrom(nested(depth))
    raw = bytearray(message.SerializeToString())
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(raw) - 1))
        raw[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(raw)


@given(st.binary(max_size=200) | almost_messages())
def test_any_bytes_are_an_event_or_undecodable(raw: bytes) -> None:
    try:
        event = Codec().decode(raw)
    except UndecodableMessageError:
        return
    assert isinstance(event, Event)


# --- replies ----------------------------------------------------------------------------------


def test_a_headers_reply_changes_headers_and_dynamic_metadata() -> None:
    mutation = Mutation((("x-a", "é"),), ("x-b",))
    message = encoded(HeadersReply(UP, mutation, metadata={"gatehouse": {"n": 1, "ok": True}}))
    assert message.WhichOneof("response") == "request_headers"
    changes = message.request_headers.response.header_mutation
    (option,) = changes.set_headers
    assert (option.header.key, option.header.raw_value) == ("x-a", b"\xe9")
    assert option.append_action == pb.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
    assert list(changes.remove_headers) == ["x-b"]
    assert to_object(message.dynamic_metadata) == {"gatehouse": {"n": 1.0, "ok": True}}
    assert not message.HasField("mode_override")


def test_a_header_that_is_set_twice_has_both_lines() -> None:
    answer = Answer(401, (("www-authenticate", "a"), ("www-authenticate", "b")), b"")
    first, second = encoded(ImmediateReply(answer, "x")).immediate_response.headers.set_headers
    assert first.append_action == pb.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
    assert second.append_action == pb.HeaderValueOption.APPEND_IF_EXISTS_OR_ADD


@pytest.mark.parametrize(("direction", "name"), [(UP, "request"), (DOWN, "response")])
def test_replies_without_changes_still_say_what_they_answer(
    direction: Direction, name: str
) -> None:
    assert encoded(HeadersReply(direction)).WhichOneof("response") == f"{name}_headers"
    assert encoded(BodyReply(direction)).WhichOneof("response") == f"{name}_body"
    assert encoded(TrailersReply(direction)).WhichOneof("response") == f"{name}_trailers"


def test_a_mode_override_says_every_mode() -> None:
    override = ModeOverride(BodyMode.BUFFERED, True, False, BodyMode.NONE)
    mode = encoded(HeadersReply(UP, override=override)).mode_override
    assert (mode.request_body_mode, mode.request_trailer_mode) == (Mode.BUFFERED, Send.SEND)
    assert (mode.response_header_mode, mode.response_body_mode) == (Send.SKIP, Mode.NONE)


def test_a_mode_override_asks_for_the_response() -> None:
    override = ModeOverride(BodyMode.NONE, False, True, BodyMode.STREAMED)
    mode = encoded(HeadersReply(DOWN, override=override)).mode_override
    assert (mode.request_body_mode, mode.request_trailer_mode) == (Mode.NONE, Send.SKIP)
    assert (mode.response_header_mode, mode.response_body_mode) == (Send.SEND, Mode.STREAMED)


@pytest.mark.parametrize("reroutes", [True, False])
def test_a_reply_says_whether_envoy_chooses_its_route_again(*, reroutes: bool) -> None:
    head = encoded(HeadersReply(UP, reroutes=reroutes)).request_headers.response
    body = encoded(BodyReply(UP, reroutes=reroutes)).request_body.response
    assert (head.clear_route_cache, body.clear_route_cache) == (reroutes, reroutes)


def test_more_time_is_a_reply_that_answers_nothing() -> None:
    message = encoded(TimeoutReply(62.5))
    assert message.override_message_timeout.ToMilliseconds() == 62_500
    assert message.WhichOneof("response") is None


def test_a_body_is_left_replaced_or_cleared() -> None:
    def mutation(data: bytes | None) -> pb.BodyMutation:
        return encoded(BodyReply(DOWN, data=data)).response_body.response.body_mutation

    assert mutation(None).WhichOneof("mutation") is None
    assert mutation(b"\xff").body == b"\xff"
    assert mutation(b"").clear_body


def test_the_answer_that_is_made_once_is_that_of_a_body_that_passes() -> None:
    assert encode(PASSED) == encode(BodyReply(DOWN))
    assert encoded(PASSED).WhichOneof("response") == "response_body"
    assert not encoded(PASSED).response_body.response.HasField("body_mutation")


def test_a_streamed_body_carries_its_bytes_and_its_end() -> None:
    reply = BodyReply(UP, data=b"", streamed=True, end_of_stream=True)
    mutation = encoded(reply).request_body.response.body_mutation
    assert mutation.WhichOneof("mutation") == "streamed_response"
    assert (mutation.streamed_response.body, mutation.streamed_response.end_of_stream) == (
        b"",
        True,
    )


def test_an_immediate_answer_is_complete() -> None:
    answer = Answer(403, (("content-type", "application/json"),), b"{}")
    immediate = encoded(ImmediateReply(answer, "gatehouse_denied")).immediate_response
    assert (immediate.status.code, immediate.body, immediate.details) == (
        403,
        b"{}",
        "gatehouse_denied",
    )
    (option,) = immediate.headers.set_headers
    assert option.header.raw_value == b"application/json"


@given(st.text(st.characters(max_codepoint=255), max_size=20))
def test_a_header_value_goes_out_byte_for_byte(value: str) -> None:
    message = encoded(HeadersReply(UP, Mutation((("x-a", value),))))
    (option,) = message.request_headers.response.header_mutation.set_headers
    assert option.header.raw_value == value.encode("latin-1")
