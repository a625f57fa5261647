"""Trace context in _meta is taken over only when it has the W3C form."""

from typing import Any

import pytest

from gateway.model.call import Deframed
from gateway.protocols.mcp.trace import trace_context
from tests.protocols.mcp.clients import CALL, encode, head, mcp, rpc

PARENT = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


def test_a_request_hands_on_its_trace_context() -> None:
    meta = {"traceparent": PARENT, "tracestate": "a=b", "baggage": "c=d"}
    result = mcp.open(head()).deframe(encode(rpc("tools/call", {**CALL, "_meta": meta})))
    assert isinstance(result, Deframed)
    assert result.trace == meta


@pytest.mark.parametrize(
    "parent",
    [None, 1, "", PARENT.upper(), PARENT + "\n", "ff" + PARENT[2:], PARENT.replace("a", "0")],
)
def test_a_broken_parent_restarts_the_trace(parent: Any) -> None:
    assert trace_context({"traceparent": parent, "tracestate": "a=b"}) == {}


@pytest.mark.parametrize("value", [1, "", "a\r\nb: c", "é", "a" * 513])
def test_a_broken_state_is_left_out(value: Any) -> None:
    assert trace_context({"traceparent": PARENT, "tracestate": value}) == {"traceparent": PARENT}


def test_no_meta_is_no_context() -> None:
    assert trace_context(None) == {}
