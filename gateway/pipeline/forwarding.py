"""How a permitted request goes on: its headers, its body, what Envoy is told. No I/O, no clock."""

from typing import Final

from gateway.model.call import Deframed
from gateway.model.jsonvalue import JsonObject
from gateway.model.verdict import Forward, Mutation
from gateway.pipeline.response import SESSION_HEADER, ResponsePlan
from gateway.sessions.placement import binding
from gateway.sessions.session_id import BoundSession
from gateway.telemetry.tracecontext import TRACEPARENT, TRACESTATE, Propagated

RESUME_HEADER: Final = "last-event-id"


def forward(
    message: Deframed,
    bound: BoundSession | None,
    plan: ResponsePlan,
    traced: Propagated | None,
    metadata: JsonObject,
) -> Forward:
    """The request as its backend gets it; `bound` is the session that it belongs to, `traced` the
    trace context that takes the place of the client's, `metadata` what Envoy is told."""
    if traced is not None and message.retraced is not None:
        message = message.retraced(traced.traceparent)
    remove = [*message.drop_headers]
    headers = [*message.set_headers]
    if bound is not None:
        headers += [(SESSION_HEADER, bound.upstream_id), *binding(bound.endpoint)]
    if plan.resume is not None:
        headers.append((RESUME_HEADER, plan.resume))
    if plan.reads:
        remove.append("accept-encoding")
    if traced is not None:
        headers.append((TRACEPARENT, traced.traceparent))
        if traced.tracestate:
            headers.append((TRACESTATE, traced.tracestate))
        elif traced.tracestate is not None:
            remove.append(TRACESTATE)
    return Forward(
        Mutation(tuple(headers), tuple(remove)),
        message.body,
        response_headers=plan.needs_head,
        metadata=metadata,
        lasts=plan.lasts,
    )
