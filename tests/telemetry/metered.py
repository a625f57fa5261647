"""Metrics in a registry of their own, and what is in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from gateway.telemetry.metrics import Metrics
from gateway.telemetry.operation import Operation

Series = tuple[str, frozenset[tuple[str, str]]]


@dataclass
class Metered:
    """Metrics of a worker alone."""

    latest: bool = False
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    metrics: Metrics = field(init=False)

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.registry, latest=self.latest)

    def value(self, sample: str, labels: Mapping[str, str] | None = None) -> float:
        """The sum of the samples with this name and these labels."""
        wanted = (labels or {}).items()
        return sum(
            one.value
            for family in self.registry.collect()
            for one in family.samples
            if one.name == sample and one.labels.items() >= wanted
        )

    def series(self, start: str = "") -> set[Series]:
        """Every series of metrics whose name begins so, without labels that are empty."""
        return {
            (one.name, frozenset(label for label in one.labels.items() if label[1]))
            for family in self.registry.collect()
            for one in family.samples
            if one.name.startswith(start)
        }

    def labels(self, sample: str) -> dict[str, str]:
        """The labels of the only series with this name, those that are empty left out."""
        ((_, labels),) = [one for one in self.series(sample) if one[0] == sample]
        return dict(labels)

    def bounds(self, metric: str) -> list[float]:
        """The bounds of the buckets of a histogram that has one series."""
        found = [
            float(one.labels["le"])
            for family in self.registry.collect()
            for one in family.samples
            if one.name == f"{metric}_bucket"
        ]
        return found[:-1]  # without infinity


def operation(**changes: str) -> Operation:
    """A call of a tool that succeeded."""
    made = Operation(
        route="triage",
        backend="tracker",
        protocol="mcp",
        method="tools/call",
        target="get_issue",
        version="2025-11-25",
        error="",
        status="",
    )
    return made._replace(**changes)
