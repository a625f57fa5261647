"""Anthropic's API through the real Envoy: the official SDK, and requests that it would not send."""

import gzip
import json
import threading
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import pytest
from anthropic.types.beta import BetaRequestMCPServerURLDefinitionParam

from tests.protocols.anthropic.stage import (
    ALIAS,
    BODY_LIMIT,
    COST,
    EVENTS,
    HELLO,
    HIDDEN,
    LARGE,
    MOST,
    OWN_KEY,
    SMALL,
    STREAM,
    UPSTREAM,
    Stage,
    answer,
    fresh,
    message,
    staged,
)
from tests.support.echo import Seen
from tests.support.gatehouse import KEY
from tests.support.raw_backend import Reply
from tests.support.wire import Message, connected, request


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("anthropic")) as stage:
        yield stage


@pytest.fixture
def stage(started: Stage) -> Iterator[Stage]:
    """The stage with nothing seen at the upstream; the clients of a test end with it."""
    started.upstream.seen.clear()
    yield started
    while started.clients:
        started.clients.pop().close()


def test_an_allowed_message_is_answered_and_recorded_with_what_it_cost(stage: Stage) -> None:
    model = fresh()
    got = stage.client().messages.create(model=model, max_tokens=MOST, messages=HELLO)
    assert [block.text for block in got.content if block.type == "text"] == ["Hello!"]
    (seen,) = stage.upstream.seen
    assert (seen.method, seen.path) == ("POST", f"{UPSTREAM}/v1/messages")
    record = stage.record_of(model)
    assert (record["decision"], record["method"]) == ("allow", "messages")
    assert (record["protocol"], record["usage"]) == ("anthropic", COST)
    assert [record["version"]] == seen.all("anthropic-version")


@pytest.mark.parametrize("route", ["claude", "duplex"])
def test_a_stream_reaches_the_sdk_and_is_recorded_with_what_it_cost(
    stage: Stage, route: str
) -> None:
    model = fresh()
    with stage.client(route).messages.stream(
        model=model, max_tokens=MOST, messages=HELLO
    ) as stream:
        assert list(stream.text_stream) == ["Hel", "lo!"]
        assert stream.get_final_message().usage.cache_read_input_tokens == 300
    assert stage.record_of(model)["usage"] == COST


def test_the_first_events_of_a_stream_do_not_wait_for_the_last(stage: Stage) -> None:
    more = threading.Event()

    def slow(seen: Seen) -> Reply:
        return Reply(200, EVENTS, _waiting(more)) if seen.body else answer(seen)

    stage.upstream.answer = slow
    try:
        with stage.client().messages.stream(model=SMALL, max_tokens=MOST, messages=HELLO) as stream:
            texts = stream.text_stream
            assert next(texts) == "Hel"
            more.set()
            assert next(texts) == "lo!"
    finally:
        more.set()
        stage.upstream.answer = answer


def _waiting(more: threading.Event) -> Iterator[bytes]:
    """The stream, of which the second half waits."""
    yield from STREAM[:4]
    assert more.wait(10)
    yield from STREAM[4:]


@pytest.mark.parametrize("route", ["claude", "duplex", "json", "blind"])
def test_a_stream_passes_byte_for_byte(stage: Stage, route: str) -> None:
    got = stage.post(message(stream=True), route)
    assert got.content == b"".join(STREAM)
    assert got.headers["content-type"] == EVENTS[0][1]


@pytest.mark.parametrize(
    ("route", "stream", "cost"),
    [("json", False, COST), ("json", True, None), ("blind", False, None), ("claude", True, COST)],
)
def test_usage_is_read_where_the_route_says_so(
    stage: Stage, route: str, stream: bool, cost: dict[str, Any] | None
) -> None:
    model = fresh()
    assert stage.post(message(model=model, stream=stream), route).status_code == 200
    assert stage.record_of(model).get("usage") == cost


DENIED: dict[str, dict[str, Any]] = {
    "model": {"model": HIDDEN},
    "max_tokens": {"max_tokens": MOST + 1},
    "tools": {"model": LARGE, "tools": [{"name": "rm", "input_schema": {"type": "object"}}]},
    "mcp_servers": {
        "model": LARGE,
        "mcp_servers": [{"type": "url", "url": "https://evil.example", "name": "e"}],
    },
    "fallback": {"fallbacks": [{"model": HIDDEN}]},
    "tokens of a fallback": {"fallbacks": [{"model": SMALL, "max_tokens": MOST + 1}]},
    "advisor": {"tools": [{"type": "advisor_20260301", "name": "advisor", "model": HIDDEN}]},
}


@pytest.mark.parametrize("members", DENIED.values(), ids=DENIED)
def test_what_policy_denies_is_a_permission_error_and_is_not_repeated(
    stage: Stage, members: dict[str, Any]
) -> None:
    client, sent = stage.counting()
    with pytest.raises(anthropic.PermissionDeniedError) as refused:
        client.messages.create(model=SMALL, max_tokens=MOST, messages=HELLO, extra_body=members)
    response = refused.value.response
    audit_id = response.headers["x-gatehouse-audit-id"]
    assert refused.value.body == {
        "type": "error",
        "error": {"type": "permission_error", "message": "messages is not allowed"},
        "request_id": audit_id,
    }
    assert refused.value.request_id == audit_id
    assert response.headers["x-should-retry"] == "false"
    record = stage.record(audit_id)
    assert (record["decision"], record["reason"], record["status"]) == ("refuse", "denied", 403)
    assert len(sent) == 1
    assert stage.upstream.seen == []


REFUSED: dict[str, tuple[str, dict[str, Any], dict[str, str], type[Exception], str]] = {
    "no such key": (
        "claude",
        {},
        {"x-api-key": "guess"},
        anthropic.AuthenticationError,
        "unauthenticated",
    ),
    "a wrong type": (
        "claude",
        {"max_tokens": "10"},
        {},
        anthropic.BadRequestError,
        "invalid_params",
    ),
    "a mimicked key": (
        "claude",
        {"Model": HIDDEN},
        {},
        anthropic.BadRequestError,
        "invalid_params",
    ),
    "a foreign origin": (
        "claude",
        {},
        {"origin": "https://evil.example"},
        anthropic.PermissionDeniedError,
        "denied",
    ),
    "a large body": (
        "small",
        {"system": "x" * BODY_LIMIT},
        {},
        anthropic.RequestTooLargeError,
        "too_large",
    ),
}


@pytest.mark.parametrize(
    ("route", "members", "headers", "error", "reason"), REFUSED.values(), ids=REFUSED
)
def test_a_refusal_is_a_typed_exception_of_the_sdk_and_is_not_repeated(
    stage: Stage,
    route: str,
    members: dict[str, Any],
    headers: dict[str, str],
    error: type[anthropic.APIStatusError],
    reason: str,
) -> None:
    client, sent = stage.counting(route)
    with pytest.raises(error) as refused:
        client.messages.create(
            model=SMALL,
            max_tokens=MOST,
            messages=HELLO,
            extra_body=members,
            extra_headers=headers,
        )
    assert refused.value.response.headers["x-should-retry"] == "false"
    record = stage.record(str(refused.value.request_id))
    assert (record["reason"], record["status"]) == (reason, refused.value.status_code)
    assert len(sent) == 1
    assert stage.upstream.seen == []


def test_an_endpoint_that_is_not_served_is_not_found(stage: Stage) -> None:
    with pytest.raises(anthropic.NotFoundError) as refused:
        stage.client().messages.batches.list()
    assert stage.record(str(refused.value.request_id))["reason"] == "unknown_method"
    assert stage.upstream.seen == []


def test_a_backend_that_is_gone_is_an_overload_that_the_sdk_repeats(stage: Stage) -> None:
    with pytest.raises(anthropic.OverloadedError) as refused:
        stage.client("down", max_retries=1).messages.create(
            model=SMALL, max_tokens=MOST, messages=HELLO
        )
    assert refused.value.status_code == 529
    assert refused.value.response.headers["retry-after"] == "1"
    assert "x-should-retry" not in refused.value.response.headers
    records = stage.gateway.wait_for_records(2, route="down")
    assert [one["reason"] for one in records] == ["no_endpoint", "no_endpoint"]


def test_tokens_are_counted_for_whom_a_rule_lets(stage: Stage) -> None:
    client = stage.client()
    assert client.messages.count_tokens(model=SMALL, messages=HELLO).input_tokens == 12
    with pytest.raises(anthropic.PermissionDeniedError):
        client.messages.count_tokens(model=HIDDEN, messages=HELLO)
    assert len(stage.upstream.seen) == 1


def test_the_list_of_models_has_only_those_that_the_caller_may_use(stage: Stage) -> None:
    page = stage.client().models.list()
    assert [model.id for model in page] == [SMALL, LARGE, ALIAS]
    assert (page.first_id, page.last_id, page.has_more) == (SMALL, LARGE, False)
    (record,) = stage.gateway.wait_for_records(1, method="models/list", filtered=2)
    assert record["decision"] == "allow"


def test_a_model_is_told_of_only_to_whom_a_rule_lets(stage: Stage) -> None:
    client = stage.client()
    assert client.models.retrieve(SMALL).id == SMALL
    with pytest.raises(anthropic.PermissionDeniedError):
        client.models.retrieve(HIDDEN)
    assert len(stage.upstream.seen) == 1


def test_the_credentials_of_the_client_end_at_the_gateway(stage: Stage) -> None:
    client = stage.client()
    client.messages.create(model=SMALL, max_tokens=MOST, messages=HELLO)
    client.models.list()
    client.messages.count_tokens(model=SMALL, messages=HELLO)
    assert len(stage.upstream.seen) == 3
    for seen in stage.upstream.seen:
        assert seen.all("x-api-key") == [OWN_KEY]
        assert "authorization" not in seen.names
        assert not [secret for secret in (KEY, "client-secret") if secret in str(seen.headers)]


@pytest.mark.parametrize("route", ["claude", "duplex"])
def test_an_alias_is_replaced_and_nothing_else(stage: Stage, route: str) -> None:
    body = f'{{ "max_tokens":1,"model" : "{ALIAS}", "top_k":1.50, "messages":[], "x":"{ALIAS}"}}'
    assert stage.post(body.encode(), route).status_code == 200
    (seen,) = stage.upstream.seen
    assert seen.body.decode() == body.replace(f'"{ALIAS}"', f'"{SMALL}"', 1)
    (record,) = stage.gateway.wait_for_records(1, route=route, target=ALIAS)
    assert record["decision"] == "allow"


def test_the_beta_resource_of_the_sdk_is_judged_by_its_mcp_servers(stage: Stage) -> None:
    servers: list[BetaRequestMCPServerURLDefinitionParam] = [
        {"type": "url", "url": "https://mcp.example", "name": "m"}
    ]
    betas = ["mcp-client-2025-11-20"]
    client = stage.client().beta.messages
    got = client.create(model=SMALL, max_tokens=1, messages=[], betas=betas, mcp_servers=servers)
    with pytest.raises(anthropic.PermissionDeniedError):
        client.create(model=LARGE, max_tokens=1, messages=[], betas=betas, mcp_servers=servers)
    assert got.stop_reason == "end_turn"
    (seen,) = stage.upstream.seen
    assert seen.all("anthropic-beta") == betas


def odd(key: str, value: Any) -> bytes:
    """An allowed body with one more member."""
    return json.dumps(json.loads(message()) | {key: value}, ensure_ascii=False).encode()


TWICE = message()[:-1] + f', "model": "{HIDDEN}"}}'.encode()
HOSTILE: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "a duplicate key": (TWICE, {}, 400, "invalid_request"),
    "a nested duplicate key": (
        message(metadata={})[:-3] + b'{"user_id": "a", "user_id": "b"}}',
        {},
        400,
        "invalid_request",
    ),
    "an upper case key": (message(MAX_TOKENS=1), {}, 400, "invalid_params"),
    "a key with a long s": (odd("me\u017fsages", []), {}, 400, "invalid_params"),
    "a key with a NUL": (odd("model\0", HIDDEN), {}, 400, "invalid_params"),
    "a byte order mark": (b"\xef\xbb\xbf" + message(), {}, 400, "parse_error"),
    "UTF-16": (message().decode().encode("utf-16"), {}, 400, "parse_error"),
    "two documents": (message() + message(), {}, 400, "parse_error"),
    "NaN": (message()[:-1] + b', "temperature": NaN}', {}, 400, "parse_error"),
    "a list": (b"[" + message() + b"]", {}, 400, "invalid_params"),
    "too deep": (message(x=None)[:-5] + b"[" * 200 + b"]" * 200 + b"}", {}, 400, "invalid_request"),
    "no body": (b"", {}, 400, "parse_error"),
    "another media type": (message(), {"content_type": "text/plain"}, 415, "unsupported_media"),
    "another charset": (
        message(),
        {"content_type": "application/json; charset=utf-16"},
        415,
        "unsupported_media",
    ),
    "what is not gzip": (message(), {"content_encoding": "gzip"}, 400, "parse_error"),
    "brotli": (message(), {"content_encoding": "br"}, 415, "unsupported_media"),
    "a bomb": (
        gzip.compress(message(system="x" * (8 << 20))),
        {"content_encoding": "gzip"},
        413,
        "too_large",
    ),
}


@pytest.mark.parametrize("route", ["claude", "duplex"])
@pytest.mark.parametrize(("body", "headers", "status", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_is_refused_and_reaches_no_backend(
    stage: Stage, body: bytes, headers: dict[str, str], status: int, reason: str, route: str
) -> None:
    got = stage.post(body, route, **headers)
    assert got.status_code == status, got.text
    assert stage.record(got.json()["request_id"])["reason"] == reason
    assert got.json()["type"] == "error"
    assert stage.upstream.seen == []


@pytest.mark.parametrize("route", ["claude", "duplex"])
def test_a_compressed_body_goes_on_as_what_policy_saw(stage: Stage, route: str) -> None:
    got = stage.post(gzip.compress(message()), route, content_encoding="gzip")
    assert got.status_code == 200
    (seen,) = stage.upstream.seen
    assert seen.body == message()
    assert "content-encoding" not in seen.names
    refused = stage.post(gzip.compress(message(model=HIDDEN)), route, content_encoding="gzip")
    assert refused.status_code == 403


UNKNOWN_PATHS = (
    "/v1/messages/",
    "/v1%2Fmessages",
    "/v1/messages%2Fcount_tokens",
    "/v1/messages;x=1",
    "/V1/messages",
    "/v1/messages%00",
    "/v1/messages/batches",
    "/v1/complete",
    "",
)


def ask(stage: Stage, path: str) -> Message:
    """What a POST to a path is answered, which no client has normalised."""
    lines = [("x-api-key", KEY), ("content-type", "application/json")]
    with connected(stage.gateway.url("claude")) as connection:
        return connection.ask(request("POST", f"/claude{path}", lines, message()))


@pytest.mark.parametrize("path", UNKNOWN_PATHS)
def test_another_path_is_served_by_nobody(stage: Stage, path: str) -> None:
    assert ask(stage, path).status in {400, 404}
    assert stage.upstream.seen == []


@pytest.mark.parametrize("path", ["/v1//messages", "/v1/./messages", "/v1/x/../messages"])
def test_a_path_that_envoy_normalises_reaches_the_backend_as_it_was_judged(
    stage: Stage, path: str
) -> None:
    assert ask(stage, path).status == 200
    assert [seen.path for seen in stage.upstream.seen] == [f"{UPSTREAM}/v1/messages"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/messages", "POST"),
        ("DELETE", "/v1/messages/count_tokens", "POST"),
        ("POST", "/v1/models", "GET"),
        ("DELETE", f"/v1/models/{SMALL}", "GET"),
    ],
)
def test_another_http_method_is_told_which_one_is_served(
    stage: Stage, method: str, path: str, allowed: str
) -> None:
    url = stage.gateway.url("claude") + path
    got = httpx.request(method, url, headers={"x-api-key": KEY})
    assert (got.status_code, got.headers["allow"]) == (405, allowed)
    assert got.json()["error"]["type"] == "invalid_request_error"
    assert stage.upstream.seen == []
