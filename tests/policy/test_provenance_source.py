"""What is wrong with Provenance documents is told with its place."""

from typing import Any

from gateway.model.problem import Place
from gateway.policy.provenance_source import ProvenanceSource, provenance_findings
from tests.policy.test_provenance import document


def findings(*sources: ProvenanceSource) -> list[str]:
    return [str(one) for one in provenance_findings(sources, ["browser"], ["chat"])]


def source(**spec: Any) -> ProvenanceSource:
    return ProvenanceSource(document({"name": "a"}, **spec), lambda _: Place("p.yaml", 3, 1))


def test_a_target_that_is_there_is_no_finding() -> None:
    assert findings(source()) == []


def test_a_target_that_is_not_there_is_told_with_what_was_perhaps_meant() -> None:
    (told,) = findings(source(targets=[{"backend": "brwser"}]))
    assert "spec.targets[0].backend: there is no backend brwser" in told
    assert 'did you mean "browser"?' in told


def test_a_name_that_comes_twice_is_told() -> None:
    (told,) = findings(source(), source())
    assert "there is a Provenance web already" in told
