"""`gatehouse check`: every error with its place and the fix, and nothing secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import DEMO, gatehouse, without_secrets, write_gateway
from tests.support.gatehouse import allow


def test_a_sound_configuration_is_summed_up(tmp_path: Path) -> None:
    file = write_gateway(tmp_path, allow(tools=["echo"]))
    result = without_secrets(gatehouse("check", "-c", file))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("ok: 1 listener, 2 routes, 1 backend, 1 policy, 1 rule on ")


def test_what_a_configuration_without_policies_means_is_told(tmp_path: Path) -> None:
    result = gatehouse("check", "-c", write_gateway(tmp_path))
    assert result.exit_code == 0, result.output
    assert "0 policies" in result.stdout
    assert result.stdout.endswith("; without a policy every judged request is refused\n")


def test_the_shipped_demo_is_sound() -> None:
    result = gatehouse("check", "-c", DEMO, "--demo")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""


def test_the_methods_of_each_rule_are_shown_on_demand(tmp_path: Path) -> None:
    rule = allow("reads", methods=["*"], when='mcp.uri.startsWith("file:")')
    result = gatehouse("check", "-c", write_gateway(tmp_path, rule), "--rules")
    wanted = "allow reads/allow: resources/read, resources/subscribe, resources/unsubscribe\n"
    assert wanted in result.stdout


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (allow(tool=["echo"]), 'spec.rules[0].tool: unknown key "tool" (did you mean "tools"?)'),
        (allow(when="mcp.arguments +"), "spec.rules[0].when: "),
        (allow(when="mcp.tool == 'x'"), "spec.rules[0].when: "),
        (
            allow("other", "tracked"),
            'spec.targets[0].backend: no backend "tracked" (did you mean "tracker"?)',
        ),
        (
            {**allow(), "kind": "AccessPolice"},
            "kind: unknown kind AccessPolice (use AccessPolicy, Guardrail, Provenance",
        ),
    ],
)
def test_an_error_has_its_place_its_path_and_the_fix(
    policy: dict[str, Any], said: str, tmp_path: Path
) -> None:
    result = without_secrets(gatehouse("check", "-c", write_gateway(tmp_path, policy)))
    assert result.exit_code == 1
    line, count = result.stderr.splitlines()
    place, column, rest = line.removeprefix(f"{tmp_path}/policies/policies.yaml:").split(":", 2)
    assert place.isdecimal()
    assert column.isdecimal()
    assert rest.startswith(f" error: {said}")
    assert count == "1 error"


def test_errors_of_gateway_yaml_quote_no_secret(tmp_path: Path) -> None:
    weak, broken = "A" * 44, "Bearer line\nbreak"
    backend = {"name": "tracker", "endpoints": ["x"], "auth": {"value": broken, "helder": "x"}}
    file = write_gateway(tmp_path, sessions={"keys": [weak, 7]}, backends=[backend])
    result = without_secrets(gatehouse("check", "-c", file), (weak, broken, "line"))
    assert result.exit_code == 1
    assert "sessions.keys" in result.stderr
    assert 'backends[0].auth.helder: unknown key "helder"' in result.stderr


def test_json_has_the_same_for_machines(tmp_path: Path) -> None:
    broken = gatehouse("check", "-c", write_gateway(tmp_path, allow(tool=["echo"])), "--json")
    document = json.loads(broken.stdout)
    (problem,) = document["problems"]
    assert (broken.exit_code, document["ok"], document["rules"]) == (1, False, [])
    assert problem == {
        "file": f"{tmp_path}/policies/policies.yaml",
        "line": problem["line"],
        "column": problem["column"],
        "path": "spec.rules[0].tool",
        "severity": "error",
        "message": 'unknown key "tool"',
        "fix": 'did you mean "tools"?',
    }
    sound = gatehouse("check", "-c", write_gateway(tmp_path, allow(tools=["echo"])), "--json")
    document = json.loads(sound.stdout)
    assert (sound.exit_code, document["ok"], document["problems"]) == (0, True, [])
    assert document["rules"] == [
        {"policy": "allow-all", "rule": "allow", "effect": "allow", "methods": ["tools/call"]}
    ]


def test_warnings_alone_are_no_failure(tmp_path: Path) -> None:
    more = {"name": "spare", "endpoints": ["127.0.0.1:1"]}
    backends = [{"name": "tracker", "endpoints": ["127.0.0.1:9101"]}, more]
    result = gatehouse("check", "-c", write_gateway(tmp_path, backends=backends))
    assert result.exit_code == 0
    assert 'warning: backends[1].name: no route leads to backend "spare"' in result.stderr


def test_a_document_that_needs_more_than_a_request_decision_is_refused_on_a_check_route(
    tmp_path: Path,
) -> None:
    route = {"name": "tracker", "path": "/mcp", "protocol": "mcp", "backend": "tracker"}
    file = write_gateway(
        tmp_path, allow(methods=["tools/list"]), routes=[route | {"mode": "check"}]
    )
    result = gatehouse("check", "-c", file)
    assert result.exit_code == 1
    said = "methods[0]: tools/list needs its response, and a route in mode check never sees one"
    assert said in result.stderr
    file = write_gateway(tmp_path, allow(methods=["tools/list"]), routes=[route])
    assert gatehouse("check", "-c", file).exit_code == 0


def test_a_file_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    result = gatehouse("check", "-c", str(tmp_path / "nowhere.yaml"))
    assert result.exit_code == 1
    assert "cannot read the file: No such file or directory" in result.stderr


def test_an_unknown_option_is_wrong_usage() -> None:
    result = gatehouse("check", "--bogus")
    assert result.exit_code == 2
    assert "No such option: --bogus" in result.stderr


def test_guardrails_are_counted_and_shown_with_their_methods(tmp_path: Path) -> None:
    words = {"lists": [{"words": ["aardvark"]}]}
    guardrail: dict[str, Any] = {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "Guardrail",
        "metadata": {"name": "animals"},
        "spec": {
            "targets": [{"backend": "tracker"}],
            "stages": ["tool_call"],
            "detectors": [{"type": "words", "options": words}],
        },
    }
    file = write_gateway(tmp_path, allow(tools=["echo"]), guardrail)
    result = gatehouse("check", "-c", file, "--rules")
    assert result.exit_code == 0, result.output
    assert "guardrail animals: tools/call\n" in result.stdout
    assert ", 1 guardrail on " in result.stdout
    guardrail["spec"] |= {"detectors": [{"type": "wrds"}]}
    file = write_gateway(tmp_path, allow(tools=["echo"]), guardrail)
    result = gatehouse("check", "-c", file)
    assert result.exit_code == 1
    assert 'spec.detectors[0].type: no detector "wrds" (did you mean "words"?)' in result.stderr
