"""How a permitted request goes on: its headers, its body, what Envoy is told. No I/O, no clock."""

from typing import Final

from gateway.audit.record import Record
from gateway.model.call import Deframed
from gateway.model.verdict import Forward, Mutation
from gateway.pipeline.response import ResponsePlan
from gateway.pipeline.told import told
from gateway.sessions.placement import binding
from gateway.sessions.session_id import BoundSession
from gateway.telemetry.traces import TRACEPARENT, RequestSpan

SESSION_HEADER: Final = "mcp-session-id"
RESUME_HEADER: Final = "last-event-id"


def forward(
    message: Deframed,
    bound: BoundSession | None,
    plan: ResponsePlan,
    span: RequestSpan | None,
    record: Record,
) -> Forward:
    """The request as its backend gets it; `bound` is the session that it belongs to."""
    remove = [*message.drop_headers]
    headers = [*message.set_headers]
    if bound is not None:
        headers += [(SESSION_HEADER, bound.upstream_id), *binding(bound.endpoint)]
    if plan.resume is not None:
        headers.append((RESUME_HEADER, plan.resume))
    if plan.reads:
        remove.append("accept-encoding")
    if span is not None and span.traceparent is not None:
        headers.append((TRACEPARENT, span.traceparent))
    return Forward(
        Mutation(tuple(headers), tuple(remove)),
        message.body,
        response_headers=plan.needs_head,
        metadata=told(record, message),
        lasts=plan.lasts,
    )
