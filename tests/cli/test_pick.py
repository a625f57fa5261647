"""Where a request would go, with endpoints of which nothing or something is known."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.pick import StateError, read_state
from tests.cli.command import gatehouse, without_secrets, write_gateway
from tests.support.gatehouse import policy

ONE, TWO = "10.0.0.1:8000", "10.0.0.2:8000"
POOL = {"name": "chat", "endpoints": [ONE, TWO], "models": ["llama"]}
ROUTE = {"name": "chat", "path": "/v1", "protocol": "openai", "backend": "chat"}
ALLOW = policy("use", "chat", {"name": "all", "effect": "allow", "principals": ["key:x"]})
CHAT = {"model": "llama", "messages": [{"role": "user", "content": "word " * 800}]}


def explained(
    folder: Path, body: dict[str, Any] = CHAT, /, *options: str, state: Any = None, **pool: Any
) -> Any:
    file = write_gateway(folder, ALLOW, routes=[ROUTE], backends=[], pools=[POOL | pool])
    saved = folder / "saved"
    saved.write_bytes(
        b"POST /v1/chat/completions HTTP/1.1\r\ncontent-type: application/json\r\n\r\n"
        + json.dumps(body).encode()
    )
    if state is not None:
        (folder / "state.json").write_text(json.dumps(state))
        options += ("--state", str(folder / "state.json"))
    return without_secrets(
        gatehouse("explain", "-c", file, "--principal", "key:x", "--request", str(saved), *options)
    )


def state(*endpoints: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "pools": [{"name": "chat", "endpoints": [*endpoints]}]}


def busy(address: str, prefill_tokens: int) -> dict[str, Any]:
    flight = {
        "requests": 3,
        "prefilling": 2,
        "prefill_tokens": prefill_tokens,
        "context_tokens": prefill_tokens + 500,
    }
    load = {"running": 3, "waiting": 0, "kv_usage": 0.5, "age": 0.1}
    return {"address": address, "healthy": True, "in_flight": flight, "load": load}


def order(output: str) -> list[str]:
    return [line.split()[0] for line in output.splitlines() if line.startswith("10.0.0.")]


def test_an_allowed_request_is_told_with_the_costs_of_every_endpoint(tmp_path: Path) -> None:
    result = explained(tmp_path)
    assert result.exit_code == 0, result.output
    assert "ALLOWED by use/all" in result.stdout
    assert "POOL chat by profile default: model llama, 40" in result.stdout
    assert sorted(order(result.stdout)) == [ONE, TWO]
    assert "prefill" in result.stdout
    assert "word" not in result.stdout


@pytest.mark.parametrize(("crowded", "other"), [(ONE, TWO), (TWO, ONE)])
def test_a_request_would_go_where_less_is_to_be_done(
    tmp_path: Path, crowded: str, other: str
) -> None:
    result = explained(tmp_path, state=state(busy(crowded, 60_000)))
    assert order(result.stdout) == [other, crowded]
    rows = json.loads(
        explained(tmp_path, CHAT, "--json", state=state(busy(crowded, 60_000))).stdout
    )
    queues = {row["endpoint"]: row["parts"]["queue"] for row in rows["pick"]["scores"]}
    assert queues[crowded] > 1000
    assert queues[other] == 0


def test_an_endpoint_that_is_down_is_no_candidate(tmp_path: Path) -> None:
    down = {"address": ONE, "healthy": False}
    assert order(explained(tmp_path, state=state(down)).stdout) == [TWO]


def test_servers_that_only_the_gateway_has_found_count_too(tmp_path: Path) -> None:
    found = {"address": "10.0.0.3:8000", "healthy": True}
    assert "10.0.0.3:8000" in order(explained(tmp_path, state=state(found)).stdout)


def test_a_model_that_no_server_has_goes_nowhere(tmp_path: Path) -> None:
    result = explained(tmp_path, CHAT | {"model": "lama"})
    assert "REFUSED: " in result.stdout
    assert "llama" in result.stdout
    assert order(result.stdout) == []


def test_without_a_request_there_is_nothing_to_place(tmp_path: Path) -> None:
    file = write_gateway(tmp_path, ALLOW, routes=[ROUTE], backends=[], pools=[POOL])
    result = gatehouse("explain", "-c", file, "--principal", "key:x", "--method", "models/list")
    assert result.exit_code == 0, result.output
    assert "POOL" not in result.stdout


LARGE = {"name": "large", "endpoints": ["10.0.0.9:8000"], "models": ["llama-70b"]}


def explained_of_two(folder: Path, model: str, *options: str) -> Any:
    """Of a route to two pools, of which this caller may use the first alone."""
    big = policy("big", "large", {"name": "no", "effect": "deny", "principals": ["key:x"]})
    documents = [ALLOW, big]
    route = ROUTE | {"pools": ["large"]}
    file = write_gateway(folder, *documents, routes=[route], backends=[], pools=[POOL, LARGE])
    saved = folder / "saved"
    saved.write_bytes(
        b"POST /v1/chat/completions HTTP/1.1\r\ncontent-type: application/json\r\n\r\n"
        + json.dumps(CHAT | {"model": model, **({"rid": "1"} if "rid" in options else {})}).encode()
    )
    asked = ["--request", str(saved)] if "--name" not in options else []
    rest = [one for one in options if one != "rid"]
    return gatehouse("explain", "-c", file, "--principal", "key:x", *asked, *rest)


def test_the_model_says_which_pool_policies_judge_and_picks_are_made_in(tmp_path: Path) -> None:
    small = explained_of_two(tmp_path, "llama")
    assert "backend chat" in small.stdout
    assert "POOL chat" in small.stdout
    large = explained_of_two(tmp_path, "llama-70b")
    assert large.exit_code == 1
    assert "backend large" in large.stdout
    assert "REFUSED by big/no" in large.stdout
    assert "POOL" not in large.stdout


def test_a_call_without_a_body_is_judged_for_the_pool_of_its_model_too(tmp_path: Path) -> None:
    named = ("--method", "chat/completions", "--name")
    assert "ALLOWED by use/all" in explained_of_two(tmp_path, "", *named, "llama").stdout
    assert "REFUSED by big/no" in explained_of_two(tmp_path, "", *named, "llama-70b").stdout


def test_what_a_pool_does_not_take_from_clients_is_refused_as_it_would_be(tmp_path: Path) -> None:
    result = explained_of_two(tmp_path, "llama", "rid")
    assert result.exit_code == 1
    assert '"rid" is not for clients of a pool' in result.stdout


def test_what_policy_refuses_is_not_picked_for(tmp_path: Path) -> None:
    result = explained(tmp_path, CHAT, "--principal", "anonymous")
    assert result.exit_code == 1
    assert "POOL" not in result.stdout


@pytest.mark.parametrize(
    ("flight", "load", "said"),
    [
        ({"requests": -1}, None, "in_flight.requests is no count"),
        ({"requests": True}, None, "in_flight.requests is no count"),
        ({}, {"running": "many"}, f"the load of {ONE}"),
    ],
)
def test_a_state_that_cannot_be_is_wrong_usage(
    tmp_path: Path, flight: Any, load: Any, said: str
) -> None:
    row = {"address": ONE, "healthy": True, "in_flight": flight, "load": load}
    result = explained(tmp_path, state=state(row))
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", "").split())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pools": 1}', "\xff"])
def test_a_file_that_is_no_state_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(StateError, match=r"state\.json"):
        read_state(file)
