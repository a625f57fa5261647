"""What becomes of the answer to a permitted request."""

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest

from gateway.audit.record import Record
from gateway.model.head import Headers, RequestHead, ResponseHead
from gateway.model.placement import Placement
from gateway.model.refusal import Reason
from gateway.model.verdict import Mutation, PassResponse, ReadResponse
from gateway.pipeline.rescue import RefusedError
from gateway.pipeline.response import ResponsePipeline, ResponsePlan
from gateway.protocols.base import Reading
from gateway.protocols.mcp import Mcp
from gateway.sessions.placement import is_endpoint
from tests.support.answer_screen import RuleScreen

MCP = Mcp(batches=False, origins=frozenset(), body_limit=1000)
UPSTREAM = "10.0.0.1:80"
JSON = ("content-type", "application/json")
LISTED = b'{"jsonrpc":"2.0","id":7,"result":{"tools":[{"name":"secret"}]}}'


def sealed(endpoint: str, session: str) -> str:
    if not is_endpoint(endpoint) or not session:
        raise ValueError("cannot be sealed")
    return f"<{endpoint} {session}>"


def plan(**changes: Any) -> ResponsePlan:
    """Of a request with the id 7."""
    return replace(
        ResponsePlan(opening=MCP.open(RequestHead("POST", "/mcp")), ids=(7,), seal=sealed),
        **changes,
    )


def bound(**changes: Any) -> ResponsePlan:
    return replace(plan(**changes), token="<token>", upstream_session="own")


def listing(**changes: Any) -> ResponsePlan:
    """Of a tools/list of somebody who may see nothing."""
    reading = Reading(
        shows=lambda _method, _name: False,
        limit=1000,
        calls={7: "tools/list"},
        error=lambda _, why: json.dumps({"error": why}).encode(),
    )
    return plan(reading=reading, **changes)


def pipeline(using: ResponsePlan) -> ResponsePipeline:
    return ResponsePipeline(using, Record("audit", 0.0, 1, "digest"))


def head(
    *lines: tuple[str, str],
    status: int = 200,
    details: str = "via_upstream",
    upstream: str = UPSTREAM,
) -> ResponseHead:
    return ResponseHead(status, Headers(lines), details, upstream)


def judged(using: ResponsePlan, answer: ResponseHead, *, end: bool = False) -> Any:
    return pipeline(using).judge(answer, end_of_stream=end)


def refused(using: ResponsePlan, answer: ResponseHead) -> Reason:
    with pytest.raises(RefusedError) as found:
        judged(using, answer)
    assert found.value.refusal.ids == using.ids
    return found.value.refusal.reason


# --- session ids --------------------------------------------------------------------------------


def test_a_new_session_is_sealed_with_the_endpoint_that_served() -> None:
    mutation = judged(plan(), head(("mcp-session-id", "own"))).mutation
    assert mutation == Mutation(set=(("mcp-session-id", f"<{UPSTREAM} own>"),))


def test_a_repeated_session_id_becomes_the_one_that_the_client_sent() -> None:
    mutation = judged(bound(), head(("mcp-session-id", "own"))).mutation
    assert mutation == Mutation(set=(("mcp-session-id", "<token>"),))


def test_a_session_id_that_the_upstream_changed_is_sealed_anew() -> None:
    mutation = judged(bound(), head(("mcp-session-id", "other"))).mutation
    assert mutation.set == (("mcp-session-id", f"<{UPSTREAM} other>"),)


def test_a_response_without_a_session_id_stays_without() -> None:
    assert judged(bound(), head()) == PassResponse()


@pytest.mark.parametrize(
    ("using", "lines"),
    [
        (plan(), [("mcp-session-id", "one"), ("mcp-session-id", "two")]),
        (plan(hides_session=True), [("mcp-session-id", "one")]),
        (plan(seal=None), [("mcp-session-id", "one")]),
    ],
    ids=["twice", "of a revision without sessions", "nothing to seal with"],
)
def test_a_session_id_that_is_not_sealed_is_taken_out(
    using: ResponsePlan, lines: list[tuple[str, str]]
) -> None:
    assert judged(using, head(*lines)).mutation == Mutation(remove=("mcp-session-id",))


@pytest.mark.parametrize("upstream", ["", "/run/a.sock"])
def test_a_session_that_could_not_be_placed_again_does_not_begin(upstream: str) -> None:
    answer = head(("mcp-session-id", "own"), upstream=upstream)
    assert refused(plan(), answer) is Reason.NO_ENDPOINT


# --- answers of Envoy's own ---------------------------------------------------------------------

GONE = [
    (404, "no_healthy_upstream"),
    (404, "stateful_session_destination_not_found"),
    (503, "no_healthy_upstream"),
    (503, "cluster_not_found"),
    (
        503,
        "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error}",
    ),
    (503, "upstream_reset_before_response_started{connection_timeout}"),
]
ALIVE = [
    (503, "upstream_reset_before_response_started{connection_termination}"),
    (503, "upstream_reset_before_response_started{overflow}"),
    (503, "upstream_reset_before_response_started{local_connection_failure}"),
    (503, "upstream_reset_before_response_started{protocol_error}"),
    (504, "response_timeout"),
    (502, "upstream_response_headers_too_large"),
]


@pytest.mark.parametrize(("status", "details"), GONE)
def test_a_bound_request_whose_replica_is_not_there_has_lost_its_session(
    status: int, details: str
) -> None:
    answer = head(status=status, details=details, upstream="")
    assert refused(bound(), answer) is Reason.SESSION_UNKNOWN
    assert refused(plan(), answer) is Reason.NO_ENDPOINT


@pytest.mark.parametrize(("status", "details"), ALIVE)
def test_a_bound_request_that_failed_otherwise_keeps_its_session(status: int, details: str) -> None:
    assert refused(bound(), head(status=status, details=details)) is Reason.NO_ENDPOINT


@pytest.mark.parametrize("status", [404, 500, 503])
def test_an_error_of_the_upstream_itself_passes(status: int) -> None:
    assert judged(bound(), head(status=status)) == PassResponse()


def test_the_record_learns_who_served_and_with_what_status() -> None:
    made = pipeline(plan())
    made.judge(head(status=404), end_of_stream=True)
    assert (made.record.endpoint, made.record.status) == (UPSTREAM, 404)


# --- bodies -------------------------------------------------------------------------------------


def test_nothing_is_read_without_a_reason() -> None:
    assert isinstance(judged(plan(), head(JSON)), PassResponse)
    with pytest.raises(RefusedError):
        pipeline(plan()).read(b"x", end_of_stream=True)


def test_a_response_without_a_body_is_not_read() -> None:
    assert judged(listing(), head(JSON, status=202), end=True) == PassResponse()


@pytest.mark.parametrize(
    ("media_type", "streams"),
    [
        ("application/json", False),
        ("text/event-stream", True),
        ("Text/Event-Stream; charset=utf-8", True),
    ],
)
def test_a_body_that_is_read_is_known_to_be_a_stream_or_not(media_type: str, streams: bool) -> None:
    made = pipeline(listing())
    assert not made.reads
    made.judge(head(("content-type", media_type)), end_of_stream=False)
    assert (made.reads, made.streams) == (True, streams)


def test_the_end_of_a_response_is_that_of_its_body_if_it_has_one() -> None:
    headed, read = pipeline(plan()), pipeline(listing())
    headed.judge(head(), end_of_stream=True)
    assert (headed.ended, headed.reads) == (True, False)
    read.judge(head(JSON), end_of_stream=False)
    read.read(LISTED[:20], end_of_stream=False)
    assert not read.ended
    read.read(LISTED[20:], end_of_stream=True)
    assert read.ended


def test_a_list_is_read_filtered_and_counted() -> None:
    made = pipeline(listing())
    answer = made.judge(head(JSON, ("mcp-session-id", "own")), end_of_stream=False)
    assert answer == ReadResponse(Mutation(set=(("mcp-session-id", f"<{UPSTREAM} own>"),)))
    assert made.read(LISTED[:20], end_of_stream=False) == b""
    assert made.read(LISTED[20:], end_of_stream=True) == LISTED.replace(b'{"name":"secret"}', b"")
    assert (made.record.filtered, made.record.reason) == (1, "")


FORMS = {
    "HTML": [("content-type", "text/html")],
    "no media type": [],
    "two media types": [JSON, JSON],
    "gzip": [JSON, ("content-encoding", "gzip")],
    "hidden gzip": [JSON, ("content-encoding", "identity"), ("content-encoding", "GZIP")],
    "gzip in a list": [JSON, ("content-encoding", "identity, gzip")],
    "another charset": [("content-type", "application/json; charset=utf-16")],
}


@pytest.mark.parametrize("lines", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("status", [200, 206, 302])
def test_a_list_in_a_form_that_cannot_be_read_is_refused(
    lines: list[tuple[str, str]], status: int
) -> None:
    assert refused(listing(), head(*lines, status=status)) is Reason.NO_ENDPOINT


def test_a_part_of_what_is_read_is_refused() -> None:
    assert refused(listing(), head(JSON, status=206)) is Reason.NO_ENDPOINT


@pytest.mark.parametrize("lines", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("status", [400, 404, 500])
def test_an_error_in_a_form_that_cannot_be_read_keeps_its_status_only(
    lines: list[tuple[str, str]], status: int
) -> None:
    made = pipeline(listing())
    answer = made.judge(head(*lines, status=status), end_of_stream=False)
    assert answer == ReadResponse(Mutation(set=(JSON,), remove=("content-encoding",)))
    out = made.read(gzip.compress(LISTED), end_of_stream=False) + made.read(
        LISTED, end_of_stream=True
    )
    assert set(json.loads(out)) == {"error"}
    assert b"secret" not in out
    assert made.record.reason == "no_endpoint"


def test_an_error_that_can_be_read_passes() -> None:
    made = pipeline(listing())
    body = b'{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"no"}}'
    assert made.judge(head(JSON, status=404), end_of_stream=False) == ReadResponse()
    assert made.read(body, end_of_stream=True) == body


def test_a_body_that_cannot_be_judged_is_recorded() -> None:
    made = pipeline(listing())
    made.judge(head(JSON), end_of_stream=False)
    assert "error" in json.loads(made.read(b"[]]", end_of_stream=True))
    assert made.record.reason == "no_endpoint"


def test_after_a_fault_one_error_comes_out_and_nothing_more() -> None:
    made = pipeline(listing())
    assert made.broken("early") == b""
    made.judge(head(JSON), end_of_stream=False)
    assert json.loads(made.broken("the fault")) == {"error": "the fault"}
    assert made.broken("again") == made.read(LISTED, end_of_stream=True) == b""


# --- answers of other filters -------------------------------------------------------------------

FOREIGN = ["rbac_access_denied_matched_policy[none]", "ext_authz_denied", "request_rate_limited"]


@pytest.mark.parametrize("details", FOREIGN)
@pytest.mark.parametrize("using", [plan(), bound()], ids=["free", "bound"])
def test_a_refusal_of_a_filter_behind_the_gateway_stays_what_it_is(
    details: str, using: ResponsePlan
) -> None:
    answer = head(JSON, details=details, upstream="")
    assert judged(using, answer) == PassResponse(Mutation())


def test_what_another_filter_answers_is_read_like_what_the_backend_does() -> None:
    """It may come from a cache."""
    reader = pipeline(listing())
    passed = reader.judge(head(JSON, details="cache.hit", upstream=""), end_of_stream=False)
    assert isinstance(passed, ReadResponse)
    assert b"secret" not in reader.read(LISTED, end_of_stream=True)


def test_an_answer_tells_its_audit_id_where_an_endpoint_was_picked() -> None:
    judged = pipeline(plan())
    judged.record.picked = Placement(1, UPSTREAM)
    told = judged.judge(head(), end_of_stream=True)
    assert told == PassResponse(Mutation(set=(("x-gatehouse-audit-id", "audit"),)))
    assert pipeline(plan()).judge(head(), end_of_stream=True) == PassResponse(Mutation())


def screened() -> ResponsePlan:
    using = listing()
    assert using.reading is not None
    return replace(using, reading=replace(using.reading, screen=RuleScreen(), calls={7: "ping"}))


def test_an_answer_that_a_guardrail_sees_tells_its_audit_id() -> None:
    told = pipeline(screened()).judge(head(JSON), end_of_stream=False)
    assert isinstance(told, ReadResponse)
    assert ("x-gatehouse-audit-id", "audit") in told.mutation.set


def test_an_answer_that_a_guardrail_sees_is_read_whole_unless_it_streams() -> None:
    whole = pipeline(screened()).judge(head(JSON), end_of_stream=False)
    events = pipeline(screened()).judge(
        head(("content-type", "text/event-stream")), end_of_stream=False
    )
    streamed = ResponsePipeline(screened(), Record("audit", 0.0, 1, "digest"), streams_all=True)
    assert isinstance(whole, ReadResponse)
    assert isinstance(events, ReadResponse)
    assert (whole.whole, events.whole) == (True, False)
    assert streamed.judge(head(JSON), end_of_stream=False) == replace(whole, whole=False)


def test_what_takes_the_place_of_a_whole_answer_is_a_refusal_with_its_status() -> None:
    made = pipeline(screened())
    made.judge(head(JSON), end_of_stream=False)
    assert made.read(b"no JSON", end_of_stream=True)
    assert made.refusal is not None
    assert (made.refusal.reason, made.refusal.ids) == (Reason.NO_ENDPOINT, made.plan.ids)
