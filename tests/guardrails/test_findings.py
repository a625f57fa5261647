"""What is wrong, or probably not meant, in Guardrail documents."""

import pytest

from tests.guardrails.guarding import guardrail, problems


def test_a_sound_document_has_no_findings() -> None:
    assert problems(guardrail()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (guardrail(detectors="[{type: codes, categories: [cod]}]"),
         'spec.detectors[0].categories[0]: codes has no category "cod" (did you mean "code"?)'),
        (guardrail(detectors="[{type: codes, score: 0.2}]"),
         "warning: spec.detectors[0].score: nothing below 0.35 is a finding of codes"),
        (guardrail(detectors="[{type: codes}, {type: codes, categories: [key]}]"),
         "warning: spec.detectors[1]: codes already judges this"),
        (guardrail(detectors="[{type: loud, action: mask}]"),
         "error: spec.detectors[0].action: loud scores whole windows of text"),
        (guardrail(detectors="[{type: loud}]", extra="action: mask"),
         "error: spec.action: loud scores whole windows of text"),
        (guardrail(stages="[agent_card]", extra="action: mask"),
         "error: spec.action: an agent card is passed on as it is"),
        (guardrail(stages="[tool_list]", extra="scope: {parts: [user]}"),
         "error: spec.detectors[0]: codes looks at user alone, which tool_list has not"),
        (guardrail(stages="[request, request]"), "warning: spec.stages[1]: request is there twice"),
    ],
    ids=["category", "score", "twice", "window", "windows", "card", "parts", "stage"],
)  # fmt: skip
def test_what_is_probably_not_meant_is_told(text: str, message: str) -> None:
    (found,) = problems(text)
    assert message in found


def test_a_name_may_occur_once() -> None:
    assert 'the Guardrail "g" already exists' in problems(guardrail(), guardrail())[0]


def test_the_same_detector_with_another_action_is_fine() -> None:
    assert problems(guardrail(detectors="[{type: codes, action: log}, {type: codes}]")) == []
