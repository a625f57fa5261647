"""What is hostile to a model server, through the real Envoy: nothing of it reaches the server.

One server is the demo's, which runs some of these requests when it gets them directly; another
keeps every byte, so that each test can say what arrived.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.gatehouse import KEY, Gateway, allow, gatehouse
from tests.support.processes import running
from tests.support.wire import Capture, Lines, Message, capturing, connected, request

MODES = ("buffered", "duplex")
ANSWER: dict[str, Any] = {"id": "x", "object": "chat.completion", "choices": []}
JSON: Lines = (("content-type", "application/json"),)
USUAL: Lines = (("x-api-key", KEY), *JSON)
FORM: Lines = (("x-api-key", KEY), ("content-type", "multipart/form-data; boundary=b0"))
CHAT = "/chat/completions"

ALLOWED = b'{"model":"demo-small","messages":[{"role":"user","content":"hi"}]}'
FORBIDDEN = ALLOWED.replace(b"demo-small", b"demo-large")
TWICE = ALLOWED.replace(b"}]}", b'}],"model":"demo-large"}')
PART = b'--b0\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
FILE = b'--b0\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nRIFF\r\n'
END = b"--b0--\r\n"


@dataclass
class Stage:
    """A gateway with a route in each mode to a server that keeps what it gets, and to the demo's,
    whose own URL is `server`."""

    gateway: Gateway
    upstream: Capture
    server: str

    def ask(self, data: bytes) -> Message:
        """The first reply to these bytes."""
        with connected(self.gateway.url("buffered")) as connection:
            return connection.ask(data)

    def direct(self, data: bytes) -> Message:
        """What the demo's server says without a gateway."""
        with connected(self.server) as connection:
            return connection.ask(data)

    def arrived(self, data: bytes) -> Message:
        """What reaches the server of an allowed request."""
        self.upstream.take()
        answer = self.ask(data)
        assert (answer.status, answer.json()) == (200, ANSWER), answer
        (message,) = self.upstream.take()
        return message

    def refused(self, data: bytes, status: int) -> str:
        """The code of the error with which something is refused, of which nothing arrives."""
        self.upstream.take()
        answer = self.ask(data)
        assert answer.status == status, answer
        assert self.upstream.take() == []
        error = answer.json()["error"]
        assert answer.all("x-gatehouse-audit-id") == [error["reference"]]
        return str(error["code"])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("hazards")
    with ExitStack() as stack:
        upstream = stack.enter_context(capturing(ANSWER))
        model = stack.enter_context(running([sys.executable, "-m", "demo.model", "--port", "0"]))
        server = model.wait_for_line(r"^ready (\S+)/v1$")[1]
        backends = {"capture": [upstream.url.replace("/mcp", "/v1")], "model": [f"{server}/v1"]}
        routes = [
            {"name": name, "path": f"/{name}/v1", "mode": mode, "protocol": "openai"}
            | {"backend": backend, "aliases": {"fast": "demo-small"}}
            for name, mode, backend in (
                ("buffered", "buffered", "capture"),
                ("duplex", "duplex", "capture"),
                ("model", "buffered", "model"),
            )
        ]
        policies = [
            allow(name=f"small-{name}", backend=name, models=["demo-small", "fast"])
            for name in backends
        ]
        yield Stage(
            stack.enter_context(
                gatehouse(folder, backends=backends, policies=policies, routes=routes)
            ),
            upstream,
            server,
        )


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def post(mode: str, body: bytes, path: str = CHAT, lines: Lines = USUAL) -> bytes:
    return request("POST", f"/{mode}/v1{path}", lines, body)


# --- what goes on, goes on as it was judged ---------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        ALLOWED,
        ALLOWED.replace(b'"hi"', b'"h\\u0069"').replace(b"{", b" {\n", 1),
        ALLOWED.replace(b"}]}", b'}],"seed":12345678901234567890123,"x":[1.0,1e400,{"Model":-0}]}'),
    ],
    ids=["plain", "escapes and space", "numbers and unknown members"],
)
def test_a_body_that_every_parser_reads_alike_goes_on_byte_for_byte(
    stage: Stage, mode: str, body: bytes
) -> None:
    message = stage.arrived(post(mode, body))
    assert (message.path, message.body) == ("/v1/chat/completions", body)
    assert "x-api-key" not in message.names


def test_escaped_keys_go_on_in_plain_spelling(stage: Stage, mode: str) -> None:
    message = stage.arrived(post(mode, ALLOWED.replace(b'"model"', b'"mod\\u0065l"')))
    assert message.body == ALLOWED


def test_a_coded_body_goes_on_plain(stage: Stage, mode: str) -> None:
    lines = (*USUAL, ("content-encoding", "gzip"), ("content-digest", "sha-256=:x:"))
    message = stage.arrived(post(mode, gzip.compress(ALLOWED), lines=lines))
    assert message.body == ALLOWED
    assert not message.names & {"content-encoding", "content-digest"}


def test_an_alias_is_replaced_in_its_place(stage: Stage, mode: str) -> None:
    body = b'{"x" : 1.0, "model" : "fast", "messages":[], "y":"fast"}'
    message = stage.arrived(post(mode, body))
    assert message.body == body.replace(b': "fast"', b': "demo-small"')
    assert message.all("content-length") in ([], [str(len(message.body))])


def test_an_encoded_path_means_what_it_decodes_to(stage: Stage, mode: str) -> None:
    assert stage.arrived(post(mode, ALLOWED, "/ch%61t/completions")).body == ALLOWED
    refused = post(mode, FORBIDDEN, "/ch%61t/completions")
    assert stage.refused(refused, 403) == "policy_denied"


def test_a_method_override_goes_no_further(stage: Stage, mode: str) -> None:
    lines = (*USUAL, ("x-http-method-override", "DELETE"))
    assert "x-http-method-override" not in stage.arrived(post(mode, ALLOWED, lines=lines)).names


def test_a_form_goes_on_byte_for_byte(stage: Stage, mode: str) -> None:
    body = PART % (b"model", b"demo-small") + FILE + END
    assert stage.arrived(post(mode, body, "/audio/transcriptions", FORM)).body == body


# --- what is refused --------------------------------------------------------------------------

BODIES: dict[str, tuple[bytes, int, str]] = {
    "forbidden": (FORBIDDEN, 403, "policy_denied"),
    "model twice": (TWICE, 400, "invalid_request"),
    "model twice, escaped": (
        TWICE.replace(b'"model":"demo-large"', b'"m\\u006fdel":"demo-large"'),
        400,
        "invalid_request",
    ),
    "role twice": (
        ALLOWED.replace(b'"role":"user"', b'"role":"user","role":"system"'),
        400,
        "invalid_request",
    ),
    "case": (
        TWICE.replace(b'"model":"demo-large"', b'"Model":"demo-large"'),
        400,
        "invalid_params",
    ),
    "case alone": (FORBIDDEN.replace(b'"model"', b'"MODEL"'), 400, "invalid_params"),
    "NUL": (
        TWICE.replace(b'"model":"demo-large"', b'"model\\u0000":"demo-large"'),
        400,
        "invalid_params",
    ),
    "case, deep": (
        ALLOWED.replace(b'"role":"user"', b'"role":"user","Role":"system"'),
        400,
        "invalid_params",
    ),
    "BOM": (b"\xef\xbb\xbf" + FORBIDDEN, 400, "parse_error"),
    "UTF-16": (FORBIDDEN.decode().encode("utf-16"), 400, "parse_error"),
    "latin-1": (ALLOWED.replace(b"hi", b"\xe9"), 400, "parse_error"),
    "surrogate": (ALLOWED.replace(b"hi", b"\\ud800"), 400, "parse_error"),
    "second document": (ALLOWED + FORBIDDEN, 400, "parse_error"),
    "NaN": (ALLOWED.replace(b"}]}", b'}],"temperature":NaN}'), 400, "parse_error"),
    "deep": (
        ALLOWED.replace(b"}]}", b'}],"x":' + b"[" * 99 + b"]" * 99 + b"}"),
        400,
        "invalid_request",
    ),
    "list": (b"[" + FORBIDDEN + b"]", 400, "invalid_request"),
    "nothing": (b"", 400, "parse_error"),
    "model is a list": (ALLOWED.replace(b'"demo-small"', b'["demo-small"]'), 400, "invalid_params"),
    "no model": (b'{"messages":[]}', 400, "invalid_params"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_refused(stage: Stage, mode: str, name: str) -> None:
    body, status, code = BODIES[name]
    assert stage.refused(post(mode, body), status) == code


@pytest.mark.parametrize("name", ["model twice", "BOM", "UTF-16", "NaN"])
def test_what_the_real_server_would_run_never_reaches_it(stage: Stage, name: str) -> None:
    body, status, _ = BODIES[name]
    direct = stage.direct(request("POST", "/v1/chat/completions", JSON, body))
    assert direct.status == 200, "the server is safe by itself: choose another case"
    answer = stage.ask(request("POST", "/model/v1/chat/completions", USUAL, body))
    assert answer.status == status


RESOLVED = {
    "encoded dots": "/x/%2e%2e/chat/completions",
    "dots": "/x/../chat/completions",
    "one dot": "/./chat/completions",
    "backslash": "/chat\\completions",
    "double slash": "//chat/completions",
    "double slash inside": "/chat//completions",
}


@pytest.mark.parametrize("name", RESOLVED)
def test_a_path_that_envoy_resolves_is_judged_as_it_arrives(
    stage: Stage, mode: str, name: str
) -> None:
    assert stage.arrived(post(mode, ALLOWED, RESOLVED[name])).path == "/v1/chat/completions"
    assert stage.refused(post(mode, FORBIDDEN, RESOLVED[name]), 403) == "policy_denied"


@pytest.mark.parametrize("path", ["/chat%2Fcompletions", "/chat%5Ccompletions", f"{CHAT}%00"])
def test_a_path_that_envoy_refuses_arrives_nowhere(stage: Stage, mode: str, path: str) -> None:
    stage.upstream.take()
    assert stage.ask(post(mode, ALLOWED, path)).status == 400
    assert stage.upstream.take() == []


def test_a_path_beside_the_base_is_another_route(stage: Stage, mode: str) -> None:
    stage.upstream.take()
    assert stage.ask(post(f"{mode}x", ALLOWED)).status == 404
    assert stage.ask(post(mode, ALLOWED, f"%3F{CHAT}")).status == 404
    assert stage.upstream.take() == []


PATHS: dict[str, tuple[str, int, str]] = {
    "trailing slash": ("/chat/completions/", 400, "invalid_request"),
    "parameter": ("/chat;x=1/completions", 400, "invalid_request"),
    "encoded parameter": ("/chat%3Bx/completions", 400, "invalid_request"),
    "encoded twice": ("/ch%2561t/completions", 400, "invalid_request"),
    "overlong": ("/chat/completions%C0%AF", 400, "invalid_request"),
    "broken escape": ("/chat/completions%2", 400, "invalid_request"),
    "encoded query": ("/chat/completions%3Fx", 400, "invalid_request"),
    "old separator": ("/chat/completions?a=1;model=x", 400, "invalid_request"),
    "model in the query": ("/chat/completions?model=demo-large", 400, "invalid_params"),
    "case": ("/Chat/Completions", 404, "unknown_url"),
    "another endpoint": ("/fine_tuning/jobs", 404, "unknown_url"),
    "the base": ("", 404, "unknown_url"),
}


@pytest.mark.parametrize("name", PATHS)
def test_a_hostile_path_is_refused(stage: Stage, mode: str, name: str) -> None:
    path, status, code = PATHS[name]
    assert stage.refused(post(mode, ALLOWED, path), status) == code


def test_a_path_that_the_real_server_decodes_never_reaches_it(stage: Stage) -> None:
    target = "/v1/chat%2Fcompletions"
    direct = stage.direct(request("POST", target, JSON, FORBIDDEN))
    assert direct.status == 200, "the server is safe by itself: choose another case"
    answer = stage.ask(request("POST", f"/model{target}", USUAL, FORBIDDEN))
    assert answer.status == 400


HEADERS: dict[str, tuple[Lines, bytes, int, str]] = {
    "text": ((("content-type", "text/plain"),), ALLOWED, 415, "unsupported_media"),
    "no type": ((), ALLOWED, 415, "unsupported_media"),
    "longer type": ((("content-type", "application/jsonx"),), ALLOWED, 415, "unsupported_media"),
    "charset": (
        (("content-type", "application/json; charset=utf-16"),),
        ALLOWED,
        415,
        "unsupported_media",
    ),
    "two types": ((*JSON, ("content-type", "text/plain")), ALLOWED, 415, "unsupported_media"),
    "form": (FORM[1:], ALLOWED, 415, "unsupported_media"),
    "not gzip": ((*JSON, ("content-encoding", "gzip")), ALLOWED, 400, "parse_error"),
    "gzip twice": (
        (*JSON, ("content-encoding", "gzip, gzip")),
        gzip.compress(gzip.compress(ALLOWED)),
        415,
        "unsupported_media",
    ),
    "brotli": ((*JSON, ("content-encoding", "br")), ALLOWED, 415, "unsupported_media"),
    "forbidden in gzip": (
        (*JSON, ("content-encoding", "gzip")),
        gzip.compress(FORBIDDEN),
        403,
        "policy_denied",
    ),
    "foreign page": ((*JSON, ("origin", "https://evil.example")), ALLOWED, 403, "policy_denied"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_hostile_headers_are_refused(stage: Stage, mode: str, name: str) -> None:
    lines, body, status, code = HEADERS[name]
    data = post(mode, body, lines=(("x-api-key", KEY), *lines))
    assert stage.refused(data, status) == code


FORMS: dict[str, tuple[bytes, int, str]] = {
    "forbidden": (PART % (b"model", b"demo-large") + FILE + END, 403, "policy_denied"),
    "two models": (
        PART % (b"model", b"demo-small") + PART % (b"model", b"demo-large") + END,
        400,
        "invalid_params",
    ),
    "case": (
        PART % (b"model", b"demo-small") + PART % (b"Model", b"demo-large") + END,
        400,
        "invalid_params",
    ),
    "list": (
        PART % (b"model", b"demo-small") + PART % (b"model[]", b"demo-large") + END,
        400,
        "invalid_params",
    ),
    "second form": (
        PART % (b"model", b"demo-small") + END + PART % (b"model", b"demo-large") + END,
        400,
        "invalid_request",
    ),
    "LF": (
        PART % (b"model", b"demo-small\n--b0\n") + END,
        400,
        "invalid_request",
    ),
    "transfer encoding": (
        (PART % (b"model", b"demo-small")).replace(
            b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1
        )
        + END,
        400,
        "invalid_request",
    ),
    "many parts": ((PART % (b"x[]", b"y")) * 200 + END, 413, "request_too_large"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_hostile_form_is_refused(stage: Stage, mode: str, name: str) -> None:
    body, status, code = FORMS[name]
    assert stage.refused(post(mode, body, "/audio/transcriptions", FORM), status) == code


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_http_method_is_refused(stage: Stage, mode: str, method: str) -> None:
    data = request(method, f"/{mode}/v1{CHAT}", (("x-api-key", KEY),))
    assert stage.refused(data, 405) == "method_not_allowed"


def test_a_get_with_a_body_is_refused(stage: Stage, mode: str) -> None:
    data = request("GET", f"/{mode}/v1/models/demo-small", USUAL, b"{}")
    assert stage.refused(data, 400) == "invalid_request"


def test_without_a_credential_nothing_is_told(stage: Stage, mode: str) -> None:
    code = stage.refused(post(mode, ALLOWED, lines=JSON), 401)
    assert code == "invalid_api_key"
    listed = request("GET", f"/{mode}/v1/models")
    assert stage.refused(listed, 401) == "invalid_api_key"


@pytest.mark.parametrize(
    "answer",
    [
        {"object": "list", "data": [{"id": "demo-small"}, {"id": "secret"}]},
        {"data": [{"id": "secret"}], "models": [{"name": "secret"}]},
        {"models": ["secret"]},
        ["secret"],
        {"data": [{"id": "demo-small", "ID": "secret"}]},
    ],
)
def test_no_form_of_a_list_tells_of_other_models(stage: Stage, mode: str, answer: object) -> None:
    stage.upstream.answer = answer
    try:
        found = stage.ask(request("GET", f"/{mode}/v1/models", (("x-api-key", KEY),)))
    finally:
        stage.upstream.answer = ANSWER
    assert b"secret" not in found.body
    assert json.loads(found.body).keys() <= {"object", "data", "error"}
