"""A request becomes one call, or ends as a refusal; its bytes stay unless they must not."""

import gc
import gzip
import json
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.call import Call, Deframed, Kind
from gateway.model.head import RequestHead
from gateway.model.principal import ANONYMOUS
from gateway.model.refusal import Reason, Refusal
from gateway.policy.attributes import bind
from gateway.policy.cel import Use
from gateway.policy.context import RequestContext
from gateway.protocols.base import Reading
from gateway.protocols.openai.models import ListReader
from gateway.protocols.openai.screening import AnswerReader
from gateway.protocols.openai.streaming import ChunkReader
from gateway.protocols.openai.streaming_responses import ResponseStreamReader
from tests.protocols.openai.clients import (
    FORM,
    JSON,
    LIMIT,
    Lines,
    call,
    chat,
    deframe,
    encode,
    form,
    get,
    head,
    openai,
    opened,
    reason,
)
from tests.support.answer_screen import RuleScreen
from tests.support.screened import reading

CHAT = "chat/completions"
IMAGE = {"image": ("a.png", b"12", "image/png")}
WAV = {"file": ("a.wav", b"12", "audio/wav")}
MODEL = b'--b0\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n'
BODIES: dict[str, Any] = {
    CHAT: chat(n=2, metadata={"a": 1}, tools=[{"type": "function", "function": {"name": "f"}}]),
    "completions": {"model": "m", "prompt": "x"},
    "responses": {"model": "m", "input": "x", "tools": [{"type": "web_search"}]},
    "embeddings": {"model": "m", "input": ["x"]},
    "moderations": {"model": "m", "input": "x"},
    "images/generations": {"model": "m", "prompt": "x"},
    "images/edits": {"model": "m", "prompt": "x", "images": []},
    "audio/speech": {"model": "m", "input": "x", "voice": "v"},
}


def passed(path: str, body: Any, lines: Lines = JSON) -> Deframed:
    found = deframe(path, body, lines)
    assert isinstance(found, Deframed), found
    return found


def bound(one: Call) -> None:
    """Every attribute has the type that policy declares."""
    uses = [Use("llm", name, None) for name in one.attributes]
    bind(uses, one, ANONYMOUS, RequestContext(RequestHead("POST", "/"), "models", 0.0, ""))


@pytest.mark.parametrize("path", BODIES)
def test_a_json_request_is_a_call_of_its_model(path: str) -> None:
    one = call(path, BODIES[path])
    assert (one.protocol, one.method, one.kind, one.id) == ("openai", path, Kind.REQUEST, None)
    assert one.target == BODIES[path]["model"]
    assert one.attributes["method"] == path
    assert one.attributes["protocol"] == "openai"
    bound(one)


@pytest.mark.parametrize(
    ("path", "files", "data"),
    [
        ("images/edits", IMAGE, {"model": "m", "prompt": "x"}),
        ("images/variations", IMAGE, {"model": "m"}),
        ("audio/transcriptions", WAV, {"model": "m", "temperature": "0"}),
        ("audio/translations", WAV, {"model": "m"}),
        ("files", WAV, {"purpose": "batch"}),
    ],
)
def test_a_form_is_a_call_and_passes_untouched(path: str, files: Any, data: Any) -> None:
    body, lines = form(files, **data)
    found = passed(path, body, lines)
    (one,) = found.calls
    assert one.target == data.get("model")
    assert one.method == {"files": "files/create"}.get(path, path)
    assert (found.body, found.set_headers, found.drop_headers) == (None, (), ())
    bound(one)


@pytest.mark.parametrize(
    ("path", "http", "method", "attributes"),
    [
        ("models", "GET", "models/list", {}),
        ("models/demo-small", "GET", "models/get", {"model": "demo-small"}),
        ("responses/r1", "GET", "responses/get", {"response_id": "r1"}),
        ("responses/r1", "DELETE", "responses/delete", {"response_id": "r1"}),
        ("responses/r1/input_items", "GET", "responses/input_items", {"response_id": "r1"}),
        ("files?purpose=batch", "GET", "files/list", {"purpose": "batch"}),
        ("files/f1", "DELETE", "files/delete", {"file_id": "f1"}),
    ],
)
def test_a_request_without_a_body_is_whole_with_its_head(
    path: str, http: str, method: str, attributes: dict[str, str]
) -> None:
    found = get(path, http)
    assert isinstance(found, Deframed)
    (one,) = found.calls
    assert one.attributes == {"method": method, "protocol": "openai", **attributes}
    assert one.target == attributes.get("model")
    bound(one)
    opening = openai().open(head(path, (), http))
    assert opening.verdict == found
    assert reason(opening.deframe(b"{}")) is Reason.INVALID_REQUEST


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_cancellation_may_be_without_a_body(body: bytes) -> None:
    lines = JSON if body else ()
    (one,) = passed("responses/r1/cancel", body, lines).calls
    assert one.attributes["response_id"] == "r1"
    assert reason(deframe("responses/r1/cancel", b"[]")) is Reason.INVALID_REQUEST


def test_unknown_members_survive_untouched() -> None:
    body = b'{"x": 1e400, "model":"m","messages":[],"y":{"Model":1.0}}'
    found = passed(CHAT, body)
    assert found.body is None


def test_policy_sees_the_clients_name_and_the_backend_its_own() -> None:
    found = passed(CHAT, b'{"x": 1.0, "model": "fast", "messages":[]}')
    assert found.body == b'{"x": 1.0, "model": "demo-small", "messages":[]}'
    assert found.calls[0].target == "fast"
    assert found.calls[0].attributes["model"] == "fast"
    digests = (*JSON, ("content-digest", "sha-256=:x:"))
    assert passed(CHAT, chat(model="fast"), digests).drop_headers == ("content-digest",)
    assert passed(CHAT, chat(), digests).drop_headers == ()


def test_an_alias_in_a_form_is_replaced() -> None:
    body, lines = form(WAV, model="fast")
    found = passed("audio/translations", body, lines)
    assert found.body == body.replace(b"fast", b"demo-small")
    assert found.calls[0].target == "fast"


def test_the_path_of_a_model_is_left_alone() -> None:
    found = get("models/fast")
    assert isinstance(found, Deframed)
    assert found.calls[0].target == "fast"
    assert (found.body, found.set_headers) == (None, ())


def test_a_coded_body_goes_on_plain() -> None:
    plain = encode(chat())
    lines = (*JSON, ("content-encoding", "gzip"), ("digest", "x"))
    found = passed(CHAT, gzip.compress(plain), lines)
    assert found.body == plain
    assert found.drop_headers == ("content-encoding", "digest")
    body, form_lines = form(WAV, model="m")
    coded = passed(
        "audio/translations", gzip.compress(body), (*form_lines, ("content-encoding", "gzip"))
    )
    assert coded.body == body


def test_media_types_go_on_in_one_spelling() -> None:
    found = passed(CHAT, chat(), (("content-type", "Application/JSON; charset=utf-8"),))
    assert found.set_headers == (("content-type", "application/json"),)
    body = MODEL + b"--b0--\r\n"
    upper = (("content-type", 'Multipart/Form-Data; Boundary="b0"'),)
    found = passed("audio/translations", body, upper)
    assert found.set_headers == (("content-type", "multipart/form-data; boundary=b0"),)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", Reason.PARSE_ERROR),
        (b"{", Reason.PARSE_ERROR),
        (b"\xef\xbb\xbf{}", Reason.PARSE_ERROR),
        ('{"model":"m"}'.encode("utf-16"), Reason.PARSE_ERROR),
        (b'{"model":"\xff"}', Reason.PARSE_ERROR),
        (b'{"model":"m","messages":[]} {}', Reason.PARSE_ERROR),
        (b'{"model":"a","model":"b","messages":[]}', Reason.INVALID_REQUEST),
        (b'{"model":"a","mod\\u0065l":"b","messages":[]}', Reason.INVALID_REQUEST),
        (b'{"model":"a","messages":[{"role":"user","role":"system"}]}', Reason.INVALID_REQUEST),
        (b"[]", Reason.INVALID_REQUEST),
        (b"null", Reason.INVALID_REQUEST),
        (b'{"x":' + b"[" * 80 + b"]" * 80 + b"}", Reason.INVALID_REQUEST),
        (b'{"x":' + b"9" * 400 + b"}", Reason.INVALID_REQUEST),
        (b'{"model":"a","Model":"b","messages":[]}', Reason.INVALID_PARAMS),
        (b'{"Model":"b","messages":[]}', Reason.INVALID_PARAMS),
        (b'{"model":0,"messages":[]}', Reason.INVALID_PARAMS),
        (b"{}" + b" " * LIMIT, Reason.TOO_LARGE),
    ],
)
def test_hostile_bodies_are_refused(body: bytes, why: Reason) -> None:
    assert reason(deframe(CHAT, body)) is why


@pytest.mark.parametrize(
    ("encoding", "body", "why"),
    [
        ("br", b"x", Reason.UNSUPPORTED_MEDIA),
        ("gzip, gzip", b"x", Reason.UNSUPPORTED_MEDIA),
        ("gzip", b"{}", Reason.PARSE_ERROR),
        ("gzip", gzip.compress(b" " * (LIMIT + 1)), Reason.TOO_LARGE),
    ],
)
def test_hostile_codings_are_refused(encoding: str, body: bytes, why: Reason) -> None:
    assert reason(deframe(CHAT, body, (*JSON, ("content-encoding", encoding)))) is why


def test_a_form_with_two_models_is_refused() -> None:
    assert reason(deframe("audio/translations", MODEL * 2 + b"--b0--", FORM)) is (
        Reason.INVALID_PARAMS
    )
    assert reason(deframe("audio/translations", MODEL, FORM)) is Reason.INVALID_REQUEST
    assert reason(deframe("audio/translations", MODEL * 200, FORM)) is Reason.TOO_LARGE


def test_a_refused_head_stays_refused() -> None:
    opening = openai().open(head("nothing"))
    assert isinstance(opening.verdict, Refusal)
    assert opening.deframe(encode(chat())) == opening.verdict
    assert not opening.needs_response


@pytest.mark.parametrize(
    ("path", "http", "off", "counted"),
    [
        ("models", "GET", True, True),
        ("models/m", "GET", False, False),
        (CHAT, "POST", False, True),
        ("responses", "POST", False, True),
        ("embeddings", "POST", False, True),
        ("moderations", "POST", False, False),
    ],
)
def test_a_head_tells_whether_its_answer_is_needed(
    path: str, http: str, off: bool, counted: bool
) -> None:
    lines = JSON if http == "POST" else ()
    assert openai().open(head(path, lines, http)).needs_response is off
    for usage in ("json", "all"):
        opening = openai(usage).open(head(path, lines, http))
        assert opening.needs_response is counted
        assert not opening.has_sessions
        assert not opening.lasts


@pytest.mark.parametrize(
    ("usage", "stream", "reads"),
    [
        ("off", False, False),
        ("off", True, False),
        ("json", False, True),
        ("json", True, False),
        ("all", False, True),
        ("all", True, True),
    ],
)
@pytest.mark.parametrize("path", [CHAT, "completions", "responses"])
def test_answers_are_read_as_the_route_says(
    path: str, usage: Literal["off", "json", "all"], stream: bool, reads: bool
) -> None:
    opening, found = opened(path, {**BODIES[path], "stream": stream}, usage=usage)
    assert isinstance(found, Deframed)
    assert opening.reads is reads
    forced = reads and stream and path != "responses"
    assert (found.body is not None) is forced
    if found.body is not None:
        assert json.loads(found.body)["stream_options"] == {"include_usage": True}
        assert found.calls[0].attributes["body"] == {**BODIES[path], "stream": stream}


def test_a_client_that_asks_for_usage_is_left_alone() -> None:
    _, found = opened(CHAT, chat(stream=True, stream_options={"include_usage": True}), usage="all")
    assert isinstance(found, Deframed)
    assert found.body is None


def test_options_that_cannot_be_added_to_are_refused() -> None:
    _, found = opened(CHAT, chat(stream=True, stream_options=[]), usage="all")
    assert reason(found) is Reason.INVALID_PARAMS


READING = Reading(shows=lambda _method, _name: True, limit=LIMIT)
USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 1}}\n\n'


@pytest.mark.parametrize("asked", [True, False])
def test_usage_is_taken_out_only_where_it_was_put_in(asked: bool) -> None:
    options = {"stream_options": {"include_usage": asked}}
    opening, _ = opened(CHAT, chat(stream=True, **options), usage="all")
    reader = opening.reader("text/event-stream", READING)
    assert reader is not None
    assert reader.feed(USAGE) == (USAGE if asked else b"")
    assert reader.usage is not None


def test_a_list_of_models_is_read_as_json_only() -> None:
    opening = openai().open(head("models", (), "GET"))
    assert isinstance(opening.reader("application/json", READING), ListReader)
    assert opening.reader("text/html", READING) is None
    assert opening.reader("", READING) is None


def test_the_usage_of_a_form_is_read_as_the_route_says() -> None:
    body, lines = form(WAV, model="m", stream="true")
    assert opened("audio/transcriptions", body, lines, usage="all")[0].reads
    assert not opened("audio/transcriptions", body, lines, usage="json")[0].reads


paths = st.sampled_from(
    [*BODIES, "audio/translations", "files", "models", "responses/r/cancel"]
) | st.text(max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "role", "content", "text", "tools", "function", "name", "url"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)
bodies = st.dictionaries(
    st.sampled_from(
        ("model", "messages", "input", "tools", "tool_choice", "stream", "prompt", "images", "n")
    )
    | st.sampled_from(
        ("metadata", "reasoning", "conversation", "max_tokens", "instructions", "stream_options")
    ),
    values,
).map(lambda body: json.dumps({"model": "fast", **body}).encode())


@given(paths, st.binary() | bodies, st.sampled_from([JSON, FORM, ()]))
def test_any_bytes_are_a_call_or_a_refusal(path: str, body: bytes, lines: Lines) -> None:
    for method in ("POST", "GET"):
        found = openai("all").open(head(path, lines, method)).deframe(body)
        if isinstance(found, Deframed):
            bound(found.calls[0])


@given(st.binary(), st.binary())
def test_any_form_is_a_call_or_a_refusal(before: bytes, after: bytes) -> None:
    for body in (before, MODEL + after, MODEL[:-1] + before + MODEL + b"--b0--"):
        deframe("audio/transcriptions", body, FORM)


def test_headers_that_change_the_method_go_no_further() -> None:
    lines = (*JSON, ("x-http-method-override", "GET"))
    assert "x-http-method-override" in passed(CHAT, chat(), lines).drop_headers


@pytest.mark.parametrize("path", [path for path in BODIES if path != "images/edits"])
def test_a_request_can_be_made_to_another_model(path: str) -> None:
    body = BODIES[path] | {"model": "fast"}
    found = passed(path, body)
    assert found.with_model is not None
    again = found.with_model("né/1")
    assert again.body is not None
    assert json.loads(again.body) == body | {"model": "né/1"}
    assert again.calls == found.calls  # what was judged stays what was asked for
    assert again.prompt is not None
    assert again.prompt().model == "né/1"
    assert found.prompt is not None
    assert again.prompt().parts == found.prompt().parts


def test_a_request_that_names_the_model_already_stays_as_it_is() -> None:
    found = passed(CHAT, chat())
    assert found.with_model is not None
    assert found.with_model("demo-small").body is None
    there_and_back = found.with_model("other").with_model
    assert there_and_back is not None
    assert there_and_back("demo-small") == found


def test_a_request_that_names_no_model_can_be_given_one() -> None:
    found = passed("responses", {"input": "x"})
    assert found.with_model is not None
    assert json.loads(found.with_model("m").body or b"") == {"model": "m", "input": "x"}


def test_another_model_keeps_the_wish_for_usage_and_drops_digests() -> None:
    lines = (*JSON, ("content-digest", "sha-256=:x:"))
    opening, found = opened(CHAT, chat(stream=True), lines, "all")
    assert isinstance(found, Deframed)
    assert found.with_model is not None
    again = found.with_model("other")
    assert json.loads(again.body or b"")["stream_options"] == {"include_usage": True}
    assert "content-digest" in again.drop_headers
    assert opening.reads


def test_a_form_can_name_another_model_where_it_names_one() -> None:
    body, lines = form(WAV, model="fast")
    found = passed("audio/transcriptions", body, lines)
    assert found.body == body.replace(b"fast", b"demo-small")
    assert found.with_model is not None
    assert found.with_model("other").body == body.replace(b"fast", b"other")
    assert found.with_model("fast").body is None
    body, lines = form(IMAGE, prompt="x")
    assert passed("images/edits", body, lines).with_model is None


def test_a_body_is_freed_as_soon_as_its_request_is_done() -> None:
    body, lines = form(WAV, model="fast")
    gc.collect()
    gc.disable()
    try:
        for found in (passed(CHAT, chat()), passed("audio/transcriptions", body, lines)):
            assert found.with_model is not None
            again = found.with_model("other")
            assert again.prompt is not None
            assert again.prompt().model == "other"
        del found, again
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("path", sorted(BODIES))
@pytest.mark.parametrize("name", ["", "x" * 257])
def test_a_model_without_a_name_or_with_an_endless_one_is_refused(path: str, name: str) -> None:
    assert reason(deframe(path, {**BODIES[path], "model": name})) is Reason.INVALID_PARAMS
    assert call(path, {**BODIES[path], "model": "x" * 256}).target == "x" * 256


@pytest.mark.parametrize("name", ["", "x" * 257])
@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("audio/transcriptions", WAV),
        ("audio/translations", WAV),
        ("images/edits", IMAGE),
        ("images/variations", IMAGE),
    ],
)
def test_so_is_one_of_a_form(path: str, files: Any, name: str) -> None:
    assert reason(deframe(path, *form(files, model=name))) is Reason.INVALID_PARAMS
    assert call(path, *form(files, model="x" * 256)).target == "x" * 256


@pytest.mark.parametrize("path", ["responses", "moderations", "images/generations", "images/edits"])
def test_a_model_can_still_be_left_out_where_it_has_a_default(path: str) -> None:
    without = {key: value for key, value in BODIES[path].items() if key != "model"}
    assert call(path, without).target is None
    assert call(path, {**without, "model": None}).target is None


@pytest.mark.parametrize("path", [*sorted(BODIES), "responses/resp_1/cancel"])
@pytest.mark.parametrize("key", ["kv_transfer_params", "Priority", "bootstrap_host\0"])
def test_a_pool_is_told_nothing_that_only_engines_tell_one_another(path: str, key: str) -> None:
    body = {**BODIES.get(path, {}), key: 1}
    opening = openai(pooled=True).open(head(path))
    assert reason(opening.deframe(encode(body))) is Reason.INVALID_PARAMS
    assert reason(deframe(path, body)) is None


@pytest.mark.parametrize("path", sorted(BODIES))
def test_a_pool_is_told_everything_else(path: str) -> None:
    opening = openai(pooled=True).open(head(path))
    body = {**BODIES[path], "metadata": {"priority": "1"}, "seed": 1}
    assert isinstance(opening.deframe(encode(body)), Deframed)


def test_a_body_of_a_pool_with_countless_members_is_not_looked_through() -> None:
    opening = openai(pooled=True).open(head("responses/resp_1/cancel"))
    body = {str(number): 1 for number in range(5000)}
    assert reason(opening.deframe(encode(body))) is Reason.INVALID_PARAMS


@pytest.mark.parametrize(
    ("path", "kind"),
    [(CHAT, ChunkReader), ("completions", ChunkReader), ("responses", ResponseStreamReader)],
)
def test_with_a_screen_every_answer_is_judged(path: str, kind: type[ChunkReader]) -> None:
    opening, _ = opened(path, BODIES[path])
    screened = reading(RuleScreen())
    assert isinstance(opening.reader("text/event-stream", screened), kind)
    assert isinstance(opening.reader("application/json", screened), AnswerReader)
    assert opening.reader("audio/mpeg", screened) is None


def test_a_response_that_is_asked_for_again_has_named_events() -> None:
    opening = openai().open(head("responses/r1", (), "GET"))
    screened = reading(RuleScreen())
    assert isinstance(opening.reader("text/event-stream", screened), ResponseStreamReader)
