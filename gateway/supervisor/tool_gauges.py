"""What the supervisor shows of the tools of MCP servers that it looks at."""

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

REASONS: Final = ("unpinned", "changed", "missing")


class ToolGauges:
    """Label values are names of backends and our own reasons."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.failing = Gauge(
            "gatehouse_tool_list_failing",
            "1 while the tools of the backend cannot be listed by the gateway.",
            ["backend"],
            registry=registry,
        )
        self.unlike = Gauge(
            "gatehouse_tools_unlike_pins",
            "Tools of the backend that are not as they were reviewed.",
            ["backend", "reason"],
            registry=registry,
        )

    def show(self, backends: Mapping[str, tuple[bool, Mapping[str, int]]]) -> None:
        """Backends as they are: whether listing fails, and how many tools are unlike their pins, by
        why. Those that are not looked at any more are no longer shown."""
        self.failing.clear()
        self.unlike.clear()
        for name, (failing, unlike) in backends.items():
            self.failing.labels(name).set(failing)
            for reason in REASONS:
                self.unlike.labels(name, reason).set(unlike.get(reason, 0))
