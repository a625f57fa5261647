"""Floors: what no other Guardrail may be weaker about."""

import pytest

from gateway.model.screening import Screened
from tests.guardrails.guarding import HEAD, book, guardrail, passage, problems

FLOOR = guardrail("floor", detectors="[{type: codes, action: mask}]", extra="floor: true")
EVERYWHERE = (
    f"{HEAD}metadata: {{name: floor}}\n"
    "spec: {stages: [request], detectors: [{type: codes, action: mask}], floor: true}\n"
)
EXCLUSION = "exclusions: [{pattern: KEY-abc, owner: me, reason: a sample, expires: 2026-02-01}]"


@pytest.mark.parametrize("floor", [FLOOR, EVERYWHERE], ids=["targets", "everywhere"])
@pytest.mark.parametrize(
    ("detectors", "extra", "message"),
    [
        ("[{type: codes, threshold: HIGH}]", "", "finds less than the floor floor"),
        ("[{type: codes, score: 0.7}]", "", "finds less than the floor floor, which says MEDIUM"),
        ("[{type: codes, action: annotate}]", "", "annotate is weaker than mask"),
        ("[{type: codes}]", "mode: shadow", "shadow would only watch"),
        ("[{type: codes}]", "on_error: open", "open would let pass"),
        ("[{type: codes}]", EXCLUSION, "nothing can be excluded"),
    ],
    ids=["threshold", "score", "action", "shadow", "error", "exclusions"],
)
def test_a_weaker_document_is_refused(floor: str, detectors: str, extra: str, message: str) -> None:
    found = problems(floor, guardrail("lower", detectors=detectors, extra=extra))
    assert [message in one and "error: " in one for one in found] == [True], found


@pytest.mark.parametrize(
    ("text", "floor"),
    [
        (guardrail("same", detectors="[{type: codes, action: mask}]"), FLOOR),
        (guardrail("more", detectors="[{type: codes, threshold: LOW}]"), FLOOR),
        (guardrail("other", detectors="[{type: loud, action: log}]", extra="mode: shadow"), FLOOR),
        (guardrail("later", stages="[tool_call]", extra="mode: shadow"), FLOOR),
        (guardrail("x", extra="mode: shadow").replace("tracker", "elsewhere"), FLOOR),
        (guardrail("k", detectors="[{type: codes, categories: [key], threshold: HIGH}]"),
         guardrail("floor", detectors="[{type: codes, categories: [code]}]", extra="floor: true")),
    ],
    ids=["same", "more", "detector", "stage", "target", "category"],
)  # fmt: skip
def test_a_document_that_is_as_strong_or_about_something_else_is_fine(
    text: str, floor: str
) -> None:
    assert problems(floor, text) == []


def test_what_others_exclude_is_still_found_by_the_floor() -> None:
    elsewhere = guardrail("lower", stages="[tool_call, response]", extra=EXCLUSION)
    judging = book(guardrail("floor", extra="floor: true", stages="[request]"), elsewhere)
    verdict = judging.judge(("floor", "lower"), [passage("KEY-abc")])[0]
    assert verdict == Screened(blocked="blocked by guardrail floor (key)")
