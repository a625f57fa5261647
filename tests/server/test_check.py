import asyncio
import contextlib
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from grpc import StatusCode, aio
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.wiring import (
    AUDIT_ID,
    METADATA_KEY,
    METADATA_NAMESPACE,
    ROUTE_KEY,
    Wiring,
    WiringError,
)
from gateway.extproc.budget import Budget
from gateway.identity.spiffe_id import the_workload_id
from gateway.model.head import RequestHead
from gateway.model.refusal import Answer
from gateway.model.verdict import Forward, Gap, Mutation, Refuse
from gateway.pipeline.foreign_proxy import ForeignProxy
from gateway.server import extauthz_pb2 as pb
from gateway.server.check import PARTIAL_BODY, Asked, CheckDriver, decode, encode
from gateway.server.codec import UndecodableMessageError
from gateway.server.service import EXT_AUTHZ_SERVICE, EXT_PROC_SERVICE, Service
from gateway.server.stream import StreamDriver
from tests.server.envoy_side import PATIENCE, Script
from tests.support.certificates import Authority, Pair

WIRING = Wiring("public", "check", override=False, timeout=1.0)
AGENT = "spiffe://cluster.local/ns/agents/sa/triage"
ALLOWED = Forward(metadata={METADATA_NAMESPACE: {AUDIT_ID: "a"}})
DENIED = Refuse(Answer(403, (("x-a", "1"),), b"denied"), "denied")
FAULT = Refuse(Answer(500, (), b"fault"), "fault")
HELD = 1000

Lines = tuple[tuple[str, bytes], ...]


def asking(
    *lines: tuple[str, bytes], body: bytes = b"", wiring: str = str(WIRING)
) -> pb.CheckRequest:
    """A request as Envoy asks about it; with a body it says that it has all of it."""
    message = pb.CheckRequest()
    attributes = message.attributes
    attributes.context_extensions[ROUTE_KEY] = "mcp:triage@tracker"
    attributes.context_extensions[METADATA_KEY] = wiring
    attributes.request.http.raw_body = body
    every: Lines = ((":method", b"POST"), (":path", b"/mcp"), (":authority", b"host"), *lines)
    if body:
        every += ((PARTIAL_BODY, b"false"),)
    for key, value in every:
        attributes.request.http.header_map.headers.add(key=key, raw_value=value)
    return message


def decoded(message: pb.CheckRequest) -> Asked:
    return decode(message.SerializeToString())


def answered(verdict: Forward | Refuse) -> pb.CheckResponse:
    return pb.CheckResponse.FromString(encode(verdict))


# --- what is asked ----------------------------------------------------------------------------


def test_the_head_and_the_body_are_those_of_the_request() -> None:
    message = asking(("x-a", b"1"), ("x-a", b"2"), ("x-b", b"\xe9"), body=b"\xff{}")
    message.attributes.source.address.socket_address.address = "10.1.2.3"
    message.attributes.source.address.socket_address.port_value = 4
    message.attributes.metadata_context.filter_metadata["named"].update({"sub": "alice"})
    asked = decoded(message)
    head = asked.head
    assert (head.method, head.path, head.authority) == ("POST", "/mcp", "host")
    assert (head.route, head.peer.address) == ("mcp:triage@tracker", "10.1.2.3:4")
    assert list(head.headers) == [("x-a", "1"), ("x-a", "2"), ("x-b", "\xe9")]
    assert head.metadata == {"named": {"sub": "alice"}}
    assert (asked.body, asked.gap, asked.wiring) == (b"\xff{}", None, WIRING)


def test_an_ipv6_peer_is_written_as_elsewhere() -> None:
    message = asking()
    message.attributes.source.address.socket_address.address = "::1"
    message.attributes.source.address.socket_address.port_value = 80
    assert decoded(message).head.peer.address == "[::1]:80"


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (((PARTIAL_BODY, b"true"),), b"{"),
        (((PARTIAL_BODY, b"true"),), b""),
        (((PARTIAL_BODY, b"False"),), b""),
        (((PARTIAL_BODY, b"false"), (PARTIAL_BODY, b"true")), b""),
        (((PARTIAL_BODY, b"false"), (PARTIAL_BODY, b"false")), b""),
        ((("content-length", b"2"),), b""),
        ((("transfer-encoding", b"chunked"),), b""),
    ],
)
def test_a_body_that_may_not_be_whole_is_none(lines: Lines, body: bytes) -> None:
    assert decoded(asking(*lines, body=body)).gap is Gap.UNSENT


def test_a_body_of_which_nothing_is_said_is_none() -> None:
    message = asking()
    message.attributes.request.http.raw_body = b"{}"
    assert decoded(message).gap is Gap.UNSENT


@pytest.mark.parametrize("lines", [(), (("content-length", b"0"),), ((PARTIAL_BODY, b"false"),)])
def test_a_request_without_a_body_is_whole(lines: Lines) -> None:
    asked = decoded(asking(*lines))
    assert (asked.body, asked.gap) == (b"", None)


def test_joined_headers_are_refused_since_nobody_can_tell_them_from_single_ones() -> None:
    message = asking()
    message.attributes.request.http.headers.append(b"\n\x01a\x12\x03b,c")
    with pytest.raises(UndecodableMessageError):
        decoded(message)


def test_a_body_as_text_is_refused() -> None:
    message = asking()
    message.attributes.request.http.body = b"{}"
    with pytest.raises(UndecodableMessageError):
        decoded(message)


@pytest.mark.parametrize(
    "wiring",
    ["", "2;listener=a", str(Wiring("public", "buffered", override=True, timeout=1.0))],
)
def test_a_check_without_our_wiring_is_none(wiring: str) -> None:
    with pytest.raises(WiringError):
        decoded(asking(wiring=wiring))


@given(st.binary(), st.binary(), st.text(), st.binary())
def test_any_bytes_are_a_request_or_refused(
    raw: bytes, value: bytes, certificate: str, principal: bytes
) -> None:
    message = asking(("x-a", value), body=value)
    message.attributes.source.certificate = certificate
    message.attributes.source.principal = principal
    assert decoded(message).body == value
    for bad in (raw, message.SerializeToString() + raw):
        with contextlib.suppress(UndecodableMessageError, WiringError):
            decode(bad)


# --- the peer ---------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def shown(pair: Pair, principal: str) -> tuple[str, ...]:
    """The URI SANs of a peer with this certificate, of which Envoy says so."""
    message = asking()
    message.attributes.source.certificate = quote(pair.certificate.read_text(), safe="")
    message.attributes.source.principal = principal.encode("latin-1")
    peer = decoded(message).head.peer
    assert peer.mtls
    return peer.uri_sans


def test_every_uri_of_a_certificate_is_seen(authority: Authority) -> None:
    assert shown(authority.client(AGENT), AGENT) == (AGENT,)
    assert shown(authority.client(AGENT, "https://x.example/"), AGENT) == (
        AGENT,
        "https://x.example/",
    )


def test_a_principal_that_is_no_uri_is_none(authority: Authority) -> None:
    assert shown(authority.server(AGENT), AGENT) == ()
    assert shown(authority.client(), AGENT) == ()


def test_a_certificate_that_two_readers_read_differently_is_nobodys(authority: Authority) -> None:
    for principal in ("", "spiffe://cluster.local/ns/agents/sa/other"):
        sans = shown(authority.client(AGENT), principal)
        assert sans
        assert the_workload_id(sans) is None


@pytest.mark.parametrize("certificate", ["x", "%2D%2D", "%ff"])
def test_a_certificate_that_cannot_be_read_is_nobodys(certificate: str) -> None:
    message = asking()
    message.attributes.source.certificate = certificate
    message.attributes.source.principal = AGENT.encode()
    peer = decoded(message).head.peer
    assert peer.uri_sans
    assert the_workload_id(peer.uri_sans) is None


def test_a_principal_without_a_certificate_is_none() -> None:
    message = asking()
    message.attributes.source.principal = AGENT.encode()
    peer = decoded(message).head.peer
    assert (peer.mtls, peer.uri_sans) == (False, ())


# --- what is answered -------------------------------------------------------------------------


def test_a_permit_carries_its_headers_and_its_audit_id() -> None:
    mutation = Mutation((("traceparent", "00"), ("content-type", "application/json")), ("x-gone",))
    answer = answered(Forward(mutation, metadata=ALLOWED.metadata))
    assert answer.status.code == 0
    assert {option.header.key: option.header.value for option in answer.ok_response.headers} == {
        "traceparent": "00",
        "content-type": "application/json",
    }
    assert list(answer.ok_response.headers_to_remove) == ["x-gone"]
    assert dict(answer.dynamic_metadata) == {AUDIT_ID: "a"}


def test_a_refusal_carries_status_headers_and_body() -> None:
    headers = (("www-authenticate", "Bearer"), ("www-authenticate", "Basic"))
    answer = answered(Refuse(Answer(200, headers, b"\xff"), "denied"))
    assert answer.status.code != 0
    assert not answer.HasField("ok_response")
    assert not answer.HasField("dynamic_metadata")
    denied = answer.denied_response
    assert (denied.status.code, denied.body) == (200, b"\xff")
    kinds = pb.HeaderValueOption.HeaderAppendAction
    assert [(one.header.value, one.append_action) for one in denied.headers] == [
        ("Bearer", kinds.OVERWRITE_IF_EXISTS_OR_ADD),
        ("Basic", kinds.APPEND_IF_EXISTS_OR_ADD),
    ]


@pytest.mark.parametrize(
    "verdict",
    [Forward(body=b"{}"), Forward(body=b""), Forward(response_headers=True), Forward(lasts=True)],
)
def test_a_verdict_that_needs_more_is_no_answer(verdict: Forward) -> None:
    with pytest.raises(ValueError, match="decide"):
        encode(verdict)


# --- over the wire ----------------------------------------------------------------------------


class Exchange:
    """One that concludes what a test says."""

    def __init__(self, verdict: Any) -> None:
        self.verdict: Forward | Refuse | Exception | Callable[[], Awaitable[Forward]] = verdict
        self.asked: list[tuple[RequestHead, bytes, Gap | None]] = []
        self.faults: list[str] = []
        self.finished: list[bool] = []

    async def judge(self, head: RequestHead, body: bytes, gap: Gap | None) -> Forward | Refuse:
        self.asked.append((head, body, gap))
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return await self.verdict() if callable(self.verdict) else self.verdict

    def fault(self, error: Exception) -> Refuse:
        self.faults.append(type(error).__name__)
        return FAULT

    def finish(self, *, unread: bool) -> None:
        self.finished.append(unread)


@contextlib.asynccontextmanager
async def worker(
    exchange: Exchange,
    *,
    deadline: float = PATIENCE,
    budget: Budget | None = None,
    proxy: ForeignProxy | None = None,
) -> AsyncGenerator[aio.Channel]:
    """A running service whose checks meet `exchange`."""
    held = budget or Budget(HELD)
    service = Service(
        lambda _: StreamDriver(Script(), deadline=1, body_limit=1),
        new_check=lambda _: CheckDriver(exchange, deadline=deadline, budget=held),
        receive_bytes=1 << 20,
        streams=10,
    )
    service.admit(lambda: proxy)
    with tempfile.TemporaryDirectory(prefix="gatehouse-") as folder:  # a socket's path is short
        address = await service.start(f"unix:{folder}/worker.sock")
        async with aio.insecure_channel(address) as channel:
            try:
                yield channel
            finally:
                await service.drain(0)


async def check(channel: aio.Channel, message: pb.CheckRequest) -> pb.CheckResponse:
    method: Any = channel.unary_unary(
        f"/{EXT_AUTHZ_SERVICE}/Check",
        request_serializer=pb.CheckRequest.SerializeToString,
        response_deserializer=pb.CheckResponse.FromString,
    )
    async with asyncio.timeout(PATIENCE):
        return await method(message)


async def failure(channel: aio.Channel, message: pb.CheckRequest) -> StatusCode:
    with pytest.raises(aio.AioRpcError) as caught:
        await check(channel, message)
    return caught.value.code()


async def test_a_check_is_judged_once_and_finished() -> None:
    exchange = Exchange(ALLOWED)
    async with worker(exchange) as channel:
        answer = await check(channel, asking(body=b"{}"))
    assert dict(answer.dynamic_metadata) == {AUDIT_ID: "a"}
    assert [(body, gap) for _, body, gap in exchange.asked] == [(b"{}", None)]
    assert exchange.finished == [False]


async def test_where_anybody_may_come_no_check_is_answered() -> None:
    exchange = Exchange(ALLOWED)
    proxy = ForeignProxy("agents", 5.0, anybody=True)
    async with worker(exchange, proxy=proxy) as channel:
        assert await failure(channel, asking(body=b"{}")) is StatusCode.INVALID_ARGUMENT
    assert exchange.asked == []


async def test_reflection_names_the_service() -> None:
    async with worker(Exchange(ALLOWED)) as channel:
        untyped: Any = channel
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(untyped)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        async for answer in stub.ServerReflectionInfo(iter([request])):
            names = {service.name for service in answer.list_services_response.service}
            assert {EXT_AUTHZ_SERVICE, EXT_PROC_SERVICE} <= names


async def test_a_refusal_is_told() -> None:
    async with worker(Exchange(DENIED)) as channel:
        answer = await check(channel, asking())
    assert (answer.denied_response.status.code, answer.denied_response.body) == (403, b"denied")


async def test_a_failure_is_refused_in_the_protocols_form() -> None:
    exchange = Exchange(KeyError("x"))
    async with worker(exchange) as channel:
        answer = await check(channel, asking())
    assert (answer.denied_response.body, answer.status.code != 0) == (b"fault", True)
    assert (exchange.faults, exchange.finished) == (["KeyError"], [False])


async def test_a_judgement_that_takes_too_long_is_refused() -> None:
    async def forever() -> Forward:
        await asyncio.Event().wait()
        return ALLOWED

    exchange = Exchange(forever)
    async with worker(exchange, deadline=0.01) as channel:
        answer = await check(channel, asking())
    assert answer.denied_response.body == b"fault"
    assert exchange.faults == ["TimeoutError"]


async def test_a_verdict_that_cannot_be_carried_out_is_no_permit() -> None:
    exchange = Exchange(Forward(body=b"other"))
    async with worker(exchange) as channel:
        assert await failure(channel, asking()) is StatusCode.UNKNOWN
    assert exchange.finished == [False]


@pytest.mark.parametrize(
    "message",
    [pb.CheckRequest(), asking(wiring="2"), asking(wiring=str(WIRING).replace("check", "head"))],
    ids=["empty", "another version", "another mode"],
)
async def test_what_is_not_ours_is_not_judged(message: pb.CheckRequest) -> None:
    exchange = Exchange(ALLOWED)
    async with worker(exchange) as channel:
        assert await failure(channel, message) is StatusCode.INVALID_ARGUMENT
    assert exchange.asked == []


async def test_a_stream_where_a_check_is_configured_is_refused() -> None:
    async with worker(Exchange(ALLOWED)) as channel:
        opened: Any = channel.stream_stream
        call = opened(f"/{EXT_PROC_SERVICE}/Process")(metadata=((METADATA_KEY, str(WIRING)),))
        async with asyncio.timeout(PATIENCE):
            assert await call.code() is StatusCode.INVALID_ARGUMENT


async def test_bodies_of_all_requests_together_are_bounded() -> None:
    exchange, budget = Exchange(ALLOWED), Budget(HELD)
    budget.take(HELD - 1)
    async with worker(exchange, budget=budget) as channel:
        await check(channel, asking(body=b"{}"))
        await check(channel, asking(body=b"1"))
    assert [gap for _, _, gap in exchange.asked] == [Gap.CROWDED, None]
    assert budget.held == HELD - 1
