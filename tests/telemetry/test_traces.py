from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from gateway.audit.record import Record
from gateway.telemetry.traces import NoTracing, SdkTracing, context_of

HEADER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
META = {"traceparent": "00-11111111111111111111111111111111-2222222222222222-01"}


class Exported:
    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracing = SdkTracing("test", SimpleSpanProcessor(self._exporter))

    def span(self) -> ReadableSpan:
        (span,) = self._exporter.get_finished_spans()
        return span


@pytest.fixture
def exported() -> Iterator[Exported]:
    exported = Exported()
    yield exported
    exported.tracing.shutdown()


def record(**fields: str) -> Record:
    filled = Record("audit", 1000.0, 3, "digest")
    for name, value in {"method": "tools/call", "target": "echo", **fields}.items():
        setattr(filled, name, value)
    return filled


def test_the_context_of_the_message_is_the_parent_and_that_of_the_headers_is_linked(
    exported: Exported,
) -> None:
    span = exported.tracing.begin(HEADER, META, 1000.0)
    span.end(record(), 1001.5)
    told = exported.span()
    assert told.parent is not None
    assert f"{told.parent.span_id:016x}" == "2222222222222222"
    assert span.trace_id == "1" * 32
    assert [f"{link.context.trace_id:032x}" for link in told.links] == [HEADER[3:35]]


def test_what_goes_upstream_is_our_own_span(exported: Exported) -> None:
    span = exported.tracing.begin(HEADER, {}, 1000.0)
    span.end(record(), 1001.0)
    context = exported.span().get_span_context()
    assert context is not None
    assert span.traceparent == f"00-{HEADER[3:35]}-{context.span_id:016x}-01"


def test_a_span_is_named_by_method_and_tool_and_carries_the_decision(exported: Exported) -> None:
    exported.tracing.begin(None, {}, 1000.0).end(
        record(decision="refuse", reason="denied", policy="p", rule="r"), 1001.5
    )
    told = exported.span()
    assert told.name == "tools/call echo"
    assert told.kind is SpanKind.SERVER
    assert told.status.status_code is StatusCode.ERROR
    assert (
        dict(told.attributes or {}).items()
        >= {
            "gen_ai.tool.name": "echo",
            "error.type": "denied",
            "gatehouse.policy": "p",
        }.items()
    )
    assert told.end_time is not None
    assert told.start_time is not None
    assert told.end_time - told.start_time == 1_500_000_000


def test_a_uri_is_never_in_the_name_of_a_span(exported: Exported) -> None:
    exported.tracing.begin(None, {}, 1.0).end(
        record(method="resources/read", target="file:///secret"), 2.0
    )
    assert exported.span().name == "resources/read"


@pytest.mark.parametrize(
    "broken",
    [
        None,
        "",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        HEADER.upper(),
        HEADER + ",x",
    ],
)
def test_a_broken_context_begins_a_new_trace(broken: str | None, exported: Exported) -> None:
    assert context_of(broken) is None
    exported.tracing.begin(broken, {}, 1.0).end(record(), 2.0)
    assert exported.span().parent is None


def test_without_an_exporter_the_trace_is_still_named_and_headers_stay() -> None:
    span = NoTracing().begin(HEADER, {}, 1.0)
    assert span.trace_id == HEADER[3:35]
    assert span.traceparent is None
    span.end(record(), 2.0)
    assert NoTracing().begin(None, META, 1.0).trace_id == "1" * 32
