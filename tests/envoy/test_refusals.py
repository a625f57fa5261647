"""The refusal table, row by row, on the wire."""

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.support.gatehouse import KEY
from tests.support.messages import MODERN, legacy, legacy_call, modern, modern_call
from tests.support.refusal_stage import BODY_LIMIT, STRANGER_KEY, Stage, refusal_stage

BATCH_REVISION = "2025-03-26"
BIG = 9_007_199_254_740_993
IDS: list[int | str] = [0, -1, BIG, "", "a b", "7", "\u00fc\u2028", "x" * 200]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with refusal_stage(tmp_path_factory.mktemp("refusals")) as started:
        yield started


def raw(request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """A request with other bytes as its body."""
    headers = request["headers"] | {"content-type": "application/json"}
    return {"headers": headers, "content": body}


CALL = json.dumps(modern_call("echo")["json"])

# What is sent, to which route, and what comes back: status, code, reason, and whether with its id.
ROWS: dict[str, tuple[Callable[[Stage], httpx.Response], int, int, str, bool]] = {
    "denied": (lambda s: s.post(modern_call("delete")), 200, -31403, "denied", True),
    "denied, legacy": (lambda s: s.post(legacy_call("delete")), 200, -31403, "denied", True),
    "denied, base": (
        lambda s: s.post(modern("server/discover", x_api_key=STRANGER_KEY)),
        200, -31403, "denied", True,
    ),
    "no credential": (
        lambda s: httpx.post(s.gateway.url("tracker"), **modern_call("echo")),
        401, -31401, "unauthenticated", True,
    ),
    "bad credential": (
        lambda s: s.post(modern_call("echo", x_api_key="guess")),
        401, -31401, "unauthenticated", True,
    ),
    "missing scope": (lambda s: s.post(modern_call("whoami")), 403, -31403, "missing_scope", True),
    "parse": (
        lambda s: s.post(raw(modern_call("echo"), CALL[:-1].encode())),
        400, -32700, "parse_error", False,
    ),
    "not UTF-8": (
        lambda s: s.post(raw(modern_call("echo"), CALL.encode("utf-16"))),
        400, -32700, "parse_error", False,
    ),
    "duplicate key": (
        lambda s: s.post(raw(modern_call("echo"), CALL.replace("{", '{"id":1,', 1).encode())),
        400, -32600, "invalid_request", False,
    ),
    "no request": (
        lambda s: s.post(raw(modern_call("echo"), b'"tools/call"')),
        400, -32600, "invalid_request", False,
    ),
    "batch where none is taken": (
        lambda s: s.post(raw(legacy("ping", version=BATCH_REVISION), f"[{CALL}]".encode())),
        400, -32600, "invalid_request", False,
    ),
    "invalid params": (
        lambda s: s.post(raw(modern_call("echo"), CALL.replace('"echo"', "7").encode())),
        400, -32602, "invalid_params", True,
    ),
    "unknown method": (lambda s: s.post(modern("tools/run")), 404, -32601, "unknown_method", True),
    "header mismatch": (
        lambda s: s.post(modern_call("echo", mcp_name="delete")),
        400, -32020, "header_mismatch", True,
    ),
    "unsupported version": (
        lambda s: s.post(
            raw(
                modern_call("echo", mcp_protocol_version="2099-01-01"),
                CALL.replace(MODERN, "2099-01-01").encode(),
            )
        ),
        400, -32022, "unsupported_version", True,
    ),
    "unsupported media": (
        lambda s: s.post(modern_call("echo", content_type="text/plain")),
        415, -32600, "unsupported_media", False,
    ),
    "method": (
        lambda s: httpx.put(s.gateway.url("tracker"), headers={"x-api-key": KEY}),
        405, -32600, "method_not_allowed", False,
    ),
    "too large, inflated": (
        lambda s: s.post(raw(modern_call("echo", content_encoding="gzip"), bomb()), "small"),
        413, -31413, "too_large", False,
    ),
    "session unknown": (
        lambda s: s.post(legacy_call("echo", mcp_session_id="forged")),
        404, -31404, "session_unknown", True,
    ),
    "own fault": (
        lambda s: s.post(modern_call("echo", **s.unjudgeable())), 200, -31500, "own_fault", True
    ),
}  # fmt: skip


def bomb() -> bytes:
    """A body below the limit that is above it once inflated."""
    return gzip.compress(
        json.dumps(modern_call("echo", {"text": "x" * BODY_LIMIT})["json"]).encode()
    )


@pytest.mark.parametrize("row", list(ROWS))
def test_every_row_of_the_table_has_its_form_on_the_wire(stage: Stage, row: str) -> None:
    send, status, code, reason, with_id = ROWS[row]
    stage.backend.forget()
    answer = send(stage)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert (body["jsonrpc"], body["error"]["code"]) == ("2.0", code)
    assert body["error"]["data"]["reason"] == reason
    assert body["error"]["message"]
    assert body.get("id", "none") == (1 if with_id else "none")
    assert ("www-authenticate" in answer.headers) == (status in (401, 403))
    reference = body["error"]["data"]["reference"]
    assert answer.headers["x-gatehouse-audit-id"] == reference
    (record,) = stage.gateway.wait_for_records(1, audit_id=reference)
    assert (record["decision"], record["reason"]) == ("refuse", reason)
    assert record["status"] == status
    assert stage.backend.calls() == []


@pytest.mark.parametrize("ident", IDS, ids=repr)
@pytest.mark.parametrize("make", [modern_call, legacy_call], ids=["modern", "legacy"])
def test_the_callers_exact_id_comes_back(
    stage: Stage, make: Callable[..., dict[str, Any]], ident: int | str
) -> None:
    for request in (make("delete", ident=ident), make("echo", ident=ident, x_api_key="guess")):
        answer = stage.post(request)
        assert f'"id":{json.dumps(ident)}' in compact(answer.text)
        assert answer.json()["id"] == ident
        assert type(answer.json()["id"]) is type(ident)


HOSTILE = ['"', "\\", '"},"x":{"', "%REQ(X-API-KEY)%", "%%", "\n", "</script>"]


@pytest.mark.parametrize("ident", [*IDS, *HOSTILE], ids=repr)
@pytest.mark.parametrize("make", [modern_call, legacy_call], ids=["modern", "legacy"])
def test_the_callers_exact_id_comes_back_when_the_backend_is_down(
    stage: Stage, make: Callable[..., dict[str, Any]], ident: int | str
) -> None:
    answer = stage.post(make("echo", ident=ident), "down")
    assert (answer.status_code, answer.json()["error"]["code"]) == (200, -31503)
    assert answer.json()["id"] == ident
    assert type(answer.json()["id"]) is type(ident)
    reference = answer.json()["error"]["data"]["reference"]
    assert answer.headers["x-gatehouse-audit-id"] == reference
    assert stage.gateway.wait_for_records(1, audit_id=reference, route="down")


def test_a_notification_to_a_backend_that_is_down_is_told_by_its_status(stage: Stage) -> None:
    params = {"requestId": 1}
    answer = stage.post(modern("notifications/cancelled", params, ident=None), "down")
    assert answer.status_code == 503
    assert (answer.json()["error"]["code"], "id" in answer.json()) == (-31503, False)


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
def test_a_body_over_the_limit_is_refused_before_it_is_read(stage: Stage, chunked: bool) -> None:
    stage.backend.forget()
    body = json.dumps(modern_call("echo", {"text": "x" * BODY_LIMIT})["json"]).encode()
    sent: Any = iter([body[:2000], body[2000:]]) if chunked else body
    answer = stage.post(raw(modern_call("echo"), b"") | {"content": sent}, "small")
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, -31413)
    assert answer.headers["content-type"] == "application/json"
    assert stage.backend.calls() == []


def test_a_path_that_is_no_route_is_a_404_in_json(stage: Stage) -> None:
    nowhere = stage.gateway.url("tracker").replace("/tracker", "/nowhere")
    answer = httpx.post(nowhere, json={}, headers={"x-api-key": KEY})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    reference = answer.json()["error"]["reference"]
    assert answer.headers["x-gatehouse-audit-id"] == reference
    assert stage.gateway.wait_for_records(1, audit_id=reference, reason="unknown_route")


def compact(text: str) -> str:
    return json.dumps(json.loads(text), separators=(",", ":"))


@pytest.mark.parametrize("version", ["modern", "legacy"])
def test_a_refused_notification_is_told_by_its_status_without_an_id(
    stage: Stage, version: str
) -> None:
    make = modern if version == "modern" else legacy
    params = {"requestId": 1, "reason": "done"}
    request = make("notifications/cancelled", params, ident=None, x_api_key=STRANGER_KEY)
    answer = stage.post(request)
    assert answer.status_code == 403
    assert "id" not in answer.json()
    assert answer.json()["error"]["code"] == -31403
    assert (
        stage.post(request | {"headers": request["headers"] | {"x-api-key": "x"}}).status_code
        == 401
    )


def test_a_refused_answer_to_the_server_is_told_by_its_status_without_an_id(stage: Stage) -> None:
    request = legacy("x", x_api_key=STRANGER_KEY)
    request["json"] = {"jsonrpc": "2.0", "id": 1, "result": {}}
    answer = stage.post(request)
    assert (answer.status_code, "id" in answer.json()) == (403, False)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_refused_get_or_delete_is_told_by_its_status(stage: Stage, method: str) -> None:
    headers = legacy("x")["headers"] | {"x-api-key": STRANGER_KEY, "mcp-session-id": "forged"}
    answer = httpx.request(method, stage.gateway.url("tracker"), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, -31403)
    unknown = httpx.request(
        method, stage.gateway.url("tracker"), headers=headers | {"x-api-key": KEY}
    )
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, -31404)


def batch(*elements: dict[str, Any], **headers: str) -> dict[str, Any]:
    return legacy("x", version=BATCH_REVISION, **headers) | {"json": list(elements)}


def call(tool: str, ident: int | str) -> dict[str, Any]:
    element: dict[str, Any] = legacy_call(tool, ident=ident)["json"]
    return element


def test_one_refused_element_refuses_its_batch_with_an_error_for_each_id(stage: Stage) -> None:
    stage.backend.forget()
    note: dict[str, Any] = legacy("notifications/cancelled", {"requestId": 5}, ident=None)["json"]
    answer = stage.post(
        batch(call("echo", 1), call("delete", "two"), note, call("echo", BIG)), "batch"
    )
    assert answer.status_code == 200
    errors = {entry["id"]: entry["error"] for entry in answer.json()}
    assert list(errors) == [1, "two", BIG]
    assert {error["code"] for error in errors.values()} == {-31403}
    reasons = [error["data"]["reason"] for error in errors.values()]
    assert reasons == ["batch_refused", "denied", "batch_refused"]
    references = {error["data"]["reference"] for error in errors.values()}
    assert references == {answer.headers["x-gatehouse-audit-id"]}
    (record,) = stage.gateway.wait_for_records(1, audit_id=references.pop())
    assert (record["batch"], record["decision"]) == (4, "refuse")
    assert stage.backend.calls() == []


@pytest.mark.parametrize(
    ("elements", "headers", "status", "code"),
    [
        ((call("echo", 1), call("echo", 2)), {"x_api_key": "guess"}, 401, -31401),
        ((call("echo", 1), call("whoami", 2)), {}, 403, -31403),
        ((call("echo", 1), call("tools", 2) | {"method": 7}), {}, 400, -32600),
    ],
    ids=["bad credential", "missing scope", "malformed element"],
)
def test_a_batch_is_refused_whole_for_other_reasons_too(
    stage: Stage, elements: tuple[Any, ...], headers: dict[str, str], status: int, code: int
) -> None:
    stage.backend.forget()
    answer = stage.post(batch(*elements, **headers), "batch")
    assert (answer.status_code, {one["error"]["code"] for one in answer.json()}) == (status, {code})
    assert stage.backend.calls() == []


def test_a_batch_that_is_allowed_is_passed_on(stage: Stage) -> None:
    """What the backend makes of it is the backend's: this one takes none."""
    answer = stage.post(batch(call("echo", 1), call("echo", 2)), "batch")
    assert "x-gatehouse-audit-id" not in answer.headers
    assert stage.gateway.wait_for_records(1, route="batch", decision="allow", batch=2)
