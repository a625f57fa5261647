"""Batches are judged element by element, and only where a revision has them."""

from typing import Any

import pytest

from gateway.model.call import Deframed, Kind
from gateway.model.refusal import Reason
from tests.protocols.mcp.clients import (
    CALL,
    JSON,
    SESSION,
    Lines,
    batching,
    deframe,
    notify,
    refusal,
    rpc,
)


def test_a_batch_of_the_revision_that_has_them_is_taken_apart() -> None:
    elements = [rpc("tools/call", CALL, "a"), notify("notifications/initialized"), rpc("ping")]
    result = deframe(elements, JSON, batching)
    assert isinstance(result, Deframed)
    assert result.batch
    assert [(each.method, each.id) for each in result.calls] == [
        ("tools/call", "a"),
        ("notifications/initialized", None),
        ("ping", 1),
    ]


def test_a_batch_of_answers_is_taken() -> None:
    result = deframe([{"jsonrpc": "2.0", "id": 1, "result": {}}] * 2, JSON, batching)
    assert isinstance(result, Deframed)
    assert [each.kind for each in result.calls] == [Kind.ANSWER] * 2


@pytest.mark.parametrize(
    "bad",
    [
        rpc("initialize", {"protocolVersion": "2025-03-26"}, "bad"),
        rpc("tools/call", {"name": 0}, "bad"),
        rpc("ping", ident="bad", Method="x"),
        [rpc("ping", ident="bad")],
        notify("tools/call", CALL),
        rpc("ping", ident=None),
    ],
)
def test_one_bad_element_refuses_the_whole_batch(bad: Any) -> None:
    found = refusal([rpc("ping", ident=1), bad, rpc("ping", ident="2")], JSON, batching)
    assert found.batch
    assert found.innocent == (1, "2")
    assert {1, "2"} <= set(found.ids) <= {1, "2", "bad"}


UNUSUAL_BATCHES: list[tuple[list[Any], Lines]] = [
    ([], JSON),
    ([rpc("ping", ident=n) for n in range(101)], JSON),
    ([rpc("ping"), rpc("ping")], JSON),
    ([rpc("ping"), {"jsonrpc": "2.0", "id": 2, "result": {}}], JSON),
    ([rpc("ping")], (*JSON, *SESSION)),
]


@pytest.mark.parametrize(("elements", "lines"), UNUSUAL_BATCHES)
def test_batches_that_no_revision_has_are_refused(elements: list[Any], lines: Lines) -> None:
    assert refusal(elements, lines, batching).reason is Reason.INVALID_REQUEST


def test_batches_are_refused_unless_the_route_takes_them() -> None:
    assert refusal([rpc("ping")]).reason is Reason.INVALID_REQUEST
