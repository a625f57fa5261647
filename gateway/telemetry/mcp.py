"""Metrics of MCP by the conventions of OpenTelemetry (semantic-conventions-genai, mcp.md).

Names are translated to Prometheus as OpenTelemetry's exporters do it: dots to underscores, the unit
behind. A gateway is the server of its clients.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Histogram

from gateway.telemetry import buckets
from gateway.telemetry.conventions import EXECUTE_TOOL
from gateway.telemetry.operation import Operation
from gateway.telemetry.series import Series

CALL_TOOL: Final = "tools/call"
GET_PROMPT: Final = "prompts/get"
OUTSIDE: Final = frozenset({"GET", "DELETE", "response"})
"""No requests and no notifications of MCP, so no operations."""


class McpMetrics:
    """Durations of MCP operations."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.duration = Histogram(
            "mcp_server_operation_duration_seconds",
            "MCP operations whose end the gateway saw.",
            [
                "route",
                "mcp_method_name",
                "mcp_protocol_version",
                "gen_ai_operation_name",
                "gen_ai_tool_name",
                "gen_ai_prompt_name",
                "error_type",
                "rpc_response_status_code",
            ],
            buckets=buckets.OPERATION,
            registry=registry,
        )
        self._duration = Series(self.duration)

    def ended(self, done: Operation, seconds: float) -> None:
        """An operation ended this long after its request came."""
        method = done.method
        if method in OUTSIDE:
            return
        calls = method == CALL_TOOL
        self._duration(
            done.route,
            method,
            done.version,
            EXECUTE_TOOL if calls else "",
            done.target if calls else "",
            done.target if method == GET_PROMPT else "",
            done.error,
            done.status,
        ).observe(seconds)
