"""Guardrail documents from files to a snapshot."""

from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap.guardrails import URL_LISTS, Guarding, pattern_cache
from gateway.bootstrap.load import ConfigurationError, folder_judges, load
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.pipeline.snapshot import Snapshot
from gateway.suite.inputs import call_from
from tests.bootstrap.configured import loaded, snapshot, write
from tests.policy.documents import AGENT, context
from tests.support.gatehouse import allow

NO_WORDS: dict[str, list[str]] = {"lists": []}
WORDS = {"lists": [{"words": ["aardvark"], "category": "animal", "score": 0.9}]}


def guardrail(name: str = "animals", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "Guardrail",
        "metadata": {"name": name},
        "spec": {
            "targets": [{"backend": "tracker"}],
            "stages": ["tool_call"],
            "detectors": [{"type": "words", "options": WORDS}],
            **spec,
        },
    }


def blocked(judging: Snapshot | Guarding, text: str) -> str | None:
    """What the guardrails that apply to a call of a tool say of one of its arguments."""
    matches = judging.guarded if isinstance(judging, Snapshot) else judging.matches
    book = judging.guardrails if isinstance(judging, Snapshot) else judging.book
    names = matches.matching(call_from("tools/call", {"name": "echo"}), AGENT, context())
    one = Passage(text, Place(("text",)), Stage.TOOL_CALL, Part.TOOL_ARGUMENTS, "text")
    return book.judge(names, [one])[0].blocked


def test_a_worker_judges_by_the_same_guardrails(tmp_path: Path) -> None:
    found = loaded(tmp_path, allow(tools=["echo"]), guardrail())
    for judging in (found.guarding, snapshot(found)):
        assert blocked(judging, "an aardvark") == "blocked by guardrail animals (animal)"
        assert blocked(judging, "a badger") is None


def test_without_a_guardrail_nothing_is_judged(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert found.guardrails == ()
    assert blocked(snapshot(found), "an aardvark") is None


def test_a_change_of_a_guardrail_is_another_configuration(tmp_path: Path) -> None:
    first = loaded(tmp_path, allow(tools=["echo"]), guardrail())
    second = loaded(tmp_path, allow(tools=["echo"]), guardrail(mode="shadow"))
    assert first.digest != second.digest
    assert blocked(snapshot(second), "an aardvark") is None


def test_options_that_come_from_the_environment_reach_workers(tmp_path: Path) -> None:
    file = write(tmp_path, allow(tools=["echo"]))
    words = tmp_path / "words.txt"
    words.write_text("aardvark\n")
    (tmp_path / "policies" / "animals.yaml").write_text(
        "apiVersion: gatehouse.dev/v1\nkind: Guardrail\nmetadata: {name: animals}\nspec:\n"
        "  targets: [{backend: tracker}]\n  stages: [tool_call]\n  detectors:\n  - type: words\n"
        "    options:\n      lists:\n      - category: animal\n        score: ${SCORE:-0.9}\n"
        f"        text: file:{words}\n"
    )
    found = load(file, {})
    assert blocked(snapshot(found), "an aardvark") == "blocked by guardrail animals (animal)"
    assert words in found.watched


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"detectors": [{"type": "wrds"}]}, 'did you mean "words"?'),
        ({"detectors": [{"type": "words", "options": NO_WORDS}]}, "options.lists"),
        ({"targets": [{"backend": "trackr"}]}, 'did you mean "tracker"?'),
        ({"match": {"when": "mcp.nothing == 1"}}, "spec.match.when"),
    ],
    ids=["detector", "options", "target", "when"],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, spec: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError) as told:
        loaded(tmp_path, allow(tools=["echo"]), guardrail(**spec))
    (problem,) = told.value.problems
    assert message in str(problem)
    assert problem.place.file.endswith("policies.yaml")


def test_the_guardrails_of_a_folder_judge_alone(tmp_path: Path) -> None:
    write(tmp_path, allow(tools=["echo"]), guardrail())
    _, guarding = folder_judges(tmp_path / "policies", {})
    assert blocked(guarding, "an aardvark") == "blocked by guardrail animals (animal)"


def test_compiled_patterns_are_kept_for_workers_and_later_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache / "below"))
    assert pattern_cache() is None
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    found = loaded(tmp_path, allow(tools=["echo"]), guardrail(on_error="open"))
    (kept,) = (cache / "gatehouse").iterdir()
    before = kept.stat().st_ino
    assert blocked(snapshot(found), "an aardvark") == "blocked by guardrail animals (animal)"
    assert kept.stat().st_ino == before
    assert [one.name for one in (cache / "gatehouse").iterdir()] == [kept.name]


LISTED = [{"type": "malicious_url", "options": {"files": ["bad.txt"]}}]


def test_lists_of_bad_hosts_lie_beside_the_policies_for_workers_too(tmp_path: Path) -> None:
    file = write(tmp_path, allow(tools=["echo"]), guardrail(detectors=LISTED))
    listed = tmp_path / "policies" / "bad.txt"
    with pytest.raises(ConfigurationError) as told:
        load(file, {})
    (problem,) = told.value.problems
    assert problem.place.file == str(listed)
    listed.write_text("first.net\nno host at all\n")
    found = load(file, {})
    assert [one.place.line for one in found.warnings if one.place.file == str(listed)] == [2]
    judging = snapshot(found)
    why = "blocked by guardrail animals (malicious_url)"
    assert blocked(judging, "see https://first.net/") == why
    assert blocked(judging, "see https://second.net/") is None
    listed.write_text("second.net\nthird.net\n")
    URL_LISTS.refresh()
    assert blocked(judging, "see https://second.net/") == why
    assert blocked(judging, "see https://first.net/") is None


def test_a_gateway_that_runs_keeps_compiled_patterns_in_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "nowhere" / "at all"))
    file = write(tmp_path, allow(tools=["echo"]), guardrail(on_error="open"))
    load(file, {})
    patterns = tmp_path / "run" / "patterns"
    assert not patterns.exists()
    found = load(file, {}, serving=True)
    (kept,) = patterns.iterdir()
    before = kept.stat().st_ino
    assert blocked(snapshot(found), "an aardvark") == "blocked by guardrail animals (animal)"
    assert [(one.name, one.stat().st_ino) for one in patterns.iterdir()] == [(kept.name, before)]
