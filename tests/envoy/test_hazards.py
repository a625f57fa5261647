"""Every hostile request of tests/cases/hazards.py, through the real Envoy, to real MCP servers.

For each server, generation of MCP and way in which Envoy hands over bodies: the request ends as the
table says, and what the server ran is what policy saw.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cases.hazard import BASIC, BODY_LIMIT, DELETE, ECHO, Declined, Refused, Row, Runs
from tests.cases.hazards import ROWS
from tests.envoy.hazards import MODES, REVISION, Stage, staged
from tests.support.backends import ToolCall
from tests.support.gatehouse import KEY
from tests.support.wire import Message, connected, request

CLIENTS = (
    ("python", "legacy"),
    ("stateless", "legacy"),
    ("python", "modern"),
    ("typescript", "legacy"),
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("hazards")) as started:
        yield started


CASES = [
    pytest.param(row, server, era, mode, id=f"{row.name}-{server}-{era}-{mode}")
    for row in ROWS
    for server, era in CLIENTS
    for mode in MODES
    if era in row.eras
]


@pytest.mark.parametrize(("row", "server", "era", "mode"), CASES)
def test_a_hostile_request_ends_as_the_table_says(
    stage: Stage, row: Row, server: str, era: str, mode: str
) -> None:
    route = f"{server}-{mode}"
    usual = stage.session(route) if era == "legacy" else ()
    stage.forget()
    before = stage.forwarded(server)
    answer = stage.post(route, row.headers(era, usual), row.body(era))
    record = stage.last_record()
    end = row.end_of(era, node=server == "typescript")
    if isinstance(end, Refused):
        check_refusal(answer, record, end)
        assert stage.forwarded(server) == before
        assert stage.backends[server].calls() == []
    else:
        check_passage(answer, record, end)
        ran = [ToolCall("echo", end.arguments)] if isinstance(end, Runs) else []
        assert stage.backends[server].calls() == ran


def check_refusal(answer: Message, record: dict[str, Any], end: Refused) -> None:
    """The answer and the record of a refusal."""
    assert (answer.status, answer.json()["error"]["code"]) == (end.status, end.code), answer
    assert answer.all("content-type") == ["application/json"]
    assert answer.json().get("id") == end.ident
    assert ("id" in answer.json()) == (end.ident is not None)
    data = answer.json()["error"]["data"]
    assert data["reference"] == record["audit_id"]
    assert (record["decision"], record["reason"], data["reason"]) == (
        "refuse",
        end.reason,
        end.reason,
    )


def check_passage(answer: Message, record: dict[str, Any], end: Runs | Declined) -> None:
    """The answer and the record of a call that went on."""
    if isinstance(end, Runs):
        assert (answer.status, result_of(answer)["id"]) == (200, end.ident)
    else:
        assert answer.status == end.status
    seen = (record["decision"], record["method"], record["target"])
    assert seen == ("allow", "tools/call", "echo")


def result_of(answer: Message) -> dict[str, Any]:
    """The JSON-RPC result in an answer, as JSON or in the one event of a stream."""
    text = answer.body.decode()
    if answer.all("content-type")[0].startswith("text/event-stream"):
        text = next(line[6:] for line in text.splitlines() if line.startswith("data: {"))
    message: dict[str, Any] = json.loads(text)
    assert "result" in message, message
    return message


# --- the transfer of the body -----------------------------------------------------------------

WAYS = [
    pytest.param(server, era, mode, id=f"{server}-{era}-{mode}")
    for server, era in CLIENTS
    for mode in MODES
]
ROW = Row("plain", ECHO, Runs())
DELETED = Row("delete", DELETE, Refused(200, -31403, 1, "denied"), named="delete")


def headers_of(stage: Stage, row: Row, route: str, era: str) -> list[tuple[str, str]]:
    usual = stage.session(route) if era == "legacy" else ()
    return [("x-api-key", KEY), *row.headers(era, usual)]


@pytest.mark.parametrize(("server", "era", "mode"), WAYS)
def test_a_body_in_chunks_of_one_byte_is_judged_whole(
    stage: Stage, server: str, era: str, mode: str
) -> None:
    route = f"{server}-{mode}"
    for row in (ROW, DELETED):
        lines = [*headers_of(stage, row, route, era), ("transfer-encoding", "chunked")]
        stage.forget()
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in row.body(era))
        answer = stage.send(route, request("POST", f"/{route}", lines, chunks + b"0\r\n\r\n"))
        record = stage.last_record()
        if isinstance(row.end, Refused):
            check_refusal(answer, record, row.end)
            assert stage.backends[server].calls() == []
        else:
            check_passage(answer, record, Runs())
            assert stage.backends[server].calls() == [ToolCall("echo", {"n": 1})]


@pytest.mark.parametrize(("server", "era", "mode"), WAYS)
def test_what_follows_a_body_is_a_request_of_its_own(
    stage: Stage, server: str, era: str, mode: str
) -> None:
    route = f"{server}-{mode}"
    hidden = request("POST", f"/{route}", headers_of(stage, DELETED, route, era), DELETED.body(era))
    first = request("POST", f"/{route}", headers_of(stage, ROW, route, era), ROW.body(era))
    stage.forget()
    with connected(stage.gateway.url(route)) as connection:
        assert result_of(connection.ask(first + hidden))["id"] == 1
        refused = connection.reply()
    stage.sent += 2
    assert refused is not None
    assert refused.json()["error"]["code"] == -31403
    assert stage.last_record()["target"] == "delete"
    assert stage.backends[server].calls() == [ToolCall("echo", {"n": 1})]


@pytest.mark.parametrize(("server", "era", "mode"), WAYS)
def test_nothing_follows_a_body_that_is_longer_than_its_length(
    stage: Stage, server: str, era: str, mode: str
) -> None:
    route = f"{server}-{mode}"
    lines = headers_of(stage, ROW, route, era)
    hidden = request("POST", f"/{route}", headers_of(stage, DELETED, route, era), DELETED.body(era))
    stage.forget()
    before = stage.forwarded(server)
    cut = request("POST", f"/{route}", lines, ROW.body(era)[:-1])
    for rest in (b"}", b"}" + hidden, hidden):
        with connected(stage.gateway.url(route)) as connection:
            refused = connection.ask(cut + rest)
            assert (refused.status, refused.json()["error"]["code"]) == (400, -32700)
            assert connection.reply() is None
        stage.sent += 1
    stage.last_record()
    assert stage.forwarded(server) == before
    assert stage.backends[server].calls() == []


@pytest.mark.parametrize(("server", "era", "mode"), WAYS)
def test_nothing_runs_of_an_upload_that_breaks_off(
    stage: Stage, server: str, era: str, mode: str
) -> None:
    route = f"{server}-{mode}"
    lines = headers_of(stage, ROW, route, era)
    whole = ROW.body(era)
    chunk = b"%x\r\n%b\r\n" % (len(whole), whole)
    stage.forget()
    before = stage.forwarded(server)
    for end in (
        request("POST", f"/{route}", [*lines, ("content-length", "9999")], whole),
        request("POST", f"/{route}", [*lines, ("transfer-encoding", "chunked")], chunk),
        request("POST", f"/{route}", lines, whole)[:-1],
    ):
        with connected(stage.gateway.url(route)) as connection:
            connection.send(end)
    assert stage.send(route, request("POST", f"/{route}", lines, whole)).status == 200
    stage.last_record()
    assert stage.forwarded(server) == before + 1
    assert stage.backends[server].calls() == [ToolCall("echo", {"n": 1})]


@pytest.mark.parametrize(("server", "era", "mode"), WAYS)
def test_a_body_over_the_limit_is_413(stage: Stage, server: str, era: str, mode: str) -> None:
    route = f"{server}-{mode}"
    body = ECHO.replace('"n":1', '"n":"%s"' % ("y" * BODY_LIMIT)).encode()
    lines = headers_of(stage, ROW, route, era)
    stage.forget()
    before = stage.forwarded(server)
    with connected(stage.gateway.url(route)) as connection:
        answer = connection.ask(request("POST", f"/{route}", lines, body))
    stage.sent += mode == "duplex"  # else Envoy itself stops counting bytes at the limit
    stage.last_record()
    assert (answer.status, answer.json()["error"]["code"]) == (413, -31413)
    assert "id" not in answer.json()
    assert stage.forwarded(server) == before


# --- batches of 2025-03-26 --------------------------------------------------------------------


def batch(stage: Stage, version: str, *texts: str) -> Message:
    usual = [line for line in stage.session("batches") if line[0] != "mcp-protocol-version"]
    lines = [*BASIC, *usual, ("mcp-protocol-version", version)]
    stage.forget()
    body = f"[{','.join(texts)}]".replace("@META@", "")
    return stage.post("batches", lines, body.encode())


def test_one_denied_call_of_a_batch_refuses_all(stage: Stage) -> None:
    second = DELETE.replace('"id":1', '"id":"two"')
    answer = batch(stage, "2025-03-26", ECHO, second)
    assert [(one["id"], one["error"]["data"]["reason"]) for one in answer.json()] == [
        (1, "batch_refused"),
        ("two", "denied"),
    ]
    assert stage.last_record()["batch"] == 2
    assert stage.backends["typescript"].calls() == []


def test_a_batch_of_allowed_calls_runs_where_the_route_and_the_revision_have_them(
    stage: Stage,
) -> None:
    second = ECHO.replace('"id":1', '"id":2').replace('"n":1', '"n":2')
    assert batch(stage, "2025-03-26", ECHO, second).status == 200
    ran = stage.backends["typescript"].calls()
    assert sorted(call.arguments["n"] for call in ran) == [1, 2]


@pytest.mark.parametrize("texts", [(ECHO, ECHO), (ECHO, "[]"), (ECHO, "1"), ()])
def test_a_batch_of_what_is_no_batch_is_refused(stage: Stage, texts: tuple[str, ...]) -> None:
    assert batch(stage, "2025-03-26", *texts).status == 400
    assert stage.backends["typescript"].calls() == []


def test_a_later_revision_has_no_batches(stage: Stage) -> None:
    answer = batch(stage, REVISION, ECHO, ECHO.replace('"id":1', '"id":2'))
    assert (answer.status, answer.json()["error"]["code"]) == (400, -32600)
    assert stage.backends["typescript"].calls() == []
