"""The ext_authz filter as the real Envoy runs it; the service answers what a test says."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
from envoy_data_plane.envoy.service.ext_proc.v3 import ProcessingRequest, ProcessingResponse
from envoy_data_plane.google.protobuf import Struct
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from gateway.config.schema import Gateway
from gateway.config.wiring import (
    AUDIT_ID,
    CHECK_NAMESPACE,
    METADATA_KEY,
    ROUTE_KEY,
    RPC_ID,
    parse_wiring,
)
from gateway.edge.ext_authz import external_authorization
from gateway.model.refusal import AUDIT_HEADER
from gateway.server import extauthz_pb2 as pb
from gateway.server.check import PARTIAL_BODY
from tests.edge.stage import OPTIONS, Service, Upstream, gateway_of, go_on, running
from tests.support.ports import free_port
from tests.support.wire import connected, request

LIMIT = 2048
PERMISSION_DENIED = 7


def passed(*facts: tuple[str, str]) -> pb.CheckResponse:
    """Lets a request pass, with an audit id and further facts."""
    answer = pb.CheckResponse(ok_response=pb.OkHttpResponse())
    answer.dynamic_metadata.update({AUDIT_ID: "a", **dict(facts)})
    return answer


def refused(status: int, body: bytes, **headers: str) -> pb.CheckResponse:
    """A refusal of the service, by the mark that tells it from those of another ext_authz."""
    answer = pb.CheckResponse(status=pb.Status(code=PERMISSION_DENIED))
    answer.denied_response.status.code = status
    answer.denied_response.body = body
    for name, value in {AUDIT_HEADER: "audit", **headers}.items():
        option = answer.denied_response.headers.add()
        option.header.key, option.header.value = name.replace("_", "-"), value
        option.append_action = pb.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
    return answer


def changing(name: str, value: str) -> pb.CheckResponse:
    answer = passed()
    option = answer.ok_response.headers.add()
    option.header.key, option.header.value = name, value
    return answer


class Checker:
    """Stands in for a worker: keeps what it is asked and answers with `answer`."""

    def __init__(self) -> None:
        self.answer: Callable[[], pb.CheckResponse] = passed
        self.asked: list[pb.AttributeContext] = []
        self.streams = Service()
        self.broken = False
        self.address = ""

    async def check(self, raw: bytes, context: Any) -> bytes:
        self.asked.append(pb.CheckRequest.FromString(raw).attributes)
        if self.broken:
            await context.abort(grpc.StatusCode.UNAVAILABLE)
        return self.answer().SerializeToString()


@asynccontextmanager
async def checking() -> AsyncGenerator[Checker]:
    checker = Checker()
    server = grpc.aio.server(options=OPTIONS)
    make_unary: Any = grpc.unary_unary_rpc_method_handler
    make_stream: Any = grpc.stream_stream_rpc_method_handler
    for service, methods in (
        ("envoy.service.auth.v3.Authorization", {"Check": make_unary(checker.check)}),
        (
            "envoy.service.ext_proc.v3.ExternalProcessor",
            {"Process": make_stream(checker.streams.process)},
        ),
    ):
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
    health = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    await health.set("", health_pb2.HealthCheckResponse.SERVING)
    checker.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield checker
    finally:
        await server.stop(0)


@pytest.fixture
async def checker() -> AsyncIterator[Checker]:
    async with checking() as started:
        yield started


def wired(upstream: Upstream, **changes: Any) -> Gateway:
    """A route in mode `check` beside one in mode `buffered`."""
    mcp = {"protocol": "mcp", "backend": "tracker"}
    routes = [
        {"name": "checked", "path": "/checked", "mode": "check", "body_limit": LIMIT, **mcp},
        {"name": "streamed", "path": "/streamed", **mcp},
    ]
    return gateway_of(endpoints=[upstream.address], routes=routes, **changes)


def raw_post(gateway: Gateway, lines: list[tuple[str, str]], body: bytes | None) -> int:
    """The status of a POST byte by byte."""
    with connected(f"http://127.0.0.1:{gateway.listeners[0].port}") as connection:
        return connection.ask(request("POST", "/checked", lines, body)).status


async def test_the_service_is_asked_once_with_all_of_the_request(
    checker: Checker, upstream: Upstream, tmp_path: Path
) -> None:
    gateway = wired(upstream)
    body = b"\xff\x00" * 10
    headers = [(b"x-two", b"a"), (b"x-two", b"b"), (b"x-odd", b"\xe9"), (b"cookie", b"c=1")]
    checker.answer = lambda: refused(403, b"seen")
    async with running(gateway, [checker.address], tmp_path) as edge:
        answer = await edge.client.post("/checked?q=1", content=body, headers=headers)
    assert (answer.status_code, answer.text) == (403, "seen")
    assert checker.streams.requests == []
    (asked,) = checker.asked
    wiring = parse_wiring(asked.context_extensions[METADATA_KEY])
    assert (wiring.listener, wiring.mode, wiring.override) == ("main", "check", False)
    assert asked.context_extensions[ROUTE_KEY] == "mcp:checked@tracker"
    http = asked.request.http
    assert (http.raw_body, http.body, list(http.headers)) == (body, b"", [])
    lines = [(line.key, line.raw_value) for line in http.header_map.headers]
    assert (":path", b"/checked?q=1") in lines
    assert (":method", b"POST") in lines
    assert [value for name, value in lines if name == "x-two"] == [b"a", b"b"]
    assert ("x-odd", b"\xe9") in lines
    assert not [name for name, _ in lines if name == "cookie"]
    assert asked.source.address.socket_address.address == "127.0.0.1"


@pytest.mark.parametrize("body", [b"{}", None], ids=["body", "no body"])
async def test_a_client_cannot_say_how_much_of_its_body_was_sent(
    body: bytes | None, checker: Checker, upstream: Upstream, tmp_path: Path
) -> None:
    async with running(wired(upstream), [checker.address], tmp_path) as edge:
        await edge.client.request(
            "POST" if body else "GET", "/checked", content=body, headers={PARTIAL_BODY: "false"}
        )
    (asked,) = checker.asked
    lines = [line for line in asked.request.http.header_map.headers if line.key == PARTIAL_BODY]
    assert [line.raw_value for line in lines] == ([b"false"] if body else [])


async def test_other_routes_have_no_such_filter(
    checker: Checker, upstream: Upstream, tmp_path: Path
) -> None:
    metadata = "/.well-known/oauth-protected-resource/checked"
    async with running(wired(upstream), [checker.address], tmp_path) as edge:
        answers = [await edge.client.get(path) for path in ("/streamed", "/nowhere", metadata)]
    assert [answer.status_code for answer in answers] == [200, 404, 404]
    assert checker.asked == []
    assert checker.streams.kinds() == ["request_headers"] * 3


@pytest.mark.parametrize(
    "answer",
    [
        pb.CheckResponse(),
        pb.CheckResponse(ok_response=pb.OkHttpResponse()),
        pb.CheckResponse(denied_response=pb.DeniedHttpResponse(body=b"no")),
    ],
    ids=["empty", "without an audit id", "denied with status 0"],
)
async def test_what_has_no_audit_id_goes_no_further(
    answer: pb.CheckResponse, checker: Checker, upstream: Upstream, tmp_path: Path
) -> None:
    checker.answer = lambda: answer
    async with running(wired(upstream), [checker.address], tmp_path) as edge:
        reply = await edge.client.post("/checked", content=b"{}")
    assert (reply.status_code, reply.headers["content-type"]) == (403, "application/json")
    assert upstream.hits == 0


async def test_ext_proc_cannot_write_what_the_guard_of_checks_looks_for(
    checker: Checker, upstream: Upstream, tmp_path: Path
) -> None:
    def answer(request: ProcessingRequest) -> ProcessingResponse:
        response = go_on(request)
        response.dynamic_metadata = Struct.from_dict({CHECK_NAMESPACE: {AUDIT_ID: "a"}})
        return response

    checker.streams.permits, checker.streams.answer = False, answer
    async with running(wired(upstream), [checker.address], tmp_path) as edge:
        reply = await edge.client.post("/streamed", content=b"{}")
    assert reply.status_code == 403
    assert upstream.hits == 0


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
@pytest.mark.parametrize(("size", "status"), [(LIMIT, 200), (LIMIT + 1, 413)])
async def test_a_body_goes_to_the_service_whole_or_not_at_all(
    size: int, status: int, chunked: bool, checker: Checker, upstream: Upstream, tmp_path: Path
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        yield b"x" * (size - 1000)

    content: Any = pieces() if chunked else b"x" * size
    async with running(wired(upstream), [checker.address], tmp_path) as edge:
        answer = await edge.client.post("/checked", content=content)
    assert answer.status_code == status
    assert [len(asked.request.http.raw_body) for asked in checker.asked] == [size] * (status == 200)
    assert upstream.hits == (status == 200)
    assert status == 200 or answer.json()["error"]["code"] == -31413


@pytest.mark.parametrize("status", [200, 401, 403, 413, 500, 503, 529])
async def test_a_refusal_keeps_its_status_headers_and_body(
    status: int, checker: Checker, upstream: Upstream, tmp_path: Path
) -> None:
    body = '{"text":"\u00fc"}'.encode()
    checker.answer = lambda: refused(
        status, body, content_type="application/json", www_authenticate="Bearer"
    )
    async with running(wired(upstream), [checker.address], tmp_path) as edge:
        answer = await edge.client.post("/checked", content=b"{}")
    assert (answer.status_code, answer.content) == (status, body)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "retry-after" not in answer.headers
    assert upstream.hits == 0


async def test_the_service_may_change_what_is_listed_and_nothing_else(
    checker: Checker, upstream: Upstream, tmp_path: Path
) -> None:
    async with running(wired(upstream), [checker.address], tmp_path) as edge:
        checker.answer = lambda: changing("traceparent", "00-1-2-01")
        allowed = await edge.client.post("/checked", content=b"{}")
        for name in ("host", "x-other", ":path", "authorization"):
            checker.answer = lambda name=name: changing(name, "x")
            assert (await edge.client.post("/checked", content=b"{}")).status_code >= 500
    assert allowed.json()["headers"]["traceparent"] == "00-1-2-01"
    assert upstream.hits == 1


async def test_an_upgrade_is_no_way_past_the_body(
    checker: Checker, upstream: Upstream, tmp_path: Path
) -> None:
    gateway = wired(upstream)
    upgrade = [("connection", "upgrade"), ("upgrade", "websocket")]
    async with running(gateway, [checker.address], tmp_path):
        assert raw_post(gateway, upgrade, b"{}") == 403
    assert (checker.asked, upstream.hits) == ([], 0)


async def test_credentials_end_here_too(
    checker: Checker, upstream: Upstream, tmp_path: Path
) -> None:
    sent = {"authorization": "Bearer t", "x-api-key": "k", "x-gateway-session-endpoint": "x"}
    async with running(wired(upstream), [checker.address], tmp_path) as edge:
        answer = await edge.client.post("/checked", content=b"{}", headers=sent)
    assert not set(sent) & set(answer.json()["headers"])
    (asked,) = checker.asked
    keys = {line.key for line in asked.request.http.header_map.headers}
    assert keys & set(sent) == {"authorization", "x-api-key"}


async def test_a_backend_that_is_down_is_told_with_the_callers_id(
    checker: Checker, tmp_path: Path
) -> None:
    checker.answer = lambda: passed((RPC_ID, '"seven"'))
    down = wired(Upstream(f"127.0.0.1:{free_port()}"))
    async with running(down, [checker.address], tmp_path) as edge:
        answer = await edge.client.post("/checked", content=b"{}")
    error = answer.json()["error"]
    assert (answer.status_code, answer.json()["id"], error["code"]) == (200, "seven", -31503)
    assert error["data"]["reference"] == answer.headers["x-gatehouse-audit-id"] == "a"


async def test_another_worker_is_asked_when_one_fails_and_nobody_passes_when_all_do(
    checker: Checker, upstream: Upstream, tmp_path: Path
) -> None:
    async with checking() as other:
        other.broken = True
        gateway = wired(upstream)
        async with running(gateway, [checker.address, other.address], tmp_path) as edge:
            replies = [await edge.client.post("/checked", content=b"{}") for _ in range(10)]
            assert {reply.status_code for reply in replies} == {200}
            checker.broken = True
            gone = await edge.client.post("/checked", content=b"{}")
    assert other.asked
    assert upstream.hits == 10
    check_gone(gone)


async def test_without_any_worker_nobody_passes(upstream: Upstream, tmp_path: Path) -> None:
    async with running(wired(upstream), [f"127.0.0.1:{free_port()}"], tmp_path) as edge:
        check_gone(await edge.client.post("/checked", content=b"{}"))
    assert upstream.hits == 0


def check_gone(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert (answer.json()["error"]["code"], "id" in answer.json()) == (-31503, False)


def test_metadata_of_other_filters_is_sent_where_the_listener_names_it() -> None:
    named = {"accept": ["metadata"], "metadata_namespaces": ["envoy.filters.http.jwt_authn"]}
    gateway = gateway_of(
        listeners=[
            {"name": "named", "port": 1, "identity": named},
            {"name": "main", "port": 2},
        ]
    )
    namespaces = [
        external_authorization(listener, gateway.limits).metadata_context_namespaces
        for listener in gateway.listeners
    ]
    assert namespaces == [["envoy.filters.http.jwt_authn"], []]
