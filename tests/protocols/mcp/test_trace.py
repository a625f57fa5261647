"""Trace context in _meta is taken over only when it has the W3C form."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.call import Deframed
from gateway.protocols.mcp.trace import carries_trace, retraced, trace_context
from tests.protocols.mcp.clients import (
    CALL,
    JSON,
    batching,
    deframe,
    encode,
    head,
    mcp,
    notify,
    rpc,
)

PARENT = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
OTHER = "00-" + "c" * 32 + "-" + "d" * 16 + "-01"
OURS = "00-" + "a" * 32 + "-" + "e" * 16 + "-01"


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


def traced(parent: Any, ident: Any = 1, **meta: Any) -> dict[str, Any]:
    return rpc("tools/call", {**CALL, "_meta": {"traceparent": parent, **meta}}, ident)


def read(message: Any, lines: Any = JSON) -> Deframed:
    result = deframe(message, lines, batching)
    assert isinstance(result, Deframed), result
    return result


def test_a_context_is_replaced_and_every_other_byte_stays() -> None:
    text = (
        '{ "jsonrpc":"2.0",\t"id":1.0e0, "params" : {"arguments":{"_meta":{"traceparent":"x"},'
        f'"n":1.50}}, "_meta" :{{"b":[] , "traceparent"\n:"{PARENT}", "tracestate":"v=1"}}}}}} '
    )
    assert retraced(text, OURS, 1) == text.replace(PARENT, OURS)


@pytest.mark.parametrize("sent", ["", "broken", PARENT.upper(), 5, None, {"a": PARENT}, [PARENT]])
def test_a_broken_one_becomes_ours_and_its_state_ends(sent: Any) -> None:
    result = retraced(json.dumps(traced(sent, tracestate="v=1", baggage="b=2")), OURS, 1)
    meta = {"traceparent": OURS, "tracestate": "", "baggage": "b=2"}
    assert json.loads(result) == traced(OURS, **meta)


def test_a_state_goes_on_in_no_other_trace() -> None:
    messages = [traced(PARENT, 1, tracestate="v=1"), traced(OTHER, 2, tracestate="v=2")]
    one, two = json.loads(retraced(json.dumps(messages), OURS, 2))
    assert one["params"]["_meta"] == {"traceparent": OURS, "tracestate": "v=1"}
    assert two["params"]["_meta"] == {"traceparent": OURS, "tracestate": ""}


@pytest.mark.parametrize(
    "message",
    [
        rpc("ping"),
        rpc("ping", {}),
        rpc("ping", {"_meta": {}}),
        rpc("ping", {"_meta": {"tracestate": "v=1"}}),
        {"jsonrpc": "2.0", "id": 1, "result": {"_meta": {"traceparent": PARENT}}},
        rpc("ping", {"traceparent": PARENT}),
        [],
        [1, "a", None, rpc("ping", [])],
    ],
)
def test_nothing_is_added_where_there_was_no_context(message: Any) -> None:
    assert retraced(json.dumps(message), OURS, 0) == json.dumps(message)


@settings(max_examples=100)
@given(
    params=st.dictionaries(
        st.text(max_size=3) | st.sampled_from(["_meta", "params", "traceparent"]),
        st.recursive(
            st.none() | st.floats(allow_nan=False) | st.text(max_size=3),
            lambda inner: st.dictionaries(
                st.text(max_size=3) | st.sampled_from(["_meta", "traceparent"]), inner, max_size=3
            ),
            max_leaves=5,
        ),
        max_size=4,
    ),
    indent=st.sampled_from([None, 1]),
)
def test_only_the_context_of_the_message_ever_changes(params: Any, indent: int | None) -> None:
    expected = json.loads(json.dumps(rpc("ping", params)))
    meta = params.get("_meta")
    if carries_trace(meta):
        expected["params"]["_meta"]["traceparent"] = OURS
    text = json.dumps(rpc("ping", params), indent=indent)
    assert json.loads(retraced(text, OURS, int(carries_trace(meta)))) == expected


@pytest.mark.parametrize(
    "argument", ["traceparent", '"traceparent"', '"traceparent', '\\"traceparent":', '"tracestate"']
)
@pytest.mark.parametrize("first", [True, False], ids=["before", "behind"])
def test_what_only_looks_like_a_context_is_left_alone(argument: str, first: bool) -> None:
    arguments = {"a": argument, argument: argument, "traceparent": OTHER}
    meta = {"_meta": {"traceparent": PARENT, argument: PARENT}}
    params = {"arguments": arguments, **meta} if first else {**meta, "arguments": arguments}
    text = json.dumps(rpc("tools/call", params))
    changed = json.loads(text)
    changed["params"]["_meta"]["traceparent"] = OURS
    assert json.loads(retraced(text, OURS, 1)) == changed


def test_a_request_with_a_context_can_carry_ours_without_the_digests_of_its_body() -> None:
    lines = (*JSON, ("digest", "sha-256=x"), ("content-md5", "y"))
    result = read(traced(PARENT), lines)
    assert (result.body, result.drop_headers) == (None, ())
    assert result.retraced is not None
    forwarded = result.retraced(OURS)
    assert forwarded.body == encode(traced(OURS))
    assert forwarded.drop_headers == ("digest", "content-md5")


def test_a_request_without_a_context_stays_as_it_is() -> None:
    assert read(rpc("tools/call", CALL)).retraced is None
    assert read(rpc("tools/call", {**CALL, "_meta": {"tracestate": "v=1"}})).retraced is None


def test_a_batch_has_the_first_context_and_links_the_others() -> None:
    version = (*JSON, ("mcp-protocol-version", "2025-03-26"))
    messages = [rpc("ping"), traced(PARENT, 2, tracestate="v=1"), traced(OTHER, 3), traced("x", 4)]
    result = read([*messages, notify("notifications/cancelled", {"requestId": 1})], version)
    assert result.trace == {"traceparent": PARENT, "tracestate": "v=1"}
    assert result.linked == (OTHER,)
    assert result.retraced is not None
    body = json.loads(result.retraced(OURS).body or b"")
    assert [one.get("params", {}).get("_meta", {}).get("traceparent") for one in body] == [
        None,
        OURS,
        OURS,
        OURS,
        None,
    ]
