"""What a Guardrail cannot do on routes in mode `check`."""

import json
from typing import Any

import pytest

from gateway.config.yamltree import Path, path_text
from gateway.guardrails.checked import checked_findings
from gateway.guardrails.schema import Guardrail
from gateway.guardrails.source import GuardrailSource
from gateway.model.problem import Place

CHECKED = {("route", "narrow"), ("backend", "up")}


def found(**spec: Any) -> list[str]:
    whole = {
        "targets": [{"route": "narrow"}],
        "stages": ["request"],
        "detectors": [{"type": "secrets"}],
        **spec,
    }
    given = {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "Guardrail",
        "metadata": {"name": "edge"},
        "spec": whole,
    }

    def place(path: Path) -> Place:
        return Place(path_text(path), 1, 1)

    source = GuardrailSource(Guardrail.model_validate_json(json.dumps(given)), place)
    return [one.path for one in checked_findings(source, CHECKED)]


def test_requests_can_be_judged_there() -> None:
    assert found(stages=["request", "tool_call", "prompt_get"]) == []


@pytest.mark.parametrize(
    "stage", ["response", "tool_result", "tool_list", "a2a_artifact", "agent_card"]
)
def test_answers_cannot(stage: str) -> None:
    assert found(stages=["request", stage]) == ["spec.stages[1]"]


def test_nothing_can_be_masked_there() -> None:
    assert found(action="mask") == ["spec.action"]
    assert found(detectors=[{"type": "secrets", "action": "mask"}]) == ["spec.detectors[0].action"]
    assert found(providers=[{"name": "p", "action": "mask"}]) == ["spec.providers[0].action"]


def test_other_routes_can_do_all_of_it() -> None:
    assert found(targets=[{"route": "wide"}], stages=["response"], action="mask") == []
    assert found(targets=[{"backend": "up"}], action="mask") == ["spec.action"]
