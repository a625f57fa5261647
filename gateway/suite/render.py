"""Results of suites as text, JSON and JUnit XML. Pure: takes data, returns text."""

import json
import re
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gateway.model.jsonvalue import JsonObject
from gateway.suite.results import CaseResult, Report, SuiteResult

_NOT_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report_text(report: Report) -> str:
    """For people: every failed case with its place and what came out otherwise, then the sums."""
    return "\n".join(_text_lines(report)) + "\n"


def report_json(report: Report) -> str:
    """For programs; the form is stable: fields are added, never renamed."""
    document: JsonObject = {
        "version": 1,
        "total": report.total,
        "failed": report.failed,
        "suites": [_suite_json(suite) for suite in report.suites],
    }
    return json.dumps(document, indent=2) + "\n"


def report_junit(report: Report) -> str:
    """For build servers: one testsuite a suite, one failure a case that did not pass."""
    root = Element("testsuites", tests=str(report.total), failures=str(report.failed))
    for suite in report.suites:
        element = SubElement(
            root,
            "testsuite",
            name=_xml(suite.name),
            tests=str(len(suite.cases)),
            failures=str(suite.failed),
        )
        for case in suite.cases:
            _junit_case(element, suite, case)
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _text_lines(report: Report) -> Iterator[str]:
    for suite in report.suites:
        for case in suite.cases:
            if not case.passed:
                yield f"FAILED {suite.name}: {case.name} ({case.place})"
                for one in case.differences:
                    yield f"  {one.field}: - {_shown(one.wanted)}"
                    yield f"  {' ' * len(one.field)}  + {_shown(one.got)}"
    passed = report.total - report.failed
    yield f"{passed} passed, {report.failed} failed in {len(report.suites)} suites"


def _shown(text: str) -> str:
    return text or "(none)"


def _suite_json(suite: SuiteResult) -> JsonObject:
    return {
        "name": suite.name,
        "file": suite.file,
        "cases": [_case_json(case) for case in suite.cases],
    }


def _case_json(case: CaseResult) -> JsonObject:
    return {
        "name": case.name,
        "line": case.place.line,
        "passed": case.passed,
        "differences": [
            {"field": one.field, "wanted": one.wanted, "got": one.got} for one in case.differences
        ],
    }


def _junit_case(parent: Element, suite: SuiteResult, case: CaseResult) -> None:
    element = SubElement(
        parent,
        "testcase",
        classname=_xml(suite.name),
        name=_xml(case.name),
        file=_xml(case.place.file),
        line=str(case.place.line),
    )
    if not case.passed:
        lines = [f"{one.field}: wanted {one.wanted!r}, got {one.got!r}" for one in case.differences]
        failure = SubElement(element, "failure", message=_xml(lines[0]))
        failure.text = _xml("\n".join(lines))


def _xml(text: str) -> str:
    """Text without the characters that XML 1.0 cannot hold even when escaped."""
    return _NOT_XML.sub("\ufffd", text)
