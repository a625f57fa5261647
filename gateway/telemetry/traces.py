"""One span a request, by the MCP conventions of OpenTelemetry GenAI, with W3C propagation.

The parent comes from `params._meta` (SEP-414), else from the HTTP headers, which are linked when
both are there. What goes upstream is our own span, so that the backend's is its child. Names are
kept here: the upstream constants are marked as moved and unstable.
"""

import re
from collections.abc import Mapping
from typing import Final, Protocol

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

TRACEPARENT: Final = "traceparent"
_FORM: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"
)
NAMED_TARGETS: Final = {"tools/call": "gen_ai.tool.name", "prompts/get": "gen_ai.prompt.name"}


def context_of(traceparent: str | None) -> SpanContext | None:
    """A valid W3C traceparent as a remote context, else None."""
    match = _FORM.fullmatch(traceparent or "")
    if match is None:
        return None
    return SpanContext(
        trace_id=int(match[1], 16),
        span_id=int(match[2], 16),
        is_remote=True,
        trace_flags=TraceFlags(int(match[3], 16)),
    )


class Facts(Protocol):
    """What a span tells of its request; the audit record has it all."""

    audit_id: str
    route: str
    method: str
    target: str
    version: str
    decision: str
    policy: str
    rule: str
    reason: str
    status: int
    endpoint: str
    snapshot: int


class RequestSpan(Protocol):
    """The span of one request."""

    trace_id: str
    """32 hex digits, or "" when there is no trace."""
    traceparent: str | None
    """What goes upstream; None leaves the client's header as it is."""

    def end(self, record: Facts, at: float) -> None:
        """Close it at `at` (seconds since the epoch) with what the record says."""
        ...


class Tracing(Protocol):
    """Begins spans."""

    def begin(self, header: str | None, meta: Mapping[str, str], started: float) -> RequestSpan:
        """The span of a request with this traceparent header and `_meta` context."""
        ...

    def shutdown(self) -> None:
        """Export what is queued."""
        ...


class PassedOn:
    """No exporter is configured: contexts pass through, and records still name the trace."""

    __slots__ = ("trace_id", "traceparent")

    def __init__(self, header: str | None, meta: Mapping[str, str]) -> None:
        context = context_of(meta.get(TRACEPARENT)) or context_of(header)
        self.trace_id = f"{context.trace_id:032x}" if context else ""
        self.traceparent: str | None = None

    def end(self, record: Facts, at: float) -> None:
        """Nothing to export."""


class NoTracing:
    """Tracing without an exporter."""

    def begin(self, header: str | None, meta: Mapping[str, str], started: float) -> PassedOn:
        """A span that is not recorded; `started` is not used."""
        del started
        return PassedOn(header, meta)

    def shutdown(self) -> None:
        """Nothing is queued."""


class SdkTracing:
    """Tracing by the OpenTelemetry SDK; `processor` exports."""

    def __init__(self, service_name: str, processor: SpanProcessor) -> None:
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": service_name}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("gatehouse")

    def begin(self, header: str | None, meta: Mapping[str, str], started: float) -> "SdkSpan":
        """A SERVER span that began at `started` (seconds since the epoch)."""
        from_meta, from_header = context_of(meta.get(TRACEPARENT)), context_of(header)
        parent = from_meta or from_header
        links = [Link(from_header)] if from_meta and from_header else []
        span = self._tracer.start_span(
            "request",
            context=trace.set_span_in_context(NonRecordingSpan(parent)) if parent else None,
            kind=SpanKind.SERVER,
            links=links,
            start_time=_nanoseconds(started),
        )
        return SdkSpan(span)

    def shutdown(self) -> None:
        """Export what is queued."""
        self._provider.shutdown()


class SdkSpan:
    """A recorded span."""

    __slots__ = ("_span", "trace_id", "traceparent")

    def __init__(self, span: Span) -> None:
        self._span = span
        context = span.get_span_context()
        self.trace_id = f"{context.trace_id:032x}"
        self.traceparent: str | None = (
            f"00-{self.trace_id}-{context.span_id:016x}-{context.trace_flags:02x}"
        )

    def end(self, record: Facts, at: float) -> None:
        """Name it by method and target (never by a URI: those are unbounded) and close it."""
        label = NAMED_TARGETS.get(record.method)
        target = record.target if label else ""
        self._span.update_name(f"{record.method} {target}".strip() or "request")
        self._span.set_attributes(_attributes(record))
        if label and target:
            self._span.set_attribute(label, target)
        if record.reason:
            self._span.set_attribute("error.type", record.reason)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end(_nanoseconds(at))


def _attributes(record: Facts) -> dict[str, str | int]:
    values: dict[str, str | int] = {
        "mcp.method.name": record.method,
        "mcp.protocol.version": record.version,
        "gatehouse.audit_id": record.audit_id,
        "gatehouse.route": record.route,
        "gatehouse.decision": record.decision,
        "gatehouse.policy": record.policy,
        "gatehouse.rule": record.rule,
        "gatehouse.snapshot": record.snapshot,
        "server.address": record.endpoint.rpartition(":")[0],
        "network.transport": "tcp",
        "http.response.status_code": record.status,
    }
    return {name: value for name, value in values.items() if value}


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
