"""Every exchange ends in one record, and every failure in the protocol's own error."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from gateway.config.wiring import METADATA_PREFIX
from gateway.identity.keys import VerificationKey
from gateway.model.head import ResponseHead
from gateway.model.jsonvalue import JsonObject
from gateway.model.verdict import Forward, Gap, Proceed, Refuse
from tests.identity.issuer import ISSUER
from tests.pipeline.exchange_stage import (
    AUDIT,
    BOUND,
    GONE,
    LISTED,
    LISTENING,
    METADATA,
    MODERN_CALL,
    OK,
    Seen,
    answered,
    body_of,
    judged,
    passed,
    reading,
    rescued,
)
from tests.pipeline.stage import (
    ALICE,
    OPEN,
    WIRING,
    asked,
    modern,
    snapshot,
    tool,
)
from tests.protocols.mcp.clients import JSON, rpc
from tests.telemetry.test_traces import Exported

# --- one record ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Path:
    """What is asked, what is answered (None: the client leaves), and what the record says."""

    decision: str
    reason: str = ""
    status: int = 0
    asking: Mapping[str, Any] = field(default_factory=dict[str, Any])
    answer: ResponseHead | None = None
    label: str = "triage"


PATHS = {
    "allowed": Path("allow", status=200, answer=OK),
    "allowed, no response needed": Path("allow", asking=MODERN_CALL),
    "left before the response": Path("allow"),
    "listening": Path("allow", status=200, asking=LISTENING, answer=OK),
    "left before it could listen": Path("allow", asking=LISTENING),
    "unreadable": Path("refuse", "parse_error", 400, {"message": b"{"}),
    "unacceptable": Path("refuse", "unsupported_media", 415, {"lines": ()}),
    "unauthenticated": Path("refuse", "unauthenticated", 401, {"subject": None}),
    "denied": Path("refuse", "denied", 200, {"message": tool("drop_all")}),
    "lacking a scope": Path("refuse", "missing_scope", 403, {"message": tool("close_issue")}),
    "too large": Path("refuse", "too_large", 413, {"gap": Gap.OVERFLOW}),
    "crowded": Path("refuse", "limited", 429, {"gap": Gap.CROWDED}),
    "unsent": Path("refuse", "wiring", 500, {"gap": Gap.UNSENT}),
    "unknown": Path("refuse", "unknown_route", 404, {"route": "made-up"}, label="_unknown"),
    "no backend": Path("refuse", "no_endpoint", 200, answer=GONE),
    "no session": Path("refuse", "session_unknown", 404, BOUND, GONE),
    "served": Path("served", "", 200, {"route": METADATA, "subject": None}, label="_unknown"),
    "unjudged": Path("unjudged", asking={"route": OPEN, "message": b"x"}, label="open"),
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
async def test_every_path_ends_in_one_record_and_one_count(seen: Seen, path: Path) -> None:
    exchange = seen.exchange()
    await judged(exchange, **path.asking)
    if path.answer is not None:
        await answered(exchange, path.answer)
    exchange.finish(unread=False)
    exchange.finish(unread=False)
    (record,) = seen.records
    wanted = (path.decision, path.reason, path.status)
    assert (record["decision"], record["reason"], record["status"]) == wanted
    assert (record["audit_id"], record["snapshot"], record["digest"]) == (AUDIT, 4, "digest")
    assert record["listener"] == "agents"
    assert seen.faults == []  # a refusal is none of ours
    labels = {"route": path.label, "decision": path.decision, "reason": path.reason}
    assert seen.counted("gatehouse_requests_total", labels) == 1
    assert seen.counted("gatehouse_requests_total") == 1


async def test_a_request_whose_body_never_came_is_recorded_as_abandoned(seen: Seen) -> None:
    await (exchange := seen.exchange()).preview(asked(*JSON))
    exchange.finish(unread=False)
    (record,) = seen.records
    assert (record["decision"], record["route"]) == ("abandoned", "triage")


def test_an_exchange_that_another_filter_answered_is_none_of_ours(seen: Seen) -> None:
    seen.exchange().finish(unread=False)
    assert seen.records == []
    assert seen.counted("gatehouse_requests_total") == 0


async def test_a_record_waits_for_the_response_only_where_it_tells_of_it(seen: Seen) -> None:
    await judged(seen.exchange(), **MODERN_CALL)
    assert len(seen.records) == 1
    await judged(exchange := seen.exchange())
    await answered(exchange)
    assert len(seen.records) == 1
    exchange.finish(unread=False)
    assert seen.records[1].items() >= {"status": 200, "endpoint": "10.0.0.1:80"}.items()


async def test_the_record_of_a_stream_does_not_wait_for_its_end(seen: Seen) -> None:
    await judged(exchange := seen.exchange(), **LISTENING)
    assert seen.records == []
    await answered(exchange)
    assert seen.records[0].items() >= {"status": 200, "endpoint": "10.0.0.1:80"}.items()


async def test_the_span_of_a_request_ends_with_its_record() -> None:
    exported = Exported()
    seen = Seen(exported.tracing)
    await judged(seen.exchange(), tool("drop_all"))
    attributes = exported.span().attributes
    assert attributes is not None
    assert (attributes["gatehouse.audit_id"], attributes["gatehouse.reason"]) == (AUDIT, "denied")
    exported.tracing.shutdown()


async def test_a_judgement_is_timed_whatever_came_of_it(seen: Seen) -> None:
    for using in (snapshot(), snapshot(keys=Unreachable())):
        await judged(seen.exchange(using))
    assert seen.counted("gatehouse_judgement_seconds_count", {"route": "triage"}) == 2
    assert seen.counted("gatehouse_judgement_seconds_sum", {"route": "triage"}) > 0


async def test_a_record_tells_of_every_stage_and_never_an_argument(seen: Seen) -> None:
    arguments = {"secret": "s3cret"}
    message = rpc("tools/call", {"name": "get_issue", "arguments": arguments})
    await judged(exchange := seen.exchange(), message)
    exchange.finish(unread=False)
    (record,) = seen.records
    wanted: JsonObject = {
        "route": "triage",
        "backend": "tracker",
        "protocol": "mcp",
        "peer": "10.1.2.3:4",
        "method": "tools/call",
        "target": "get_issue",
        "principal": ALICE.id,
        "policy": "p",
        "rule": "read",
        "shadow": ["p/later"],
        "stages_us": {"deframe": 1, "identify": 1, "decide": 1, "place": 1},
    }
    assert record.items() >= wanted.items()
    assert "s3cret" not in str(record)
    assert "batch" not in record


async def test_a_batch_is_recorded_by_its_size_and_its_first_message(seen: Seen) -> None:
    await judged(seen.exchange(), [tool("drop_all", 1), rpc("ping", ident=2)])
    assert seen.records[0].items() >= {"batch": 2, "method": "tools/call"}.items()


# --- what the gateway serves and lets pass itself -----------------------------------------------


async def test_the_rfc_9728_document_of_a_route_is_served_to_anybody(seen: Seen) -> None:
    reply = await judged(seen.exchange(), b"", (), route=METADATA, subject=None)
    assert body_of(reply) == {
        "resource": "https://gateway.example/mcp",
        "bearer_methods_supported": ["header"],
        "authorization_servers": [ISSUER],
        "scopes_supported": ["issues:read", "issues:write"],
    }
    assert reply == await judged(seen.exchange(), b"a body", (), route=METADATA)
    assert isinstance(reply, Refuse)
    assert (reply.details, reply.answer.status) == ("gatehouse_served", 200)
    assert reply.answer.headers == (
        ("content-type", "application/json"),
        ("cache-control", "max-age=300"),
        ("x-gatehouse-audit-id", AUDIT),
    )


@pytest.mark.parametrize(
    ("route", "authority"),
    [(METADATA_PREFIX + "mcp:gone@tracker", "gateway.example"), (METADATA, 'a"b')],
)
async def test_no_document_is_served_without_a_route_or_an_origin(
    seen: Seen, route: str, authority: str
) -> None:
    head = replace(asked(route=route, subject=None), authority=authority)
    reply = await rescued(exchange := seen.exchange(), exchange.preview(head))
    assert body_of(reply)["error"]["reason"] == "unknown_route"


async def test_an_unjudged_route_lets_everything_pass_with_its_audit_id(seen: Seen) -> None:
    exchange = seen.exchange()
    head = asked(method="PUT", route=OPEN, subject=None)
    assert await exchange.preview(head) == Proceed()
    forward = await exchange.judge(head, b"", Gap.UNSENT)
    assert isinstance(forward, Forward)
    assert forward == Forward(metadata=forward.metadata)
    assert AUDIT in str(forward.metadata)
    (record,) = seen.records
    assert record.items() >= {"route": "open", "protocol": "unjudged", "method": "PUT"}.items()


# --- faults -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ident", [2**53 + 1, "7"])
@pytest.mark.parametrize("error", [RuntimeError("s3cret"), TimeoutError("s3cret"), KeyError(0)])
async def test_any_failure_is_the_protocols_own_error_with_the_callers_id(
    seen: Seen, error: Exception, ident: int | str
) -> None:
    await judged(exchange := seen.exchange(), tool("get_issue", ident))
    reply = exchange.fault(error)
    assert (reply.answer.status, reply.details) == (200, "gatehouse_own_fault")
    told = body_of(reply)
    assert (told["id"], told["error"]["code"]) == (ident, -31500)
    assert told["error"]["data"] == {"reason": "own_fault", "reference": AUDIT}
    assert b"s3cret" not in reply.answer.body
    assert seen.faults == [("judge", error)]
    assert "s3cret" not in str(seen.records)


async def test_what_the_message_itself_gives_as_its_id_comes_back_when_it_is_malformed(
    seen: Seen,
) -> None:
    told = body_of(await judged(seen.exchange(), rpc("tools/call", {"name": 0}, "7")))
    assert (told["id"], told["error"]["code"]) == ("7", -32602)


async def test_a_failure_with_a_batch_answers_each_of_its_ids(seen: Seen) -> None:
    await judged(exchange := seen.exchange(), [rpc("ping", ident=1), rpc("ping", ident="1")])
    assert [each["id"] for each in body_of(exchange.fault(RuntimeError()))] == [1, "1"]


async def test_a_failure_before_the_message_is_read_has_only_its_status(seen: Seen) -> None:
    await (exchange := seen.exchange()).preview(asked(*JSON))
    reply = exchange.fault(RuntimeError())
    assert reply.answer.status == 500
    assert "id" not in body_of(reply)
    assert body_of(reply)["jsonrpc"] == "2.0"


def test_a_failure_before_there_is_a_route_is_recorded_too(seen: Seen) -> None:
    reply = seen.exchange().fault(RuntimeError())
    assert (reply.answer.status, body_of(reply)["error"]["reason"]) == (500, "own_fault")
    labels = {"route": "_unknown", "reason": "own_fault"}
    assert seen.counted("gatehouse_requests_total", labels) == 1
    assert len(seen.records) == 1


class Unreachable:
    """Keys that cannot be had."""

    def find(self, issuer: str, kid: str | None) -> Sequence[VerificationKey]:
        raise ConnectionError(issuer, kid)


async def test_a_stage_that_fails_refuses_what_the_stages_before_it_have_read(seen: Seen) -> None:
    exchange = seen.exchange(snapshot(keys=Unreachable()))
    reply = await judged(exchange)
    assert body_of(reply)["id"] == 7
    assert [where for where, _ in seen.faults] == ["judge"]
    (record,) = seen.records
    assert (record["reason"], record["target"]) == ("own_fault", "get_issue")
    assert record["principal"] == ""


# --- the response -------------------------------------------------------------------------------


async def test_a_list_shows_what_its_caller_may_use_and_the_rest_is_counted(seen: Seen) -> None:
    await reading(exchange := seen.exchange())
    assert passed(await exchange.read(LISTED[:20], end_of_stream=False)) == b""
    emitted = passed(await exchange.read(LISTED[20:], end_of_stream=True))
    assert [one["name"] for one in json.loads(emitted)["result"]["tools"]] == ["get_issue"]
    exchange.finish(unread=False)
    assert seen.records[0]["filtered"] == 1
    assert "unread" not in seen.records[0]
    assert seen.counted("gatehouse_unread_responses_total") == 0


async def test_a_call_that_duplex_mode_tells_the_end_of_is_recorded_at_its_end(seen: Seen) -> None:
    exchange = seen.exchange(wiring=replace(WIRING, mode="duplex", override=False))
    body, lines = modern("tools/call", "get_issue")
    await judged(exchange, body, lines)
    assert seen.records == []
    assert isinstance(await answered(exchange, GONE), Refuse)
    exchange.finish(unread=False)
    (record,) = seen.records
    assert (record["decision"], record["reason"]) == ("refuse", "no_endpoint")


async def test_a_response_that_went_unread_is_recorded_and_counted(seen: Seen) -> None:
    await reading(exchange := seen.exchange())
    exchange.finish(unread=True)
    assert seen.records[0]["unread"] is True
    assert seen.counted("gatehouse_unread_responses_total", {"route": "triage"}) == 1


async def test_a_failure_while_reading_ends_the_response_in_the_protocols_error(seen: Seen) -> None:
    await reading(exchange := seen.exchange())
    await exchange.read(LISTED[:20], end_of_stream=False)
    error = RuntimeError("s3cret")
    told = passed(exchange.read_fault(error))
    assert (json.loads(told)["id"], json.loads(told)["error"]["code"]) == (7, -31500)
    assert b"s3cret" not in told
    assert passed(await exchange.read(LISTED[20:], end_of_stream=True)) == b""
    exchange.finish(unread=False)
    assert seen.faults == [("read", error)]
    assert seen.records[0]["reason"] == "own_fault"


async def test_a_stream_that_is_cut_off_is_counted_by_its_route(seen: Seen) -> None:
    await judged(exchange := seen.exchange(), **LISTENING)
    assert exchange.review is not None
    exchange.revoked()
    assert seen.counted("gatehouse_revoked_streams_total", {"route": "triage"}) == 1
