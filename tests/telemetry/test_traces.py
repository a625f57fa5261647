"""The spans of requests, as an exporter gets them."""

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from gateway.model.call import Call, Kind
from gateway.model.usage import Usage
from gateway.telemetry.traces import NoTracing
from tests.telemetry.stage import Exported, asked, attributes, deframed, record

HEADER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = HEADER[:-2] + "00"
META = {"traceparent": "00-11111111111111111111111111111111-2222222222222222-01"}
OTHER = "00-33333333333333333333333333333333-4444444444444444-01"
CHAT = Call("openai", "chat/completions", Kind.REQUEST, None, "small")


@pytest.fixture
def exported() -> Exported:
    return Exported()


def test_the_context_of_the_message_is_the_parent_and_that_of_the_headers_is_linked(
    exported: Exported,
) -> None:
    message = deframed(trace=META, linked=(OTHER,))
    span = exported.tracing.begin(asked(message, ("traceparent", HEADER)), 1000.0)
    span.end(record(), 1001.5)
    told = exported.span()
    assert told.parent is not None
    assert f"{told.parent.span_id:016x}" == "2222222222222222"
    assert span.trace_id == "1" * 32
    assert [f"{link.context.trace_id:032x}" for link in told.links] == [HEADER[3:35], OTHER[3:35]]


def test_a_request_that_goes_on_unseen_has_one_span_and_that_is_the_backends_parent(
    exported: Exported,
) -> None:
    span = exported.tracing.begin(asked(deframed(), ("traceparent", HEADER)), 1000.0)
    span.end(record(), 1001.0)
    context = exported.span().get_span_context()
    assert len(exported.spans()) == 1
    assert context is not None
    assert span.propagated is not None
    assert span.propagated.traceparent == f"00-{HEADER[3:35]}-{context.span_id:016x}-01"


def test_the_upstream_hop_is_a_child_of_its_own_and_the_backends_parent(
    exported: Exported,
) -> None:
    span = exported.tracing.begin(asked(deframed(), ("traceparent", HEADER)), 1000.0)
    span.forward(1000.25)
    span.end(record(endpoint="10.0.0.1:80", status=200), 1001.0)
    server, hop = exported.span(), exported.span(SpanKind.CLIENT)
    assert hop.parent is not None
    assert hop.parent.span_id == server.get_span_context().span_id  # pyright: ignore[reportOptionalMemberAccess]
    context = hop.get_span_context()
    assert context is not None
    assert span.propagated is not None
    assert span.propagated.traceparent == f"00-{HEADER[3:35]}-{context.span_id:016x}-01"
    assert (hop.start_time, hop.end_time) == (1_000_250_000_000, 1_001_000_000_000)
    assert hop.name == server.name == "tools/call echo"
    assert attributes(hop)["server.address"] == "10.0.0.1"
    assert attributes(hop)["server.port"] == 80
    assert "gatehouse.decision" not in attributes(hop)


def test_a_refusal_is_an_error_with_what_decided_it(exported: Exported) -> None:
    exported.tracing.begin(asked(deframed()), 1000.0).end(
        record(
            decision="refuse", reason="denied", policy="p", rule="r", peer="[::1]:4", status=200
        ),
        1001.5,
    )
    told = exported.span()
    assert told.status.status_code is StatusCode.ERROR
    assert told.status.description is None
    assert (
        attributes(told).items()
        >= {
            "gen_ai.tool.name": "echo",
            "error.type": "-31403",
            "rpc.response.status_code": "-31403",
            "gatehouse.reason": "denied",
            "gatehouse.policy": "p",
            "gatehouse.rule": "r",
            "client.address": "::1",
            "client.port": 4,
        }.items()
    )
    assert (told.start_time, told.end_time) == (1_000_000_000_000, 1_001_500_000_000)


def test_a_refusal_that_was_no_message_is_a_span_of_http(exported: Exported) -> None:
    exported.tracing.begin(asked(None), 1.0).end(record(reason="parse_error"), 2.0)
    assert exported.span().name == "POST /mcp"
    assert attributes(exported.span())["error.type"] == "-32700"


@pytest.mark.parametrize(
    ("fields", "cut", "error"),
    [
        ({"status": 404}, "", "404"),
        ({"status": 200}, "revoked", "revoked"),
        ({"status": 500}, "incomplete", "incomplete"),
        ({"reason": "no_endpoint", "status": 503, "protocol": "openai"}, "", "no_endpoint"),
    ],
)
def test_what_went_wrong_is_on_both_spans(
    exported: Exported, fields: dict[str, object], cut: str, error: str
) -> None:
    span = exported.tracing.begin(asked(deframed()), 1.0)
    span.forward(1.0)
    span.end(record(**fields), 2.0, cut)
    for kind in (SpanKind.SERVER, SpanKind.CLIENT):
        assert attributes(exported.span(kind))["error.type"] == error
        assert exported.span(kind).status.status_code is StatusCode.ERROR


def test_what_went_well_has_no_status(exported: Exported) -> None:
    exported.tracing.begin(asked(deframed()), 1.0).end(record(status=200), 2.0)
    assert exported.span().status.status_code is StatusCode.UNSET
    assert "error.type" not in attributes(exported.span())


def test_tokens_are_on_one_span_only(exported: Exported) -> None:
    span = exported.tracing.begin(asked(deframed(CHAT), protocol="openai"), 1.0)
    span.forward(1.0)
    usage = Usage(input=10, output=3, cached=4, model="small-1", finish="stop")
    span.end(record(protocol="openai", usage=usage, first_chunk=0.25), 2.0)
    assert (
        attributes(exported.span(SpanKind.CLIENT)).items()
        >= {
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 3,
            "gen_ai.usage.cache_read.input_tokens": 4,
            "gen_ai.response.model": "small-1",
            "gen_ai.response.finish_reasons": ("stop",),
            "gen_ai.response.time_to_first_chunk": 0.25,
        }.items()
    )
    assert not [name for name in attributes(exported.span()) if "usage" in name]


def test_a_trace_that_a_client_does_not_record_passes_untouched(exported: Exported) -> None:
    span = exported.tracing.begin(asked(deframed(), ("traceparent", UNSAMPLED)), 1.0)
    span.forward(1.0)
    span.end(record(), 2.0)
    assert exported.spans() == ()
    assert span.propagated is None
    assert span.trace_id == HEADER[3:35]


def test_a_trace_that_a_client_records_is_recorded_whatever_the_ratio() -> None:
    exported = Exported(ratio=0.0)
    exported.tracing.begin(asked(deframed(), ("traceparent", HEADER)), 1.0).end(record(), 2.0)
    assert len(exported.spans()) == 1


def test_a_trace_that_is_not_recorded_here_is_told_so_to_the_backend() -> None:
    exported = Exported(ratio=0.0)
    span = exported.tracing.begin(asked(deframed()), 1.0)
    span.forward(1.0)
    span.end(record(), 2.0)
    assert exported.spans() == ()
    assert span.propagated is not None
    assert span.propagated.traceparent.startswith(f"00-{span.trace_id}-")
    assert not int(span.propagated.traceparent[-2:], 16) & 1


def test_a_broken_context_begins_a_new_trace(exported: Exported) -> None:
    exported.tracing.begin(asked(deframed(), ("traceparent", HEADER + ",x")), 1.0).end(
        record(), 2.0
    )
    assert exported.span().parent is None


def test_without_an_exporter_the_trace_is_still_named_and_headers_stay() -> None:
    span = NoTracing().begin(asked(deframed(), ("traceparent", HEADER)), 1.0)
    assert span.trace_id == HEADER[3:35]
    assert span.propagated is None
    span.end(record(), 2.0)
    assert NoTracing().begin(asked(deframed(trace=META)), 1.0).trace_id == "1" * 32
