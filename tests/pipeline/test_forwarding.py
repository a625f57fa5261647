"""How a permitted request goes on."""

import base64

from gateway.audit.record import Record
from gateway.model.call import Call, Deframed, Kind
from gateway.model.verdict import Forward
from gateway.pipeline.forwarding import forward
from gateway.pipeline.response import ResponsePlan
from gateway.protocols.base import Reading
from gateway.sessions.session_id import BoundSession
from gateway.telemetry.traces import PassedOn, RequestSpan

CALL = Call("mcp", "tools/call", Kind.REQUEST, 7)
MESSAGE = Deframed((CALL,))
UNREAD = ResponsePlan()


class Traced:
    """A span that continues a trace."""

    trace_id = "a" * 32
    traceparent: str | None = f"00-{'a' * 32}-{'b' * 16}-01"

    def end(self, record: object, at: float) -> None:
        """Not asked for here."""


def on(
    message: Deframed = MESSAGE,
    bound: BoundSession | None = None,
    plan: ResponsePlan = UNREAD,
    span: RequestSpan | None = None,
) -> Forward:
    return forward(message, bound, plan, span, Record("audit", 0.0, 1, "digest"))


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
    assert ("traceparent", Traced.traceparent) in on(span=Traced()).mutation.set
    assert on(span=PassedOn(None, {})).mutation.set == ()


def test_a_response_that_lasts_is_watched() -> None:
    assert on(plan=ResponsePlan(needs_head=True, lasts=True)).lasts
