"""Requests that two readers of HTTP/1.1 would cut differently, through the real Envoy.

What Envoy cannot frame in one way ends the connection; what it forgives goes on in its own framing.
"""

from collections.abc import Iterator

import pytest

from tests.envoy.hazards import CALL, FORBIDDEN, MODES, USUAL, Tap, tapped
from tests.support.wire import Lines, connected, request


@pytest.fixture(scope="module")
def tap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tap]:
    with tapped(tmp_path_factory.mktemp("tap")) as started:
        yield started


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


SMUGGLED = request("POST", "/buffered", USUAL, FORBIDDEN)
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(CALL), CALL)


def framed(lines: Lines, body: bytes) -> bytes:
    return request("POST", "/buffered", (*USUAL, *lines), None) + body


@pytest.mark.parametrize(
    "data",
    [
        framed((("content-length", "4"), ("transfer-encoding", "chunked")), CHUNKED),
        framed((("transfer-encoding", "chunked"), ("content-length", "4")), CHUNKED),
        framed((("content-length", str(len(CALL))), ("transfer-encoding", "chunked")), CALL),
        framed((("content-length", str(len(CALL))), ("content-length", "4")), CALL),
        framed((("content-length", f"{len(CALL)}, 4"),), CALL),
        framed((("content-length", f"+{len(CALL)}"),), CALL),
        framed((("content-length", "-1"),), CALL),
        framed((("content-length", "0x10"),), CALL),
        framed((("content-length", "9" * 30),), CALL),
        framed((("transfer-encoding", "chunked, identity"),), CHUNKED),
        framed((("transfer-encoding", "identity, chunked"),), CHUNKED),
        framed((("transfer-encoding", "gzip, chunked"),), CHUNKED),
        framed((("transfer-encoding", "xchunked"),), CHUNKED),
        framed((("transfer-encoding", "\x0bchunked"),), CHUNKED),
        framed((("transfer-encoding", "chunked"), ("transfer-encoding", "identity")), CHUNKED),
        framed((("transfer-encoding ", "chunked"),), CHUNKED),
        framed((("transfer-encoding", "chunked"),), b"5;\n" + CALL),
        framed((("transfer-encoding", "chunked"),), b"-1\r\n" + CALL),
        framed((("transfer-encoding", "chunked"),), b"ffffffffffffffffff\r\n" + CALL),
        framed((("x-a", "b\r\n transfer-encoding: chunked"),), CHUNKED),
        framed((("x-a", "b\0c"), ("content-length", str(len(CALL)))), CALL),
        framed((("x a", "b"), ("content-length", str(len(CALL)))), CALL),
        framed(((":path", "/mcp"), ("content-length", str(len(CALL)))), CALL),
        SMUGGLED.replace(b"HTTP/1.1", b"HTTP/1.0"),
        SMUGGLED.replace(b"HTTP/1.1", b"HTTP/2.0"),
        SMUGGLED.replace(b"POST /buffered HTTP/1.1", b"POST /buffered"),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SMUGGLED,
    ],
)
def test_a_request_that_can_be_framed_in_two_ways_ends_the_connection(
    tap: Tap, data: bytes
) -> None:
    tap.upstream.take()
    with connected(tap.gateway.url("buffered")) as connection:
        connection.send(data + SMUGGLED)
        answer = connection.reply()
    if answer is not None:  # Envoy says nothing to the preface of HTTP/2
        assert answer.status >= 400
        assert answer.all("connection") == ["close"]
    assert tap.upstream.take() == []


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ((("x-large", "y" * 70_000),), 431),
        (tuple((f"x-{i}", "y") for i in range(120)), 431),
        ((("x_api_key", "y"),), 400),
        ((("mcp_name", "delete"),), 400),
        ((("x-gatehouse_wiring", "head"),), 400),
    ],
)
def test_headers_without_measure_or_with_underscores_are_refused(
    tap: Tap, mode: str, lines: Lines, status: int
) -> None:
    answer = tap.refused(request("POST", f"/{mode}", (*USUAL, *lines), CALL))
    assert answer.status == status
    assert answer.all("content-type") == ["application/json"]


def test_a_client_that_waits_for_100_is_served(tap: Tap, mode: str) -> None:
    tap.upstream.take()
    lines = (*USUAL, ("expect", "100-continue"), ("content-length", str(len(CALL))))
    with connected(tap.gateway.url(mode)) as connection:
        assert connection.ask(request("POST", f"/{mode}", lines, None)).status == 100
        assert connection.ask(CALL).status == 200
    assert [one.body for one in tap.upstream.take()] == [CALL]


@pytest.mark.parametrize(
    "data",
    [
        framed((("transfer-encoding", "chunked"),), CHUNKED.replace(b"}\r\n", b"}X\r\n")),
        framed((("transfer-encoding", "Chunked"),), CHUNKED.replace(b"\r\n{", b";a=b\r\n{")),
        framed((("x-a", "b\nc: d"), ("content-length", str(len(CALL)))), CALL),
        framed((("x-a", "b\rc: d"), ("content-length", str(len(CALL)))), CALL),
        framed((("host", "a"), ("host", "b"), ("content-length", str(len(CALL)))), CALL),
        framed((("content-length", str(len(CALL))),), CALL).replace(b"HTTP/1.1", b"HTTP/1.1 ", 1),
    ],
    ids=["after a chunk", "chunk extension", "bare LF", "bare CR", "two hosts", "blank"],
)
def test_what_envoy_forgives_goes_on_in_one_framing(tap: Tap, data: bytes) -> None:
    tap.upstream.take()
    with connected(tap.gateway.url("buffered")) as connection:
        assert connection.ask(data).status == 200
        assert connection.ask(SMUGGLED).json()["error"]["code"] == -31403
    (message,) = tap.upstream.take()
    assert message.body == CALL
    assert not any("\r" in value for _, value in message.lines)
