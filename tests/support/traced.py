"""Runs a module with the OpenTelemetry SDK set up, so that what it instruments is exported.

    python -m tests.support.traced HOST:PORT SERVICE MODULE [ARGUMENT...]

Spans go to the collector at HOST:PORT as they end. A process can be set up once and for all it
does, which is why it is one of its own and not that of the tests.
"""

import runpy
import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor


def main() -> None:
    """Export to the first argument, and be the program that the others are."""
    address, service, module, *rest = sys.argv[1:]
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=f"http://{address}", insecure=True)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
