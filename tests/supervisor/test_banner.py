import json
from pathlib import Path

import pytest

from gateway.bootstrap.load import load
from gateway.supervisor.banner import banner, demo_commands, guarded_commands, program
from gateway.supervisor.ready import ready_document

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "demo" / "gateway.yaml"
ROUTE = {"name": "tracker", "url": "http://127.0.0.1:10000/mcp"}


def test_where_by_which_policies_and_what_to_try_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    loaded = load(DEMO, {}, demo=True)
    document = ready_document(loaded.gateway, envoy=1, workers=[2], children={})
    banner(loaded, document, DEMO, demo=True)
    said = capsys.readouterr().out
    assert "  http://127.0.0.1:10000/mcp  mcp -> tracker\n" in said
    names = "agent-use, assistants, demo-key, dlp-egress, llm-edge, mcp-edge, issue-triage"
    assert f"/policies: {names}, model-use, people, batch-filler, chat, coding-agents\n" in said
    assert "\nguardrails: demo-prompts, demo-answers, demo-tools, dlp-egress, llm-edge" in said
    assert "# a list that shows only what is allowed\n" in said
    assert said.endswith("Ctrl-C stops everything.\n")
    banner(loaded, document, DEMO, demo=False)
    assert "curl" not in capsys.readouterr().out


def test_commands_hold_the_route_and_the_configuration_that_run() -> None:
    commands = dict(demo_commands(ROUTE, Path("my files/gateway.yaml"), ".venv/bin/gatehouse"))
    explain = ".venv/bin/gatehouse explain -c 'my files/gateway.yaml' --route tracker "
    assert commands["why it is refused"].startswith(explain)
    for title in ("an allowed call", "a refused one", "a list that shows only what is allowed"):
        text = commands[title]
        assert text.startswith("curl -s http://127.0.0.1:10000/mcp ")
        body = json.loads(text.partition(" -d '")[2].removesuffix("'"))
        assert f"'mcp-method: {body['method']}'" in text
        if "name" in body["params"]:
            assert f"'mcp-name: {body['params']['name']}'" in text


def test_commands_about_guardrails_hold_the_model_and_the_server_of_tools() -> None:
    routes = [
        {"protocol": "mcp", "backend": "tracker"},
        {"protocol": "openai", "url": "http://127.0.0.1:10000/v1", "backend": "models"},
    ]
    upstreams = [{"name": "tracker", "address": "127.0.0.1:9101"}]
    blocked, masked, poisoned = (text for _, text in guarded_commands(routes, upstreams))
    for text in (blocked, masked):
        assert text.startswith("curl -s http://127.0.0.1:10000/v1/chat/completions ")
        body = json.loads(text.partition(" -d '")[2].partition("'")[0])
        assert body["model"] == "demo-small"
    assert poisoned.startswith("curl -s http://127.0.0.1:9101/mcp ")
    assert guarded_commands(routes[:1], upstreams) == guarded_commands(routes, []) == []


def test_the_program_is_called_as_the_shell_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "bin" / "gatehouse"
    started.parent.mkdir()
    started.touch(mode=0o755)
    monkeypatch.setattr("sys.argv", [str(started)])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert program() == "bin/gatehouse"
    monkeypatch.setenv("PATH", str(started.parent))
    assert program() == "gatehouse"
