"""Traces through the real path: the client's context, our span, the backend's parent."""

from pathlib import Path

from tests.envoy.test_judged_call import META, call_tool
from tests.support.backends import python_backend
from tests.support.collector import collector
from tests.support.gatehouse import allow, gatehouse

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
IN_META = "00-11111111111111111111111111111111-2222222222222222-01"


def test_one_span_a_request_continues_the_callers_trace(tmp_path: Path) -> None:
    with (
        collector() as spans,
        python_backend(tmp_path / "backend", "a") as backend,
        gatehouse(
            tmp_path / "gateway",
            backends={"tracker": [backend.url]},
            policies=[allow(tools=["echo"])],
            telemetry={"otlp_endpoint": spans.address},
        ) as gateway,
    ):
        assert call_tool(gateway, "echo", 1, traceparent=PARENT).status_code == 200
        assert call_tool(gateway, "delete", 2).status_code == 200
        allowed, refused = sorted(spans.wait_for(2), key=lambda span: span.name, reverse=True)
        records = gateway.wait_for_records(2)
    assert allowed.name == "tools/call echo"
    assert allowed.trace_id.hex() == PARENT[3:35]
    assert allowed.parent_span_id.hex() == PARENT[36:52]
    assert refused.name == "tools/call delete"
    told = {item.key: item.value.string_value for item in refused.attributes}
    assert told["error.type"] == "denied"
    assert {record["trace_id"] for record in records} == {
        allowed.trace_id.hex(),
        refused.trace_id.hex(),
    }


def test_the_context_in_meta_comes_before_that_of_the_headers(tmp_path: Path) -> None:
    with (
        python_backend(tmp_path / "backend", "a") as backend,
        gatehouse(
            tmp_path / "gateway", backends={"tracker": [backend.url]}, policies=[allow()]
        ) as gateway,
    ):
        META["traceparent"] = IN_META
        try:
            assert call_tool(gateway, "echo", 1, traceparent=PARENT).status_code == 200
        finally:
            del META["traceparent"]
        (record,) = gateway.wait_for_records(1)
    assert record["trace_id"] == IN_META[3:35]
