import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from gateway.supervisor.metrics import SupervisorMetrics, forget_process

ROOT = Path(__file__).resolve().parents[2]
WORKER = """
from gateway.telemetry.metrics import Metrics

metrics = Metrics()
metrics.streams.inc(5)
metrics.audit_lost.inc(3)
"""


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


def test_a_worker_that_ended_serves_no_streams_and_what_it_counted_stays(tmp_path: Path) -> None:
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", WORKER], env=env, cwd=ROOT) as worker:
        assert worker.wait(60) == 0

    def summed(name: str) -> float | None:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(tmp_path))
        return registry.get_sample_value(name)

    assert summed("gatehouse_open_streams") == 5
    forget_process(tmp_path, worker.pid + 1)
    assert summed("gatehouse_open_streams") == 5, "of somebody else"
    forget_process(tmp_path, worker.pid)
    assert not summed("gatehouse_open_streams")
    assert summed("gatehouse_audit_records_lost_total") == 3


def test_faults_of_pools_are_counted_when_somebody_looks() -> None:
    metrics, faults = SupervisorMetrics(), [""]
    metrics.watch_clusters({"members": lambda: faults, "objects": lambda: ()})
    faults.append("")
    assert value(metrics, "gatehouse_pool_faults", of="members") == 2
    assert value(metrics, "gatehouse_pool_faults", of="objects") == 0
