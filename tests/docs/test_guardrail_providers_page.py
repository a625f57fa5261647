"""What docs/guardrail-providers.md says is what the code does."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.adapters.guardrails.llama_guard import CATEGORIES
from gateway.adapters.guardrails.pieces import OVERLAP
from gateway.adapters.guardrails.shieldgemma import POLICIES
from gateway.config.loading import inspect_gateway
from gateway.config.providers import (
    KINDS,
    GuardModel,
    GuardrailProvider,
    ModelArmor,
    OpenAiModeration,
)
from gateway.guardrails.provider import RESPONSIBLE_AI
from gateway.model.finding import Levels
from tests.config.case import right

PAGE = (Path(__file__).parents[2] / "docs" / "guardrail-providers.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def snippet(block: str) -> dict[str, Any]:
    """The part of gateway.yaml that a block shows."""
    value = yaml.safe_load(block)
    return {"guardrail_providers": value} if isinstance(value, list) else value


def whole(part: dict[str, Any], folder: Path) -> dict[str, Any]:
    """gateway.yaml with that part, and the files that it names."""
    value = right()
    value["service"] = {**value["service"], **part.get("service", {})}
    (folder / "token").write_text("t")
    for one in part.get("guardrail_providers", ()):
        if "token_file" in one.get("model_armor", {}):
            one["model_armor"]["token_file"] = "token"
    return {**part, **value}


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_every_configuration_is_accepted_without_a_warning(number: int, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(yaml.safe_dump(whole(snippet(BLOCKS[number]), tmp_path)))
    assert list(inspect_gateway(file, {"OPENAI_API_KEY": "k"}).problems) == []


def test_every_kind_is_shown() -> None:
    shown = {
        key
        for block in BLOCKS
        for one in snippet(block).get("guardrail_providers", ())
        for key in one
    }
    assert set(KINDS) <= shown


def test_the_values_of_the_first_example_are_the_defaults() -> None:
    (first,) = snippet(BLOCKS[0])["guardrail_providers"]
    given = {key: value for key, value in first.items() if key not in {"name", *KINDS}}
    defaults = GuardrailProvider(name="x").model_dump(mode="json")
    assert given == {key: defaults[key] for key in defaults if key not in {"name", *KINDS}}


def test_the_page_says_plainly_that_categories_of_responsible_ai_come_from_providers_only() -> None:
    sentence = next(part for part in PAGE.split("**") if "found by providers only" in part)
    assert all(word in sentence for word in RESPONSIBLE_AI)


def test_the_numbers_are_those_of_the_code() -> None:
    levels = Levels()
    assert f"LOW, {levels.medium:g} MEDIUM, {levels.high:g} HIGH" in PAGE
    assert f"probabilities of {levels.low:g}, {levels.medium:g} and {levels.high:g}" in PAGE
    assert f"above `piece`\n({ModelArmor.model_fields['piece'].default:,})" in PAGE
    assert f"above `piece` ({GuardModel.model_fields['piece'].default:,})" in PAGE
    assert f"overlap by {OVERLAP}" in PAGE
    assert f"{OpenAiModeration.model_fields['url'].default}/moderations" in PAGE
    assert len(POLICIES) == 4


@pytest.mark.parametrize("category", RESPONSIBLE_AI)
def test_the_codes_of_llama_guard_are_those_of_the_code(category: str) -> None:
    line = PAGE[PAGE.index("- `llama-guard`") : PAGE.index("- `shieldgemma`")]
    said = re.search(rf"((?:S\d+(?:, | and |\s)+)+)(?:are\s+)?`{category}`", line)
    assert said is not None
    codes = set(re.findall(r"S\d+", said.group(1)))
    assert codes == {code for code, name in CATEGORIES.items() if name == category}
