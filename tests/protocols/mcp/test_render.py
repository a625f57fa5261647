"""Refusals have the form of the table: code, status, exact ids, reason and reference."""

import json
from typing import Any

import pytest

from gateway.model.refusal import JSON_RPC_FORMS, Answer, Reason, Refusal
from tests.protocols.mcp.clients import mcp


def body(answer: Answer) -> Any:
    return json.loads(answer.body)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_code_and_status(reason: Reason) -> None:
    form = JSON_RPC_FORMS[reason]
    answer = mcp.render(Refusal(reason, "no", ("7",)), "a-1")
    assert answer.status == form.status
    assert body(answer) == {
        "jsonrpc": "2.0",
        "id": "7",
        "error": {
            "code": form.code,
            "message": "no",
            "data": {"reason": reason.value, "reference": "a-1"},
        },
    }


@pytest.mark.parametrize("reason", Reason)
def test_without_an_id_the_status_tells_it_and_the_error_has_no_id(reason: Reason) -> None:
    answer = mcp.render(Refusal(reason, "no"), "a-1")
    assert answer.status == JSON_RPC_FORMS[reason].status_without_id
    assert "id" not in body(answer)


@pytest.mark.parametrize("ident", [0, 2**53 + 1, -(10**250), "", "7", 'é"\u2028'])
def test_ids_come_back_exactly(ident: int | str) -> None:
    answer = mcp.render(Refusal(Reason.DENIED, "no", (ident,)), "a")
    assert answer.body.isascii()
    assert body(answer)["id"] == ident
    assert type(body(answer)["id"]) is type(ident)


def test_data_and_headers_of_the_refusal_are_kept() -> None:
    refusal = Refusal(
        Reason.LIMITED, "slow", (1,), data={"retryAfterMs": 5}, headers=(("retry-after", "1"),)
    )
    answer = mcp.render(refusal, "a-1")
    assert body(answer)["error"]["data"] == {
        "reason": "limited",
        "reference": "a-1",
        "retryAfterMs": 5,
    }
    assert answer.headers == (
        ("content-type", "application/json"),
        ("cache-control", "no-store"),
        ("x-gatehouse-audit-id", "a-1"),
        ("retry-after", "1"),
    )


def test_every_405_has_an_allow_header() -> None:
    bare = mcp.render(Refusal(Reason.METHOD_NOT_ALLOWED, "no"), "a")
    assert ("allow", "POST, GET, DELETE") in bare.headers
    own = (("Allow", "POST"),)
    told = mcp.render(Refusal(Reason.METHOD_NOT_ALLOWED, "no", headers=own), "a")
    assert [line for line in told.headers if line[0].lower() == "allow"] == list(own)


def test_a_batch_has_one_error_per_id_and_spares_the_innocent_the_reason() -> None:
    refusal = Refusal(
        Reason.DENIED, "no", (1, "1"), batch=True, innocent=("1",), data={"rule": "x"}
    )
    answer = mcp.render(refusal, "a")
    assert answer.status == 200
    assert [(each["id"], each["error"]["data"]) for each in body(answer)] == [
        (1, {"reason": "denied", "reference": "a", "rule": "x"}),
        ("1", {"reason": "batch_refused", "reference": "a"}),
    ]


def test_a_batch_of_notifications_has_one_error_without_id() -> None:
    answer = mcp.render(Refusal(Reason.DENIED, "no", batch=True), "a")
    assert answer.status == 403
    assert body(answer)["error"]["code"] == -31403


def test_a_call_whose_content_is_blocked_gets_a_result_that_its_model_can_read() -> None:
    refusal = Refusal(
        Reason.CONTENT_BLOCKED, "no", (2**53 + 1,), data={"rule": "x"}, method="tools/call"
    )
    answer = mcp.render(refusal, "a-1")
    assert answer.status == 200
    assert body(answer) == {
        "jsonrpc": "2.0",
        "id": 2**53 + 1,
        "result": {
            "content": [{"type": "text", "text": "no"}],
            "isError": True,
            "resultType": "complete",
            "_meta": {
                "dev.gatehouse/refusal": {
                    "reason": "content_blocked",
                    "reference": "a-1",
                    "rule": "x",
                }
            },
        },
    }


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(Reason.CONTENT_BLOCKED, "no", (1,), method="prompts/get"),
        Refusal(Reason.CONTENT_BLOCKED, "no", (1,)),
        Refusal(Reason.DENIED, "no", (1,), method="tools/call"),
        Refusal(Reason.CONTENT_BLOCKED, "no", method="tools/call"),
    ],
)
def test_every_other_refusal_stays_an_error(refusal: Refusal) -> None:
    answer = mcp.render(refusal, "a")
    assert body(answer)["error"]["code"] == JSON_RPC_FORMS[refusal.reason].code
    assert "result" not in body(answer)


def test_in_a_batch_each_call_is_answered_by_its_own_method() -> None:
    refusal = Refusal(
        Reason.CONTENT_BLOCKED,
        "no",
        (1, "1", 2),
        batch=True,
        innocent=(2,),
        methods={1: "tools/call", "1": "prompts/get", 2: "tools/call"},
    )
    first, second, third = body(mcp.render(refusal, "a"))
    assert (first["id"], first["result"]["isError"]) == (1, True)
    assert (second["id"], second["error"]["code"]) == ("1", -31422)
    assert (third["id"], third["error"]["data"]["reason"]) == (2, "batch_refused")
