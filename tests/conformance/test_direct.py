from collections.abc import Generator
from pathlib import Path

import pytest

from tests.conformance.suite import BASELINES, Baseline, everything_command, run_suite
from tests.support.processes import running


@pytest.fixture(scope="module")
def everything() -> Generator[str]:
    with running(everything_command("replica-a")) as server:
        yield server.wait_for_line(r"^ready (\S+)")[1]


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: baseline.version)
def test_the_everything_server_passes_the_suite_without_a_gateway(
    everything: str, baseline: Baseline, tmp_path: Path
) -> None:
    outcome = run_suite(everything, baseline.version, tmp_path)
    assert outcome.failures == ()
    assert outcome.warnings == ()
    assert (outcome.passed, outcome.failed) == (baseline.passed, baseline.failed)
