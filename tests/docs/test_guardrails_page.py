"""What docs/guardrails.md says is what the code does, and its documents are accepted."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.bootstrap.load import folder_judges, load
from gateway.guardrails.schema import HOLD_BACK, Guardrail
from gateway.guardrails.windows import STEP, WINDOW
from gateway.model.finding import Action
from gateway.model.passage import Stage
from tests.support.gatehouse import SEAL_KEY
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "guardrails.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
RECIPES = sorted(
    one.stem
    for one in (ROOT / "policies" / "guardrails").glob("*.yaml")
    if not one.stem.endswith("_test")
)
HEAD = {"apiVersion": "gatehouse.dev/v1", "kind": "Guardrail", "metadata": {"name": "shown"}}


def guardrails() -> Iterator[dict[str, Any]]:
    """The Guardrails of the page; those that are shown in part get what they lack."""
    for block in BLOCKS:
        value = yaml.safe_load(block)
        if value.get("kind") == "Guardrail":
            yield value
        elif "spec" in value:
            yield {**HEAD, "spec": value["spec"]}
        elif "exclusions" in value:
            whole: dict[str, Any] = {"stages": ["request"], "detectors": [{"type": "secrets"}]}
            yield {**HEAD, "spec": {"targets": [{"backend": "models"}], **whole, **value}}


def test_every_guardrail_is_accepted() -> None:
    texts = [json.dumps(one, default=str) for one in guardrails()]  # a day is text in YAML, too
    assert len([Guardrail.model_validate_json(text) for text in texts]) == 4


def test_the_first_one_is_accepted_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "no-secrets.yaml").write_text(BLOCKS[0])
    _, guarding = folder_judges(tmp_path, {})
    assert set(guarding.book.guards) == {"no-secrets"}
    assert guarding.warnings == ()


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_is_on_the_page_with_a_configuration_that_is_accepted(
    recipe: str, tmp_path: Path
) -> None:
    name = f"# with policies/guardrails/{recipe}.yaml\n"
    (block,) = (one for one in BLOCKS if one.startswith(name))
    (tmp_path / "gateway.yaml").write_text(block)
    (tmp_path / "policies").mkdir()
    shipped = (ROOT / "policies" / "guardrails" / f"{recipe}.yaml").read_text()
    (tmp_path / "policies" / f"{recipe}.yaml").write_text(shipped)
    keys = {f"{one}_KEY_SHA256": "0" * 64 for one in ("SHOP", "AGENT", "CLERK")}
    environment = {**keys, "SEAL_KEY": SEAL_KEY, "OPENAI_API_KEY": "k"}
    loaded = load(tmp_path / "gateway.yaml", environment)
    assert loaded.guardrails
    assert loaded.warnings == ()


def test_every_stage_and_action_is_in_its_table() -> None:
    where = PAGE.partition("\n## Where it judges\n")[2].partition("\n## ")[0]
    assert [one.value for one in Stage if f"`{one.value}`" not in where] == []
    what = PAGE.partition("\n## What it does\n")[2].partition("\n## ")[0]
    assert [one.value for one in Action if f"| `{one.value}` |" not in what] == []


def test_the_figures_on_the_page_are_those_of_the_code() -> None:
    assert f"({HOLD_BACK})" in PAGE
    assert f"A window of {WINDOW:,} characters" in PAGE
    assert WINDOW == 2 * STEP


def test_the_links_lead_somewhere() -> None:
    links = set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGE))
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
