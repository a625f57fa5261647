"""Model Armor's API of a configuration."""

from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap.load import ConfigurationError
from gateway.bootstrap.model_armor import model_armor_stage
from gateway.config.model_armor import ModelArmorServer
from tests.bootstrap.configured import loaded, snapshot
from tests.support.gatehouse import allow


def guardrail(*stages: str) -> dict[str, Any]:
    words = {"lists": [{"category": "forbidden", "words": ["verboten"]}]}
    return {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "Guardrail",
        "metadata": {"name": "edge"},
        "spec": {
            "stages": list(stages),
            "floor": True,
            "detectors": [{"type": "words", "options": words}],
        },
    }


def service(**server: Any) -> dict[str, Any]:
    return {"model_armor": {"address": "127.0.0.1:1", **server}}


def test_a_template_names_a_guardrail_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r'no Guardrail egde.*did you mean "edge"') as told:
        loaded(tmp_path, allow(), guardrail("response"), service=service(templates={"t": "egde"}))
    assert "service.model_armor.templates.t" in str(told.value)


def test_a_template_names_a_guardrail_that_judges_prompts_or_answers(tmp_path: Path) -> None:
    templates = service(templates={"t": "edge"})
    with pytest.raises(ConfigurationError, match="neither prompts nor answers"):
        loaded(tmp_path, allow(), guardrail("tool_call"), service=templates)
    loaded(tmp_path, allow(), guardrail("tool_call", "response"), service=templates)


def test_an_identity_that_cannot_work_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="given twice"):
        loaded(tmp_path, service=service(accept=["key", "key"]))


def test_a_worker_serves_it_as_configured(tmp_path: Path) -> None:
    stage = snapshot(loaded(tmp_path, service=service(accept=["key"]))).model_armor
    assert stage is not None
    assert (stage.server.address, stage.rules.accept) == ("127.0.0.1:1", ("key",))
    assert snapshot(loaded(tmp_path)).model_armor is None


def test_another_certificate_in_the_same_file_is_another_stage(tmp_path: Path) -> None:
    for name in ("one.crt", "one.key"):
        (tmp_path / name).write_text("first")
    gateway = loaded(tmp_path).gateway
    server = ModelArmorServer(
        address="127.0.0.1:1",
        certificate=str(tmp_path / "one.crt"),
        key=str(tmp_path / "one.key"),
    )
    changed = gateway.service.model_copy(update={"model_armor": server})
    gateway = gateway.model_copy(update={"service": changed})
    first, again = model_armor_stage(gateway), model_armor_stage(gateway)
    assert first == again
    (tmp_path / "one.key").write_text("second")
    assert model_armor_stage(gateway) != first
