"""Refusals have the form of the table, and say whether another try helps."""

import json

import pytest

from gateway.model.refusal import ANTHROPIC_FORMS, Reason, Refusal
from tests.protocols.anthropic.clients import head, plugin

AGAIN = {Reason.LIMITED, Reason.NO_ENDPOINT, Reason.OWN_FAULT}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_status_and_type(reason: Reason) -> None:
    answer = plugin().render(Refusal(reason, 'n\u00f6 "x"'), "a-1", head())
    form = ANTHROPIC_FORMS[reason]
    assert answer.status == form.status
    assert answer.body.isascii()
    assert json.loads(answer.body) == {
        "type": "error",
        "error": {"type": form.type, "message": 'n\u00f6 "x"'},
        "request_id": "a-1",
    }


@pytest.mark.parametrize("reason", Reason)
def test_a_client_repeats_only_what_may_be_over_soon(reason: Reason) -> None:
    headers = dict(plugin().render(Refusal(reason, "no"), "a-1").headers)
    assert headers.get("x-should-retry") == (None if reason in AGAIN else "false")
    waits = reason in {Reason.LIMITED, Reason.NO_ENDPOINT}
    assert headers.get("retry-after") == ("1" if waits else None)


def test_the_headers_name_the_record_and_keep_those_of_the_refusal() -> None:
    refusal = Refusal(Reason.LIMITED, "slow", headers=(("Retry-After", "7"), ("x-own", "1")))
    assert plugin().render(refusal, "a-1").headers == (
        ("content-type", "application/json"),
        ("cache-control", "no-store"),
        ("x-gatehouse-audit-id", "a-1"),
        ("request-id", "a-1"),
        ("Retry-After", "7"),
        ("x-own", "1"),
    )


@pytest.mark.parametrize(
    ("milliseconds", "seconds"),
    [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (60_000, "60"), (True, "1"), ("9", "1")],
)
def test_a_wait_is_told_in_whole_seconds(milliseconds: int | str, seconds: str) -> None:
    refusal = Refusal(Reason.LIMITED, "slow", data={"retryAfterMs": milliseconds})
    assert dict(plugin().render(refusal, "a-1").headers)["retry-after"] == seconds


def test_nothing_that_operators_alone_may_see_is_in_an_answer() -> None:
    refusal = Refusal(Reason.DENIED, "no", data={"x": "data-1"}, policy="policy-1", rule="rule-1")
    answer = plugin().render(refusal, "a-1")
    assert not [word for word in ("data-1", "policy-1", "rule-1") if word in str(answer)]
