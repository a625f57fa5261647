"""What PromQL asks for, and whether the gateway's metrics can answer it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import promql_parser as promql
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from gateway.supervisor.metrics import SupervisorMetrics
from gateway.telemetry.kv_events import KvEventMetrics
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.picking import PickMetrics
from gateway.telemetry.sharing import ShareMetrics

SCRAPED: Final = frozenset({"instance", "job"})
"""Labels that Prometheus adds."""

COUNTING: Final = frozenset({"rate", "increase", "irate"})
VARIABLES: Final = {"$__rate_interval": "5m", "$__range": "1h"}
"""Of Grafana, with values to parse a query with."""


@dataclass(frozen=True)
class Registered:
    """A metric of the code; `name` is without the endings of its samples."""

    name: str
    kind: str
    labels: frozenset[str]

    @property
    def samples(self) -> dict[str, frozenset[str]]:
        """The labels of each series that Prometheus has of it."""
        match self.kind:
            case "counter":
                return {f"{self.name}_total": self.labels}
            case "histogram":
                plain = {f"{self.name}_sum": self.labels, f"{self.name}_count": self.labels}
                return {**plain, f"{self.name}_bucket": self.labels | {"le"}}
            case _:
                return {self.name: self.labels}

    @property
    def shown(self) -> str:
        """The name under which people know it."""
        return f"{self.name}_total" if self.kind == "counter" else self.name


class Remembering(CollectorRegistry):
    """Knows what was registered."""

    def __init__(self) -> None:
        super().__init__()
        self.collectors: list[Collector] = []

    def register(self, collector: Collector) -> None:
        self.collectors.append(collector)
        super().register(collector)

    def metrics(self) -> Iterator[Registered]:
        for one in self.collectors:
            untyped: Any = one
            (described,) = untyped.describe()
            labels = frozenset(vars(one)["_labelnames"])
            yield Registered(described.name, described.type, labels)


def registered(*, latest: bool = False) -> dict[str, Registered]:
    """Every metric of workers, of who picks and of the supervisor, by the name that people know."""
    registry = Remembering()
    Metrics(registry, latest=latest)
    PickMetrics(registry)
    ShareMetrics(registry)
    KvEventMetrics(registry)
    SupervisorMetrics(registry)
    return {one.shown: one for one in registry.metrics()}


@dataclass
class Query:
    """One expression. `faults` say what it asks for in vain, `metrics` what it reads, and
    `labels` are those that its results can have."""

    text: str
    known: dict[str, Registered]
    faults: list[str] = field(default_factory=list[str])
    metrics: set[str] = field(default_factory=set[str])
    labels: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        text = self.text
        for variable, value in VARIABLES.items():
            text = text.replace(variable, value)
        self._samples = {
            sample: (metric, labels)
            for metric in self.known.values()
            for sample, labels in metric.samples.items()
        }
        self.labels = self._visit(promql.parse(text))

    def _visit(self, node: Any) -> frozenset[str]:
        """The labels of what a part of the expression results in."""
        match node:
            case promql.VectorSelector() | promql.MatrixSelector():
                return self._selected(_vector(node))
            case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
                return self._visit(node.expr)
            case promql.AggregateExpr():
                return self._aggregated(node)
            case promql.BinaryExpr():
                return self._visit(node.lhs) | self._visit(node.rhs)
            case promql.Call():
                return self._called(node)
            case _:
                assert isinstance(node, (promql.NumberLiteral, promql.StringLiteral)), node
                return frozenset()

    def _selected(self, selector: promql.VectorSelector) -> frozenset[str]:
        found = self._samples.get(selector.name or "")
        if found is None:
            self.faults.append(f"no metric {selector.name}")
            return frozenset()
        metric, labels = found
        self.metrics.add(metric.shown)
        asked = {one.name for one in selector.matchers.matchers}
        self._expect(asked, labels | SCRAPED, metric.shown)
        return labels | SCRAPED

    def _aggregated(self, node: promql.AggregateExpr) -> frozenset[str]:
        inner = self._visit(node.expr)
        ranks = bool(re.match(r"(top|bottom)k\b", str(node.prettify())))
        if node.modifier is None:
            return inner if ranks else frozenset()
        labels = frozenset(node.modifier.labels)
        self._expect(labels, inner, "what is aggregated")
        return inner - labels if node.modifier.type == promql.AggModifierType.Without else labels

    def _called(self, node: promql.Call) -> frozenset[str]:
        name = node.func.name
        labels = frozenset[str]().union(*(self._visit(one) for one in node.args))
        if name in COUNTING:
            for one in node.args:
                self._expect_counter(one, name)
        if name == "histogram_quantile":
            self._expect({"le"}, labels, "a histogram")
            labels -= {"le"}
        return labels

    def _expect_counter(self, node: Any, function: str) -> None:
        found = self._samples.get(getattr(_vector(node), "name", None) or "")
        if found is not None and found[0].kind == "gauge":
            self.faults.append(f"{function} of the gauge {found[0].name}")

    def _expect(self, asked: set[str] | frozenset[str], there: frozenset[str], of: str) -> None:
        self.faults += [f"no label {label} of {of}" for label in sorted(asked - there)]


def _vector(node: Any) -> Any:
    """The selector of a range, anything else as it is."""
    return node.vector_selector if isinstance(node, promql.MatrixSelector) else node
