"""`gatehouse doctor`: what would help to route to one's model servers."""

import json
from pathlib import Path

import pytest

from tests.cli.command import gatehouse, without_secrets, write_gateway
from tests.support.engines import engine, engines
from tests.support.gatehouse import policy
from tests.support.ports import free_port

ALLOW = policy("use", "chat", {"name": "all", "effect": "allow"})
ROUTE = {"name": "chat", "path": "/v1", "protocol": "openai", "backend": "chat"}
SECRET = "Bearer model-server-credential-0123456789"


def test_servers_of_a_configuration_are_asked_with_those_of_its_files(tmp_path: Path) -> None:
    with engines(2, speed=20) as pool:
        members = tmp_path / "members.yaml"
        members.write_text(json.dumps([{"address": pool[1].address}]))
        described = {
            "name": "chat",
            "endpoints": [pool[0].address],
            "file": str(members),
            "models": ["base-model"],
            "auth": {"value": SECRET},
        }
        file = write_gateway(tmp_path, ALLOW, routes=[ROUTE], backends=[], pools=[described])
        result = without_secrets(gatehouse("doctor", "-c", file, "--probe"), [SECRET])
        told = json.loads(gatehouse("doctor", "-c", file, "--json").stdout)
    assert result.exit_code == 0, result.output
    assert all(f"chat {each.address}\n" in result.stdout for each in pool)
    assert "ok     prompt-tokens-details" in result.stdout
    assert [one["address"] for one in told["servers"]] == [each.address for each in pool]
    assert {one["about"] for one in told["servers"][0]["findings"]} >= {"metrics", "models"}


def test_something_wrong_is_exit_code_1() -> None:
    with engine(speed=20, prefix_caching=False) as one:
        result = gatehouse("doctor", "--pool", one.url)
    assert result.exit_code == 1
    assert "WRONG  prefix-caching: is off" in result.stdout
    nobody = gatehouse("doctor", "--pool", f"http://127.0.0.1:{free_port()}", "--json")
    assert nobody.exit_code == 1
    (server,) = json.loads(nobody.stdout)["servers"]
    wrong = [one["about"] for one in server["findings"] if one["level"] == "wrong"]
    assert wrong == ["metrics", "models"]


def test_metrics_are_asked_for_where_the_pool_says(tmp_path: Path) -> None:
    with engines(2, each=[{"metrics_fault": "error"}], speed=20) as pool:
        described = {
            "name": "chat",
            "endpoints": [pool[0].address],
            "scrape": {"port": pool[1].port},
        }
        file = write_gateway(tmp_path, ALLOW, routes=[ROUTE], backends=[], pools=[described])
        result = gatehouse("doctor", "-c", file)
    assert result.exit_code == 0, result.output
    assert "engine: vllm" in result.stdout


CLAUDE = {"name": "claude", "path": "/claude", "protocol": "anthropic", "backend": "chat"}


@pytest.mark.parametrize(
    ("routes", "path"),
    [
        ([CLAUDE | {"upstream_path": "/"}], None),
        ([CLAUDE], "/"),
        ([CLAUDE | {"upstream_path": "/"}, ROUTE], None),
        ([ROUTE | {"path": "/llm", "upstream_path": "/v1"}], "/elsewhere"),
        ([ROUTE | {"path": "/llm"}], "/v1"),
    ],
)
def test_servers_are_asked_where_the_routes_to_them_lead(
    tmp_path: Path, routes: list[dict[str, str]], path: str | None
) -> None:
    with engine(speed=20) as only:
        pool = {"name": "chat", "endpoints": [only.address], "models": ["base-model"]}
        pools = [pool if path is None else pool | {"path": path}]
        file = write_gateway(tmp_path, ALLOW, routes=routes, backends=[], pools=pools)
        result = gatehouse("doctor", "-c", file, "--probe")
    assert result.exit_code == 0, result.output
    assert "ok     completion" in result.stdout


def test_an_engine_without_metrics_is_not_asked_for_any() -> None:
    with engine(speed=20, metrics_fault="error") as one:
        result = gatehouse("doctor", "--pool", one.url, "--engine", "openai")
    assert result.exit_code == 0, result.output
    assert "metrics" not in result.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--pool", "https://gpu:1"], "want http://host:port"),
        (["--pool", "127.0.0.1:1", "--engine", "llamacpp"], "want one of"),
        (["-c", "/nonexistent/gateway.yaml"], "gateway.yaml"),
    ],
)
def test_wrong_usage_is_one_error(options: list[str], said: str) -> None:
    result = gatehouse("doctor", *options)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", "").split())
    assert "Traceback" not in result.output


def test_a_configuration_without_pools_has_nobody_to_ask(tmp_path: Path) -> None:
    result = gatehouse("doctor", "-c", write_gateway(tmp_path))
    assert result.exit_code == 2
    assert "has no pool with a server to ask" in result.stderr
