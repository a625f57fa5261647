"""What every detector finds in one text."""

from datetime import date

import yaml

from gateway.guardrails.detectors import find_detectors
from gateway.guardrails.exclusions import fingerprint
from gateway.model.passage import Part, Stage
from gateway.suite.scanning import Scan, baseline, default_book, scan_json, scan_lines, scan_text
from tests.guardrails.guarding import book, guardrail

BOOK = book(
    guardrail("masks", detectors="[{type: codes, action: mask}, {type: loud, action: log}]"),
    guardrail("calls", stages="[tool_call]"),
    guardrail("watches", extra="mode: shadow"),
)
TEXT = "KEY-abc and MAYBE-1"


def scanned(text: str = TEXT, stage: Stage = Stage.REQUEST) -> Scan:
    return scan_text(text, BOOK, stage, Part.USER, "")


def test_every_finding_is_shown_with_what_each_guardrail_would_do() -> None:
    key = fingerprint("codes", "key", "KEY-abc")
    maybe = fingerprint("codes", "maybe", "MAYBE-1")
    assert list(scan_lines(scanned())) == [
        f"0-7  codes/key  0.70 MEDIUM  {key}",
        "    masks: mask",
        "    watches: block (shadow)",
        f"12-19  codes/maybe  0.40 LOW  {maybe}",
        "    no Guardrail counts it",
        "masked: [KEY] and [MAYBE]",
        "verdict: mask",
    ]


def test_only_guardrails_of_the_stage_are_asked() -> None:
    lines = list(scan_lines(scanned(stage=Stage.TOOL_CALL)))
    assert "    calls: block" in lines
    assert lines[-1] == "verdict: block: blocked by guardrail calls (key)"
    assert list(scan_lines(scanned(stage=Stage.AGENT_CARD)))[-1] == "verdict: pass"


def test_windows_are_found_and_not_masked() -> None:
    lines = list(scan_lines(scanned("so loud!!!!")))
    assert lines[0].startswith("0-11  loud/shouting  0.90 HIGH  ")
    assert lines[1:] == ["    masks: log", "verdict: log"]


def test_a_text_with_nothing_in_it_passes() -> None:
    assert list(scan_lines(scanned("nothing"))) == ["verdict: pass"]


def test_programs_get_the_same() -> None:
    told = scan_json(scanned())
    assert (told["action"], told["text"], told["masked"]) == (
        "mask",
        "[KEY] and MAYBE-1",
        "[KEY] and [MAYBE]",
    )
    assert isinstance(told["findings"], list)
    assert len(told["findings"]) == 2


def test_a_baseline_has_each_fingerprint_once_and_needs_an_owner() -> None:
    told = yaml.safe_load(baseline(scanned("KEY-abc KEY-abc").seen))
    assert told == {
        "exclusions": [
            {
                "fingerprint": fingerprint("codes", "key", "KEY-abc"),
                "detectors": ["codes"],
                "categories": ["key"],
                "owner": "",
                "reason": "",
                "expires": "",
            }
        ]
    }


def test_without_guardrails_all_detectors_look_that_need_no_options() -> None:
    judging, left_out = default_book(date(2026, 1, 1))
    assert "words" in left_out
    used = {check.engine.detector for check in judging.guards["default"].checks}
    assert used == find_detectors().keys() - set(left_out)
    told = scan_text("mail jane.doe@example.org", judging, Stage.REQUEST, Part.USER, "")
    assert ("pii", "email_address") in {
        (one.finding.detector, one.finding.category) for one in told.seen
    }
