"""`gatehouse scan`: what detectors find in a text."""

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.command import gatehouse

DOCUMENT = """\
apiVersion: gatehouse.dev/v1
kind: Guardrail
metadata: {name: animals}
spec:
  targets: [{backend: tracker}]
  stages: [request]
  detectors:
  - type: words
    action: ACTION
    options: {lists: [{category: animal, words: [aardvark], score: 0.9}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A Guardrail that blocks a word, and a text that has it."""
    (tmp_path / "animals.yaml").write_text(DOCUMENT.replace("ACTION", "block"))
    (tmp_path / "note.txt").write_text("An Aardvark.")
    return tmp_path


def test_a_text_a_file_and_stdin_are_scanned_alike(folder: Path) -> None:
    policies = ("--policies", str(folder))
    for given, stdin in (
        ("An Aardvark.", None),
        (str(folder / "note.txt"), None),
        ("-", b"An Aardvark."),
    ):
        result = gatehouse("scan", given, *policies, stdin=stdin)
        assert result.exit_code == 1, result.output
        assert result.stdout.startswith("3-11  words/animal  0.90 HIGH  ")
        assert "    animals: block\n" in result.stdout
        assert result.stdout.endswith(
            "masked: An [ANIMAL].\nverdict: block: blocked by guardrail animals (animal)\n"
        )


def test_what_would_not_block_exits_with_0(folder: Path) -> None:
    policies = ("--policies", str(folder))
    assert gatehouse("scan", "A badger.", *policies).stdout == "verdict: pass\n"
    assert gatehouse("scan", "An aardvark.", *policies, "--stage", "response").exit_code == 0
    (folder / "animals.yaml").write_text(DOCUMENT.replace("ACTION", "mask"))
    result = gatehouse("scan", "An aardvark.", *policies, "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["action"], told["text"]) == ("mask", "An [ANIMAL].")


@pytest.mark.parametrize("name", ["notes.txt", "logs/today", "./a.md", "/etc/x"])
def test_a_file_that_is_not_there_is_told_and_scanned_as_a_text(folder: Path, name: str) -> None:
    result = gatehouse("scan", name, "--policies", str(folder))
    assert result.stderr == f"there is no file {name}: it is scanned as a text\n"
    assert result.stdout == "verdict: pass\n"
    assert gatehouse("scan", "An apple and/or a.pear", "--policies", str(folder)).stderr == ""


def test_a_stage_that_no_guardrail_judges_is_told(folder: Path) -> None:
    result = gatehouse("scan", "An aardvark.", "--policies", str(folder), "--stage", "tool_call")
    assert result.stderr == "no Guardrail judges tool_call; --stage may be request\n"
    assert result.exit_code == 0


def test_a_baseline_is_refused_until_somebody_answers_for_it(folder: Path) -> None:
    file = folder / "baseline.txt"
    policies = ("--policies", str(folder))
    gatehouse("scan", "An aardvark.", *policies, "--baseline", str(file))
    (exclusion,) = yaml.safe_load(file.read_text())["exclusions"]
    document = yaml.safe_load((folder / "animals.yaml").read_text())
    document["spec"]["exclusions"] = [exclusion]
    (folder / "animals.yaml").write_text(yaml.safe_dump(document))
    result = gatehouse("scan", "An aardvark.", *policies)
    assert result.exit_code == 2
    assert "spec.exclusions[0].owner" in result.stderr
    exclusion |= {"owner": "zoo", "reason": "it lives here", "expires": "2999-01-01"}
    (folder / "animals.yaml").write_text(yaml.safe_dump(document))
    assert gatehouse("scan", "An aardvark.", *policies).exit_code == 0
    assert gatehouse("scan", "The AARDVARK aardvarks", *policies).exit_code == 1


def test_without_what_is_to_be_scanned_or_judged_by_it_says_so(tmp_path: Path) -> None:
    result = gatehouse("scan", "text", "--policies", str(tmp_path))
    assert (result.exit_code, result.stderr) == (2, f"no Guardrail in {tmp_path}\n")
    assert gatehouse("scan", "-", stdin=b"\xff").exit_code == 2
    assert gatehouse("scan").exit_code == 2
