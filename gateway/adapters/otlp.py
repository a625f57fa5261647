"""Spans to an OpenTelemetry collector over OTLP/gRPC."""

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def otlp_processor(endpoint: str) -> SpanProcessor:
    """Exports in batches from a thread of its own to `endpoint` (host:port, without TLS).

    A collector that is down costs dropped spans, never a request: the queue is bounded.
    """
    return BatchSpanProcessor(
        OTLPSpanExporter(endpoint=f"http://{endpoint}", insecure=True, timeout=5)
    )
