"""Guardrail documents."""

import pytest

from gateway.config.document import validate
from gateway.guardrails.schema import Guardrail
from gateway.model.finding import Action
from gateway.model.passage import Part, Stage
from tests.guardrails.guarding import HEAD, guardrail
from tests.policy.documents import documents


def read(text: str) -> Guardrail | list[str]:
    (document,) = documents(text)
    found = validate(document, Guardrail)
    return found if isinstance(found, Guardrail) else [str(one) for one in found]


def test_what_is_not_said_is_the_safe_default() -> None:
    found = read(guardrail())
    assert isinstance(found, Guardrail)
    spec = found.spec
    assert (spec.action, spec.mode, spec.on_error, spec.on_oversize) == (
        Action.BLOCK,
        "enforce",
        "closed",
        "block",
    )
    assert spec.streaming.hold_back == 128
    assert (spec.scope.parts, spec.scope.keys) == (None, True)


def test_stages_parts_and_actions_are_read_by_name() -> None:
    text = guardrail(
        stages="[tool_list]", extra="action: annotate, scope: {parts: [tool_definition]}"
    )
    found = read(text)
    assert isinstance(found, Guardrail)
    assert found.spec.stages == (Stage.TOOL_LIST,)
    assert found.spec.scope.parts == (Part.TOOL_DEFINITION,)
    assert found.spec.action is Action.ANNOTATE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (guardrail(stages="[reqest]"), 'did you mean "request"?'),
        (guardrail(extra="action: drop"), '"drop" is not '),
        (guardrail(stages="[]"), "the list is empty"),
        (guardrail(detectors="[]"), "has detectors, or providers, or both"),
        (guardrail(detectors="[{type: a, threshold: LOW, score: 0.5}]"), "either a threshold or"),
        (guardrail(extra="streaming: {hold_back: 4097}"), "less than or equal to 4096"),
        (guardrail(extra="floor: true, match: {tools: [x]}"), "leave match out"),
        (guardrail(extra="floor: true, mode: shadow"), "leave mode out"),
        (guardrail(extra="holdback: 3"), "unknown key"),
        (f"{HEAD}metadata: {{name: g}}\nspec: {{stages: [request], detectors: [{{type: a}}]}}\n",
         "only a floor has no targets"),
    ],
    ids=["stage", "action", "nostage", "nodetector", "both", "hold", "match", "mode", "key", "all"],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(text: str, message: str) -> None:
    found = read(text)
    assert isinstance(found, list)
    assert any(message in one for one in found), found
