"""What a backend and Envoy get of a request that goes on."""

import gzip
from dataclasses import replace
from typing import Any

import pytest

from gateway.config.wiring import METADATA_NAMESPACE
from gateway.model.call import Kind
from gateway.model.refusal import Reason
from gateway.model.verdict import Forward
from gateway.pipeline.review import Review
from gateway.sessions.event_id import StreamPosition, seal_event_id
from gateway.sessions.placement import binding
from tests.identity.issuer import NOW
from tests.pipeline.request_stage import (
    AUDIT,
    Asking,
)
from tests.pipeline.stage import (
    ALICE,
    BOB,
    CALLED,
    LISTEN,
    ROUTE,
    ROUTED,
    SEALER,
    TTL,
    bound,
    snapshot,
    tool,
)
from tests.protocols.mcp.clients import JSON, encode, notify, rpc
from tests.telemetry.test_traces import HEADER, Exported


@pytest.mark.parametrize(
    ("ident", "text"), [(2**53 + 1, "9007199254740993"), ("7", '"7"'), ('"\u2028', '"\\"\\u2028"')]
)
def test_envoy_is_told_the_callers_exact_id_as_json(ident: int | str, text: str) -> None:
    forward = Asking().judge(tool("get_issue", ident)).forward
    told = facts_of(forward)
    assert (told["audit_id"], told["rpc_id"]) == (AUDIT, text)


@pytest.mark.parametrize(
    "message",
    [
        notify("notifications/initialized"),
        [rpc("ping")],
        [rpc("ping", ident=1), rpc("ping", ident=2)],
    ],
    ids=["a notification", "a batch of one", "a batch"],
)
def test_where_there_is_not_one_id_envoy_is_told_none(message: Any) -> None:
    told = facts_of(Asking().judge(message).forward)
    assert told["audit_id"] == AUDIT
    assert "rpc_id" not in told


@pytest.mark.parametrize("telling", ["gatehouse", "native", "off"])
def test_envoy_is_told_what_the_route_says(telling: Any) -> None:
    asking = Asking(snapshot(routes={ROUTED: replace(ROUTE, metadata=telling)}))
    forward = asking.judge(tool("get_issue")).forward
    assert (facts_of(forward).get("principal") == ALICE.id) is (telling != "off")
    assert ("envoy.filters.http.mcp" in (forward.metadata or {})) is (telling == "native")


def facts_of(forward: Forward) -> dict[str, Any]:
    facts = (forward.metadata or {})[METADATA_NAMESPACE]
    assert isinstance(facts, dict)
    return facts


def test_a_body_that_was_inflated_replaces_what_came() -> None:
    plain = encode(CALLED)
    forward = Asking().judge(gzip.compress(plain), (*JSON, ("content-encoding", "gzip"))).forward
    assert forward.body == plain
    assert "content-encoding" in forward.mutation.remove
    assert Asking().judge(plain).forward.body is None


def test_only_a_response_that_will_be_read_must_come_unencoded() -> None:
    read = Asking().judge(rpc("tools/list"))
    assert read.plan.reads
    assert "accept-encoding" in read.forward.mutation.remove
    assert "accept-encoding" not in Asking().judge().forward.mutation.remove


def test_a_bound_request_goes_to_its_replica_by_the_name_it_has_there() -> None:
    judged = Asking().judge(lines=(*JSON, ("mcp-session-id", bound())))
    assert {("mcp-session-id", "own"), *binding("10.0.0.1:80")} <= set(judged.forward.mutation.set)
    assert judged.plan.upstream_session == "own"


@pytest.mark.parametrize(
    ("session", "now"),
    [
        (bound(BOB), NOW),
        (bound(backend="elsewhere"), NOW),
        (bound(), NOW + TTL),
        (bound()[1:], NOW),
    ],
    ids=["another principal's", "another backend's", "expired", "truncated"],
)
def test_a_session_that_is_not_the_callers_here_and_now_is_unknown(
    session: str, now: float
) -> None:
    refusal = Asking().refused(lines=(*JSON, ("mcp-session-id", session)), now=now)
    assert (refusal.reason, refusal.ids) == (Reason.SESSION_UNKNOWN, (7,))
    assert (refusal.policy, refusal.rule) == ("", "")


def test_a_resumed_stream_is_asked_for_by_the_upstreams_own_event() -> None:
    event = seal_event_id(SEALER, ALICE, StreamPosition("tracker", "own-7"), NOW)
    assert event is not None
    lines = (*LISTEN, ("mcp-session-id", bound()), ("last-event-id", event))
    forward = Asking().judge(b"", lines, method="GET").forward
    assert ("last-event-id", "own-7") in forward.mutation.set


def test_the_backend_gets_our_span_as_its_parent() -> None:
    exported = Exported()
    asking = Asking(tracing=exported.tracing)
    forward = asking.judge(lines=(*JSON, ("traceparent", HEADER))).forward
    (told,) = [value for name, value in forward.mutation.set if name == "traceparent"]
    assert told != HEADER
    assert told[3:35] == HEADER[3:35] == asking.record.trace_id
    exported.tracing.shutdown()


def test_without_spans_of_our_own_the_clients_context_passes_and_is_recorded() -> None:
    asking = Asking()
    forward = asking.judge(lines=(*JSON, ("traceparent", HEADER))).forward
    assert "traceparent" not in dict(forward.mutation.set)
    assert asking.record.trace_id == HEADER[3:35]


def test_a_stream_that_lasts_can_be_judged_again_as_it_was() -> None:
    asking, lines = Asking(), (*LISTEN, ("mcp-session-id", bound()))
    judged = asking.judge(b"", lines, method="GET")
    assert judged.forward.lasts
    review = asking.pipeline.review
    assert isinstance(review, Review)
    assert (review.routed, review.head.route, review.listener) == (ROUTED, "triage", "agents")
    assert (review.principal, review.calls[0].kind) == (ALICE, Kind.LISTEN)
    assert review.permitted(snapshot(), NOW)


def test_a_call_is_not_judged_again() -> None:
    asking = Asking()
    assert not asking.judge().forward.lasts
    assert asking.pipeline.review is None
