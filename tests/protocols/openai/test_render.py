"""A refusal has the form that OpenAI's clients know."""

import json

import pytest

from gateway.model.refusal import OPENAI_FORMS, Reason, Refusal
from gateway.protocols.openai.render import render


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_its_form(reason: Reason) -> None:
    answer = render(Refusal(reason, "why"), "audit-1")
    form = OPENAI_FORMS[reason]
    assert answer.status == form.status
    assert json.loads(answer.body) == {
        "error": {
            "message": "why",
            "type": form.type,
            "param": form.param,
            "code": form.code,
            "reference": "audit-1",
        }
    }
    headers = dict(answer.headers)
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"
    assert headers["x-gatehouse-audit-id"] == "audit-1"


def test_clients_retry_only_what_can_pass() -> None:
    retried = {
        reason
        for reason in Reason
        if dict(render(Refusal(reason, ""), "a").headers).get("x-should-retry") != "false"
    }
    assert retried == {Reason.LIMITED, Reason.NO_ENDPOINT, Reason.OWN_FAULT}


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(None, "1"), (1, "1"), (1000, "1"), (1001, "2"), ("x", "1")]
)
def test_a_limit_says_when_to_come_back(milliseconds: int | str | None, seconds: str) -> None:
    refusal = Refusal(Reason.LIMITED, "", data={"retryAfterMs": milliseconds})
    assert dict(render(refusal, "a").headers)["retry-after"] == seconds


def test_headers_of_the_refusal_are_kept_and_not_repeated() -> None:
    given = (("Retry-After", "7"), ("www-authenticate", "Bearer"))
    headers = render(Refusal(Reason.LIMITED, "", headers=given), "a").headers
    assert [value for name, value in headers if name.lower() == "retry-after"] == ["7"]
    assert dict(headers)["www-authenticate"] == "Bearer"


def test_blocked_content_can_have_the_answer_that_clients_of_model_armor_know() -> None:
    answer = render(Refusal(Reason.CONTENT_BLOCKED, "why"), "audit-1", as_model_armor=True)
    assert answer.status == 400
    assert answer.body == (
        b'{"error":{"type":"bad_request_error","message":"Malicious trial","param":"","code":""}}'
    )
    assert len(answer.body) == 87
    assert dict(answer.headers)["x-gatehouse-audit-id"] == "audit-1"


def test_only_blocked_content_has_the_answer_of_model_armor() -> None:
    denied = Refusal(Reason.DENIED, "why")
    assert render(denied, "a", as_model_armor=True) == render(denied, "a")
