"""Heads, media types, codings and strictness: what a body must be before it is read."""

import gc
import gzip
import json
import zlib
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.call import Deframed
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.anthropic.opening import AnthropicOpening
from gateway.protocols.anthropic.reading import StreamReader
from gateway.protocols.anthropic.screening import AnswerReader
from gateway.protocols.anthropic.streaming import MessageStreamReader
from tests.protocols.anthropic.clients import (
    JSON,
    MODEL,
    ORIGIN,
    SDK,
    Lines,
    body,
    encode,
    opened,
    plugin,
)
from tests.support.answer_screen import RuleScreen
from tests.support.screened import reading

PLAIN = encode(body())


def refused(opening: AnthropicOpening, sent: bytes = PLAIN) -> Reason:
    """Why a request ends."""
    found = opening.deframe(sent)
    assert isinstance(found, Refusal), found
    return found.reason


def passed(opening: AnthropicOpening, sent: bytes = PLAIN) -> Deframed:
    """What a request becomes."""
    found = opening.deframe(sent)
    assert isinstance(found, Deframed), found
    return found


def test_a_post_waits_for_its_body_and_a_get_does_not() -> None:
    assert opened().verdict is None
    got = opened((), "GET", "/v1/models").verdict
    assert isinstance(got, Deframed)
    assert got.calls[0].attributes == {"method": "models/list", "protocol": "anthropic"}
    assert (got.calls[0].method, got.calls[0].target) == ("models/list", None)


def test_a_model_is_named_by_the_path() -> None:
    (got,) = passed(opened((), "GET", f"/v1/models/{MODEL}"), b"").calls
    assert (got.method, got.target, got.attributes["model"]) == ("models/get", MODEL, MODEL)


@pytest.mark.parametrize(
    "lines", [(("content-length", "2"),), (("transfer-encoding", "chunked"),), ()]
)
def test_a_get_with_a_body_is_refused(lines: Lines) -> None:
    opening = opened(lines, "GET", "/v1/models")
    assert isinstance(opening.verdict, Refusal if lines else Deframed)
    assert refused(opening, b"{}") is Reason.INVALID_REQUEST


def test_what_the_head_refuses_no_body_saves() -> None:
    for opening in (opened(path="/v1/complete"), opened(method="PUT")):
        assert isinstance(opening.verdict, Refusal)
        assert opening.deframe(PLAIN) is opening.verdict
        assert opening.deframe(b"") is opening.verdict


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/messages"), ("GET", "/v1/models")])
def test_a_page_that_was_not_allowed_may_not_call(origin: str, method: str, path: str) -> None:
    assert refused(opened((*SDK, ("origin", origin)), method, path)) is Reason.DENIED
    both = (*SDK, ("origin", ORIGIN), ("origin", origin))
    assert refused(opened(both, method, path)) is Reason.DENIED


def test_a_page_that_was_allowed_may_call() -> None:
    passed(opened((*SDK, ("origin", ORIGIN))))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "text/plain",
        "application/jsonx",
        "application/json; charset=utf-16",
        "application/json; x=y",
        "application/json, text/plain",
        "multipart/form-data",
    ],
)
def test_another_media_type_is_refused(value: str) -> None:
    opening = opened((("content-type", value),))
    assert refused(opening) is Reason.UNSUPPORTED_MEDIA
    assert refused(opened(())) is Reason.UNSUPPORTED_MEDIA


def test_a_media_type_goes_on_in_one_spelling() -> None:
    assert passed(opened()).set_headers == ()
    odd = passed(opened((("content-type", "Application/JSON; charset=UTF-8"),)))
    assert odd.set_headers == (("content-type", "application/json"),)


@pytest.mark.parametrize(
    "name", ["content-type", "content-length", "anthropic-version", "x-api-key"]
)
def test_a_header_of_one_value_comes_once(name: str) -> None:
    lines = ((name, "a"), (name, "b"))
    kept = () if name == "content-type" else JSON
    assert refused(opened((*kept, *lines))) is Reason.HEADER_MISMATCH
    assert refused(opened(lines, "GET", "/v1/models")) is Reason.HEADER_MISMATCH


def betas(lines: Lines = (), query: str = "") -> object:
    opening = opened((*JSON, *lines), path=f"/v1/messages{query}")
    return passed(opening).calls[0].attributes.get("betas")


def test_betas_are_those_of_every_line_and_of_the_query() -> None:
    lines = (("anthropic-beta", "a, b"), ("anthropic-beta", "b,,c"))
    assert betas(lines) == ["a", "b", "c"]
    assert betas(lines, "?x=1&b%65ta=d,a&beta=") == ["a", "b", "c", "d"]
    assert betas(query="?beta=true") is None
    assert betas(query="?beta=True") == ["True"]


@pytest.mark.parametrize("query", ["?beta=%ff", "?" + "&".join(f"a{n}=1" for n in range(65))])
def test_a_query_that_cannot_be_read_is_refused(query: str) -> None:
    assert refused(opened(path=f"/v1/messages{query}")) is Reason.INVALID_REQUEST


def test_a_version_is_optional() -> None:
    assert passed(opened(JSON)).calls[0].version == ""
    assert passed(opened(SDK)).calls[0].version == "2023-06-01"


def test_headers_that_replace_the_method_go_no_further() -> None:
    lines = (("x-http-method-override", "DELETE"), ("x-method-override", "GET"))
    assert set(passed(opened((*SDK, *lines))).drop_headers) == {name for name, _ in lines}
    got = passed(opened(lines, "GET", "/v1/models"), b"")
    assert set(got.drop_headers) == {name for name, _ in lines}


@pytest.mark.parametrize(
    ("coding", "coded"),
    [
        ("gzip", gzip.compress(PLAIN)),
        ("X-GZIP", gzip.compress(PLAIN)),
        ("deflate", zlib.compress(PLAIN)),
    ],
)
def test_a_coded_body_goes_on_plain(coding: str, coded: bytes) -> None:
    lines = (*SDK, ("content-encoding", coding), ("content-digest", "sha-256=:x:"))
    got = passed(opened(lines), coded)
    assert got.body == PLAIN
    assert set(got.drop_headers) == {"content-encoding", "content-digest"}


def test_an_untouched_body_keeps_its_digest() -> None:
    got = passed(opened((*SDK, ("content-digest", "sha-256=:x:"))))
    assert (got.body, got.drop_headers) == (None, ())


CODED: dict[str, tuple[Lines, bytes, Reason]] = {
    "plain": ((("content-encoding", "gzip"),), PLAIN, Reason.PARSE_ERROR),
    "cut": ((("content-encoding", "gzip"),), gzip.compress(PLAIN)[:-4], Reason.PARSE_ERROR),
    "followed": ((("content-encoding", "gzip"),), gzip.compress(PLAIN) * 2, Reason.PARSE_ERROR),
    "brotli": ((("content-encoding", "br"),), PLAIN, Reason.UNSUPPORTED_MEDIA),
    "twice": (
        (("content-encoding", "gzip"), ("content-encoding", "gzip")),
        gzip.compress(gzip.compress(PLAIN)),
        Reason.UNSUPPORTED_MEDIA,
    ),
    "a bomb": (
        (("content-encoding", "gzip"),),
        gzip.compress(encode(body(system="x" * 10_000))),
        Reason.TOO_LARGE,
    ),
}


@pytest.mark.parametrize(("lines", "sent", "reason"), CODED.values(), ids=CODED)
def test_a_body_that_is_not_what_its_coding_says_is_refused(
    lines: Lines, sent: bytes, reason: Reason
) -> None:
    assert refused(opened((*SDK, *lines), using=plugin(limit=1_000)), sent) is reason


STRICT: dict[str, tuple[bytes, Reason]] = {
    "empty": (b"", Reason.PARSE_ERROR),
    "a duplicate key": (PLAIN[:-1] + b',"model":"other"}', Reason.INVALID_REQUEST),
    "an escaped duplicate": (PLAIN[:-1] + b',"mod\\u0065l":"other"}', Reason.INVALID_REQUEST),
    "a nested duplicate": (
        PLAIN[:-1] + b',"metadata":{"user_id":"a","user_id":"b"}}',
        Reason.INVALID_REQUEST,
    ),
    "a byte order mark": (b"\xef\xbb\xbf" + PLAIN, Reason.PARSE_ERROR),
    "UTF-16": (PLAIN.decode().encode("utf-16"), Reason.PARSE_ERROR),
    "not UTF-8": (PLAIN.replace(b"Hi", b"\xff"), Reason.PARSE_ERROR),
    "half a pair": (PLAIN.replace(b"Hi", b"\\ud800"), Reason.PARSE_ERROR),
    "two documents": (PLAIN + PLAIN, Reason.PARSE_ERROR),
    "NaN": (PLAIN[:-1] + b',"temperature":NaN}', Reason.PARSE_ERROR),
    "too deep": (PLAIN[:-1] + b',"x":' + b"[" * 65 + b"]" * 65 + b"}", Reason.INVALID_REQUEST),
    "too many digits": (PLAIN[:-1] + b',"x":' + b"1" * 301 + b"}", Reason.INVALID_REQUEST),
    "too large": (PLAIN + b" " * 1_000, Reason.TOO_LARGE),
}


@pytest.mark.parametrize(("sent", "reason"), STRICT.values(), ids=STRICT)
def test_a_body_that_parsers_read_differently_is_refused(sent: bytes, reason: Reason) -> None:
    assert refused(opened(using=plugin(limit=1_000)), sent) is reason


def test_an_escaped_key_goes_on_in_its_plain_spelling() -> None:
    got = passed(opened(), PLAIN.replace(b'"model"', b'"mod\\u0065l"'))
    assert got.body == PLAIN
    assert got.calls[0].target == MODEL


def test_a_response_is_needed_where_it_may_be_read() -> None:
    assert opened((), "GET", "/v1/models").needs_response
    assert not opened((), "GET", "/v1/models/x").needs_response
    assert not opened().needs_response
    assert opened(using=plugin("json")).needs_response
    assert opened(using=plugin("all")).needs_response
    assert not opened(path="/v1/messages/count_tokens", using=plugin("all")).needs_response
    assert not opened(path="/v1/complete", using=plugin("all")).needs_response


def test_usage_is_read_of_what_the_route_says() -> None:
    asked: list[tuple[Usage, bool]] = [
        (usage, stream) for usage in USAGES for stream in (False, True)
    ]
    assert [one for one in asked if reads("/v1/messages", *one)] == [
        ("json", False),
        ("all", False),
        ("all", True),
    ]
    assert not [one for one in asked if reads("/v1/messages/count_tokens", *one)]


Usage = Literal["off", "json", "all"]
USAGES: tuple[Usage, ...] = ("off", "json", "all")


def reads(path: str, usage: Usage, stream: bool) -> bool:
    """Whether the answer is read, of a body that passes."""
    opening = opened(path=path, using=plugin(usage))
    passed(opening, encode(body(stream=stream)))
    return opening.reads


def test_an_answer_is_no_session_and_does_not_last() -> None:
    assert not opened().has_sessions
    assert not opened().lasts


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["content-type", "content-encoding", "anthropic-version", "anthropic-beta", "origin"]
        ),
        st.sampled_from(["application/json", "gzip", "deflate", "", "a,b"]) | st.text(max_size=4),
    ),
    max_size=4,
).map(tuple)
PATHS = st.sampled_from(["/v1/messages", "/v1/messages/count_tokens", "/v1/models"]) | st.text()


@given(
    st.sampled_from(["GET", "POST", "PUT"]),
    PATHS,
    HEADERS,
    st.binary(max_size=60) | st.just(PLAIN) | st.just(gzip.compress(PLAIN)),
)
def test_any_bytes_end_as_a_call_or_a_refusal(
    method: str, path: str, lines: Lines, sent: bytes
) -> None:
    for head in (lines, (*JSON, *lines)):
        found = opened(head, method, path).deframe(sent)
        assert isinstance(found, (Deframed, Refusal))
        if isinstance(found, Deframed):
            assert len(found.calls) == 1


@given(st.integers(0, len(PLAIN) - 1), st.binary(max_size=3))
def test_a_spoilt_body_ends_as_what_a_strict_reader_sees_or_a_refusal(at: int, bad: bytes) -> None:
    sent = PLAIN[:at] + bad + PLAIN[at + 1 :]
    found = opened().deframe(sent)
    if isinstance(found, Deframed):
        value = json.loads(found.body or sent)
        assert found.calls[0].target == value["model"]
        assert found.calls[0].attributes["body"] == value


def test_a_request_can_be_made_to_another_model() -> None:
    sent = encode(body(model="claude", fallbacks=[{"model": "claude"}]))
    found = opened(using=plugin(aliases={"claude": MODEL})).deframe(sent)
    assert isinstance(found, Deframed)
    assert found.body == sent.replace(b'claude"', f'{MODEL}"'.encode())
    assert found.with_model is not None
    again = found.with_model("né/1")
    wanted = body(model="né/1", fallbacks=[{"model": MODEL}])
    assert json.loads(again.body or b"") == wanted
    assert again.calls == found.calls  # what was judged stays what was asked for
    assert again.prompt is not None
    assert again.prompt().model == "né/1"


def test_a_request_that_names_the_model_already_stays_as_it_is() -> None:
    found = opened().deframe(encode(body()))
    assert isinstance(found, Deframed)
    assert found.with_model is not None
    assert found.with_model(MODEL).body is None
    there_and_back = found.with_model("other").with_model
    assert there_and_back is not None
    assert there_and_back(MODEL) == found


def test_a_body_is_freed_as_soon_as_its_request_is_done() -> None:
    gc.collect()
    gc.disable()
    try:
        found = passed(opened())
        assert found.with_model is not None
        again = found.with_model("other")
        assert again.prompt is not None
        assert again.prompt().model == "other"
        del found, again
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
@pytest.mark.parametrize("key", ["kv_transfer_params", "Priority", "bootstrap_host\0"])
def test_a_pool_is_told_nothing_that_only_engines_tell_one_another(path: str, key: str) -> None:
    sent = encode(body(**{key: 1}))
    assert refused(opened(path=path, using=plugin(pooled=True)), sent) is Reason.INVALID_PARAMS
    passed(opened(path=path), sent)
    passed(opened(path=path, using=plugin(pooled=True)), encode(body(metadata={"priority": 1})))


def test_an_endless_name_of_a_model_is_refused() -> None:
    longest = "x" * 256
    assert passed(opened(), encode(body(model=longest))).calls[0].target == longest
    assert refused(opened(), encode(body(model=longest + "x"))) is Reason.INVALID_PARAMS
    further = body(fallbacks=[{"model": longest + "x"}])
    assert refused(opened(), encode(further)) is Reason.INVALID_PARAMS


def test_with_a_screen_every_answer_is_judged() -> None:
    opening, screen = opened(), RuleScreen()
    assert isinstance(opening.reader("application/json", reading(screen)), AnswerReader)
    assert isinstance(opening.reader("text/event-stream", reading(screen)), MessageStreamReader)
    assert isinstance(opening.reader("text/event-stream", reading(None)), StreamReader)
    assert opening.reader("text/plain", reading(screen)) is None
