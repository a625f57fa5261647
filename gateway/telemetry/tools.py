"""What is counted of tools of MCP servers that are not what was reviewed. Label values are names of
backends and of our own reasons."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter

from gateway.telemetry.series import Series


class ToolMetrics:
    """The metrics of one worker."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.refused = Counter(
            "gatehouse_tool_calls_refused_total",
            "Calls of tools that are not what was reviewed.",
            ["backend", "reason"],
            registry=registry,
        )
        self.left_out = Counter(
            "gatehouse_tools_left_out_total",
            "Tools that were left out of lists, as they are not what was reviewed.",
            ["backend", "reason"],
            registry=registry,
        )
        self._refused = Series(self.refused)
        self._left_out = Series(self.left_out)

    def count(self, backend: str, refused: str, left_out: Mapping[str, int]) -> None:
        """Count what one exchange came upon: why its call was refused ("": it was not), and how
        many tools were left out of its lists, by why."""
        if refused:
            self._refused(backend, refused).inc()
        for reason, tools in left_out.items():
            self._left_out(backend, reason).inc(tools)
