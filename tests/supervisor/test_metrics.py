from dataclasses import dataclass

from gateway.supervisor.metrics import SupervisorMetrics


def value(metrics: SupervisorMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_outcomes_of_reloads_count_from_zero() -> None:
    metrics = SupervisorMetrics()
    for outcome in ("applied", "kept"):
        assert value(metrics, "gatehouse_reloads_total", outcome=outcome) == 0


def test_endpoints_that_are_gone_are_shown_no_longer() -> None:
    metrics = SupervisorMetrics()
    metrics.show_health({("one", "10.0.0.1:80"): True, ("one", "10.0.0.2:80"): False})
    name = "gatehouse_endpoint_healthy"
    assert value(metrics, name, backend="one", endpoint="10.0.0.1:80") == 1
    assert value(metrics, name, backend="one", endpoint="10.0.0.2:80") == 0
    metrics.show_health({("one", "10.0.0.2:80"): True})
    assert value(metrics, name, backend="one", endpoint="10.0.0.1:80") is None
    assert value(metrics, name, backend="one", endpoint="10.0.0.2:80") == 1


@dataclass
class Scripted:
    """A worker."""

    serving: bool


def test_workers_are_shown_as_they_are_when_somebody_looks() -> None:
    metrics, workers = SupervisorMetrics(), [Scripted(serving=True), Scripted(serving=True)]
    metrics.watch_workers(workers)
    assert value(metrics, "gatehouse_workers_up") == 2
    workers[0].serving = False
    assert value(metrics, "gatehouse_workers_up") == 1
    assert value(metrics, "gatehouse_workers") == 2
