"""Metrics of A2A. OpenTelemetry has conventions for its spans only; this histogram is named and
bounded like that of MCP, with the attributes of those spans."""

from prometheus_client import CollectorRegistry, Histogram

from gateway.telemetry import buckets
from gateway.telemetry.operation import Operation
from gateway.telemetry.series import Series


class A2aMetrics:
    """Durations of A2A operations; the agent is the backend."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.duration = Histogram(
            "a2a_server_operation_duration_seconds",
            "A2A operations whose end the gateway saw.",
            [
                "route",
                "a2a_method_name",
                "a2a_protocol_version",
                "gen_ai_agent_name",
                "error_type",
            ],
            buckets=buckets.OPERATION,
            registry=registry,
        )
        self._duration = Series(self.duration)

    def ended(self, done: Operation, seconds: float) -> None:
        """An operation ended this long after its request came."""
        self._duration(done.route, done.method, done.version, done.backend, done.error).observe(
            seconds
        )
