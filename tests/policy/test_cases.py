"""The decision cases of tests/cases/policy: each file has policies and a suite over them, which
both CEL engines judge alike."""

from pathlib import Path

import pytest

from gateway.config.document import Document
from gateway.policy.celengine import Engine, runtime
from gateway.suite.loading import LoadedSuite, suite_from
from gateway.suite.render import report_text
from gateway.suite.results import Report
from gateway.suite.run import deframer, run_suites
from tests.policy.documents import documents, policies

CASES = Path(__file__).parents[1] / "cases" / "policy"


def _suites(found: tuple[Document, ...]) -> list[LoadedSuite]:
    loaded = [suite_from(one) for one in found if "cases" in str(one.value)]
    assert all(isinstance(one, LoadedSuite) for one in loaded), loaded
    return [one for one in loaded if isinstance(one, LoadedSuite)]


@pytest.mark.parametrize("engine", ["cel-expr-python", "cel-python"])
@pytest.mark.parametrize("file", sorted(CASES.glob("*.yaml")), ids=lambda file: file.stem)
def test_policies_decide_as_the_cases_say(file: Path, engine: Engine) -> None:
    text = file.read_text()
    compiled = policies(text, runtime=runtime(engine))
    assert compiled.runtime == engine
    report: Report = run_suites(_suites(documents(text, file.name)), compiled, deframer(1 << 20))
    assert report.total > 0
    assert report.failed == 0, report_text(report)
