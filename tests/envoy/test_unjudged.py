"""A route that is `unjudged` lets everything pass, and tells of it; no other route does."""

from collections.abc import Iterator

import pytest

from tests.cases.hazard import Row
from tests.cases.hazards import ROWS
from tests.envoy.hazards import ANSWER, CALL, USUAL
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse
from tests.support.wire import Capture, Lines, Message, capturing, connected, request

UPGRADE: Lines = (("connection", "upgrade"), ("upgrade", "websocket"))


@pytest.fixture(scope="module")
def upstream() -> Iterator[Capture]:
    with capturing(ANSWER) as capture:
        yield capture


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, upstream: Capture) -> Iterator[Gateway]:
    routes = [
        {"name": "open", "path": "/open", "protocol": "unjudged", "backend": "capture"},
        {"name": "judged", "path": "/judged", "protocol": "mcp", "backend": "capture"},
    ]
    with gatehouse(
        tmp_path_factory.mktemp("unjudged"),
        backends={"capture": [upstream.url]},
        policies=[allow(backend="capture", tools=["echo"])],
        routes=routes,
    ) as started:
        yield started


def passed(gateway: Gateway, upstream: Capture, data: bytes) -> Message:
    """What reaches the upstream; the answer comes back as it is, and one record tells of it."""
    upstream.take()
    before = len(gateway.records())
    with connected(gateway.url("open")) as connection:
        answer = connection.ask(data)
    assert answer.status == 200
    (message,) = upstream.take()
    record = gateway.wait_for_records(before + 1)[-1]
    assert (record["decision"], record["route"]) == ("unjudged", "open")
    assert record["method"] == message.start.split(" ")[0]
    return message


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_any_method_passes_and_is_recorded(
    gateway: Gateway, upstream: Capture, method: str
) -> None:
    lines = (("content-type", "text/plain"),)
    message = passed(gateway, upstream, request(method, "/open?x=%2F&x=1", lines, b"\xff{"))
    assert message.start == f"{method} /mcp?x=%2F&x=1 HTTP/1.1"
    assert message.body == b"\xff{"
    assert message.all("content-type") == ["text/plain"]


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.name) for row in ROWS if len(row.text) < 1_000]
)
def test_a_body_passes_as_it_is(gateway: Gateway, upstream: Capture, row: Row) -> None:
    body = row.body("legacy")
    data = request("POST", "/open", row.headers("legacy", ()), body)
    assert passed(gateway, upstream, data).body == body


def test_more_than_any_judged_route_takes_passes(gateway: Gateway, upstream: Capture) -> None:
    body = b"y" * (8 * 1024 * 1024)
    assert passed(gateway, upstream, request("POST", "/open", (), body)).body == body


def test_no_credential_and_no_header_of_the_gateway_passes(
    gateway: Gateway, upstream: Capture
) -> None:
    lines = (
        ("x-api-key", KEY),
        ("api-key", "k"),
        ("authorization", "Bearer t"),
        ("proxy-authorization", "Basic eDp5"),
        ("cookie", "session=1"),
        ("x-forwarded-client-cert", "URI=spiffe://a/b"),
        ("x-gateway-session-endpoint", "MTI3LjAuMC4xOjE="),
        ("x-gateway-destination-endpoint", "127.0.0.1:1"),
        ("x-gateway-destination-endpoint-served", "127.0.0.1:1"),
        ("x-prefiller-host-port", "127.0.0.1:1"),
        ("x-gatehouse-wiring", "head"),
        ("x-envoy-max-retries", "9"),
    )
    message = passed(gateway, upstream, request("POST", "/open", (*lines, ("x-own", "o")), b""))
    assert message.names.isdisjoint(name for name, _ in lines)
    assert message.all("x-own") == ["o"]


def test_every_pass_is_counted(gateway: Gateway, upstream: Capture) -> None:
    label = 'gatehouse_requests_total{decision="unjudged"'
    before = gateway.metric(label)
    for _ in range(3):
        passed(gateway, upstream, request("POST", "/open", USUAL, CALL))
    assert gateway.metric(label) == before + 3


def test_an_upgrade_passes_and_is_recorded(gateway: Gateway, upstream: Capture) -> None:
    upstream.take()
    before = len(gateway.records())
    with connected(gateway.url("open")) as connection:
        answer = connection.ask(request("GET", "/open", UPGRADE))
        assert answer.status == 101
        connection.send(b"any bytes")
        assert connection.read(9) == b"any bytes"
    assert [one.path for one in upstream.take()] == ["/mcp"]
    assert gateway.wait_for_records(before + 1)[-1]["decision"] == "unjudged"


def test_an_upgrade_on_a_judged_route_is_refused(gateway: Gateway, upstream: Capture) -> None:
    upstream.take()
    with connected(gateway.url("judged")) as connection:
        assert connection.ask(request("GET", "/judged", (*USUAL, *UPGRADE))).status == 403
    assert upstream.take() == []


@pytest.mark.parametrize("path", ["/open/", "/open/x", "/Open", "/opened", "/open;x", "/open%2F"])
def test_the_paths_beside_it_lead_nowhere(gateway: Gateway, upstream: Capture, path: str) -> None:
    upstream.take()
    with connected(gateway.url("open")) as connection:
        assert connection.ask(request("GET", path)).status in {400, 404}
    assert upstream.take() == []
