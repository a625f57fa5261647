"""Prometheus metrics. Workers write them to memory-mapped files below the folder that
PROMETHEUS_MULTIPROC_DIR names; the supervisor serves their sum.

Label values come from configuration and from our own tables, never from a client: a client must
not be able to make the number of time series grow.
"""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from gateway.model.usage import Usage
from gateway.telemetry import buckets
from gateway.telemetry.a2a import A2aMetrics
from gateway.telemetry.genai import GenAiMetrics, latest_wanted
from gateway.telemetry.guardrails import GuardrailMetrics
from gateway.telemetry.mcp import McpMetrics
from gateway.telemetry.operation import Operation
from gateway.telemetry.series import Series
from gateway.telemetry.tools import ToolMetrics


class Metrics:
    """The metrics of one worker; one a registry. `latest` adds the newest GenAI metrics (default:
    what the environment says)."""

    def __init__(
        self, registry: CollectorRegistry = REGISTRY, *, latest: bool | None = None
    ) -> None:
        self.requests = Counter(
            "gatehouse_requests_total",
            "Judged requests.",
            ["route", "decision", "reason"],
            registry=registry,
        )
        self.calls = Counter(
            "gatehouse_calls_total",
            "Judged requests by what they ask for.",
            ["route", "protocol", "method", "target", "decision"],
            registry=registry,
        )
        self.judgement = Histogram(
            "gatehouse_judgement_seconds",
            "From a complete request to its verdict.",
            ["route"],
            buckets=buckets.JUDGEMENT,
            registry=registry,
        )
        self.unread = Counter(
            "gatehouse_unread_responses_total",
            "Responses that had to be read and ended before their body came.",
            ["route"],
            registry=registry,
        )
        self.revoked = Counter(
            "gatehouse_revoked_streams_total",
            "Streams cut off because a reload or the end of a credential took their permit.",
            ["route"],
            registry=registry,
        )
        self.faults = Counter(
            "gatehouse_own_faults_total",
            "Judgements that failed or timed out and became refusals.",
            ["kind"],
            registry=registry,
        )
        self.audit_lost = Counter(
            "gatehouse_audit_records_lost_total",
            "Audit records dropped because their sink did not keep up.",
            registry=registry,
        )
        self.trace_lost = Counter(
            "gatehouse_trace_records_lost_total",
            "Records of traces of pools dropped because their file did not keep up.",
            registry=registry,
        )
        self.streams = Gauge(
            "gatehouse_open_streams",
            "ext_proc streams being served.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.guardrails = GuardrailMetrics(registry)
        self.tools = ToolMetrics(registry)
        latest = latest_wanted() if latest is None else latest
        self.models = GenAiMetrics(registry, latest=latest)
        self._by_protocol = {
            "mcp": McpMetrics(registry),
            "a2a": A2aMetrics(registry),
            "openai": self.models,
            "anthropic": self.models,
        }
        self._requests = Series(self.requests)
        self._calls = Series(self.calls)
        self._judgement = Series(self.judgement)

    def count(self, route: str, decision: str, reason: str) -> None:
        """Count a judged request."""
        self._requests(route, decision, reason).inc()

    def count_call(
        self, route: str, protocol: str, method: str, target: str, decision: str
    ) -> None:
        """Count what a judged request asks for; the values are bounded as those of `Operation`."""
        self._calls(route, protocol, method, target, decision).inc()

    def took(self, route: str, seconds: float) -> None:
        """Note how long the judgement of a whole request took, whatever came of it."""
        self._judgement(route).observe(seconds)

    def ended(self, done: Operation, seconds: float) -> None:
        """Note an operation whose end was seen, this long after its request came."""
        metrics = self._by_protocol.get(done.protocol)
        if metrics is not None:
            metrics.ended(done, seconds)

    def answered(self, done: Operation, first_chunk: float | None, usage: Usage | None) -> None:
        """Note what an answer that was read told. `first_chunk` is in seconds after the request,
        None where it was no stream."""
        if self._by_protocol.get(done.protocol) is not self.models:
            return
        if first_chunk is not None and not done.error:
            self.models.began(done, first_chunk)
        self.models.used(done, usage)
