"""`gatehouse reference`: every key of every document, without a configuration to look at."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from gateway.cli.reference import Kind
from tests.cli.command import ROOT, gatehouse, write_gateway
from tests.support.gatehouse import allow

KINDS = [kind.value for kind in Kind]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder with no configuration in it."""
    monkeypatch.chdir(tmp_path)


def schema(kind: str) -> dict[str, Any]:
    """What `--schema` prints."""
    result = gatehouse("reference", "--schema", kind)
    assert (result.exit_code, result.stderr) == (0, "")
    printed: dict[str, Any] = json.loads(result.stdout)
    return printed


def documents(kind: str, folder: Path) -> list[dict[str, Any]]:
    """Every shipped document of a kind; of gateway.yaml one without references, which the schema
    knows only replaced."""
    if kind == "Gateway":
        return [json.loads(Path(write_gateway(folder, allow())).read_text())]
    loaded = [
        document
        for file in sorted((ROOT / "policies").rglob("*.yaml"))
        for document in yaml.safe_load_all(file.read_text())
    ]
    return [document for document in loaded if document["kind"] == kind]


def test_the_page_has_a_chapter_of_every_document() -> None:
    result = gatehouse("reference")
    assert (result.exit_code, result.stderr) == (0, "")
    chapters = [line[3:] for line in result.stdout.splitlines() if line.startswith("## ")]
    assert (
        chapters == KINDS == ["Gateway", "AccessPolicy", "Guardrail", "Provenance", "PolicySuite"]
    )
    for section in ("listeners[]", "spec.rules[]", "spec.detectors[]", "spec.cases[].want"):
        assert f"### `{section}`" in result.stdout


def test_what_is_printed_is_the_page_of_the_documentation() -> None:
    assert gatehouse("reference").stdout == (ROOT / "docs" / "reference.md").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_accepts_what_is_shipped_and_no_unknown_key(kind: str, tmp_path: Path) -> None:
    make: Any = jsonschema.Draft202012Validator
    printed = schema(kind)
    make.check_schema(printed)
    validator = make(printed)
    found = documents(kind, tmp_path)
    assert found
    for document in found:
        assert [error.message for error in validator.iter_errors(document)] == []
        assert not validator.is_valid(document | {"kid": kind})
        assert not validator.is_valid(document | {"kind": "Other"})


def test_a_kind_that_does_not_exist_is_wrong_usage() -> None:
    result = gatehouse("reference", "--schema", "Policy")
    assert result.exit_code == 2
    assert result.stdout == ""
    for kind in KINDS:
        assert kind in result.stderr
