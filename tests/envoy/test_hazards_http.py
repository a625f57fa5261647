"""What is hostile about HTTP itself, through the real Envoy: headers, methods, paths, protocols.

The server keeps every byte that it gets, so that each test can say what arrived.
"""

import gzip
import json
from collections.abc import Iterator

import pytest

from tests.cases.hazard import BASIC, META, MODERN
from tests.envoy.hazards import CALL, FORBIDDEN, MODES, USUAL, Tap, tapped
from tests.support.gatehouse import KEY
from tests.support.wire import Lines, request

AS_MODERN: Lines = (
    *USUAL,
    ("mcp-protocol-version", MODERN),
    ("mcp-method", "tools/call"),
    ("mcp-name", "echo"),
)


@pytest.fixture(scope="module")
def tap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tap]:
    with tapped(tmp_path_factory.mktemp("tap")) as started:
        yield started


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- what goes on, goes on as it was judged ---------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        CALL,
        b' {"id" :1,"jsonrpc":"2.0",\t"method":"tools\\/call",\n"params":{"name":"ech\\u006f"}}\n',
        CALL.replace(b'"n":1', b'"n":1.0,"big":12345678901234567890123,"far":1e400,"zero":-0'),
        CALL.replace(b'"id":1', b'"id":9007199254740993,"unknown":{"Method":[1,{"x":"\\/"}]}'),
        CALL.replace(b'"n":1', '"n":"\u00e9\\ud83d\\ude00\u2028"'.encode()),
        CALL.replace(b'"n":1', b'"n":"%b"' % (b"y" * 3_000_000)),
    ],
    ids=["plain", "escaped values", "numbers", "unknown members", "unicode", "3 MB"],
)
def test_a_body_that_every_parser_reads_alike_goes_on_byte_for_byte(
    tap: Tap, mode: str, body: bytes
) -> None:
    message = tap.arrived(mode, body)
    assert message.body == body


def test_escaped_keys_go_on_in_plain_spelling(tap: Tap, mode: str) -> None:
    escaped = CALL.replace(b'"name"', b'"n\\u0061me"').replace(b'"n":1', b'"\\u006e": 1.0')
    message = tap.arrived(mode, escaped, (*USUAL, ("content-digest", "sha-256=:x:")))
    assert message.body == CALL.replace(b'"n":1', b'"n": 1.0')
    assert "content-digest" not in message.names
    assert message.all("content-length") in ([], [str(len(message.body))])


def test_a_coded_body_goes_on_plain(tap: Tap, mode: str) -> None:
    lines = (*USUAL, ("content-encoding", "gzip"))
    for body in (CALL, CALL.replace(b'"n":1', b'"n":"%b"' % (b"y" * 3_000_000))):
        message = tap.arrived(mode, gzip.compress(body), lines)
        assert message.body == body
        assert "content-encoding" not in message.names
        assert message.all("content-length") in ([], [str(len(body))])


def test_the_media_type_goes_on_in_one_spelling(tap: Tap, mode: str) -> None:
    lines = (("x-api-key", KEY), ("content-type", 'Application/JSON ; charset="UTF-8"'), BASIC[1])
    message = tap.arrived(mode, CALL, lines)
    assert message.all("content-type") == ["application/json"]


def test_mirrored_parameters_are_for_the_server_alone(tap: Tap, mode: str) -> None:
    own = (
        ("mcp-param-region", "eu"),
        ("Mcp-Param-Name", "=?base64?w6k=?="),
        ("mcp-param-odd", "a,b;c=\x22d\x22"),
        ("mcp-param-long", "x" * 4_000),
    )
    body = json.dumps(json.loads(CALL) | {"params": {"name": "echo", "_meta": META}}).encode()
    message = tap.arrived(mode, body, (*AS_MODERN, *own))
    sent = [(name.lower(), value) for name, value in own]
    assert [line for line in message.lines if line[0].startswith("mcp-param-")] == sent
    assert message.all("mcp-name") == ["echo"]


def test_no_header_of_the_client_speaks_for_the_gateway(tap: Tap, mode: str) -> None:
    own = (
        ("authorization", "Bearer a"),
        ("authorization", "Bearer b"),
        ("cookie", "session=1"),
        ("proxy-authorization", "Basic eDp5"),
        ("x-forwarded-client-cert", "URI=spiffe://a/b"),
        ("x-gateway-session-endpoint", "MTI3LjAuMC4xOjE="),
        ("x-gateway-destination-endpoint", "127.0.0.1:1"),
        ("x-gatehouse-wiring", "head"),
        ("x-envoy-original-path", "/other"),
        ("x-envoy-upstream-rq-timeout-ms", "1"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("x-method-override", "DELETE"),
        ("x-forwarded-host", "other"),
    )
    message = tap.arrived(mode, CALL, (*USUAL, *own))
    assert message.start == "POST /mcp HTTP/1.1"
    names = {name for name, _ in own} - {"x-forwarded-host"} | {"x-api-key"}
    assert message.names.isdisjoint(name.lower() for name in names)


def test_a_modern_request_takes_no_session_along(tap: Tap, mode: str) -> None:
    body = json.dumps(json.loads(CALL) | {"params": {"name": "echo", "_meta": META}}).encode()
    lines = (*AS_MODERN, ("mcp-session-id", "s"), ("last-event-id", "e"))
    message = tap.arrived(mode, body, lines)
    assert message.names.isdisjoint(("mcp-session-id", "last-event-id"))


# --- methods, paths and protocols that no deframer knows --------------------------------------


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "HEAD", "TRACE", "PROPFIND", "post"])
@pytest.mark.parametrize("body", [None, CALL])
def test_only_three_methods_are_served(
    tap: Tap, mode: str, method: str, body: bytes | None
) -> None:
    answer = tap.refused(request(method, f"/{mode}", USUAL, body))
    assert answer.status in {400, 405}  # Envoy itself turns down what it does not know as a method
    if answer.status == 405:
        assert answer.all("allow") == ["POST, GET, DELETE"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_method_without_a_body_has_none(tap: Tap, mode: str, method: str) -> None:
    lines = (*USUAL, ("mcp-protocol-version", "2025-11-25"), ("mcp-session-id", "s"))
    answer = tap.refused(request(method, f"/{mode}", lines, CALL))
    assert (answer.status, answer.json()["error"]["code"]) == (400, -32600)
    chunked = (*lines, ("transfer-encoding", "chunked"))
    answer = tap.refused(request(method, f"/{mode}", chunked, b"1\r\n{\r\n0\r\n\r\n"))
    assert answer.status == 400


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/mcp",
        "/{mode}/",
        "/{mode}/x",
        "/{MODE}",
        "/{mode};x=1",
        "/x/{mode}",
        "/{mode}%2F",
        "/%2F{mode}",
        "/x%2f..%2f{mode}",
        "/{mode}%5C",
        "/{mode}\\",
        "/{mode}%00",
        "/{mode}%23",
        "/{mode}%3Fa",
        "/{mode}#a",
        "{mode}",
        "*",
        "ftp://127.0.0.1/{mode}",
    ],
)
def test_a_path_that_is_no_route_leads_nowhere(tap: Tap, mode: str, target: str) -> None:
    path = target.format(mode=mode, MODE=mode.upper())
    answer = tap.refused(request("POST", path, USUAL, CALL))
    assert answer.status in {400, 404}
    assert answer.all("content-type") == ["application/json"]


@pytest.mark.parametrize(
    "target",
    [
        "/{mode}",
        "//{mode}",
        "/./{mode}",
        "/x/../{mode}",
        "/x/%2e%2e/{mode}",
        "/../{mode}",
        "http://other.example/{mode}",
    ],
)
def test_other_spellings_of_a_route_are_judged_as_the_route(
    tap: Tap, mode: str, target: str
) -> None:
    path = target.format(mode=mode)
    for body, code in ((CALL, None), (FORBIDDEN, -31403)):
        tap.upstream.take()
        answer = tap.ask(request("POST", path, USUAL, body))
        assert answer.json().get("error", {}).get("code") == code
        assert [one.path for one in tap.upstream.take()] == (["/mcp"] if code is None else [])


@pytest.mark.parametrize(
    ("method", "lines"),
    [
        ("GET", (("connection", "upgrade"), ("upgrade", "websocket"))),
        ("POST", (("connection", "upgrade"), ("upgrade", "websocket"))),
        (
            "GET",
            (("connection", "upgrade, http2-settings"), ("upgrade", "h2c"), ("http2-settings", "")),
        ),
        ("GET", (("connection", "upgrade"), ("upgrade", "connect-udp"))),
    ],
)
def test_no_connection_becomes_another_protocol(
    tap: Tap, mode: str, method: str, lines: Lines
) -> None:
    answer = tap.refused(request(method, f"/{mode}", (*USUAL, *lines)))
    assert answer.status in {400, 403, 404, 405}


@pytest.mark.parametrize("target", ["127.0.0.1:80", "buffered", "/buffered"])
def test_there_is_no_tunnel(tap: Tap, target: str) -> None:
    answer = tap.refused(request("CONNECT", target, USUAL))
    assert answer.status in {400, 403, 404}


def test_a_call_over_grpc_ends_as_one(tap: Tap, mode: str) -> None:
    lines = (("x-api-key", KEY), ("content-type", "application/grpc"), ("te", "trailers"))
    answer = tap.refused(request("POST", f"/{mode}", lines, CALL))
    assert answer.all("grpc-status") == ["2"]  # Envoy's translation of 415


def test_a_path_that_is_no_route_is_recorded(tap: Tap) -> None:
    answer = tap.refused(request("POST", "/nothing", USUAL, CALL))
    (record,) = tap.gateway.wait_for_records(1, audit_id=answer.json()["error"]["reference"])
    assert (record["decision"], record["reason"]) == ("refuse", "unknown_route")
