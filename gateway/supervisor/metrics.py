"""What the supervisor itself counts; the admin address adds it to the workers' sum."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, multiprocess

from gateway.supervisor.pool_gauges import PoolGauges
from gateway.supervisor.tool_gauges import ToolGauges


class Serving(Protocol):
    """A worker, as far as it is counted."""

    @property
    def serving(self) -> bool:
        """Whether it judges."""
        ...


class SupervisorMetrics:
    """In a registry of its own: the workers' metrics are summed from files."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.snapshot = Gauge(
            "gatehouse_snapshot_number", "The configuration in force.", registry=self.registry
        )
        self.reloads = Counter(
            "gatehouse_reloads_total",
            "Changes of configuration.",
            ["outcome"],
            registry=self.registry,
        )
        for outcome in ("applied", "kept"):
            self.reloads.labels(outcome)
        self.broken = Gauge(
            "gatehouse_configuration_broken",
            "1 while the files on disk are not what is in force.",
            registry=self.registry,
        )
        self.restarts = Counter(
            "gatehouse_worker_restarts_total", "Workers that died.", registry=self.registry
        )
        self.workers = Gauge(
            "gatehouse_workers", "Workers that are to judge.", registry=self.registry
        )
        self.workers_up = Gauge(
            "gatehouse_workers_up", "Workers that judge.", registry=self.registry
        )
        self.endpoint_healthy = Gauge(
            "gatehouse_endpoint_healthy",
            "1 if the endpoint accepts connections.",
            ["backend", "endpoint"],
            registry=self.registry,
        )
        self.pool_faults = Gauge(
            "gatehouse_pool_faults",
            "Reasons why members of pools, or objects of clusters, are old or not in force.",
            ["of"],
            registry=self.registry,
        )
        self.pools = PoolGauges(self.registry)
        self.tools = ToolGauges(self.registry)

    def watch_workers(self, workers: Sequence[Serving]) -> None:
        """Show these workers as they are whenever somebody looks."""
        self.workers.set_function(lambda: len(workers))
        self.workers_up.set_function(lambda: sum(one.serving for one in workers))

    def watch_clusters(self, faults: Mapping[str, Callable[[], Sequence[str]]]) -> None:
        """Show how many of these faults there are whenever somebody looks."""
        for of, told in faults.items():
            self.pool_faults.labels(of).set_function(lambda told=told: len(told()))

    def show_health(self, health: Mapping[tuple[str, str], bool]) -> None:
        """Endpoints as they are; those that are gone are no longer shown."""
        self.endpoint_healthy.clear()
        for (backend, endpoint), healthy in health.items():
            self.endpoint_healthy.labels(backend, endpoint).set(healthy)


def forget_process(folder: Path, pid: int) -> None:
    """Take what a process that has ended was doing out of the sum over workers in `folder`: it
    serves no streams. What it counted stays."""
    untyped: Any = multiprocess
    untyped.mark_process_dead(pid, str(folder))
