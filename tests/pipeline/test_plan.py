"""What the response will need is decided with the permit."""

import os
from typing import Any

import pytest

from gateway.identity.keys import KeySets
from gateway.model.call import Deframed
from gateway.model.head import Headers, RequestHead
from gateway.model.permit import Permit
from gateway.model.principal import Principal, PrincipalKind
from gateway.model.refusal import Reason
from gateway.pipeline.plan import Planner
from gateway.pipeline.response import ResponsePlan
from gateway.pipeline.snapshot import RouteStage, Snapshot
from gateway.policy.context import RequestContext
from gateway.protocols.base import Reading
from gateway.protocols.mcp import Mcp
from gateway.sessions.event_id import StreamCall, StreamPosition, open_event_id, seal_event_id
from gateway.sessions.seal import Sealer
from gateway.sessions.session_id import BoundSession, open_session
from tests.policy.documents import rules
from tests.protocols.mcp.clients import META, SESSION, Lines, encode, modern_lines, rpc

NOW = 1_800_000_000.0
ALICE = Principal(PrincipalKind.KEY, "", "alice")
BOB = Principal(PrincipalKind.KEY, "", "bob")
SEALER = Sealer([os.urandom(32)], 3600)
MCP = Mcp(batches=True, origins=frozenset(), body_limit=10_000)
ROUTE = RouteStage("route", "/mcp", None, "tracker", MCP, 10_000)
POLICIES = rules("name: one, effect: allow, tools: [shown], principals: ['key:alice']")
LEGACY: Lines = (("content-type", "application/json"), ("mcp-protocol-version", "2025-06-18"))
OLD: Lines = (("content-type", "application/json"), ("mcp-protocol-version", "2025-03-26"))


def planned(
    message: Any = None,
    lines: Lines = LEGACY,
    *,
    method: str = "POST",
    principal: Principal = ALICE,
    bound: BoundSession | None = None,
    record_endpoint: bool = False,
) -> ResponsePlan:
    """The plan of a request with this body and these headers."""
    snapshot = Snapshot(
        1,
        "digest",
        {"route": ROUTE},
        {},
        POLICIES,
        KeySets({}, lambda _: None),
        SEALER,
        response_bytes=1234,
        record_endpoint=record_endpoint,
    )
    head = RequestHead(method, "/mcp", headers=Headers(lines), route="route")
    opening = MCP.open(head)
    found = opening.deframe(b"" if message is None else encode(message))
    assert isinstance(found, Deframed), found
    context = RequestContext(head, "tracker", NOW)
    permit = Permit(found.calls, principal, ())
    return Planner(snapshot, ROUTE, MCP, opening, "audit").plan(permit, found, bound, context)


def resumed(event: str, principal: Principal = ALICE) -> ResponsePlan:
    lines = (*SESSION, ("accept", "text/event-stream"), ("last-event-id", event))
    return planned(lines=lines, method="GET", principal=principal)


def reading_of(plan: ResponsePlan) -> Reading:
    assert plan.reading is not None
    assert plan.reads
    assert plan.needs_head
    return plan.reading


def sealed(*calls: StreamCall, backend: str = "tracker", principal: Principal = ALICE) -> str:
    event = seal_event_id(SEALER, principal, StreamPosition(backend, "own-7", calls), NOW)
    assert event is not None
    return event


@pytest.mark.parametrize(
    "method", ["tools/list", "prompts/list", "resources/list", "resources/templates/list"]
)
@pytest.mark.parametrize("modern", [False, True])
def test_a_list_is_read(method: str, modern: bool) -> None:
    params = {"_meta": META} if modern else {}
    plan = planned(rpc(method, params, "x"), modern_lines(method) if modern else LEGACY)
    reading = reading_of(plan)
    assert (dict(reading.calls), reading.replay, reading.limit) == ({"x": method}, False, 1234)
    assert plan.ids == ("x",)
    assert plan.hides_session is modern


def test_items_are_shown_by_the_principals_own_permissions() -> None:
    request = rpc("tools/list")
    alices, bobs = (reading_of(planned(request, principal=one)) for one in (ALICE, BOB))
    assert alices.shows("tools/list", "shown")
    assert not alices.shows("tools/list", "hidden")
    assert not bobs.shows("tools/list", "shown")


def test_a_call_is_not_read_and_needs_the_head_where_sessions_are_spoken() -> None:
    legacy = planned(rpc("tools/call", {"name": "shown"}))
    assert (legacy.reading, legacy.needs_head, legacy.hides_session) == (None, True, False)
    params = {"name": "shown", "_meta": META}
    request, lines = rpc("tools/call", params), modern_lines("tools/call", "shown")
    modern = planned(request, lines)
    assert (modern.reading, modern.needs_head, modern.hides_session) == (None, False, True)
    assert planned(request, lines, record_endpoint=True).needs_head


def test_a_listening_stream_is_not_read() -> None:
    lines = (*SESSION, ("accept", "text/event-stream"))
    plan = planned(lines=lines, method="GET")
    assert (plan.reading, plan.needs_head, plan.resume) == (None, True, None)


def test_a_batch_with_a_list_is_read_by_ids() -> None:
    batch = [rpc("tools/list", ident=1), rpc("ping", ident="1"), rpc("tools/list", ident=2)]
    plan = planned(batch, OLD)
    assert dict(reading_of(plan).calls) == {1: "tools/list", "1": "ping", 2: "tools/list"}
    assert (plan.ids, plan.batch) == ((1, "1", 2), True)
    assert planned(batch[1:2], OLD).reading is None


def test_a_resumed_stream_is_read_with_the_context_of_its_own_event() -> None:
    plan = resumed(sealed(StreamCall("tools/list", None, 3), StreamCall("ping", None, "4")))
    reading = reading_of(plan)
    assert (dict(reading.calls), reading.replay) == ({3: "tools/list", "4": "ping"}, True)
    assert plan.resume == "own-7"


@pytest.mark.parametrize(
    "event",
    [
        "own-7",
        "",
        "x" * 3000,
        sealed(StreamCall("tools/call", "t", 3), principal=BOB),
        sealed(StreamCall("tools/call", "t", 3), backend="other"),
        sealed(StreamCall("tools/call", "t", 3))[:-1],
    ],
    ids=["raw", "empty", "huge", "another principal's", "another backend's", "truncated"],
)
def test_a_stream_resumed_from_any_other_event_is_read_without_context(event: str) -> None:
    plan = resumed(event)
    reading = reading_of(plan)
    assert (dict(reading.calls), reading.replay, plan.resume) == ({}, True, None)


def test_event_ids_carry_what_their_stream_answers() -> None:
    seal = reading_of(planned(rpc("tools/list", ident=9))).seal_event
    assert seal is not None
    token = seal("own-1")
    assert token is not None
    wanted = StreamPosition("tracker", "own-1", (StreamCall("tools/list", None, 9),))
    assert open_event_id(SEALER, ALICE, "tracker", token, NOW) == wanted
    again = reading_of(resumed(token)).seal_event
    assert again is not None
    assert open_event_id(SEALER, ALICE, "tracker", again("own-2") or "", NOW) == StreamPosition(
        "tracker", "own-2", wanted.calls
    )


def test_an_event_id_that_cannot_be_carried_is_none() -> None:
    seal = reading_of(planned(rpc("tools/list"))).seal_event
    assert seal is not None
    assert seal("x" * 5000) is None


def test_sessions_are_sealed_for_the_principal_and_the_backend() -> None:
    plan = planned(rpc("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}}))
    assert plan.seal is not None
    token = plan.seal("10.0.0.1:80", "own")
    wanted = BoundSession("tracker", "10.0.0.1:80", "own")
    assert open_session(SEALER, ALICE, "tracker", token, NOW) == wanted
    assert open_session(SEALER, BOB, "tracker", token, NOW) != wanted


def test_a_bound_request_remembers_both_names_of_its_session() -> None:
    lines = (*LEGACY, ("mcp-session-id", "token"))
    plan = planned(rpc("ping"), lines, bound=BoundSession("tracker", "10.0.0.1:80", "own"))
    assert (plan.token, plan.upstream_session) == ("token", "own")


@pytest.mark.parametrize(
    ("ident", "shown"), [(9007199254740993, b"9007199254740993"), ("1", b'"1"')]
)
def test_the_error_in_place_of_a_list_has_the_exact_id(ident: int | str, shown: bytes) -> None:
    error = reading_of(planned(rpc("tools/list", ident=ident))).error(Reason.NO_ENDPOINT, "why")
    assert b'"id":' + shown in error
    assert b"-31503" in error
    assert b"audit" in error
