"""Source: OpenTelemetry GenAI, docs/gen-ai/mcp.md, as Prometheus has it."""

import pytest

from tests.telemetry.metered import Metered, operation

NAME = "mcp_server_operation_duration_seconds"


def test_the_call_of_a_tool_is_told_with_its_name() -> None:
    metered = Metered()
    metered.metrics.ended(operation(), 0.3)
    assert metered.labels(f"{NAME}_sum") == {
        "route": "triage",
        "mcp_method_name": "tools/call",
        "mcp_protocol_version": "2025-11-25",
        "gen_ai_operation_name": "execute_tool",
        "gen_ai_tool_name": "get_issue",
    }
    assert metered.value(f"{NAME}_sum") == 0.3


def test_a_prompt_is_told_by_its_own_label() -> None:
    metered = Metered()
    metered.metrics.ended(operation(method="prompts/get", target="review"), 1.0)
    labels = metered.labels(f"{NAME}_sum")
    assert labels["gen_ai_prompt_name"] == "review"
    assert not {"gen_ai_tool_name", "gen_ai_operation_name"} & set(labels)


def test_a_refusal_is_told_by_its_code() -> None:
    metered = Metered()
    metered.metrics.ended(operation(error="-31403", status="-31403"), 0.001)
    labels = metered.labels(f"{NAME}_sum")
    assert (labels["error_type"], labels["rpc_response_status_code"]) == ("-31403", "-31403")


def test_buckets_are_those_of_the_conventions() -> None:
    metered = Metered()
    metered.metrics.ended(operation(), 0.3)
    wanted = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]
    assert metered.bounds(NAME) == wanted


@pytest.mark.parametrize("method", ["GET", "DELETE", "response"])
def test_what_is_no_request_of_mcp_is_no_operation(method: str) -> None:
    metered = Metered()
    metered.metrics.ended(operation(method=method), 1.0)
    assert metered.value(f"{NAME}_count") == 0
