"""An OpenTelemetry collector in the test's own process: OTLP over gRPC, spans kept in memory."""

import contextlib
import time
from collections.abc import Generator
from concurrent import futures
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1.trace_pb2 import Span

ADD_SERVICER = "add_TraceServiceServicer_to_server"
"""Untyped upstream."""


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps every span that arrives."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.address = ""

    def Export(  # noqa: N802  the name that the generated code calls
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: Any
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        """Take a batch."""
        del context
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        return trace_service_pb2.ExportTraceServiceResponse()

    def wait_for(self, count: int, seconds: float = 15.0) -> list[Span]:
        """At least `count` spans; AssertionError if they do not come."""
        deadline = time.monotonic() + seconds
        while len(self.spans) < count:
            assert time.monotonic() < deadline, f"{len(self.spans)} spans"
            time.sleep(0.02)
        return list(self.spans)


@contextlib.contextmanager
def collector() -> Generator[Collector]:
    """A collector on a free port for the length of the block."""
    servicer = Collector()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    add_to: Any = getattr(trace_service_pb2_grpc, ADD_SERVICER)
    add_to(servicer, server)
    servicer.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield servicer
    finally:
        server.stop(0).wait()
