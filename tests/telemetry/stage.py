"""Requests whose spans are looked at, and where finished spans are kept."""

from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from gateway.audit.record import Record
from gateway.model.call import Call, Deframed, Kind
from gateway.model.head import Headers, RequestHead
from gateway.policy.names import KnownNames
from gateway.telemetry.asked import Asked
from gateway.telemetry.traces import SdkTracing

NAMES = KnownNames(
    tools=frozenset({"echo"}), prompts=frozenset({"review"}), models=frozenset({"small"})
)
ECHO = Call("mcp", "tools/call", Kind.REQUEST, 7, "echo", "2025-11-25")


class Exported:
    """Tracing of which every finished span is kept."""

    def __init__(self, ratio: float = 1.0) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracing = SdkTracing("test", SimpleSpanProcessor(self._exporter), ratio)

    def spans(self) -> tuple[ReadableSpan, ...]:
        """All that have ended."""
        return self._exporter.get_finished_spans()

    def span(self, kind: SpanKind = SpanKind.SERVER) -> ReadableSpan:
        """The only one of a kind."""
        (span,) = [one for one in self.spans() if one.kind is kind]
        return span


def record(**fields: Any) -> Record:
    """A record of a request that came at 1000.0."""
    filled = Record("audit", 1000.0, 3, "digest")
    for name, value in {"protocol": "mcp", "route": "triage", **fields}.items():
        setattr(filled, name, value)
    return filled


def deframed(*calls: Call, **fields: Any) -> Deframed:
    """A message of some calls, or the call of the tool `echo`."""
    return Deframed(calls or (ECHO,), **fields)


def asked(
    message: Deframed | None,
    *lines: tuple[str, str],
    protocol: str = "mcp",
    method: str = "POST",
) -> Asked:
    """A request with these header lines on the route /mcp to the backend tracker."""
    head = RequestHead(method, "/mcp?q=1", headers=Headers(lines))
    return Asked(head, message, protocol, "/mcp", "tracker", NAMES)


def attributes(span: ReadableSpan) -> Mapping[str, Any]:
    """What a span says."""
    return dict(span.attributes or {})
