"""Hostile bodies and headers, one case each; no backend may read what policy did not see."""

import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.call import Deframed
from gateway.model.head import Headers, RequestHead
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.mcp import Mcp
from tests.protocols.mcp.clients import (
    CALL,
    JSON,
    LIMIT,
    META,
    SESSION,
    Lines,
    batching,
    encode,
    head,
    mcp,
    modern_lines,
    rpc,
)

GOOD = encode(rpc("tools/call", CALL))


def end(body: bytes, lines: Lines = JSON) -> Reason | None:
    """The reason of the refusal, or None when the request passes."""
    result = mcp.open(head(lines)).deframe(body)
    return result.reason if isinstance(result, Refusal) else None


def with_params(params: str) -> bytes:
    return b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":%b}' % params.encode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(with_params('{"name":"a","name":"b"}'), Reason.INVALID_REQUEST, id="dup-name"),
        pytest.param(
            b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}',
            Reason.INVALID_REQUEST,
            id="dup-method",
        ),
        pytest.param(
            with_params('{"name":"a","arguments":{"x":[{"y":1,"y":2}]}}'),
            Reason.INVALID_REQUEST,
            id="dup-deep",
        ),
        pytest.param(
            with_params('{"name":"a","n\\u0061me":"b"}'), Reason.INVALID_REQUEST, id="dup-escaped"
        ),
        pytest.param(with_params('{"name":"a","Name":"b"}'), Reason.INVALID_PARAMS, id="case-name"),
        pytest.param(with_params('{"Name":"b"}'), Reason.INVALID_PARAMS, id="case-name-alone"),
        pytest.param(
            b'{"jsonrpc":"2.0","id":1,"METHOD":"tools/call"}',
            Reason.INVALID_REQUEST,
            id="case-method",
        ),
        pytest.param(
            '{"jsonrpc":"2.0","id":1,"method":"ping","param\u017f":{}}'.encode(),
            Reason.INVALID_REQUEST,
            id="long-s",
        ),
        pytest.param(
            b'{"jsonrpc":"2.0","id":1,"method":"ping","method\\u0000":"x"}',
            Reason.INVALID_REQUEST,
            id="nul-key",
        ),
        pytest.param(b"\xef\xbb\xbf" + GOOD, Reason.PARSE_ERROR, id="bom"),
        pytest.param(GOOD.decode().encode("utf-16"), Reason.PARSE_ERROR, id="utf-16-bom"),
        pytest.param(GOOD.decode().encode("utf-16-le"), Reason.PARSE_ERROR, id="utf-16-le"),
        pytest.param(GOOD.decode().encode("utf-32-be"), Reason.PARSE_ERROR, id="utf-32"),
        pytest.param(GOOD.replace(b"get_issue", b"\xc0\xaf"), Reason.PARSE_ERROR, id="overlong"),
        pytest.param(GOOD.replace(b"get_issue", b"\xff"), Reason.PARSE_ERROR, id="invalid-utf-8"),
        pytest.param(with_params('{"name":"\\ud800"}'), Reason.PARSE_ERROR, id="lone-surrogate"),
        pytest.param(with_params('{"name":"a","\\udc00":1}'), Reason.PARSE_ERROR, id="lone-in-key"),
        pytest.param(GOOD + b"x", Reason.PARSE_ERROR, id="garbage"),
        pytest.param(GOOD + GOOD, Reason.PARSE_ERROR, id="second-document"),
        pytest.param(b"/**/" + GOOD, Reason.PARSE_ERROR, id="comment"),
        pytest.param(GOOD[:-1] + b",}", Reason.PARSE_ERROR, id="trailing-comma"),
        pytest.param(GOOD[:-1], Reason.PARSE_ERROR, id="truncated"),
        pytest.param(b"", Reason.PARSE_ERROR, id="empty"),
        pytest.param(
            with_params('{"name":"a","arguments":{"x":NaN}}'), Reason.PARSE_ERROR, id="nan"
        ),
        pytest.param(
            with_params('{"name":"a","arguments":{"x":-Infinity}}'),
            Reason.PARSE_ERROR,
            id="infinity",
        ),
        pytest.param(
            with_params('{"name":"a","arguments":{"x":%s}}' % ("9" * 10_000)),
            Reason.INVALID_REQUEST,
            id="10000-digits",
        ),
        pytest.param(
            with_params('{"name":"a","arguments":{"x":1.%s}}' % ("3" * 1_000)),
            Reason.INVALID_REQUEST,
            id="1000-decimals",
        ),
        *(
            pytest.param(
                GOOD.replace(b'"id": 1', b'"id": ' + ident),
                Reason.INVALID_REQUEST,
                id=f"id-{ident!r}",
            )
            for ident in (b"1e3", b"1.5", b"1.0", b"null", b"true", b"{}")
        ),
        pytest.param(GOOD.replace(b'"id": 1, ', b""), Reason.INVALID_REQUEST, id="no-id"),
        pytest.param(
            with_params('{"name":"a","arguments":{"x":' + "[" * 200 + "]" * 200 + "}}"),
            Reason.INVALID_REQUEST,
            id="depth-200",
        ),
        pytest.param(b"[" * 5_000 + b"]" * 5_000, Reason.INVALID_REQUEST, id="depth-5000"),
        pytest.param(b"[" * 90_000, Reason.INVALID_REQUEST, id="depth-unclosed"),
        pytest.param(
            with_params('{"name":"a","arguments":{"x":[%s]}}' % ("{}," * 100_000 + "0")),
            Reason.TOO_LARGE,
            id="too-many-values",
        ),
        pytest.param(b"[" + GOOD + b"]", Reason.INVALID_REQUEST, id="batch"),
        pytest.param(b"[]", Reason.INVALID_REQUEST, id="empty-batch"),
        pytest.param(GOOD[:-1] + b',"result":{}}', Reason.INVALID_REQUEST, id="method-and-result"),
        pytest.param(b'"' + b"x" * LIMIT + b'"', Reason.TOO_LARGE, id="too-large"),
    ],
)
def test_a_hostile_body_is_refused(body: bytes, reason: Reason) -> None:
    assert end(body) is reason


@pytest.mark.parametrize("params", ['{"n\\u0061me":"get_issue"}', '{"name" : "get\\u005fissue"}'])
def test_escapes_are_decoded_before_anything_is_compared(params: str) -> None:
    result = mcp.open(head()).deframe(with_params(params))
    assert isinstance(result, Deframed)
    assert result.calls[0].target == "get_issue"


def test_a_body_with_escaped_keys_is_replaced_by_its_plain_form() -> None:
    body = with_params('{ "n\\u0061me":"a","arguments":{"\\"q\\n\\u00e9":1e400,"x":1.0,"b":-0}}')
    result = mcp.open(head((*JSON, ("content-digest", "sha-256=:x:")))).deframe(body)
    assert isinstance(result, Deframed)
    assert result.body == with_params('{ "name":"a","arguments":{"\\"q\\né":1e400,"x":1.0,"b":-0}}')
    assert result.drop_headers == ("content-digest",)


@pytest.mark.parametrize(
    "token", [b"1.0", b"1e400", b"-0", b"12345678901234567890123", b'"\\ud83d\\ude00"']
)
def test_a_safe_body_goes_on_untouched(token: bytes) -> None:
    result = mcp.open(head()).deframe(GOOD.replace(b": 7}", b": " + token + b"}"))
    assert isinstance(result, Deframed)
    assert result.body is None


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        'application/json; Charset="UTF-8"',
    ],
)
def test_json_in_utf_8_is_the_one_content_type(content_type: str) -> None:
    result = mcp.open(head((("content-type", content_type),))).deframe(GOOD)
    assert isinstance(result, Deframed)
    plain = content_type == "application/json"
    assert result.set_headers == (() if plain else (("content-type", "application/json"),))


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/jsonx",
        "application/json, application/json",
        "text/plain, application/json",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=utf-16",
        "application/json; v=1",
        "application/json;",
    ],
)
def test_any_other_content_type_is_refused(content_type: str) -> None:
    assert end(GOOD, (("content-type", content_type),)) is Reason.UNSUPPORTED_MEDIA


def test_a_missing_content_type_is_refused() -> None:
    assert end(GOOD, ()) is Reason.UNSUPPORTED_MEDIA


def coded(coding: str) -> Lines:
    return (*JSON, ("content-encoding", coding))


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(GOOD)),
        ("X-GZIP", gzip.compress(GOOD)),
        ("deflate", zlib.compress(GOOD)),
    ],
)
def test_a_coded_body_goes_on_inflated_and_without_its_header(coding: str, body: bytes) -> None:
    result = mcp.open(head(coded(coding))).deframe(body)
    assert isinstance(result, Deframed)
    assert (result.body, result.drop_headers) == (GOOD, ("content-encoding",))


def test_an_identity_coding_only_loses_its_header() -> None:
    result = mcp.open(head(coded("identity"))).deframe(GOOD)
    assert isinstance(result, Deframed)
    assert (result.body, result.drop_headers) == (None, ("content-encoding",))


@pytest.mark.parametrize(
    ("coding", "body", "reason"),
    [
        pytest.param("gzip", GOOD, Reason.PARSE_ERROR, id="plain-body"),
        pytest.param("gzip", gzip.compress(GOOD)[:-3], Reason.PARSE_ERROR, id="truncated"),
        pytest.param("gzip", gzip.compress(GOOD) * 2, Reason.PARSE_ERROR, id="two-members"),
        pytest.param("gzip", gzip.compress(GOOD) + b"x", Reason.PARSE_ERROR, id="trailing"),
        pytest.param("deflate", gzip.compress(GOOD), Reason.PARSE_ERROR, id="other-coding"),
        pytest.param("gzip", gzip.compress(b" " * (LIMIT + 1)), Reason.TOO_LARGE, id="bomb"),
        pytest.param("br", GOOD, Reason.UNSUPPORTED_MEDIA, id="brotli"),
        pytest.param("zstd", GOOD, Reason.UNSUPPORTED_MEDIA, id="zstd"),
        pytest.param("gzip, gzip", gzip.compress(GOOD), Reason.UNSUPPORTED_MEDIA, id="twice"),
        pytest.param("", GOOD, None, id="empty"),
    ],
)
def test_a_coding_that_lies_or_is_unknown_is_refused(
    coding: str, body: bytes, reason: Reason | None
) -> None:
    assert end(body, coded(coding)) is reason


@pytest.mark.parametrize("name", ["mcp-session-id", "mcp-name", "mcp-method", "content-encoding"])
def test_a_repeated_single_value_header_is_refused_with_the_id(name: str) -> None:
    result = mcp.open(head((*JSON, (name, "identity"), (name, "identity")))).deframe(GOOD)
    assert isinstance(result, Refusal)
    # two codings are not understood before a repetition can be told
    wanted = Reason.UNSUPPORTED_MEDIA if name == "content-encoding" else Reason.HEADER_MISMATCH
    assert result.reason is wanted
    assert result.ids == (() if name == "content-encoding" else (1,))


def test_headers_that_override_the_method_never_reach_the_server() -> None:
    result = mcp.open(head((*JSON, ("x-http-method-override", "DELETE")))).deframe(GOOD)
    assert isinstance(result, Deframed)
    assert result.drop_headers == ("x-http-method-override",)


KEYS = st.sampled_from(
    ["jsonrpc", "id", "method", "Method", "params", "name", "arguments", "_meta", "result"]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
PARAMS: dict[str, st.SearchStrategy[Any]] = {
    "name": st.text(max_size=4) | st.integers(),
    "arguments": st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
    "_meta": st.just(META) | st.none() | st.dictionaries(st.text(), st.text()),
}
ENVELOPE: dict[str, st.SearchStrategy[Any]] = {
    "jsonrpc": st.just("2.0"),
    "method": st.sampled_from(["tools/call", "ping", "x/y"]),
}
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "id": st.integers() | st.text(max_size=3) | st.none() | st.floats(),
    "params": st.fixed_dictionaries({}, optional=PARAMS),
    "result": st.none(),
}
BODIES = (
    st.binary(max_size=80)
    | VALUES.map(encode)
    | st.fixed_dictionaries(ENVELOPE, optional=OPTIONAL).map(encode)
)
HEADERS = st.lists(
    st.sampled_from(
        [
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
            ("mcp-protocol-version", "2025-11-25"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-session-id", "s"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "=?base64?eA==?="),
            ("origin", "http://evil"),
            ("last-event-id", "\udcff"),
        ]
    )
    | st.tuples(st.sampled_from(["mcp-name", "accept", "content-length"]), st.text(max_size=5)),
    max_size=6,
)


@settings(max_examples=300)
@given(
    body=BODIES,
    lines=HEADERS,
    method=st.sampled_from(["POST", "POST", "GET", "DELETE", "PUT"]),
    path=st.sampled_from(["/mcp", "/mcp?sessionId=1"]) | st.text(max_size=6),
    using=st.sampled_from([mcp, batching]),
)
def test_any_bytes_and_headers_end_as_calls_or_a_refusal(
    body: bytes, lines: list[tuple[str, str]], method: str, path: str, using: Mcp
) -> None:
    request = RequestHead(method=method, path=path, headers=Headers((*lines, *JSON)))
    looked = using.open(request).verdict
    result = using.open(request).deframe(body)
    assert isinstance(result, (Deframed, Refusal))
    if isinstance(looked, Refusal):
        assert result == looked
    if isinstance(result, Refusal):
        json.loads(using.render(result, "ref").body)


def _key() -> st.SearchStrategy[str]:
    return st.sampled_from(["name", "Name", "n\\u0061me", "x", "\\u00e9", "name\\u0000", "_meta"])


def _number() -> st.SearchStrategy[str]:
    return st.sampled_from(["1", "1.0", "-0", "1e3", "1e400", "9" * 20, '"a\\/b"', "null", "[{}]"])


@settings(max_examples=300)
@given(
    members=st.lists(st.tuples(_key(), _number()), max_size=4),
    ident=st.sampled_from(["1", '"\\u0061"', str(2**60), "1e3", "null"]),
    name=st.sampled_from(['"t"', '"\\u0074"', '"\\ud83d\\ude00"', '"\\ud83d"', "0"]),
)
def test_what_passes_reads_the_same_to_another_parser(
    members: list[tuple[str, str]], ident: str, name: str
) -> None:
    extra = "".join(f',"{key}": {value}' for key, value in members)
    body = (
        f'{{"jsonrpc":"2.0","id":{ident},"method":"tools\\u002fcall",'
        f'"params":{{"name":{name}{extra}}}}}'
    ).encode()
    result = mcp.open(head((*JSON, *SESSION))).deframe(body)
    if isinstance(result, Deframed):
        forwarded = result.body if result.body is not None else body
        read = _as_go_reads(forwarded)
        call = result.calls[0]
        assert (read["method"], read["id"]) == (call.method, call.id)
        assert read["params"]["name"] == call.target


def _as_go_reads(body: bytes) -> dict[str, Any]:
    """Keys without regard to case, the last one wins, as in Go's encoding/json."""

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        return {key.replace("\0", "").casefold(): value for key, value in members}

    return json.loads(body, object_pairs_hook=pairs)


def test_a_megabyte_of_arguments_before_the_name_does_not_hide_it() -> None:
    filler = '{"arguments":{"x":"%s"},"name":"delete_repo"}' % ("y" * 3_000_000)
    result = mcp.open(head()).deframe(with_params(filler))
    assert isinstance(result, Deframed)
    assert result.calls[0].target == "delete_repo"


def test_a_modern_request_may_be_coded_and_hostile_at_once() -> None:
    body = gzip.compress(encode(rpc("tools/call", {**CALL, "Name": "x", "_meta": META})))
    lines = (*modern_lines("tools/call", "get_issue"), ("content-encoding", "gzip"))
    assert end(body, lines) is Reason.INVALID_PARAMS
