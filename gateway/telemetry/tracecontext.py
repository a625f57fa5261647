"""W3C Trace Context: what a client says of its trace, and what a backend is told of ours.

A context comes in HTTP headers and, over MCP, in `params._meta` of each message (SEP-414). A broken
one restarts the trace (section 3.2) and refuses nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from opentelemetry.trace import SpanContext, TraceFlags

from gateway.model.head import Headers
from gateway.model.traceparent import TRACEPARENT_FORM, same_trace

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"


def context_of(traceparent: str | None) -> SpanContext | None:
    """A valid W3C traceparent as a remote context, else None."""
    match = TRACEPARENT_FORM.fullmatch(traceparent or "")
    if match is None:
        return None
    return SpanContext(
        trace_id=int(match[1], 16),
        span_id=int(match[2], 16),
        is_remote=True,
        trace_flags=TraceFlags(int(match[3], 16)),
    )


def traceparent_of(context: SpanContext) -> str:
    """A context as its traceparent."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


@dataclass(frozen=True, slots=True)
class Received:
    """The contexts that a request came with. `parent` is that of its (first) message, else that of
    its headers; `links` are all others, which the span would lose otherwise."""

    parent: SpanContext | None
    links: tuple[SpanContext, ...] = ()


def parent_of(headers: Headers, meta: Mapping[str, str]) -> SpanContext | None:
    """The context that comes first: that of the message."""
    return context_of(meta.get(TRACEPARENT)) or context_of(_only(headers, TRACEPARENT))


def received(headers: Headers, meta: Mapping[str, str], further: tuple[str, ...]) -> Received:
    """The contexts in `headers`, in the context `meta` of the first message that has one, and in
    the traceparents of `further` messages of a batch."""
    found = [context_of(meta.get(TRACEPARENT)), context_of(_only(headers, TRACEPARENT))]
    found += [context_of(one) for one in further]
    valid = [one for one in found if one is not None]
    if not valid:
        return Received(None)
    parent, *others = valid
    links = {(one.trace_id, one.span_id): one for one in others}
    links.pop((parent.trace_id, parent.span_id), None)
    return Received(parent, tuple(links.values()))


@dataclass(frozen=True, slots=True)
class Propagated:
    """What goes upstream: `traceparent` in headers and messages. `tracestate` replaces the header
    of that name, "" removes it and None leaves it as the client sent it."""

    traceparent: str
    tracestate: str | None = None


def propagated(context: SpanContext, headers: Headers, meta: Mapping[str, str]) -> Propagated:
    """Our `context` for the backend. A tracestate belongs to the trace that it came with, and goes
    on in no other one."""
    ours = traceparent_of(context)
    if TRACESTATE not in headers and TRACESTATE not in meta:
        return Propagated(ours)
    if same_trace(ours, _only(headers, TRACEPARENT)):
        return Propagated(ours)
    state = meta.get(TRACESTATE, "") if same_trace(ours, meta.get(TRACEPARENT)) else ""
    return Propagated(ours, state.strip(" "))


def _only(headers: Headers, name: str) -> str | None:
    """The value of a header, None if it is repeated: readers would disagree on which it is."""
    lines = headers.all(name)
    return lines[0] if len(lines) == 1 else None
