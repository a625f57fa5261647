"""The official OpenAI SDK through the real Envoy, to two replicas of a model server."""

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from tests.support.echo import Seen
from tests.support.gatehouse import KEY, RECORD_SECONDS, Gateway, gatehouse, key_entry, policy
from tests.support.processes import running
from tests.support.raw_backend import RawBackend, Reply, raw_backend

MODES = ("buffered", "duplex")
STRANGER = "stranger-key-0123456789"
ALIASES = {"fast": "demo-small", "secret-name": "demo-large"}
BODY_LIMIT = 100_000
SERVERS = ("https://mcp.example/issues",)

RULES = policy(
    "models",
    "models",
    {
        "name": "no-shell",
        "effect": "deny",
        "principals": ["key:tester"],
        "when": "'shell' in llm.tools",
        "reason": "no shell here",
    },
    {
        "name": "known-servers",
        "effect": "deny",
        "when": f"llm.mcp_urls.exists(one, !(one in {json.dumps(SERVERS)}))",
    },
    {
        "name": "chat",
        "effect": "allow",
        "principals": ["key:tester"],
        "methods": ["chat/completions"],
        "models": ["demo-small", "fast"],
        "when": "llm.max_tokens <= 100 && llm.n == 1 && !('system' in llm.roles)",
    },
    {
        "name": "rest",
        "effect": "allow",
        "principals": ["key:tester"],
        "methods": ["completions", "responses", "embeddings", "models/get"],
        "models": ["demo-small"],
    },
    {
        "name": "kept",
        "effect": "allow",
        "principals": ["key:tester"],
        "methods": ["responses/get", "responses/delete"],
    },
)
FORMS = policy(
    "forms",
    "raw",
    {
        "name": "short",
        "effect": "allow",
        "methods": ["audio/transcriptions", "files/create", "images/edits"],
        "when": "llm.file_bytes < 10 && llm.file_names.all(one, !one.endsWith('.exe'))",
    },
    {"name": "chat", "effect": "allow", "methods": ["chat/completions"]},
)


@dataclass
class Stage:
    """The gateway and everything behind it. `asked` counts the requests of the SDK."""

    gateway: Gateway
    raw: RawBackend
    http: httpx2.Client
    asked: list[httpx2.Request] = field(default_factory=list[httpx2.Request])

    def client(self, route: str = "buffered", key: str = KEY) -> openai.OpenAI:
        self.asked.clear()
        self.http.event_hooks = {"request": [self.asked.append]}
        return openai.OpenAI(
            base_url=self.gateway.url(route),
            api_key="unused",
            default_headers={"x-api-key": key},
            http_client=self.http,
        )

    def record(self, of: httpx2.Headers) -> dict[str, Any]:
        """The record of an answer with an audit id."""
        return self.gateway.wait_for_records(1, audit_id=of["x-gatehouse-audit-id"])[0]

    def next_record(self, ask: Callable[[], object]) -> dict[str, Any]:
        """The record of what `ask` sends, whenever those of earlier requests are written."""
        began = time.time()
        ask()
        deadline = time.monotonic() + RECORD_SECONDS
        while True:
            found = [one for one in self.gateway.records() if one["time"] >= began]
            if found:
                return found[0]
            assert time.monotonic() < deadline, "no record"
            time.sleep(0.02)


def refusing_nothing(_: Seen) -> Reply:
    return Reply(200, [("content-type", "application/json")], [b'{"text":"ok"}'])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("openai")
    with ExitStack() as stack:
        replicas = [stack.enter_context(running(command(name))) for name in ("a", "b")]
        urls = [one.wait_for_line(r"^ready (\S+)$")[1] for one in replicas]
        raw = stack.enter_context(raw_backend(refusing_nothing))
        unused = "http://127.0.0.1:1/v1"
        gateway = stack.enter_context(
            gatehouse(
                folder,
                backends={
                    "models": urls,
                    "one": urls[:1],
                    "raw": [f"http://{raw.address}/v1"],
                    "gone": [unused],
                },
                policies=[RULES, {**RULES, **_retargeted("one")}, FORMS, _everything("gone")],
                routes=[*_routes()],
                identity={"keys": [key_entry("tester", KEY), key_entry("stranger", STRANGER)]},
            )
        )
        yield Stage(gateway, raw, stack.enter_context(httpx2.Client()))


def command(name: str) -> list[str]:
    return [sys.executable, "-m", "demo.model", "--port", "0", "--name", name]


def _retargeted(backend: str) -> dict[str, Any]:
    spec: dict[str, Any] = {**RULES["spec"], "targets": [{"backend": backend}]}
    return {"metadata": {"name": f"models-of-{backend}"}, "spec": spec}


def _everything(backend: str) -> dict[str, Any]:
    return policy(f"all-of-{backend}", backend, {"name": "all", "effect": "allow"})


def _routes() -> Iterator[dict[str, Any]]:
    judged = {"protocol": "openai", "body_limit": BODY_LIMIT}
    for mode in MODES:
        named = {"name": mode, "path": f"/{mode}/v1", "mode": mode, "backend": "models"}
        yield {**judged, **named, "usage": "all", "aliases": ALIASES}
    yield {**judged, "name": "one", "path": "/one/v1", "backend": "one", "usage": "json"}
    yield {**judged, "name": "raw", "path": "/raw/v1", "backend": "raw", "aliases": ALIASES}
    yield {**judged, "name": "gone", "path": "/gone/v1", "backend": "gone"}


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ask(client: openai.OpenAI, model: str = "demo-small", **more: Any) -> Any:
    content = more.pop("content", "hi there")
    role = more.pop("role", "user")
    create: Callable[..., Any] = client.chat.completions.create
    return create(model=model, messages=[{"role": role, "content": content}], **more)


def said(stream: Any) -> str:
    text = ""
    for one in stream:
        text += (one.choices[0].delta.content or "") if one.choices else ""
    return text


def error_of(error: openai.APIStatusError) -> dict[str, Any]:
    """What the SDK took for `error` of the body."""
    found: dict[str, Any] = error.response.json()["error"]
    assert error.body == found
    return found


def test_an_allowed_completion_is_answered_by_either_replica(stage: Stage, mode: str) -> None:
    client = stage.client(mode)
    answered = {ask(client).choices[0].message.content for _ in range(60)}
    assert answered == {"a: hi there", "b: hi there"}


def test_a_stream_arrives_whole(stage: Stage, mode: str) -> None:
    text = said(ask(stage.client(mode), stream=True))
    assert text in {"a: hi there ", "b: hi there "}


async def test_the_async_client_is_served_as_well(stage: Stage, mode: str) -> None:
    async with openai.AsyncOpenAI(
        base_url=stage.gateway.url(mode), api_key="x", default_headers={"x-api-key": KEY}
    ) as client:
        stream = await client.chat.completions.create(
            model="demo-small", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        words = [one.choices[0].delta.content async for one in stream if one.choices]
    assert words[1] == "hi "


def test_a_model_that_no_rule_allows_is_refused_once(stage: Stage, mode: str) -> None:
    client = stage.client(mode)
    with pytest.raises(openai.PermissionDeniedError) as caught:
        ask(client, "demo-large")
    assert (caught.value.code, caught.value.type) == ("policy_denied", "permission_error")
    assert caught.value.param is None
    headers = caught.value.response.headers
    assert error_of(caught.value)["reference"] == headers["x-gatehouse-audit-id"]
    assert len(stage.asked) == 1
    record = stage.record(headers)
    assert (record["decision"], record["target"]) == ("refuse", "demo-large")
    assert (record["method"], record["status"]) == ("chat/completions", 403)


FUNCTION: dict[str, Any] = {"type": "function", "function": {"name": "shell", "parameters": {}}}


@pytest.mark.parametrize(
    "more",
    [
        {"max_tokens": 101},
        {"max_tokens": 1, "max_completion_tokens": 101},
        {"n": 2},
        {"tools": [FUNCTION]},
        {"role": "system"},
        {"stream": True, "max_tokens": 101},
    ],
)
def test_a_parameter_beyond_the_rules_is_refused_once(
    stage: Stage, mode: str, more: dict[str, Any]
) -> None:
    client = stage.client(mode)
    with pytest.raises(openai.PermissionDeniedError) as caught:
        ask(client, **more)
    assert len(stage.asked) == 1
    assert ("no shell here" in str(caught.value)) is ("tools" in more)
    assert ask(client, max_tokens=100, n=1)


def test_mcp_servers_inside_of_tools_are_judged(stage: Stage, mode: str) -> None:
    client = stage.client(mode)

    def respond(url: str) -> Any:
        return client.responses.create(
            model="demo-small",
            input="hi",
            tools=[{"type": "mcp", "server_label": "issues", "server_url": url}],
        )

    assert respond(SERVERS[0]).output_text in {"a: hi", "b: hi"}
    with pytest.raises(openai.PermissionDeniedError):
        respond("https://evil.example/mcp")
    with pytest.raises(openai.BadRequestError, match="server_url"):
        client.responses.create(
            model="demo-small",
            input="hi",
            tools=[{"type": "mcp", "server_label": "issues"}],
        )


def test_a_caller_is_listed_what_it_may_use(stage: Stage, mode: str) -> None:
    client = stage.client(mode)
    assert [model.id for model in client.models.list()] == ["demo-small", "fast"]
    assert client.models.retrieve("demo-small").id == "demo-small"
    with pytest.raises(openai.PermissionDeniedError):
        client.models.retrieve("demo-large")


def test_a_caller_without_any_rule_gets_no_list(stage: Stage, mode: str) -> None:
    with pytest.raises(openai.PermissionDeniedError):
        stage.client(mode, STRANGER).models.list()
    assert len(stage.asked) == 1


def test_an_alias_reaches_the_backend_by_its_name(stage: Stage, mode: str) -> None:
    client = stage.client(mode)
    record = stage.next_record(lambda: ask(client, "fast"))
    assert (record["target"], record["usage"]["model"]) == ("fast", "demo-small")
    with pytest.raises(openai.PermissionDeniedError):
        ask(client, "secret-name")


@pytest.mark.parametrize("stream", [False, True])
def test_usage_is_in_the_record(stage: Stage, mode: str, stream: bool) -> None:
    client = stage.client(mode)

    def run() -> None:
        answer = ask(client, stream=stream)
        assert not stream or said(answer)

    record = stage.next_record(run)
    assert record["usage"] == {
        "input": 2,
        "output": 3,
        "cached": 0,
        "reasoning": 0,
        "model": "demo-small",
        "finish": "stop",
    }


def test_usage_of_a_stream_of_a_response_is_in_the_record(stage: Stage, mode: str) -> None:
    client = stage.client(mode)

    def run() -> None:
        with client.responses.stream(model="demo-small", input="hi") as stream:
            assert [one.type for one in stream][-1] == "response.completed"

    record = stage.next_record(run)
    assert record["usage"]["output"] == 2
    assert record["usage"]["finish"] == "completed"


def test_only_a_client_that_asked_gets_the_chunk_of_usage(stage: Stage, mode: str) -> None:
    client = stage.client(mode)
    silent = list(ask(client, stream=True))
    assert all(one.choices and one.usage is None for one in silent)
    asked = list(ask(client, stream=True, stream_options={"include_usage": True}))
    assert [one.usage.total_tokens for one in asked if one.usage] == [5]
    assert len(asked) == len(silent) + 1


def test_where_only_json_is_counted_streams_are_not_read(stage: Stage) -> None:
    client = stage.client("one")
    streamed = stage.next_record(lambda: said(ask(client, stream=True)))
    whole = stage.next_record(lambda: ask(client))
    assert "usage" not in streamed
    assert whole["usage"]["input"] == 2


def test_kept_responses_are_read_and_deleted(stage: Stage) -> None:
    client = stage.client("one")
    made = client.responses.create(model="demo-small", input="hi")
    assert client.responses.retrieve(made.id).output_text == "a: hi"
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError, match="no response"):
        client.responses.retrieve(made.id)
    with pytest.raises(openai.PermissionDeniedError):
        client.responses.cancel(made.id)


def test_embeddings_and_completions_are_answered(stage: Stage, mode: str) -> None:
    client = stage.client(mode)
    found = client.embeddings.create(model="demo-small", input="a b", encoding_format="float")
    assert found.data[0].embedding == [3.0, 2.0]
    completion = client.completions.create(model="demo-small", prompt="x")
    assert completion.choices[0].text in {"a: x", "b: x"}


REFUSED: dict[str, tuple[Callable[[Stage], object], type[openai.APIStatusError], int, str]] = {
    "no key": (
        lambda stage: ask(stage.client(key="")),
        openai.AuthenticationError,
        401,
        "invalid_api_key",
    ),
    "wrong type": (
        lambda stage: ask(stage.client(), temperature="hot"),
        openai.BadRequestError,
        400,
        "invalid_params",
    ),
    "unknown URL": (
        lambda stage: stage.client().batches.list(),
        openai.NotFoundError,
        404,
        "unknown_url",
    ),
    "unknown path below a known one": (
        lambda stage: stage.client().chat.completions.retrieve("c1"),
        openai.NotFoundError,
        404,
        "unknown_url",
    ),
    "HTTP method": (
        lambda stage: stage.client().models.delete("demo-small"),
        openai.APIStatusError,
        405,
        "method_not_allowed",
    ),
    "too large": (
        lambda stage: ask(stage.client(), content="x" * BODY_LIMIT),
        openai.APIStatusError,
        413,
        "request_too_large",
    ),
    "media type": (
        lambda stage: ask(stage.client(), extra_headers={"content-type": "text/plain"}),
        openai.APIStatusError,
        415,
        "unsupported_media",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_a_typed_exception_and_is_not_retried(stage: Stage, name: str) -> None:
    send, kind, status, code = REFUSED[name]
    with pytest.raises(kind) as caught:
        send(stage)
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert len(stage.asked) == 1
    headers = caught.value.response.headers
    assert headers["x-should-retry"] == "false"
    assert error_of(caught.value)["reference"] == headers["x-gatehouse-audit-id"]


def test_a_backend_that_is_gone_is_tried_again_by_the_client(stage: Stage) -> None:
    client = stage.client("gone").with_options(max_retries=1)
    with pytest.raises(openai.InternalServerError) as caught:
        client.models.list()
    assert (caught.value.status_code, caught.value.code) == (503, "upstream_failed")
    assert "x-should-retry" not in caught.value.response.headers
    assert len(stage.asked) == 2


def test_a_form_passes_untouched(stage: Stage) -> None:
    client = stage.client("raw")
    client.audio.transcriptions.create(
        model="whisper", file=("talk.wav", io.BytesIO(b"RIFF\r\n")), temperature=0.5
    )
    seen = stage.raw.seen[-1]
    (sent,) = stage.asked
    assert seen.path == "/v1/audio/transcriptions"
    assert seen.body == sent.read()
    assert b'name="model"\r\n\r\nwhisper\r\n' in seen.body


def test_an_alias_in_a_form_reaches_the_backend_by_its_name(stage: Stage) -> None:
    client = stage.client("raw")
    client.images.edit(model="fast", prompt="fast", image=("a.png", b"\x89PNG", "image/png"))
    (sent,) = stage.asked
    body = stage.raw.seen[-1].body
    assert body == sent.read().replace(b'"model"\r\n\r\nfast\r\n', b'"model"\r\n\r\ndemo-small\r\n')


@pytest.mark.parametrize("file", [("talk.exe", b"x"), ("talk.wav", b"x" * 10)])
def test_files_are_judged_by_name_and_size(stage: Stage, file: tuple[str, bytes]) -> None:
    before = len(stage.raw.seen)
    with pytest.raises(openai.PermissionDeniedError):
        stage.client("raw").audio.transcriptions.create(model="whisper", file=file)
    assert len(stage.raw.seen) == before


@pytest.mark.parametrize("status", [400, 429])
def test_an_error_of_the_backend_passes_as_it_is(stage: Stage, status: int) -> None:
    error = {"error": {"message": "mine", "type": "t", "param": "p", "code": "c"}}
    body = json.dumps(error).encode()
    stage.raw.answer = lambda _: Reply(status, [("content-type", "application/json")], [body])
    try:
        with pytest.raises(openai.APIStatusError) as caught:
            ask(stage.client("raw").with_options(max_retries=0))
    finally:
        stage.raw.answer = refusing_nothing
    assert (caught.value.status_code, caught.value.body) == (status, error["error"])
