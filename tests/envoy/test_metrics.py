"""What the admin address tells of traffic of every protocol, by the conventions' names."""

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.docs.promql import registered
from tests.envoy.test_judged_call import META, MODERN
from tests.support.backends import python_backend
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse, gateway_config, policy
from tests.support.processes import running

SECONDS = 10.0
TRIES = 5
WORKERS = 2
MODELS = ("demo-small", "demo-large", "demo-priced")
MCP = "mcp_server_operation_duration_seconds"
A2A = "a2a_server_operation_duration_seconds"
DURATION = "gen_ai_server_request_duration_seconds"
FIRST_TOKEN = "gen_ai_server_time_to_first_token_seconds"
TOKENS = "gen_ai_client_token_usage"
TOTAL = "gen_ai_client_inference_usage_input_tokens_total"

Labels = Mapping[str, str]
POLICIES = [
    allow(tools=["echo"]),
    policy("models", "models", {"name": "use", "effect": "allow", "models": list(MODELS)}),
    policy("messages", "messages", {"name": "use", "effect": "allow", "models": list(MODELS)}),
    policy(
        "agent",
        "agent",
        {"name": "use", "effect": "allow", "agents": ["*"], "methods": ["SendMessage"]},
        {"name": "watch", "effect": "allow", "agents": ["*"], "methods": ["SendStreamingMessage"]},
    ),
]


@dataclass
class Stage:
    """A gateway with a route for every protocol. Each test asks for what no other does."""

    gateway: Gateway

    def post(
        self, route: str, path: str, body: Mapping[str, Any], **headers: str
    ) -> httpx.Response:
        lines = {name.replace("_", "-"): value for name, value in headers.items()}
        url = self.gateway.url(route) + path
        accept = "application/json, text/event-stream"
        return httpx.post(url, json=body, headers={"x-api-key": KEY, "accept": accept, **lines})

    def mcp(self, method: str, **params: Any) -> httpx.Response:
        body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": {**params, "_meta": META}}
        named = {"mcp_name": str(params["name"])} if "name" in params else {}
        lines = {"mcp_protocol_version": MODERN, "mcp_method": method, **named}
        return self.post("tracker", "", body, **lines)

    def chat(self, model: str, *, route: str = "openai", **more: Any) -> httpx.Response:
        messages = [{"role": "user", "content": "one two three"}]
        body = {"model": model, "messages": messages, **more}
        return self.post(route, "/chat/completions", body)

    def claude(self, model: str, **more: Any) -> httpx.Response:
        messages = [{"role": "user", "content": "one two three"}]
        body = {"model": model, "messages": messages, "max_tokens": 10, **more}
        return self.post("claude", "/v1/messages", body, anthropic_version="2023-06-01")

    def agent(self, method: str) -> httpx.Response:
        message = {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "hello"}]}
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"message": message}}
        return self.post("agent", "", body, a2a_version="1.0")

    def value(self, sample: str, labels: Labels) -> float:
        """The sum of the samples that have these labels."""
        text = httpx.get(f"{self.gateway.admin}/metrics").text
        return sum(
            one.value
            for family in text_string_to_metric_families(text)
            for one in family.samples
            if one.name == sample and one.labels.items() >= labels.items()
        )

    def expect(self, sample: str, value: float, **labels: str) -> None:
        """Wait until the samples with these labels sum up to it: the end of a stream between
        Envoy and a worker comes after the client has its answer."""
        deadline = time.monotonic() + SECONDS
        while (seen := self.value(sample, labels)) != value:
            assert time.monotonic() < deadline, (sample, labels, seen, value)
            time.sleep(0.02)

    def messages(self) -> int:
        """How many messages Envoy has sent to workers."""
        admin = self.gateway.config["service"]["envoy_admin"]
        found = httpx.get(f"http://{admin}/stats", params={"filter": "stream_msgs_sent"}).text
        return sum(int(line.rpartition(":")[2]) for line in found.splitlines())


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("metrics")
    with ExitStack() as stack:
        tracker = stack.enter_context(python_backend(folder))
        models = stack.enter_context(demo("model")).wait_for_line(r"^ready (\S+)$")[1]
        agent = stack.enter_context(demo("agent")).wait_for_line(r"^ready (http://[^/]+)")[1]
        (host,) = re.findall(r"^http://[^/]+", models)
        backends = {"tracker": [tracker.url], "agent": [agent]}
        backends |= {"models": [f"{host}/v1"], "messages": [host]}
        config = gateway_config(backends, folder, routes=[*routes()])
        for backend in config["backends"]:
            backend["path"] = backend["path"] or "/"
        env = {"OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental"}
        options: dict[str, Any] = {"config": config, "policies": POLICIES, "env": env}
        yield Stage(stack.enter_context(gatehouse(folder, workers=WORKERS, **options)))


def demo(name: str) -> Any:
    return running([sys.executable, "-m", f"demo.{name}", "--port", "0", "--name", "a"])


def routes() -> Iterator[dict[str, Any]]:
    yield {"name": "tracker", "path": "/tracker", "protocol": "mcp", "backend": "tracker"}
    yield {"name": "agent", "path": "/agent", "protocol": "a2a", "backend": "agent"}
    openai = {"protocol": "openai", "backend": "models"}
    yield {"name": "openai", "path": "/v1", "usage": "all", **openai}
    yield {"name": "json", "path": "/json/v1", "usage": "json", **openai}
    yield {"name": "unread", "path": "/unread/v1", "usage": "off", **openai}
    claude = {"protocol": "anthropic", "backend": "messages"}
    yield {"name": "claude", "path": "/claude", "usage": "all", **claude}


def usage_of(stream: str) -> dict[str, int]:
    """The usage in the last event of a stream that has one."""
    events = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: {")]
    found: dict[str, int] = [one["usage"] for one in events if one.get("usage")][-1]
    return found


def test_tools_are_counted_by_name_and_lists_are_timed_to_their_end(stage: Stage) -> None:
    for _ in range(3):
        assert stage.mcp("tools/call", name="echo", arguments={"text": "hi"}).status_code == 200
    for name in ("made-up-1", "made-up-2"):
        assert stage.mcp("tools/call", name=name, arguments={}).json()["error"]
    assert stage.mcp("tools/list").status_code == 200
    called = {"route": "tracker", "protocol": "mcp", "method": "tools/call"}
    stage.expect("gatehouse_calls_total", 3, **called, target="echo", decision="allow")
    stage.expect("gatehouse_calls_total", 2, **called, target="_OTHER", decision="refuse")
    modern = {"route": "tracker", "mcp_protocol_version": MODERN}
    stage.expect(f"{MCP}_count", 1, **modern, mcp_method_name="tools/list", error_type="")
    refused = {"gen_ai_operation_name": "execute_tool", "gen_ai_tool_name": "_OTHER"}
    refused |= {"error_type": "-31403", "rpc_response_status_code": "-31403"}
    stage.expect(f"{MCP}_count", 2, **modern, mcp_method_name="tools/call", **refused)
    stage.expect(f"{MCP}_count", 2, mcp_method_name="tools/call")  # nobody saw the others end


def test_a_completion_is_told_by_its_tokens_and_its_end(stage: Stage) -> None:
    answers = [stage.chat("demo-small").json() for _ in range(2)]
    counted = [one["usage"]["prompt_tokens"] for one in answers]
    written = [one["usage"]["completion_tokens"] for one in answers]
    what = {"route": "openai", "gen_ai_provider_name": "openai", "gen_ai_operation_name": "chat"}
    what["gen_ai_request_model"] = "demo-small"
    stage.expect(f"{DURATION}_count", 2, **what, error_type="")
    stage.expect(f"{TOKENS}_sum", sum(counted), **what, gen_ai_token_type="input")
    stage.expect(f"{TOKENS}_sum", sum(written), **what, gen_ai_token_type="output")
    stage.expect(TOTAL, sum(counted), **what, gen_ai_token_modality="unknown")
    stage.expect("gatehouse_finish_reasons_total", 2, **what, finish_reason="stop")
    stage.expect(f"{FIRST_TOKEN}_count", 0, **what)


def test_a_stream_is_told_by_its_first_piece_too(stage: Stage) -> None:
    asked = stage.chat("demo-large", stream=True, stream_options={"include_usage": True})
    unasked = stage.chat("demo-large", stream=True)
    usage = usage_of(asked.text)
    assert "prompt_tokens" not in unasked.text
    what = {"route": "openai", "gen_ai_request_model": "demo-large"}
    stage.expect(f"{DURATION}_count", 2, **what, error_type="")
    tokens = {"input": usage["prompt_tokens"], "output": usage["completion_tokens"]}
    for kind, count in tokens.items():
        stage.expect(f"{TOKENS}_sum", 2 * count, **what, gen_ai_token_type=kind)
    stage.expect(f"{FIRST_TOKEN}_count", 2, **what)
    assert 0 < stage.value(f"{FIRST_TOKEN}_sum", what) <= stage.value(f"{DURATION}_sum", what)
    record = stage.gateway.wait_for_records(2, target="demo-large", route="openai")[0]
    assert 0 < record["first_chunk_us"] <= record["duration_us"]


def test_an_answer_that_nothing_reads_is_counted_and_not_timed(stage: Stage) -> None:
    assert stage.chat("demo-small", route="unread").status_code == 200
    stage.expect("gatehouse_calls_total", 1, route="unread", target="demo-small")
    stage.expect(f"{DURATION}_count", 0, route="unread")


def test_a_refused_model_is_timed_as_far_as_the_refusal(stage: Stage) -> None:
    assert stage.chat("made-up", route="json").status_code == 403
    refused = {"route": "json", "gen_ai_request_model": "_OTHER", "error_type": "denied"}
    stage.expect(f"{DURATION}_count", 1, **refused)


@pytest.mark.parametrize(
    ("route", "stream", "cost"),
    [
        ("unread", False, 2),
        ("unread", True, 2),
        ("json", False, 4),
        ("json", True, 3),
        ("openai", False, 4),
    ],
)
def test_reading_costs_the_messages_that_the_page_says(
    stage: Stage, route: str, stream: bool, cost: int
) -> None:
    sent = 0
    for _ in range(TRIES):  # a body may come in more than one piece, each of which is a message
        before = stage.messages()
        assert stage.chat("demo-priced", route=route, stream=stream).status_code == 200
        deadline = time.monotonic() + SECONDS
        while (sent := stage.messages() - before) < cost:
            assert time.monotonic() < deadline, sent
            time.sleep(0.02)
        if sent == cost:
            return
    raise AssertionError(sent)


def test_anthropic_is_told_alike(stage: Stage) -> None:
    whole = stage.claude("demo-small").json()["usage"]
    stream = stage.claude("demo-small", stream=True).text
    assert "message_stop" in stream
    what = {"route": "claude", "gen_ai_provider_name": "anthropic", "gen_ai_operation_name": "chat"}
    stage.expect(f"{DURATION}_count", 2, **what, error_type="")
    stage.expect(f"{TOKENS}_sum", 2 * whole["input_tokens"], **what, gen_ai_token_type="input")
    stage.expect(f"{TOKENS}_sum", 2 * whole["output_tokens"], **what, gen_ai_token_type="output")
    stage.expect("gatehouse_finish_reasons_total", 2, **what, finish_reason="end_turn")
    stage.expect(f"{FIRST_TOKEN}_count", 1, **what)


def test_agents_are_told_by_backend_and_method(stage: Stage) -> None:
    assert "error" not in stage.agent("SendMessage").json()
    assert '"error"' not in stage.agent("SendStreamingMessage").text
    assert stage.agent("ListTasks").json()["error"]
    agent = {"route": "agent", "gen_ai_agent_name": "agent", "a2a_protocol_version": "1.0"}
    called = {"route": "agent", "protocol": "a2a", "target": "agent", "decision": "allow"}
    stage.expect("gatehouse_calls_total", 1, **called, method="SendMessage")
    streamed = {"a2a_method_name": "SendStreamingMessage", "error_type": ""}
    stage.expect(f"{A2A}_count", 1, **agent, **streamed)
    refused = {"a2a_method_name": "ListTasks", "error_type": "denied"}
    stage.expect(f"{A2A}_count", 1, **agent, **refused)


def test_the_admin_address_tells_nothing_that_the_pages_do_not(stage: Stage) -> None:
    text = httpx.get(f"{stage.gateway.admin}/metrics").text
    told = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(text)
        if not family.name.endswith("_created")  # when a counter of the supervisor began
    }
    assert told <= set(registered(latest=True))
    stage.expect("gatehouse_workers_up", WORKERS)
    stage.expect("gatehouse_workers", WORKERS)
