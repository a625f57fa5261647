"""An OpenTelemetry collector in the test's own process: OTLP over gRPC, spans kept in memory."""

import contextlib
import time
from collections.abc import Generator
from concurrent import futures
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

ADD_SERVICER = "add_TraceServiceServicer_to_server"
"""Untyped upstream."""


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps every span that arrives, and again by the name of the service that it is of."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.by_service: dict[str, list[Span]] = {}
        self.address = ""

    def Export(  # noqa: N802  the name that the generated code calls
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: Any
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        """Take a batch."""
        del context
        for sent in request.resource_spans:
            told = {item.key: item.value.string_value for item in sent.resource.attributes}
            of_service = self.by_service.setdefault(told.get("service.name", ""), [])
            for scope in sent.scope_spans:
                of_service.extend(scope.spans)
                self.spans.extend(scope.spans)
        return trace_service_pb2.ExportTraceServiceResponse()

    def wait_for(self, count: int, seconds: float = 15.0) -> list[Span]:
        """At least `count` spans; AssertionError if they do not come."""
        deadline = time.monotonic() + seconds
        while len(self.spans) < count:
            assert time.monotonic() < deadline, f"{len(self.spans)} spans"
            time.sleep(0.02)
        return list(self.spans)

    def of(self, service: str, trace: str, count: int = 1, seconds: float = 15.0) -> list[Span]:
        """The spans of a service in the trace of this id (32 hex digits), in the order in which
        they began, once there are `count`; AssertionError if they do not come."""
        deadline = time.monotonic() + seconds
        while True:
            spans = list(self.by_service.get(service, ()))
            found = [one for one in spans if one.trace_id.hex() == trace]
            if len(found) >= count:
                return sorted(found, key=lambda one: one.start_time_unix_nano)
            seen = {key: [one.name for one in value] for key, value in self.by_service.items()}
            assert time.monotonic() < deadline, f"not {count} of {service} in {trace}: {seen}"
            time.sleep(0.02)


def attributes(span: Span) -> dict[str, Any]:
    """What a span says, by name."""
    return {item.key: _value(item.value) for item in span.attributes}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return None if kind is None else getattr(value, kind)


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
