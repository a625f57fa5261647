"""How a permitted request goes on."""

import base64
from dataclasses import replace

from gateway.model.call import Call, Deframed, Kind
from gateway.model.verdict import Forward
from gateway.pipeline.forwarding import forward
from gateway.pipeline.response import ResponsePlan
from gateway.protocols.base import Reading
from gateway.sessions.session_id import BoundSession
from gateway.telemetry.tracecontext import Propagated

CALL = Call("mcp", "tools/call", Kind.REQUEST, 7)
MESSAGE = Deframed((CALL,))
UNREAD = ResponsePlan()
TRACED = Propagated(f"00-{'a' * 32}-{'b' * 16}-01")


def on(
    message: Deframed = MESSAGE,
    bound: BoundSession | None = None,
    plan: ResponsePlan = UNREAD,
    traced: Propagated | None = None,
) -> Forward:
    return forward(message, bound, plan, traced, {"gatehouse": {"audit_id": "audit"}})


def test_a_request_that_needs_nothing_goes_on_as_it_came() -> None:
    forwarded = on()
    assert (forwarded.mutation.set, forwarded.mutation.remove, forwarded.body) == ((), (), None)
    assert not forwarded.response_headers
    assert not forwarded.lasts


def test_a_bound_request_carries_the_replicas_own_session_and_its_address() -> None:
    lines = dict(on(bound=BoundSession("tracker", "10.0.0.1:80", "own")).mutation.set)
    assert lines["mcp-session-id"] == "own"
    assert base64.b64decode(lines["x-gateway-session-endpoint"]) == b"10.0.0.1:80"


def test_what_the_deframer_changed_goes_on_changed() -> None:
    changed = Deframed(
        (CALL,), b"{}", drop_headers=("content-encoding",), set_headers=(("a", "b"),)
    )
    forwarded = on(changed)
    assert forwarded.body == b"{}"
    assert forwarded.mutation.remove == ("content-encoding",)
    assert forwarded.mutation.set == (("a", "b"),)


def test_a_response_that_is_read_is_asked_for_without_an_encoding() -> None:
    reading = Reading(shows=lambda _method, _name: True, limit=1000)
    assert "accept-encoding" in on(plan=ResponsePlan(reading=reading)).mutation.remove


def test_a_resumed_stream_asks_for_the_event_that_its_server_knows() -> None:
    assert ("last-event-id", "own-7") in on(plan=ResponsePlan(resume="own-7")).mutation.set


def test_the_backends_span_becomes_the_child_of_ours() -> None:
    assert on(traced=TRACED).mutation.set == (("traceparent", TRACED.traceparent),)
    assert on(traced=None).mutation.set == ()


def test_a_tracestate_is_kept_replaced_or_removed_with_its_trace() -> None:
    assert on(traced=TRACED).mutation.remove == ()
    replaced = on(traced=replace(TRACED, tracestate="a=b")).mutation
    assert ("tracestate", "a=b") in replaced.set
    assert on(traced=replace(TRACED, tracestate="")).mutation.remove == ("tracestate",)


def test_messages_that_carry_a_context_carry_ours() -> None:
    def retraced(traceparent: str) -> Deframed:
        return Deframed((CALL,), traceparent.encode(), drop_headers=("digest",))

    carrying = Deframed((CALL,), b"theirs", retraced=retraced)
    forwarded = on(carrying, traced=TRACED)
    assert forwarded.body == TRACED.traceparent.encode()
    assert forwarded.mutation.remove == ("digest",)
    assert on(carrying).body == b"theirs"


def test_a_response_that_lasts_is_watched() -> None:
    assert on(plan=ResponsePlan(needs_head=True, lasts=True)).lasts
