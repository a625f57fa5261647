"""A suite and policies for it, from YAML texts."""

from gateway.suite.loading import LoadedSuite, suite_from
from gateway.suite.results import Report
from gateway.suite.run import deframer, run_suites
from tests.policy.documents import documents, rules

POLICIES = rules(
    "name: a, effect: allow, tools: [get], when: mcp.arguments.a == 1",
    "name: d, effect: deny, tools: [drop], reason: never",
    "name: s, effect: deny, tools: [get], mode: shadow",
)

HEAD = """apiVersion: gatehouse.dev/v1
kind: PolicySuite
metadata: {name: demo}
spec:
  backend: tracker
  principals: {agent: {id: "spiffe://a/agent"}}
  cases:
"""


def suite(*cases: str) -> LoadedSuite:
    """A suite with a case a line, in YAML's flow style; its first case is on line 8."""
    text = HEAD + "".join(f"  - {{{case}}}\n" for case in cases)
    (document,) = documents(text, "demo_test.yaml")
    found = suite_from(document)
    assert isinstance(found, LoadedSuite), found
    return found


def report(*cases: str) -> Report:
    """The report of one suite of these cases."""
    return run_suites([suite(*cases)], POLICIES, deframer(1 << 20))
