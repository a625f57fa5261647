"""What ends a request becomes the protocol's own error, and whatever is unknown our own fault."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.refusal import JSON_RPC_FORMS, Reason, Refusal
from gateway.pipeline.rescue import RefusedError, refusal_of, refuse, render_plain
from tests.protocols.mcp.clients import head, mcp

DENIED = Refusal(Reason.DENIED, "no", (7,), headers=(("x-a", "1"),), policy="p", rule="secret")
UNKNOWN = [
    RuntimeError("s3cret"),
    KeyError("s3cret"),
    RecursionError("s3cret"),
    UnicodeDecodeError("utf-8", b"s3cret", 0, 1, "s3cret"),
    ExceptionGroup("s3cret", [RefusedError(DENIED)]),
]


def test_a_refusal_stays_what_it_is() -> None:
    assert refusal_of(RefusedError(DENIED)) is DENIED
    assert str(RefusedError(DENIED)) == "no"


@pytest.mark.parametrize("error", UNKNOWN, ids=lambda error: type(error).__name__)
def test_what_is_unknown_is_our_own_fault_and_none_of_its_text_is_told(error: Exception) -> None:
    refusal = refusal_of(error)
    assert refusal == Refusal(Reason.OWN_FAULT, "the gateway could not decide")
    for protocol in (mcp, None):
        answer = refuse(refusal, protocol, head(), "audit-1").answer
        assert b"s3cret" not in answer.body
        assert answer.status == 500


def test_a_judgement_that_took_too_long_says_so() -> None:
    refusal = refusal_of(TimeoutError("s3cret"))
    assert refusal == Refusal(Reason.OWN_FAULT, "the gateway took too long to decide")


def test_a_protocol_says_it_in_its_own_form() -> None:
    reply = refuse(DENIED, mcp, head(), "audit-1")
    assert reply.answer == mcp.render(DENIED, "audit-1")
    assert json.loads(reply.answer.body)["id"] == 7


@pytest.mark.parametrize("reason", Reason)
def test_without_a_protocol_the_status_tells_it_beside_a_json_body(reason: Reason) -> None:
    reply = refuse(
        Refusal(reason, "why", (7,), headers=(("retry-after", "1"),)), None, None, "audit-1"
    )
    assert reply.answer.status == JSON_RPC_FORMS[reason].status_without_id >= 400
    told: Any = json.loads(reply.answer.body)
    assert told == {"error": {"reason": reason.value, "message": "why", "reference": "audit-1"}}
    assert reply.answer.headers == (
        ("content-type", "application/json"),
        ("x-gatehouse-audit-id", "audit-1"),
        ("retry-after", "1"),
    )


@pytest.mark.parametrize("protocol", [mcp, None], ids=["in the protocol", "plain"])
@pytest.mark.parametrize("reason", Reason)
def test_envoys_log_gets_the_reason_and_the_caller_no_rule(reason: Reason, protocol: Any) -> None:
    reply = refuse(Refusal(reason, "why", policy="p-1", rule="r-1"), protocol, head(), "audit-1")
    assert reply.details == f"gatehouse_{reason.value}"
    assert b"p-1" not in reply.answer.body
    assert b"r-1" not in reply.answer.body


@given(st.text())
def test_any_text_is_one_json_document_of_ascii(text: str) -> None:
    answer = render_plain(Refusal(Reason.DENIED, text), "audit-1")
    assert answer.body.isascii()
    assert json.loads(answer.body)["error"]["message"] == text
