"""docs/pools.md says of documents of others what the code does with them."""

import json
import re
from pathlib import Path

import pytest
import yaml

from gateway.bootstrap.load import load
from gateway.config.gie import GIE_KINDS
from gateway.config.gie_verdicts import RULES, Level
from tests.support.gatehouse import SEAL_KEY, allow

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "pools.md").read_text()


def test_every_kind_that_is_read_is_listed() -> None:
    assert set(re.findall(r"^\| `([A-Z]\w+)` \|", PAGE, re.MULTILINE)) == GIE_KINDS


@pytest.mark.parametrize("level", Level)
def test_every_plugin_is_listed_at_its_level(level: Level) -> None:
    row = re.search(rf"^\| {level.value} \| (.*) \|$", PAGE, re.MULTILINE)
    assert row is not None
    assert re.findall(r"`([^`]+)`", row[1]) == sorted(
        name for name, rule in RULES.items() if rule.level is level
    )


def test_the_lines_of_check_are_its_own_words() -> None:
    lines = re.findall(r"^policies/\S+: (\w+): (\S+): (.*)$", PAGE, re.MULTILINE)
    assert {Level(level) for level, _, _ in lines} == set(Level)
    assert [(level, says) for level, _, says in lines] == [
        (RULES[name].level.value, RULES[name].says) for _, name, _ in lines
    ]


def test_the_example_works(tmp_path: Path) -> None:
    block = re.search(r"```yaml\n(# gateway\.yaml.*?)```", PAGE, re.DOTALL)
    assert block is not None
    rest = {
        "apiVersion": "gatehouse.dev/v1",
        "listeners": [{"name": "main", "port": 8080, "identity": {"accept": ["anonymous"]}}],
        "sessions": {"keys": [SEAL_KEY]},
    }
    (tmp_path / "gateway.yaml").write_text(json.dumps(rest | yaml.safe_load(block[1])))
    (tmp_path / "servers.yaml").write_text('[{address: "10.0.0.1:8000"}]')
    folder = tmp_path / "policies"
    folder.mkdir()
    name = "vllm-llama3-8b-instruct"
    (folder / "use.yaml").write_text(json.dumps(allow("use", name, models=["*"])))
    (folder / "optimized-baseline.yaml").write_text(
        "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n"
    )
    (folder / "batch.yaml").write_text(
        "apiVersion: llm-d.ai/v1alpha2\nkind: InferenceObjective\nmetadata: {name: batch}\n"
        f"spec: {{poolRef: {{name: {name}}}, priority: -1}}\n"
    )
    found = load(tmp_path / "gateway.yaml", {})
    assert found.warnings == ()
    assert found.gateway.pools[0].objectives == {"batch": -1}
