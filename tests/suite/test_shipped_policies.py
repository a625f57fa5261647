"""The documents of policies/ against their own suites."""

from pathlib import Path

from gateway.bootstrap.load import folder_judges
from gateway.config.folder import read_folder
from gateway.model.problem import Problem
from gateway.policy.compile import compile_policies
from gateway.policy.engine import PolicySet
from gateway.suite.loading import LoadedSuite, load_suites
from gateway.suite.render import report_text
from gateway.suite.run import deframer, run_suites
from gateway.suite.screening import Guards
from tests.policy.documents import policy_sources

POLICIES = Path(__file__).parents[2] / "policies"
AGENT = "spiffe://cluster.local/ns/github-agents/sa/issue-triage-agent"


def _policies() -> PolicySet:
    folder = read_folder(POLICIES, {})
    assert folder.problems == ()
    sources = policy_sources(*(resource.document for resource in folder.resources))
    found = compile_policies(sources, backends={"tracker", "models", "triage"}, routes={"tracker"})
    assert isinstance(found, PolicySet), found
    return found


def _suites() -> list[LoadedSuite]:
    found = load_suites(POLICIES, {})
    assert not any(isinstance(one, Problem) for one in found), found
    return [one for one in found if isinstance(one, LoadedSuite)]


def test_every_policy_has_a_suite_and_passes_it() -> None:
    policies, guarding = folder_judges(POLICIES, {})
    guards = Guards(guarding.book, guarding.matches)
    report = run_suites(_suites(), policies, deframer(1 << 20), guards)
    assert report.failed == 0, report_text(report)
    named = {suite.name for suite in report.suites}
    assert named - {"demo-content"} == {rule.policy for rule in policies.rules}


def test_every_guardrail_finds_something_in_some_case() -> None:
    cases = [case for suite in _suites() for case in suite.model.spec.cases]
    wanted = {name for case in cases for name in case.want.guardrails or ()}
    shipped = {one.name for one in read_folder(POLICIES, {}).resources if one.kind == "Guardrail"}
    assert shipped
    assert shipped <= wanted


def test_every_rule_decides_in_some_case() -> None:
    wanted = {case.want.rule for suite in _suites() for case in suite.model.spec.cases}
    assert {rule.path for rule in _policies().rules} <= wanted


def test_the_documents_give_no_warnings() -> None:
    assert _policies().warnings == ()


def test_no_other_rule_names_the_triage_agent() -> None:
    naming = [
        rule.path
        for rule in _policies().rules
        if rule.principals is None or any(glob.matches(AGENT) for glob in rule.principals)
    ]
    assert naming == ["issue-triage/read-issues"]
