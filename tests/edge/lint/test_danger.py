from gateway.edge.lint.danger import Danger, Finding
from gateway.edge.lint.expected import Expected
from gateway.edge.lint.setup import setup_of
from tests.edge.lint.case import bootstrap
from tests.edge.lint.test_node import node


def finding(level: str) -> Finding:
    danger = Danger(
        name="an-example",
        level="danger" if level == "danger" else "advice",
        reason="something comes of it",
        fix="change it",
        find=lambda setup: iter([(setup.roots[0]["static_resources"], "it is so")]),
    )
    (found,) = danger.findings(setup_of([node(bootstrap())], Expected()))
    return found


def test_a_finding_reads_as_one_of_gatehouse_check() -> None:
    found = finding("danger")
    said = "danger: static_resources: it is so: something comes of it (change it) [an-example]"
    assert str(found) == f"own.yaml:1:1: {said}"
    assert (found.severity, found.level, found.danger) == ("error", "danger", "an-example")


def test_advice_is_a_warning() -> None:
    found = finding("advice")
    assert (found.severity, found.level) == ("warning", "advice")
