"""What a worker process is made of. How it lives: tests/cli/test_worker.py."""

from pathlib import Path

from gateway.bootstrap.worker import open_tracing
from gateway.telemetry.traces import NoTracing, SdkTracing
from tests.bootstrap.configured import loaded, snapshot


def test_spans_go_nowhere_unless_a_collector_is_configured(tmp_path: Path) -> None:
    assert isinstance(open_tracing(snapshot(loaded(tmp_path))), NoTracing)
    exported = loaded(tmp_path, telemetry={"otlp_endpoint": "127.0.0.1:1"})
    tracing = open_tracing(snapshot(exported))
    assert isinstance(tracing, SdkTracing)
    tracing.shutdown()
