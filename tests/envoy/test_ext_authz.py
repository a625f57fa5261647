"""Access control alone: every case goes to a route in mode `check` and to one in mode `buffered`,
through the real Envoy, and both must decide the same.

They differ where more than a decision is needed: the route in mode `check` refuses that.
"""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cases.hazard import Row
from tests.cases.hazards import ROWS
from tests.envoy.checked import LIMIT, MODES, Decision, Stage, staged
from tests.support.gatehouse import KEY
from tests.support.messages import legacy, legacy_call, modern, modern_call
from tests.support.wire import request

WIRING = -31500


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("checked")) as started:
        yield started


# --- one table, two modes ---------------------------------------------------------------------

Lines = list[tuple[str, str]]
Sending = tuple[str, Lines, bytes | None]
Made = Callable[[Stage], Sending]


def sending(sent: dict[str, Any], *more: tuple[str, str], key: str | None = KEY) -> Sending:
    """A POST of this message, with a key unless a case has another credential."""
    own = [("content-type", "application/json")] + ([] if key is None else [("x-api-key", key)])
    return "POST", [*sent["headers"].items(), *own, *more], json.dumps(sent["json"]).encode()


def bodiless(method: str, *more: tuple[str, str]) -> Sending:
    return method, [("x-api-key", KEY), ("accept", "text/event-stream"), *more], None


def padded(size: int) -> Sending:
    method, lines, body = sending(modern_call("echo"))
    return method, lines, (body or b"").ljust(size)


def by(stage: Stage, tool: str, **claims: Any) -> Sending:
    """A call with a token."""
    return sending(modern_call(tool), stage.token(**claims), key=None)


ALLOWED = (200, None)
ISSUE = "get_issue"
CASES: dict[str, tuple[Made, tuple[int, str | None]]] = {
    "allowed": (lambda _: sending(modern_call("echo", {"a": "\u00fc"})), ALLOWED),
    "allowed by token": (lambda s: by(s, "echo"), ALLOWED),
    "tool denied": (lambda _: sending(modern_call("drop")), (200, "denied")),
    "arguments allowed": (lambda _: sending(modern_call(ISSUE, {"owner": "acme"})), ALLOWED),
    "arguments denied": (
        lambda _: sending(modern_call(ISSUE, {"owner": "evil"})), (200, "denied")
    ),
    "arguments missing": (lambda _: sending(modern_call(ISSUE)), (200, "denied")),
    "claims allowed": (lambda s: by(s, "close", team="core"), ALLOWED),
    "claims denied": (lambda s: by(s, "close", team="other"), (200, "denied")),
    "scope allowed": (lambda s: by(s, "delete", scope="issues:write"), ALLOWED),
    "scope missing": (lambda s: by(s, "delete", scope="x"), (403, "missing_scope")),
    "no credential": (lambda _: sending(modern_call("echo"), key=None), (401, "unauthenticated")),
    "bad key": (lambda _: sending(modern_call("echo"), key="guess"), (401, "unauthenticated")),
    "expired": (lambda s: by(s, "echo", exp=1), (401, "unauthenticated")),
    "bad beside good": (
        lambda s: sending(modern_call("echo"), s.token(exp=1)), (401, "unauthenticated")
    ),
    "key twice": (
        lambda _: sending(modern_call("echo"), ("x-api-key", KEY)), (401, "unauthenticated")
    ),
    "tokens twice": (
        lambda s: sending(modern_call("echo"), s.token(), s.token(), key=None),
        (401, "unauthenticated"),
    ),
    "method header twice": (
        lambda _: sending(modern_call("echo"), ("mcp-method", "tools/call")),
        (400, "header_mismatch"),
    ),
    "name header twice": (
        lambda _: sending(modern_call("echo"), ("mcp-name", "drop")), (400, "header_mismatch")
    ),
    "comma in a name": (lambda _: sending(modern_call("echo,drop")), (200, "denied")),
    "media type twice": (
        lambda _: sending(modern_call("echo"), ("content-type", "text/plain")),
        (415, "unsupported_media"),
    ),
    "origin": (
        lambda _: sending(modern_call("echo"), ("origin", "https://evil.example")), (403, "denied")
    ),
    "other media type": (
        lambda _: sending(modern_call("echo") | {"headers": {}}, ("content-type", "text/plain")),
        (415, "unsupported_media"),
    ),
    "partial body": (
        lambda _: sending(modern_call("echo"), ("x-envoy-auth-partial-body", "true")), ALLOWED
    ),
    "route by header": (
        lambda _: sending(modern_call("drop"), ("x-gatehouse-route", "mcp:x@y")), (200, "denied")
    ),
    "notification": (
        lambda _: sending(modern("notifications/cancelled", {"requestId": 1}, ident=None)), ALLOWED
    ),
    "refused notification": (
        lambda _: sending(modern("notifications/x", ident=None)), (403, "denied")
    ),
    "discovery": (lambda _: sending(modern("server/discover")), ALLOWED),
    "string id": (lambda _: sending(modern_call("drop", ident="a\u2028")), (200, "denied")),
    "big id": (lambda _: sending(modern_call("drop", ident=2**60)), (200, "denied")),
    "empty body": (lambda _: (*sending(modern_call("echo"))[:2], b""), (400, "parse_error")),
    "bad UTF-8": (lambda _: (*sending(modern_call("echo"))[:2], b"\xff"), (400, "parse_error")),
    "at the limit": (lambda _: padded(LIMIT), ALLOWED),
    "GET with a body": (
        lambda _: ("GET", bodiless("GET")[1], b"{}"), (400, "invalid_request")
    ),
    "GET without session": (lambda _: bodiless("GET"), (405, "method_not_allowed")),
    "DELETE without session": (lambda _: bodiless("DELETE"), (400, "invalid_request")),
    "forged session": (
        lambda _: bodiless("DELETE", ("mcp-session-id", "forged")), (404, "session_unknown")
    ),
    "PUT": (lambda _: ("PUT", bodiless("PUT")[1], b"{}"), (405, "method_not_allowed")),
    "SSE of 2024": (
        lambda _: ("GET", [("x-api-key", KEY), ("accept", "text/event-stream")], None),
        (405, "method_not_allowed"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_both_modes_decide_the_same(stage: Stage, name: str) -> None:
    make, (status, reason) = CASES[name]
    method, lines, body = make(stage)
    found = {mode: stage.decide(request(method, f"/{mode}", lines, body)) for mode in MODES}
    assert found["check"] == found["buffered"]
    assert (found["check"].status, found["check"].reason) == (status, reason)
    assert len(found["check"].arrived) == (reason is None)


HAZARDS = [row for row in ROWS if "modern" in row.eras]


@pytest.mark.parametrize("row", HAZARDS, ids=[row.name for row in HAZARDS])
def test_both_modes_decide_the_same_of_what_is_hostile(stage: Stage, row: Row) -> None:
    lines, body = row.headers("modern", [("x-api-key", KEY)]), row.body("modern")
    found = {mode: stage.decide(request("POST", f"/{mode}", lines, body)) for mode in MODES}
    buffered, check = found["buffered"], found["check"]
    assert check.arrived in (buffered.arrived, ())
    if [sent for _, sent in buffered.arrived] in ([], [body]):
        assert without_reference(check) == without_reference(buffered)
    else:  # another body went on
        assert (check.code, check.reason, check.ident) == (WIRING, "wiring", 1)
        assert check.arrived == ()


def without_reference(decision: Decision) -> tuple[Any, ...]:
    """A body over the limit never comes as far as the service, in mode `check` even if it is only
    a little over: Envoy's own answer tells no reason."""
    reason = None if decision.status == 413 else decision.reason
    return decision.status, decision.code, reason, decision.ident, decision.arrived


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
def test_a_body_over_the_limit_is_refused_in_both(stage: Stage, chunked: bool) -> None:
    """Where the length is not announced, too."""
    method, lines, body = padded(LIMIT + 1)
    assert body is not None
    if chunked:
        lines = [*lines, ("transfer-encoding", "chunked")]
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    for mode in MODES:
        found = stage.decide(request(method, f"/{mode}", lines, body))
        assert (found.status, found.code, found.ident) == (413, -31413, "none")
        assert found.arrived == ()


# --- more than a decision ---------------------------------------------------------------------

INITIALIZE: dict[str, Any] = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "c", "version": "1"},
}
NEEDY: dict[str, dict[str, Any]] = {
    "list": modern("tools/list"),
    "subscription": modern("subscriptions/listen", {"notifications": {"toolsListChanged": True}}),
    "session": legacy("initialize", INITIALIZE),
    "call of a session": legacy_call("echo"),
}  # fmt: skip


@pytest.mark.parametrize("name", NEEDY)
def test_what_needs_the_response_is_refused_where_there_is_none(stage: Stage, name: str) -> None:
    stage.upstream.take()
    stage.post(NEEDY[name], "buffered")
    assert len(stage.upstream.take()) == 1
    answer = stage.post(NEEDY[name])
    error = answer.json()["error"]
    assert (answer.status_code, answer.json()["id"], error["code"]) == (200, 1, WIRING)
    record = stage.recorded(answer)
    assert (record["decision"], record["reason"], record["route"]) == ("refuse", "wiring", "check")
    assert stage.upstream.take() == []


@pytest.mark.parametrize("name", NEEDY)
def test_who_may_not_have_it_anyway_is_told_that(stage: Stage, name: str) -> None:
    lines = [*NEEDY[name]["headers"].items(), stage.token("nobody", iss="x")]
    lines += [("content-type", "application/json")]
    body = json.dumps(NEEDY[name]["json"]).encode()
    found = [stage.decide(request("POST", f"/{mode}", lines, body)) for mode in MODES]
    assert found[0] == found[1]
    assert found[0].status == 401


def test_a_request_has_one_record_as_in_the_other_mode(stage: Stage) -> None:
    found: list[dict[str, Any]] = []
    for mode in MODES:
        trace = os.urandom(16).hex()
        call = modern_call("echo", traceparent=f"00-{trace}-00f067aa0ba902b7-01")
        assert "result" in stage.post(call, mode).json()
        refused = stage.post(modern_call("drop"), mode)
        assert stage.recorded(refused)["reason"] == "denied"  # records come in order
        (record,) = stage.gateway.wait_for_records(1, trace_id=trace)
        assert (record["route"], record["decision"]) == (mode, "allow")
        assert record["peer"].startswith("127.0.0.1:")
        found.append(record)
    differing = {"time", "audit_id", "trace_id", "route", "peer", "duration_us", "stages_us"}
    streamed, checked = [
        {name: value for name, value in record.items() if name not in differing} for record in found
    ]
    assert checked == streamed


def test_a_backend_that_is_down_is_told_with_the_callers_id(stage: Stage) -> None:
    answers = [stage.post(modern_call("echo", ident='a%"'), f"down-{mode}") for mode in MODES]
    for answer in answers:
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (200, -31503)
        assert answer.json()["id"] == 'a%"'
        assert stage.recorded(answer)["decision"] == "allow"
