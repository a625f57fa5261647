"""Hostile requests to a real agent, through the real Envoy: each ends at the gateway, or runs as
it was judged. The agent of the official SDK runs most of them when it is asked directly."""

import gzip
import json
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.gatehouse import KEY, Gateway, gatehouse, gateway_config, policy
from tests.support.processes import running
from tests.support.wire import Lines, Message, connected, request

MODES = ("buffered", "duplex")
POLICY = policy(
    "agent",
    "agent",
    {"name": "use", "effect": "allow", "methods": ["SendMessage", "GetTask"], "agents": ["agent"]},
    {"name": "text-only", "effect": "deny", "agents": ["*"], "when": 'a2a.part_types != ["text"]'},
)
JSON: Lines = (("content-type", "application/json"), ("a2a-version", "1.0"))
A2A_JSON: Lines = (("content-type", "application/a2a+json"), ("a2a-version", "1.0"))
V10: Lines = (("a2a-version", "1.0"),)

TEXT = '{"text":"hello"}'
URL = '{"url":"https://evil.example/"}'


def sent(part: str = TEXT, more: str = "") -> str:
    """The params of a message."""
    return f'{{"message":{{"messageId":"m","role":"ROLE_USER","parts":[{part}]{more}}}}}'


def rpc(params: str = "", method: str = "SendMessage", ident: str | None = '"id":1,') -> str:
    """A JSON-RPC request."""
    own = "" if ident is None else ident
    return f'{{"jsonrpc":"2.0",{own}"method":"{method}","params":{params or sent()}}}'


@dataclass(frozen=True)
class Row:
    """A request that the gateway answers with `status` and `reason`."""

    name: str
    status: int
    reason: str
    body: str | bytes | None = None
    lines: Lines = JSON
    path: str = ""
    method: str = "POST"


JSON_RPC = [
    Row("denied", 200, "DENIED", rpc(sent(URL))),
    Row("twin-keys", 400, "INVALID_REQUEST", rpc()[:-1] + ',"method":"CancelTask"}'),
    Row("twin-parts", 400, "INVALID_REQUEST", rpc(sent(more=f',"parts":[{URL}]'))),
    Row("snake-twin", 400, "INVALID_PARAMS", rpc(sent(more=',"message_id":"n"'))),
    Row("snake-alone", 400, "INVALID_PARAMS", rpc(sent(more=',"task_id":"t"'))),
    Row("case", 400, "INVALID_PARAMS", rpc(sent(more=f',"Parts":[{URL}]'))),
    Row("envelope-case", 400, "INVALID_REQUEST", rpc()[:-1] + ',"METHOD":"CancelTask"}'),
    Row("two-contents", 400, "INVALID_PARAMS", rpc(sent('{"text":"a","url":"https://e.example"}'))),
    Row("kind-of-another", 400, "INVALID_PARAMS", rpc(sent('{"text":"a","file":{"uri":"x"}}'))),
    Row("escaped-key", 200, "DENIED", rpc(sent('{"\\u0075rl":"https://evil.example/"}'))),
    Row("bom", 400, "PARSE_ERROR", b"\xef\xbb\xbf" + rpc().encode()),
    Row("utf-16", 400, "PARSE_ERROR", rpc().encode("utf-16-le")),
    Row(
        "charset",
        415,
        "CONTENT_TYPE_NOT_SUPPORTED",
        rpc().encode("utf-16"),
        (("content-type", "application/json; charset=utf-16"), *V10),
    ),
    Row("surrogate", 400, "PARSE_ERROR", rpc(sent('{"text":"\\ud800"}'))),
    Row("infinity", 400, "PARSE_ERROR", rpc(sent('{"data":Infinity}'))),
    Row("depth", 400, "INVALID_REQUEST", rpc(sent('{"data":' + "[" * 90 + "]" * 90 + "}"))),
    Row("no-id", 400, "INVALID_REQUEST", rpc(ident=None)),
    Row("null-id", 400, "INVALID_REQUEST", rpc(ident='"id":null,')),
    Row("fraction-id", 400, "INVALID_REQUEST", rpc(ident='"id":1.5,')),
    Row("batch", 400, "INVALID_REQUEST", f"[{rpc()}]"),
    Row("result-too", 400, "INVALID_REQUEST", rpc()[:-1] + ',"result":{}}'),
    Row(
        "text-plain",
        415,
        "CONTENT_TYPE_NOT_SUPPORTED",
        rpc(),
        (("content-type", "text/plain"), *V10),
    ),
    Row("no-type", 415, "CONTENT_TYPE_NOT_SUPPORTED", rpc(), V10),
    Row("broken-gzip", 400, "PARSE_ERROR", rpc(), (*JSON, ("content-encoding", "gzip"))),
    Row(
        "gzip",
        200,
        "DENIED",
        gzip.compress(rpc(sent(URL)).encode()),
        (*JSON, ("content-encoding", "gzip")),
    ),
    Row("two-versions", 400, "HEADER_MISMATCH", rpc(), (*JSON, ("a2a-version", "0.3"))),
    Row("query-version", 400, "HEADER_MISMATCH", rpc(), JSON, "?A2A-Version=0.3"),
    Row("no-version", 400, "VERSION_NOT_SUPPORTED", rpc(), JSON[:1]),
    *(
        Row(
            f"version-{version}",
            400,
            "VERSION_NOT_SUPPORTED",
            rpc(),
            (*JSON[:1], ("a2a-version", version)),
        )
        for version in ("1.7", "1.0.3", "v1.0", "1", "2.0")
    ),
    Row("old-name", 400, "VERSION_NOT_SUPPORTED", rpc(method="message/send")),
    Row("unknown-method", 404, "METHOD_NOT_FOUND", rpc(method="sendMessage")),
    Row("unheard-stream", 400, "INVALID_REQUEST", rpc(method="SendStreamingMessage")),
]

REST = [
    Row("denied", 403, "DENIED", sent(URL), JSON, "/message:send"),
    Row("colon-encoded", 404, "TASK_NOT_FOUND", "{}", JSON, "/tasks/t-1%3Acancel"),
    Row("dash-encoded", 404, "TASK_NOT_FOUND", "{}", JSON, "/tasks/t%2D1:cancel"),
    Row("tenant", 403, "DENIED", sent(), JSON, "/anytenant/message:send"),
    Row("tenant-task", 404, "TASK_NOT_FOUND", None, V10, "/anytenant/tasks/t-1", "GET"),
    Row(
        "two-tenants",
        400,
        "INVALID_PARAMS",
        sent()[:-1] + ',"tenant":"x"}',
        JSON,
        "/y/message:send",
    ),
    Row("tenant-v1", 400, "VERSION_NOT_SUPPORTED", sent(), JSON, "/v1/message:send"),
    Row("tenant-V1", 404, "METHOD_NOT_FOUND", sent(), JSON, "/V1/message:send"),
    Row("twice-encoded", 400, "INVALID_REQUEST", None, V10, "/tasks/a%252Fb", "GET"),
    Row("dots", 405, "METHOD_NOT_ALLOWED", None, V10, "/tasks/../message:send", "GET"),
    Row("other-id", 400, "INVALID_PARAMS", '{"id":"t-2"}', JSON, "/tasks/t-1:cancel"),
    Row("query-id", 400, "INVALID_PARAMS", None, V10, "/tasks/t-1?id=t-2", "GET"),
    Row(
        "query-twice",
        400,
        "INVALID_REQUEST",
        None,
        V10,
        "/tasks/a?historyLength=1&historyLength=2",
        "GET",
    ),
    Row("put", 405, "METHOD_NOT_ALLOWED", "{}", JSON, "/tasks/t-1", "PUT"),
    Row("delete-task", 405, "METHOD_NOT_ALLOWED", None, V10, "/tasks/t-1", "DELETE"),
    Row("get-with-body", 400, "INVALID_REQUEST", "{}", JSON, "/tasks/t-1", "GET"),
    Row(
        "twin-keys",
        400,
        "INVALID_REQUEST",
        sent(more=f',"parts":[{URL}]'),
        A2A_JSON,
        "/message:send",
    ),
    Row(
        "snake-twin",
        400,
        "INVALID_PARAMS",
        sent(more=',"message_id":"n"'),
        A2A_JSON,
        "/message:send",
    ),
    Row(
        "text-plain",
        415,
        "CONTENT_TYPE_NOT_SUPPORTED",
        sent(),
        (("content-type", "text/plain"), *V10),
        "/message:send",
    ),
    Row("old-path", 404, "METHOD_NOT_FOUND", None, V10, "/v1/tasks", "GET"),
    Row("no-version", 400, "VERSION_NOT_SUPPORTED", sent(), JSON[:1], "/message:send"),
]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Generator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("a2a-hazards")
    routes = [
        {"name": mode, "path": f"/{mode}", "mode": mode, "protocol": "a2a", "backend": "agent"}
        for mode in MODES
    ]
    command = [sys.executable, "-m", "demo.agent", "--port", "0", "--name", "replica-a"]
    with running(command) as process:
        url = process.wait_for_line(r"^ready (http://[^/]+)")[1]
        config = gateway_config({"agent": [url]}, folder, routes=routes)
        config["backends"][0]["path"] = "/"
        with gatehouse(folder, config=config, policies=[POLICY]) as started:
            yield started


def forwarded(gateway: Gateway) -> int:
    """How many requests Envoy has sent to the agent."""
    name = "cluster.agent.upstream_rq_total"
    admin = gateway.config["service"]["envoy_admin"]
    text = httpx.get(f"http://{admin}/stats", params={"filter": f"^{name}$"}).text
    return int(text.rpartition(":")[2])


def asked(gateway: Gateway, mode: str, row: Row) -> Message:
    """The answer to a row's request."""
    body = row.body.encode() if isinstance(row.body, str) else row.body
    data = request(row.method, f"/{mode}{row.path}", (("x-api-key", KEY), *row.lines), body)
    with connected(gateway.url(mode)) as connection:
        return connection.ask(data)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in JSON_RPC])
def test_a_hostile_json_rpc_request_ends_at_the_gateway(
    gateway: Gateway, mode: str, row: Row
) -> None:
    before = forwarded(gateway)
    answer = asked(gateway, mode, row)
    (info,) = answer.json()["error"]["data"]
    assert (answer.status, info["reason"]) == (row.status, row.reason), answer
    assert forwarded(gateway) == before


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in REST])
def test_a_hostile_rest_request_ends_at_the_gateway(gateway: Gateway, mode: str, row: Row) -> None:
    before = forwarded(gateway)
    answer = asked(gateway, mode, row)
    error: dict[str, Any] = answer.json()["error"]
    (info,) = error["details"]
    assert (answer.status, info["reason"]) == (row.status, row.reason), answer
    assert error["code"] == answer.status
    assert forwarded(gateway) == before


@pytest.mark.parametrize("path", ["/tasks/a%2Fb", "/tasks/a%5Cb", "/tasks%2Fa"])
def test_an_encoded_slash_ends_at_the_gateway(gateway: Gateway, path: str) -> None:
    before = forwarded(gateway)
    answer = asked(gateway, "buffered", Row("slash", 400, "", None, V10, path, "GET"))
    assert answer.status == 400
    assert forwarded(gateway) == before


PASSING = [
    Row("plain", 200, "", rpc()),
    Row("escapes", 200, "", rpc(sent('{"te\\u0078t":"h\\u0065llo"}'))),
    Row("role-by-number", 200, "", rpc(sent()).replace('"ROLE_USER"', "1")),
    Row("big-id", 200, "", rpc(ident='"id":9007199254740993,')),
    Row(
        "upper-case-type",
        200,
        "",
        rpc(),
        (("content-type", "Application/JSON; charset=UTF-8"), *V10),
    ),
    Row("gzip", 200, "", gzip.compress(rpc().encode()), (*JSON, ("content-encoding", "gzip"))),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in PASSING])
def test_what_is_odd_and_allowed_runs_as_it_was_judged(
    gateway: Gateway, mode: str, row: Row
) -> None:
    answer = asked(gateway, mode, row).json()
    ident = 9007199254740993 if row.name == "big-id" else 1
    assert answer["id"] == ident
    (artifact,) = answer["result"]["task"]["artifacts"]
    assert [part["text"] for part in artifact["parts"]] == ["replica-a:", "hello"]


def test_a_task_is_fetched_however_its_path_is_encoded(gateway: Gateway) -> None:
    sending = Row("send", 200, "", sent(), A2A_JSON, "/message:send")
    task = asked(gateway, "buffered", sending).json()["task"]["id"]
    for path in (f"/tasks/{task}", f"/tasks/{task.replace('-', '%2D')}", f"//tasks/{task}"):
        answer = asked(gateway, "buffered", Row("get", 200, "", None, V10, path, "GET"))
        assert json.loads(answer.body)["id"] == task
