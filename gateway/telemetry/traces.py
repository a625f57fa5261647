"""A SERVER span for each request and a CLIENT span for its upstream hop, with W3C propagation.

The parent comes from `params._meta` (SEP-414), else from the HTTP headers, which are linked when
both are there. What goes upstream is the CLIENT span where there is one: only where something of
the response comes through the gateway, since its end is not known otherwise. The SERVER span of
such a request ends with the verdict, and is the backend's parent.
"""

from dataclasses import replace
from typing import Protocol

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, Tracer
from opentelemetry.trace.status import Status, StatusCode

from gateway.telemetry.asked import Asked, Facts
from gateway.telemetry.conventions import ERROR_TYPE
from gateway.telemetry.spans.description import Attributes
from gateway.telemetry.spans.request import client_outcome, describe, server_outcome
from gateway.telemetry.tracecontext import (
    Propagated,
    Received,
    parent_of,
    propagated,
    received,
    traceparent_of,
)


class RequestSpan(Protocol):
    """The spans of one request."""

    trace_id: str
    """32 hex digits, or "" when there is no trace."""
    propagated: Propagated | None
    """What goes upstream; None leaves what the client sent as it is."""

    def forward(self, at: float) -> None:
        """The request goes upstream at `at` (seconds since the epoch), and something of its
        response will be seen."""
        ...

    def end(self, facts: Facts, at: float, cut: str = "") -> None:
        """Close them at `at` with what became of the request; `cut` says in a word why its
        response has no end."""
        ...


class Tracing(Protocol):
    """Begins spans."""

    def begin(self, asked: Asked, started: float) -> RequestSpan:
        """The span of a request that came at `started` (seconds since the epoch)."""
        ...

    def shutdown(self) -> None:
        """Export what is queued."""
        ...


class PassedOn:
    """Nothing is exported: contexts pass through, and records still name the trace."""

    __slots__ = ("propagated", "trace_id")

    def __init__(self, parent: SpanContext | None, upstream: Propagated | None = None) -> None:
        self.trace_id = f"{parent.trace_id:032x}" if parent else ""
        self.propagated = upstream

    def forward(self, at: float) -> None:
        """Nothing begins."""

    def end(self, facts: Facts, at: float, cut: str = "") -> None:
        """Nothing to export."""


class NoTracing:
    """Tracing without an exporter."""

    def begin(self, asked: Asked, started: float) -> PassedOn:
        """A span that is not recorded; `started` is not used."""
        del started
        message = asked.message
        return PassedOn(parent_of(asked.head.headers, {} if message is None else message.trace))

    def shutdown(self) -> None:
        """Nothing is queued."""


class SdkTracing:
    """Tracing by the OpenTelemetry SDK; `processor` exports. `ratio` (0 to 1) of the traces that
    begin here are recorded; of those that a client began it says itself which are."""

    def __init__(self, service_name: str, processor: SpanProcessor, ratio: float = 1.0) -> None:
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": service_name}),
            sampler=ParentBased(TraceIdRatioBased(ratio)),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("gatehouse")

    def begin(self, asked: Asked, started: float) -> RequestSpan:
        """A SERVER span. What is not sampled costs no more than the decision: a client's context
        passes through, and a trace that would begin here is told to be none."""
        came = _received(asked)
        if came.parent is not None and not came.parent.trace_flags.sampled:
            return PassedOn(came.parent)
        span = self._tracer.start_span(
            "request",
            context=None if came.parent is None else _within(NonRecordingSpan(came.parent)),
            kind=SpanKind.SERVER,
            links=[Link(one) for one in came.links],
            start_time=_nanoseconds(started),
        )
        if span.is_recording():
            return SdkSpan(self._tracer, span, asked)
        context = span.get_span_context()
        return PassedOn(context, _propagated(context, asked))

    def shutdown(self) -> None:
        """Export what is queued."""
        self._provider.shutdown()


class SdkSpan:
    """A recorded SERVER span, and the CLIENT span within it once the request goes upstream."""

    __slots__ = ("_client", "_described", "_server", "_tracer", "propagated", "trace_id")

    def __init__(self, tracer: Tracer, server: Span, asked: Asked) -> None:
        self._tracer = tracer
        self._server = server
        self._client: Span | None = None
        self._described = describe(asked)
        server.update_name(self._described.name)
        server.set_attributes(self._described.attributes)
        context = server.get_span_context()
        self.trace_id = f"{context.trace_id:032x}"
        self.propagated: Propagated | None = _propagated(context, asked)

    def forward(self, at: float) -> None:
        """Begin the CLIENT span, which is the backend's parent from now on."""
        self._client = self._tracer.start_span(
            self._described.name,
            context=_within(self._server),
            kind=SpanKind.CLIENT,
            attributes=self._described.attributes,
            start_time=_nanoseconds(at),
        )
        if self.propagated is not None:
            ours = traceparent_of(self._client.get_span_context())
            self.propagated = replace(self.propagated, traceparent=ours)

    def end(self, facts: Facts, at: float, cut: str = "") -> None:
        """Close both."""
        if self._client is not None:
            _close(self._client, client_outcome(facts, cut), at)
        _close(self._server, server_outcome(facts, cut), at)


def _received(asked: Asked) -> Received:
    message = asked.message
    if message is None:
        return received(asked.head.headers, {}, ())
    return received(asked.head.headers, message.trace, message.linked)


def _propagated(context: SpanContext, asked: Asked) -> Propagated:
    message = asked.message
    return propagated(context, asked.head.headers, {} if message is None else message.trace)


def _within(parent: Span) -> Context:
    return trace.set_span_in_context(parent)


def _close(span: Span, outcome: Attributes, at: float) -> None:
    """The description of the status is left out: a message may quote what a client sent."""
    span.set_attributes(outcome)
    if ERROR_TYPE in outcome:
        span.set_status(Status(StatusCode.ERROR))
    span.end(_nanoseconds(at))


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
