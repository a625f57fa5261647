import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest, multiprocess

ROOT = Path(__file__).resolve().parents[2]
WORKER = """
from gateway.model.usage import Usage
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.operation import Operation

metrics = Metrics()
chat = Operation("llm", "models", "openai", "chat/completions", "small", "", "", "")
metrics.count_call("llm", "openai", "chat/completions", "small", "allow")
metrics.ended(chat, 0.3)
metrics.answered(chat, 0.1, Usage(input=10, output=5))
metrics.count("mcp", "allow", "")
metrics.count("mcp", "allow", "")
metrics.took("mcp", 0.0002)
metrics.unread.labels("mcp").inc()
metrics.faults.labels("TimeoutError").inc()
metrics.audit_lost.inc(3)
metrics.streams.inc(5)
print("counted", flush=True)
input()
"""


def test_the_supervisor_serves_the_sum_over_workers(tmp_path: Path) -> None:
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER],
            env=env,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"counted\n"
        text = summed(tmp_path)
        assert value(text, r'gatehouse_requests_total{decision="allow",reason="",route="mcp"}') == 4
        assert value(text, r'gatehouse_judgement_seconds_count{route="mcp"}') == 2
        assert value(text, r'gatehouse_judgement_seconds_bucket{le="0.00025",route="mcp"}') == 2
        assert value(text, r'gatehouse_judgement_seconds_bucket{le="0.0001",route="mcp"}') == 0
        assert value(text, r'gatehouse_unread_responses_total{route="mcp"}') == 2
        assert value(text, r'gatehouse_own_faults_total{kind="TimeoutError"}') == 2
        assert value(text, "gatehouse_audit_records_lost_total") == 6
        assert value(text, "gatehouse_open_streams") == 10
        what = 'gen_ai_operation_name="chat",gen_ai_provider_name="openai"'
        what += ',gen_ai_request_model="small"'
        tokens = f'gen_ai_client_token_usage_sum{{{what},gen_ai_token_type="input",route="llm"}}'
        assert value(text, tokens) == 20
        called = 'decision="allow",method="chat/completions",protocol="openai"'
        called += ',route="llm",target="small"'
        assert value(text, f"gatehouse_calls_total{{{called}}}") == 2
    finally:
        for worker in workers:
            worker.communicate(b"\n")
    mark_dead(workers[0].pid, str(tmp_path))
    text = summed(tmp_path)
    assert value(text, "gatehouse_open_streams") == 5  # a dead worker serves no streams
    assert value(text, "gatehouse_audit_records_lost_total") == 6  # and what it counted stays


def mark_dead(pid: int, folder: str) -> None:
    untyped: Any = multiprocess
    untyped.mark_process_dead(pid, folder)


def summed(folder: Path) -> str:
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, str(folder))
    return generate_latest(registry).decode()


def value(text: str, series: str) -> float:
    found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    assert found, f"no {series} in\n{text}"
    return float(found.group(1))
