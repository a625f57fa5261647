"""Spans to an OpenTelemetry collector over OTLP/gRPC."""

import threading
from typing import Final

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

FLUSH_SECONDS: Final = 0.5
"""What spans that are still queued get at the end: the supervisor allows a worker a second beyond
its drain, and then kills it."""


class _Processor(BatchSpanProcessor):
    """Ends in time, also when the collector does not answer: upstream waits half a minute."""

    def __init__(self, exporter: SpanExporter) -> None:
        super().__init__(exporter)
        self._exporter = exporter

    def shutdown(self) -> None:
        """Export what is queued, within `FLUSH_SECONDS`."""
        end = threading.Timer(FLUSH_SECONDS, self._exporter.shutdown)
        end.daemon = True
        end.start()
        try:
            super().shutdown()
        finally:
            end.cancel()


def otlp_processor(endpoint: str) -> SpanProcessor:
    """Exports in batches from a thread of its own to `endpoint` (host:port, without TLS).

    A collector that is down costs dropped spans, never a request: the queue is bounded.
    """
    return _Processor(OTLPSpanExporter(endpoint=f"http://{endpoint}", insecure=True, timeout=5))
