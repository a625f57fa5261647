"""Access control alone: what a decision is enough for goes on, the rest is refused."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.model.refusal import Reason
from tests.pipeline.request_stage import (
    Asking,
)
from tests.pipeline.stage import (
    CALLED,
    WIRING,
    modern,
    snapshot,
)
from tests.protocols.mcp.clients import encode, rpc

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
