import json
from xml.etree import ElementTree as ET

from gateway.model.problem import Place
from gateway.suite.render import report_json, report_junit, report_text
from gateway.suite.results import CaseResult, Difference, Report, SuiteResult

PLACE = Place("p/a_test.yaml", 9, 5)
REPORT = Report(
    (
        SuiteResult(
            "a",
            "p/a_test.yaml",
            (
                CaseResult("works", PLACE),
                CaseResult(
                    "breaks <&\x07",
                    PLACE,
                    (Difference("decision", "allow", "deny"), Difference("rule", "p/a", "")),
                ),
            ),
        ),
        SuiteResult("b", "p/b_test.yaml", (CaseResult("works", PLACE),)),
    )
)


def test_the_text_shows_what_failed_and_where() -> None:
    assert report_text(REPORT) == (
        "FAILED a: breaks <&\x07 (p/a_test.yaml:9:5)\n"
        "  decision: - allow\n"
        "            + deny\n"
        "  rule: - p/a\n"
        "        + (none)\n"
        "2 passed, 1 failed in 2 suites\n"
    )


def test_the_json_has_every_case() -> None:
    document = json.loads(report_json(REPORT))
    assert (document["version"], document["total"], document["failed"]) == (1, 3, 1)
    assert [len(suite["cases"]) for suite in document["suites"]] == [2, 1]
    assert document["suites"][0]["cases"][1] == {
        "name": "breaks <&\x07",
        "line": 9,
        "passed": False,
        "differences": [
            {"field": "decision", "wanted": "allow", "got": "deny"},
            {"field": "rule", "wanted": "p/a", "got": ""},
        ],
    }


def test_the_xml_is_what_build_servers_read() -> None:
    root = ET.fromstring(report_junit(REPORT))
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "3", "1")
    assert [suite.get("name") for suite in root] == ["a", "b"]
    works, breaks = root[0]
    assert (works.get("name"), list(works)) == ("works", [])
    assert breaks.get("name") == "breaks <&\ufffd"
    assert breaks[0].tag == "failure"
    assert breaks[0].get("message") == "decision: wanted 'allow', got 'deny'"
