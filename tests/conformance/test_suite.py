import sys
from pathlib import Path

import pytest

from tests.conformance.suite import count, run_suite
from tests.support.ports import free_port
from tests.support.processes import running


def test_a_server_that_lacks_the_suites_tools_fails(tmp_path: Path) -> None:
    with running([sys.executable, "-m", "demo.tracker", "--port", "0"]) as tracker:
        outcome = run_suite(tracker.wait_for_line(r"^ready (\S+)")[1], "2025-06-18", tmp_path)
    assert outcome.passed > 0
    assert outcome.failed == len(outcome.failures) > 0
    assert any(failure.startswith("tools-call-image: ") for failure in outcome.failures)


def test_no_server_at_all_fails(tmp_path: Path) -> None:
    outcome = run_suite(f"http://127.0.0.1:{free_port()}/mcp", "2025-03-26", tmp_path)
    assert (outcome.passed, outcome.failed > 0) == (0, True)


def test_a_suite_that_does_not_run_is_an_error_and_not_a_pass(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="the suite has not run"):
        run_suite("no url", "no version", tmp_path)


def test_checks_are_counted_by_status() -> None:
    folder = "server-tools-list-2026-01-02T03-04-05-678Z"
    outcome = count(
        [
            (folder, {"id": "one", "status": "SUCCESS", "description": "Works"}),
            (folder, {"id": "two", "status": "FAILURE", "description": "d", "errorMessage": "no"}),
            (folder, {"id": "three", "status": "WARNING", "description": "Might work"}),
            (folder, {"id": "four", "status": "SKIPPED", "description": "Was not run"}),
        ]
    )
    assert (outcome.passed, outcome.failed) == (1, 1)
    assert outcome.failures == ("tools-list: two: no",)
    assert outcome.warnings == ("tools-list: three: Might work",)
