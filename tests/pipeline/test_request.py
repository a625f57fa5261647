"""A request meets its stages in one order; the first that objects refuses it, with its ids."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.model.refusal import Reason
from gateway.model.verdict import Gap, Proceed
from gateway.pipeline.rescue import RefusedError
from tests.pipeline.request_stage import (
    Asking,
)
from tests.pipeline.stage import (
    LIMIT,
    LISTEN,
    OPEN,
    WIRING,
    asked,
    modern,
    snapshot,
)
from tests.protocols.mcp.clients import JSON, Lines, encode, modern_lines, rpc

# --- the order of the stages --------------------------------------------------------------------

STAGES: list[tuple[dict[str, Any], Reason, str]] = [
    ({"route": "mcp:gone@tracker"}, Reason.UNKNOWN_ROUTE, "no such route"),
    ({"message": b"x" * (LIMIT + 1)}, Reason.TOO_LARGE, "the request body is too large"),
    ({"gap": Gap.CROWDED}, Reason.LIMITED, "too many requests are being read"),
    ({"gap": Gap.UNSENT}, Reason.WIRING, "this route is wired without its body"),
    ({"message": b"{"}, Reason.PARSE_ERROR, "not one JSON document"),
    ({"listener": "another"}, Reason.WIRING, "this listener is not configured"),
    ({"subject": None}, Reason.UNAUTHENTICATED, "a credential is required"),
    ({"subject": "carol"}, Reason.DENIED, "tools/call is not allowed"),
    (
        {"lines": (*JSON, ("mcp-session-id", "forged"))},
        Reason.SESSION_UNKNOWN,
        "the session is unknown or has ended; initialize a new one",
    ),
    ({"override": False}, Reason.WIRING, "this route cannot deliver the response"),
]


@pytest.mark.parametrize("first", range(len(STAGES)))
def test_a_request_that_every_stage_from_one_on_objects_to_is_refused_by_that_one(
    first: int,
) -> None:
    faults: dict[str, Any] = {}
    for fault, _, _ in reversed(STAGES[first:]):
        faults |= fault
    listener = faults.pop("listener", WIRING.listener)
    wiring = replace(WIRING, listener=listener, override=faults.pop("override", True))
    refusal = Asking(wiring=wiring).refused(**faults)
    assert (refusal.reason, refusal.message) == STAGES[first][1:]


def test_a_request_without_a_fault_goes_on() -> None:
    asking = Asking()
    judged = asking.judge()
    assert asking.record.decision == "allow"
    assert list(asking.record.stages) == ["deframe", "identify", "decide", "place"]
    assert judged.plan.ids == (7,)


@pytest.mark.parametrize("lines", [JSON, (*LISTEN, ("content-type", "application/json"))])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_to_leave_http_is_refused_with_its_head_and_whole(
    lines: Lines, method: str
) -> None:
    upgrade: Lines = (("connection", "upgrade"), ("upgrade", "websocket"))
    with pytest.raises(RefusedError, match="upgrade"):
        Asking().pipeline.preview(asked(*lines, *upgrade, method=method))
    refusal = Asking().refused(b"", (*lines, *upgrade), method=method)
    assert (refusal.reason, refusal.message) == (
        Reason.INVALID_REQUEST,
        "what follows an upgrade cannot be judged",
    )


def test_where_nothing_is_judged_a_request_may_leave_http() -> None:
    asking = Asking()
    asking.judge(b"", (("upgrade", "websocket"),), method="GET", route=OPEN)
    assert asking.record.decision == "unjudged"


@pytest.mark.parametrize(
    ("options", "last"),
    [
        ({"message": b"{"}, "deframe"),
        ({"subject": None}, "identify"),
        ({"subject": "carol"}, "decide"),
        ({"lines": (*JSON, ("mcp-session-id", "forged"))}, "place"),
    ],
)
def test_no_stage_runs_after_the_one_that_refuses(options: dict[str, Any], last: str) -> None:
    asking = Asking()
    asking.refused(**options)
    stages = ["deframe", "identify", "decide", "place"]
    assert list(asking.record.stages) == stages[: stages.index(last) + 1]


# --- the head alone -----------------------------------------------------------------------------


def test_a_head_that_no_body_could_mend_is_refused_before_its_body_is_held() -> None:
    with pytest.raises(RefusedError) as found:
        Asking().pipeline.preview(asked(("content-type", "text/plain")))
    assert found.value.refusal.reason is Reason.UNSUPPORTED_MEDIA
    with pytest.raises(RefusedError) as found:
        Asking().pipeline.preview(asked(*JSON, route="mcp:gone@tracker"))
    assert found.value.refusal.reason is Reason.UNKNOWN_ROUTE


@pytest.mark.parametrize(
    ("lines", "method", "wanted"),
    [
        (JSON, "POST", Proceed(response_headers=True)),
        (modern_lines("tools/call", "get_issue"), "POST", Proceed()),
        (modern_lines("tools/list"), "POST", Proceed(response_headers=True)),
        (modern_lines("subscriptions/listen"), "POST", Proceed(lasts=True)),
        (LISTEN, "GET", Proceed(response_headers=True, lasts=True)),
    ],
    ids=["with sessions", "without", "a list", "a subscription", "a listening stream"],
)
def test_the_head_says_what_of_the_response_must_come_back(
    lines: Lines, method: str, wanted: Proceed
) -> None:
    assert Asking().pipeline.preview(asked(*lines, method=method)) == wanted


def test_every_response_is_asked_for_where_records_name_the_endpoint() -> None:
    asking = Asking(snapshot(record_endpoint=True))
    lines = modern_lines("tools/call", "get_issue")
    assert asking.pipeline.preview(asked(*lines)) == Proceed(response_headers=True)
    assert asking.judge(*modern("tools/call", "get_issue")).forward.response_headers


def test_a_response_that_was_asked_for_with_the_head_can_be_read() -> None:
    asking = Asking()
    asking.pipeline.preview(asked(*modern_lines("tools/list")))
    assert asking.judge(*modern("tools/list")).plan.reads


def test_duplex_delivers_every_response_unasked() -> None:
    wiring = replace(WIRING, mode="duplex", override=False)
    assert Asking(wiring=wiring).judge(rpc("tools/list")).plan.reads


# --- delivery -----------------------------------------------------------------------------------


def test_a_body_of_exactly_the_routes_limit_is_read() -> None:
    ping = encode(rpc("ping"))
    Asking().judge(ping + b" " * (LIMIT - len(ping)))
    assert Asking().refused(ping + b" " * (LIMIT + 1 - len(ping))).reason is Reason.TOO_LARGE
    assert Asking().refused(b"", gap=Gap.OVERFLOW).reason is Reason.TOO_LARGE


def test_whoever_does_not_fit_beside_the_others_is_told_when_to_come_back() -> None:
    refusal = Asking().refused(b"", gap=Gap.CROWDED)
    assert refusal.data == {"retryAfterMs": 1000}
    assert refusal.headers == (("retry-after", "1"),)
