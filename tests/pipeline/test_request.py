"""A request meets its stages in one order; the first that objects refuses it, with its ids."""

import gzip
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from gateway.audit.record import Record
from gateway.config.wiring import METADATA_NAMESPACE, Wiring
from gateway.model.call import Kind
from gateway.model.refusal import Reason, Refusal
from gateway.model.verdict import Forward, Gap, Proceed
from gateway.pipeline.request import Judged, RequestPipeline
from gateway.pipeline.rescue import RefusedError
from gateway.pipeline.review import Review
from gateway.pipeline.snapshot import Snapshot
from gateway.pipeline.stopwatch import Stopwatch
from gateway.sessions.event_id import StreamPosition, seal_event_id
from gateway.sessions.placement import binding
from gateway.telemetry.traces import NoTracing, Tracing
from tests.identity.issuer import NOW
from tests.pipeline.stage import (
    ALICE,
    BOB,
    CALLED,
    LIMIT,
    LISTEN,
    ROUTE,
    ROUTED,
    SEALER,
    TTL,
    WIRING,
    asked,
    bound,
    modern,
    snapshot,
    tool,
)
from tests.protocols.mcp.clients import JSON, Lines, encode, modern_lines, notify, rpc
from tests.telemetry.test_traces import HEADER, Exported

AUDIT = "audit-1"


class Asking:
    """A request pipeline with its record. What a test does not say goes on."""

    def __init__(
        self,
        using: Snapshot | None = None,
        wiring: Wiring = WIRING,
        tracing: Tracing | None = None,
    ) -> None:
        self.record = Record(AUDIT, NOW, 4, "digest")
        watch = Stopwatch(count(step=1000).__next__, self.record.stages)
        self.pipeline = RequestPipeline(
            using or snapshot(), wiring, self.record, watch, tracing or NoTracing()
        )

    def judge(
        self,
        message: Any = CALLED,
        lines: Lines = JSON,
        *,
        gap: Gap | None = None,
        now: float = NOW,
        **head: Any,
    ) -> Judged:
        body = message if isinstance(message, bytes) else encode(message)
        return self.pipeline.judge(asked(*lines, **head), body, gap, now)

    def refused(self, *asking: Any, **more: Any) -> Refusal:
        """Why the same was not let through."""
        with pytest.raises(RefusedError) as found:
            self.judge(*asking, **more)
        return found.value.refusal


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


# --- policy -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ident", [0, 2**53 + 1, -1, "", "7", 'é"\\'])
@pytest.mark.parametrize(
    "options",
    [{"subject": None}, {"subject": "carol"}, {"lines": (*JSON, ("mcp-session-id", "x"))}],
)
def test_what_refuses_after_the_message_is_read_answers_its_exact_id(
    ident: int | str, options: dict[str, Any]
) -> None:
    refusal = Asking().refused(tool("get_issue", ident), **options)
    assert (refusal.ids, refusal.batch) == ((ident,), False)
    assert type(refusal.ids[0]) is type(ident)


def test_a_denied_call_names_its_rule_to_operators_and_gives_the_rules_reason() -> None:
    asking = Asking()
    refusal = asking.refused(tool("drop_all"))
    assert (refusal.reason, refusal.message) == (Reason.DENIED, "nothing is dropped")
    assert (refusal.policy, refusal.rule, refusal.innocent) == ("p", "never", ())
    assert (asking.record.policy, asking.record.rule) == ("p", "never")


def test_an_opaque_gateway_gives_no_reason_and_records_it() -> None:
    asking = Asking(snapshot(opaque=True))
    assert asking.refused(tool("drop_all")).message == "not available"
    assert Asking(snapshot(opaque=True)).refused(tool("unknown")).message == "not available"
    assert (asking.record.policy, asking.record.rule) == ("p", "never")


def test_a_denied_notification_has_no_id() -> None:
    refusal = Asking().refused(notify("notifications/initialized"), subject="carol")
    assert (refusal.reason, refusal.ids, refusal.batch) == (Reason.DENIED, (), False)


def test_one_denied_call_refuses_its_batch_and_the_others_are_innocent() -> None:
    batch = [rpc("ping", ident=1), notify("notifications/initialized"), tool("drop_all", "1")]
    refusal = Asking().refused([*batch, tool("get_issue", 2)])
    assert (refusal.reason, refusal.batch) == (Reason.DENIED, True)
    assert (refusal.ids, refusal.innocent) == ((1, "1", 2), (1, 2))


def test_of_two_denied_calls_of_a_batch_neither_is_innocent() -> None:
    batch = [tool("drop_all", 1), tool("get_issue", 2), tool("drop_all", 3)]
    assert Asking().refused(batch).innocent == (2,)


def test_a_call_is_not_innocent_of_what_it_implies() -> None:
    watched = {"notifications": {"resourceSubscriptions": ["file:///closed"]}}
    batch = [rpc("subscriptions/listen", watched, 1), rpc("ping", ident=2)]
    assert Asking().refused(batch).innocent == (2,)


def test_shadow_rules_of_every_call_are_recorded_once() -> None:
    asking = Asking()
    asking.judge([rpc("ping", ident=1), tool("get_issue", 2), tool("get_issue", 3)])
    assert asking.record.shadow == ("p/later",)


def test_a_batch_without_a_session_that_it_names_is_refused_whole_and_nobody_is_innocent() -> None:
    lines = (*JSON, ("mcp-session-id", "forged"))
    refusal = Asking().refused([rpc("ping", ident=1), rpc("ping", ident=2)], lines)
    assert (refusal.reason, refusal.batch) == (Reason.SESSION_UNKNOWN, True)
    assert (refusal.ids, refusal.innocent) == ((1, 2), ())


def scopes_in(refusal: Refusal) -> str:
    """The `scope` of the challenge."""
    (line,) = [value for name, value in refusal.headers if name == "www-authenticate"]
    return line.partition('scope="')[2].partition('"')[0]


def test_a_call_that_only_lacks_scopes_is_told_which() -> None:
    refusal = Asking().refused(tool("close_issue"))
    assert (refusal.reason, refusal.ids) == (Reason.MISSING_SCOPE, (7,))
    assert scopes_in(refusal) == "issues:write"
    Asking().judge(tool("close_issue"), scope="issues:write")


def test_a_step_up_names_also_the_scopes_of_what_is_allowed_already() -> None:
    batch = [tool("get_secret", 1), tool("close_issue", 2), tool("get_issue", 3)]
    refusal = Asking().refused(batch, scope="issues:read")
    assert (refusal.reason, scopes_in(refusal)) == (
        Reason.MISSING_SCOPE,
        "issues:read issues:write",
    )
    assert (refusal.ids, refusal.innocent) == ((1, 2, 3), (1, 3))


@pytest.mark.parametrize("names", [("close_issue", "drop_all"), ("drop_all", "close_issue")])
def test_what_no_scope_would_allow_is_told_before_what_one_would(names: tuple[str, str]) -> None:
    refusal = Asking().refused([tool(name, ident) for ident, name in enumerate(names)])
    assert (refusal.reason, refusal.message) == (Reason.DENIED, "nothing is dropped")
    assert not refusal.headers


def test_a_request_without_a_credential_is_told_the_scopes_of_the_configured_route() -> None:
    assert scopes_in(Asking().refused(subject=None)) == "issues:read"


def test_a_subscription_is_allowed_with_everything_that_it_subscribes_to() -> None:
    method, uris = "subscriptions/listen", ["file:///open/a", "file:///closed"]
    allowed = modern(method, notifications={"resourceSubscriptions": uris[:1]})
    asking = Asking()
    asking.judge(*allowed)
    assert asking.pipeline.review is not None
    assert [call.method for call in asking.pipeline.review.calls] == [method, "resources/read"]
    denied = modern(method, notifications={"resourceSubscriptions": uris})
    refusal = Asking().refused(*denied)
    assert (refusal.reason, refusal.ids, refusal.innocent) == (Reason.DENIED, (7,), ())


# --- what goes on -------------------------------------------------------------------------------


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


# --- access control alone -----------------------------------------------------------------------

CHECK = replace(WIRING, mode="check", override=False)
ESCAPED = encode(CALLED).replace(b'"method"', rb'"m\u0065thod"')
MODERN_CALL = modern("tools/call", "get_issue")


def test_a_decision_is_enough_for_a_call_without_a_session() -> None:
    judged = Asking(wiring=CHECK).judge(*MODERN_CALL)
    assert not judged.plan.needs_head
    assert (judged.forward.body, judged.forward.response_headers) == (None, False)
    assert not judged.forward.lasts


@pytest.mark.parametrize(
    ("asking", "why"),
    [
        ((CALLED,), "this route cannot deliver the response"),
        ((rpc("tools/list"),), "this route cannot deliver the response"),
        (modern("tools/list"), "this route cannot deliver the response"),
        (
            modern("subscriptions/listen", notifications={}),
            "this route cannot deliver the response",
        ),
        ((ESCAPED,), "this route cannot change a body"),
    ],
    ids=["legacy", "legacy list", "list", "subscription", "another body"],
)
def test_what_needs_more_than_a_decision_is_refused(asking: tuple[Any, ...], why: str) -> None:
    refusal = Asking(wiring=CHECK).refused(*asking)
    assert (refusal.reason, refusal.message) == (Reason.WIRING, why)
    assert len(refusal.ids) == 1


def test_who_is_not_permitted_is_told_that_first() -> None:
    refusal = Asking(wiring=CHECK).refused(*modern("tools/list"), subject="carol")
    assert refusal.reason is Reason.DENIED


def test_the_endpoint_of_every_answer_cannot_be_recorded_by_a_decision_alone() -> None:
    asking = Asking(snapshot(record_endpoint=True), CHECK)
    assert asking.refused(*MODERN_CALL).reason is Reason.WIRING
