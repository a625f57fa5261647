"""What the supervisor itself counts; the admin address adds it to the workers' sum."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class SupervisorMetrics:
    """In a registry of its own: the workers' metrics are summed from files."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.snapshot = Gauge(
            "gatehouse_snapshot_number", "The configuration in force.", registry=self.registry
        )
        self.reloads = Counter(
            "gatehouse_reloads_total",
            "Changes of configuration.",
            ["outcome"],
            registry=self.registry,
        )
        self.broken = Gauge(
            "gatehouse_configuration_broken",
            "1 while the files on disk are not what is in force.",
            registry=self.registry,
        )
        self.restarts = Counter(
            "gatehouse_worker_restarts_total", "Workers that died.", registry=self.registry
        )
        self.endpoint_healthy = Gauge(
            "gatehouse_endpoint_healthy",
            "1 if the endpoint accepts connections.",
            ["backend", "endpoint"],
            registry=self.registry,
        )
