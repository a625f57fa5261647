"""`gatehouse explain`: why one request is decided as it is."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from tests.cli.command import DEMO, gatehouse, without_secrets, write_gateway
from tests.envoy.pool_stage import client, happens, pool_gateway, until_running
from tests.support.engines import engine, engines
from tests.support.gatehouse import allow
from tests.support.messages import META, MODERN

CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "delete_repo", "arguments": {"owner": "acme"}, "_meta": META},
}


def explain(*options: str, stdin: bytes | None = None) -> Result:
    return gatehouse("explain", "-c", DEMO, "--principal", "key:demo", *options, stdin=stdin)


def saved_request(body: Any, **headers: str) -> bytes:
    lines = {
        "host": "127.0.0.1:10000",
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": MODERN,
        "mcp-method": "tools/call",
        "mcp-name": "delete_repo",
        "x-api-key": "a-secret-key-in-a-saved-request",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST /mcp HTTP/1.1\r\n{head}\r\n{json.dumps(body)}".encode()


def test_a_refusal_names_the_rule_first_and_the_reason() -> None:
    result = explain("--name", "delete_repo")
    assert result.exit_code == 1
    head, verdict, first = result.stdout.splitlines()[3:6]
    assert head == "tools/call delete_repo"
    reason = "repositories are not deleted through this gateway"
    assert verdict == f"REFUSED by demo-key/never-delete: {reason}"
    assert first.startswith("* deny  demo-key/never-delete (")
    others = "mcp-edge/not-after-strangers, people/own-org-only"
    assert f"  for other principals: {others}, " in result.stdout


def test_a_refusal_by_default_names_the_rules_that_came_closest() -> None:
    result = explain("--name", "create_issue", "--arguments", '{"owner": "globex"}')
    assert result.exit_code == 1
    wanted = "REFUSED by default: no rule allows it; closest: demo-key/write-own-org\n"
    assert wanted in result.stdout
    assert 'when: false  [mcp.arguments.owner == "acme"]' in result.stdout


def test_an_allowed_call_and_a_base_message() -> None:
    allowed = explain("--name", "create_issue", "--arguments", '{"owner": "acme"}')
    assert allowed.exit_code == 0
    assert "ALLOWED by demo-key/write-own-org\n" in allowed.stdout
    listed = explain("--method", "tools/list")
    assert listed.exit_code == 0
    assert "ALLOWED by base" in listed.stdout


def test_scopes_actors_and_claims_count() -> None:
    user = ["--principal", "jwt:https://login.example.com#alice", "--name", "create_issue"]
    arguments = ["--arguments", '{"owner": "acme"}']
    lacking = gatehouse("explain", "-c", DEMO, *user, *arguments)
    assert lacking.exit_code == 1
    assert "REFUSED: people/create needs the scopes issues:write\n" in lacking.stdout
    given = gatehouse("explain", "-c", DEMO, *user, *arguments, "--scope", "issues:write")
    assert (given.exit_code, "ALLOWED by people/create\n" in given.stdout) == (0, True)
    agent = "spiffe://cluster.local/ns/assistants/sa/release-assistant"
    behind = gatehouse(
        *("explain", "-c", DEMO, *user, *arguments, "--scope", "issues:write"),
        *("--actor", agent, "--claims", '{"groups": ["maintainers"]}'),
    )
    assert "ALLOWED by assistants/create-for-maintainers\n" in behind.stdout


@pytest.mark.parametrize(
    "raw",
    [saved_request(CALL), json.dumps(CALL | {"params": {"name": "delete_repo"}}).encode()],
    ids=["a whole request", "a JSON body"],
)
def test_a_saved_request_is_explained_from_a_file_and_from_stdin(
    raw: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "saved"
    file.write_bytes(raw)
    for result in (explain("--request", str(file)), explain("--request", "-", stdin=raw)):
        assert result.exit_code == 1, result.output
        assert "REFUSED by demo-key/never-delete" in result.stdout
        assert "a-secret-key" not in result.output


def test_a_request_that_is_not_understood_goes_no_further_than_the_deframer() -> None:
    raw = saved_request(CALL, **{"mcp-name": "list_issues"})
    result = explain("--request", "-", stdin=raw)
    assert result.exit_code == 1
    assert "deframe    REFUSED header_mismatch: " in result.stdout


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--method", "chat/completions", "--name", "demo-small"], 0, "ALLOWED by model-use/"),
        (["--method", "chat/completions", "--name", "demo-large"], 1, "REFUSED by default"),
        (
            ["--method", "messages", "--name", "demo-small", "--arguments", '{"max_tokens": 5000}'],
            1,
            "REFUSED by model-use/bounded-answers",
        ),
        (["--method", "SendMessage", "--name", "triage"], 0, "ALLOWED by agent-use/talk"),
    ],
)
def test_the_route_follows_from_the_method(options: list[str], code: int, said: str) -> None:
    result = explain(*options)
    assert result.exit_code == code, result.output
    assert said in result.stdout


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/chat/completions", "REFUSED by model-use/bounded-answers"),
        ("/anthropic/v1/messages?beta=true", "REFUSED by model-use/bounded-answers"),
    ],
)
def test_the_route_of_a_saved_request_follows_from_its_path(path: str, said: str) -> None:
    messages = [{"role": "user", "content": "hello"}]
    body = json.dumps({"model": "demo-small", "max_tokens": 5000, "messages": messages})
    raw = f"POST {path} HTTP/1.1\r\ncontent-type: application/json\r\n\r\n{body}".encode()
    result = explain("--request", "-", stdin=raw)
    assert result.exit_code == 1
    assert said in result.stdout


def test_a_path_that_no_route_serves_wants_one_named() -> None:
    raw = b"POST /v1beta/x HTTP/1.1\r\n\r\n{}"
    assert explain("--request", "-", stdin=raw).exit_code == 2


def test_every_call_of_a_batch_is_explained(tmp_path: Path) -> None:
    route = {
        "name": "tracker",
        "path": "/mcp",
        "protocol": "mcp",
        "backend": "tracker",
        "batches": True,
    }
    file = write_gateway(tmp_path, allow(tools=["echo"]), routes=[route])
    batch = [
        {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": name}}
        for number, name in enumerate(("echo", "delete"))
    ]
    headers = {"mcp-protocol-version": "2025-03-26", "content-type": "application/json"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    raw = f"POST /mcp HTTP/1.1\r\n{head}\r\n{json.dumps(batch)}".encode()
    options = ("-c", file, "--principal", "key:x", "--request", "-")
    result = without_secrets(gatehouse("explain", *options, stdin=raw))
    assert result.exit_code == 1
    assert "tools/call echo\nALLOWED by allow-all/allow\n" in result.stdout
    assert "tools/call delete\nREFUSED by default" in result.stdout


def test_json_has_every_rule_with_its_conditions() -> None:
    document = json.loads(explain("--name", "delete_repo", "--json").stdout)
    assert (document["version"], document["allowed"]) == (1, False)
    (call,) = document["calls"]
    assert (call["policy"], call["rule"]) == ("demo-key", "never-delete")
    assert {rule["policy"] for rule in call["rules"]} >= {"demo-key", "people", "assistants"}


def test_the_guardrails_of_a_backend_are_told_with_whether_they_apply(tmp_path: Path) -> None:
    words = {"lists": [{"words": ["aardvark"]}]}
    spec = {
        "targets": [{"backend": "tracker"}],
        "stages": ["tool_call"],
        "match": {"tools": ["read"]},
        "detectors": [{"type": "words", "options": words}],
    }
    kind = {"apiVersion": "gatehouse.dev/v1", "kind": "Guardrail"}
    guardrail = {**kind, "metadata": {"name": "animals"}, "spec": spec}
    file = write_gateway(tmp_path, allow(tools=["*"]), guardrail)
    asked = ("explain", "-c", file, "--principal", "key:tester", "--route", "tracker", "--name")
    assert "\n* guardrail animals (" in gatehouse(*asked, "read").stdout
    told = gatehouse(*asked, "write").stdout
    assert "\n  guardrail animals (" in told
    assert "          tools: not among read\n" in told
    (call,) = json.loads(gatehouse(*asked, "write", "--json").stdout)["calls"]
    assert [(one["guardrail"], one["applies"]) for one in call["guardrails"]] == [
        ("animals", False)
    ]


def test_an_unjudged_route_is_told_to_be_one(tmp_path: Path) -> None:
    file = write_gateway(tmp_path)
    result = gatehouse("explain", "-c", file, "--route", "raw", "--request", "-", stdin=b"anything")
    assert result.exit_code == 0
    assert result.stdout == "the route raw is unjudged: everything passes, and is recorded\n"
    told = json.loads(gatehouse("explain", "-c", file, "--route", "raw", "--json").stdout)
    assert told == {"version": 1, "allowed": True, "route": "raw", "unjudged": True}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--principal", "demo"], "want spiffe://"),
        (["--principal", ""], "want spiffe://"),
        (["--route", "nowhere"], "want one of: tracker"),
        (["--arguments", "{"], "not JSON"),
        (["--arguments", "[]"], "want a JSON object"),
        (["--request", "/nonexistent"], "cannot read /nonexistent"),
        (["--request", "-"], "want an HTTP request"),
    ],
)
def test_wrong_usage_is_one_error(options: list[str], said: str) -> None:
    result = explain(*options, stdin=b"neither HTTP nor JSON")
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", "").split())
    assert "Traceback" not in result.output


def test_a_wrong_configuration_is_told(tmp_path: Path) -> None:
    result = gatehouse("explain", "-c", write_gateway(tmp_path, allow(tool=["echo"])))
    assert result.exit_code == 2
    assert 'unknown key "tool"' in result.stderr


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_request_that_was_served_is_explained_by_its_audit_id(
    tmp_path: Path, workers: int
) -> None:
    with (
        engines(2, speed=20) as pool,
        pool_gateway(tmp_path, pool, workers=workers, sample=1.0) as gateway,
    ):
        async with client(gateway) as one:
            assert (await one.chat("Hello there. " * 200, stream=True)).status == 200
        (record,) = gateway.wait_for_records(1)
        options = ["--admin", gateway.admin.removeprefix("http://"), "--request"]
        found = gatehouse("explain", *options, record["audit_id"])
        told = json.loads(gatehouse("explain", *options, record["audit_id"], "--json").stdout)
        unknown = gatehouse("explain", *options, "0" * 32)
    assert found.exit_code == 0, found.output
    assert f"POOL models by profile default: {record['pick']['endpoint']}" in found.stdout
    assert "answered 200 by" in found.stdout
    assert {row["endpoint"] for row in told["scores"]} == {each.address for each in pool}
    assert told["expected_ms"] == pytest.approx(record["pick"]["expected_ms"], abs=0.1)
    assert told["served"]["status"] == 200
    assert told["served"]["first_token_ms"] > 0
    assert "Hello" not in json.dumps(told)
    assert unknown.exit_code == 1
    assert "no such pick is kept" in unknown.stderr


async def test_who_waits_in_a_queue_is_seen_in_metrics_and_explained(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    chat = {"model": "base-model", "messages": [{"role": "user", "content": "Hello"}]}
    saved.write_bytes(
        b"POST /models/v1/chat/completions HTTP/1.1\r\ncontent-type: application/json\r\n\r\n"
        + json.dumps(chat).encode()
    )
    with (
        engine(max_num_seqs=1) as only,
        pool_gateway(tmp_path, [only], flow={"max_in_flight": 1}) as gateway,
    ):
        admin = ("--admin", gateway.admin.removeprefix("http://"))
        options = ["-c", str(tmp_path / "gateway.yaml"), "--principal", "key:tester"]
        options += ["--request", str(saved), "--state", str(tmp_path / "state.json")]

        def explained() -> str:
            (tmp_path / "state.json").write_text(gatehouse("top", *admin, "--json").stdout)
            return gatehouse("explain", *options).stdout

        async with client(gateway) as one:
            running = asyncio.create_task(
                one.chat("For ever", max_tokens=20_000, min_tokens=20_000)
            )
            await until_running(only, 1)
            idle = await asyncio.to_thread(explained)
            waiting = [asyncio.create_task(one.chat(f"{n}", max_tokens=1)) for n in range(3)]
            await happens(lambda: gateway.metric("gatehouse_pool_queue_requests") == 3)
            full = await asyncio.to_thread(explained)
            document = json.loads(gatehouse("explain", *options, "--json").stdout)
            running.cancel()
            answers = await asyncio.gather(*waiting)
        records = gateway.wait_for_records(4)
        last = max(records, key=lambda record: record.get("waited_us", 0))
        served = gatehouse("explain", *admin, "--request", last["audit_id"]).stdout
    assert {answer.status for answer in answers} == {200}
    assert "queue: 0 waiting" in idle
    assert "queue: 3 waiting" in full
    assert "priority 0: 3, oldest " in full
    assert f" s, for {only.address} (3)" in full
    assert document["pick"]["queue"]["waiting"] == 3
    waited = next(line for line in served.splitlines() if line.startswith("waited "))
    assert float(waited.split()[1]) > 0
