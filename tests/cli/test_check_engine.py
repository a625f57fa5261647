"""`gatehouse check --engine`: would these policies judge alike where the other engine runs?"""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.app import application
from tests.policy.documents import policy_text

GATEWAY = """\
apiVersion: gatehouse.dev/v1
listeners: [{name: public, port: 8080, identity: {accept: [anonymous]}}]
routes: [{name: tracker, path: /mcp, protocol: mcp, backend: tracker}]
backends: [{name: tracker, endpoints: ["127.0.0.1:9001"]}]
policies: policies
"""


def _check(folder: Path, when: str, *options: str) -> Result:
    (folder / "policies").mkdir()
    (folder / "policies" / "p.yaml").write_text(
        policy_text(f"name: r, effect: allow, tools: [get], when: '{when}'")
    )
    (folder / "gateway.yaml").write_text(GATEWAY)
    arguments = ["check", "-c", str(folder / "gateway.yaml"), "--demo", *options]
    return CliRunner().invoke(application(arguments), arguments)


def test_policies_that_judge_alike_pass_on_both_engines(tmp_path: Path) -> None:
    result = _check(tmp_path, "mcp.arguments.n == 3", "--engine", "cel-python")
    assert result.exit_code == 0, result.output
    assert "1 rule on cel-python" in result.output


def test_what_the_fallback_judges_otherwise_is_refused_with_its_place(tmp_path: Path) -> None:
    when = "mcp.arguments.n == math.sqrt(9.0)"
    result = _check(tmp_path, when, "--engine", "cel-python")
    assert result.exit_code == 1
    assert "p.yaml:7:79: error: spec.rules[0].when: cel-python cannot do math.sqrt()" in (
        result.output
    )


def test_the_fallback_is_told_where_it_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "gateway.policy.celexpr", raising=False)
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    result = _check(tmp_path, "mcp.arguments.n == 3")
    assert result.exit_code == 0, result.output
    assert "warning: policies: policies run on cel-python" in result.output


def test_an_engine_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "gateway.policy.celexpr", raising=False)
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    result = _check(tmp_path, "mcp.arguments.n == 3", "--engine", "cel-expr-python")
    assert result.exit_code == 1
    assert "cel-expr-python cannot be imported here (use cel-python)" in result.output
