"""A caller sees the models that it may use, under every name by which it may use them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.pagination import SyncPage
from openai.types import Model

from gateway.model.call import Deframed
from gateway.model.refusal import Answer, Reason, Refusal
from gateway.protocols.base import Reading, Settings
from gateway.protocols.openai import OpenAi
from gateway.protocols.openai.models import ListReader
from gateway.protocols.openai.render import render
from tests.protocols.openai.clients import encode, head

LIMIT = 10_000


def shows(method: str, name: str) -> bool:
    """Of a caller that may use what has "ok" in its name."""
    return method == "models/list" and "ok" in name


def reader(aliases: dict[str, str] | None = None) -> ListReader:
    reading = Reading(
        shows=shows,
        limit=LIMIT,
        error=lambda reason, why: encode({"error": {"message": why, "code": reason.value}}),
    )
    return ListReader(reading, aliases or {})


def read(body: bytes, aliases: dict[str, str] | None = None) -> Any:
    one = reader(aliases)
    assert one.feed(body) == b""
    return json.loads(one.finish())


def listed(*names: str, **more: Any) -> bytes:
    data = [{"id": name, "object": "model", "created": 1} for name in names]
    return encode({"object": "list", "data": data, **more})


def names(document: Any) -> list[str]:
    return [one["id"] for one in document["data"]]


def test_models_that_may_not_be_used_are_left_out() -> None:
    one = reader()
    one.feed(listed("ok-1", "secret", "ok-2"))
    assert names(json.loads(one.finish())) == ["ok-1", "ok-2"]
    assert (one.filtered, one.broken, one.usage) == (1, False, None)


def test_what_is_left_is_as_the_server_wrote_it() -> None:
    item = b'{ "id":"ok" , "size": 1.50e0,"x":{"id":"secret"}}'
    one = reader()
    one.feed(b'{"data" : [' + item + b',{"id":"no"}], "object":"list"}')
    assert one.finish() == b'{"object":"list","data":[' + item + b"]}"


def test_other_members_that_repeat_names_are_left_out() -> None:
    body = listed("ok", "secret", models=[{"name": "secret"}], first_id="secret", has_more=False)
    assert b"secret" not in encode(read(body))


def test_an_alias_is_listed_like_its_model() -> None:
    aliases = {"ok-fast": "secret-a", "hidden": "ok-b", "ok-gone": "nowhere", "ok-b": "secret-a"}
    found = read(listed("secret-a", "ok-b"), aliases)
    assert found["data"] == [
        {"id": "ok-b", "object": "model", "created": 1},
        {"id": "ok-fast", "object": "model", "created": 1},
    ]


@pytest.mark.parametrize(
    "item", [{}, {"id": 1}, {"id": None}, {"ID": "ok"}, {"id": "ok", "Id": "secret"}, "ok", None]
)
def test_items_without_a_certain_name_are_left_out(item: Any) -> None:
    assert read(encode({"data": [item, {"id": "ok-2"}]}))["data"] == [{"id": "ok-2"}]


def test_an_error_of_the_backend_is_passed_alone() -> None:
    error = {"error": {"message": "no", "code": 1}, "models": ["secret"]}
    assert read(encode(error)) == {"error": error["error"]}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'{"data":{}}',
        b'{"data":null}',
        b"{}",
        b'{"data":[],"Data":[{"id":"secret"}]}',
        b'{"data":[],"data":[{"id":"secret"}]}',
        b'\xef\xbb\xbf{"data":[]}',
    ],
)
def test_what_is_no_list_never_passes(body: bytes) -> None:
    one = reader()
    one.feed(body)
    assert json.loads(one.finish())["error"]["code"] == "no_endpoint"
    assert one.broken


def test_a_list_over_the_limit_never_passes() -> None:
    one = reader()
    assert one.feed(b" " * LIMIT) == b""
    assert b"too large" in one.feed(b" ")
    assert one.feed(listed("secret")) == b""
    assert one.finish() == b""
    assert one.broken


def test_an_empty_body_stays_empty() -> None:
    assert reader().finish() == b""


@given(st.lists(st.sampled_from(["ok", "secret", "ok é", "no"])), st.data())
def test_how_a_list_arrives_changes_nothing(found: list[str], data: st.DataObject) -> None:
    body = listed(*found)
    one = reader()
    rest = body
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        assert one.feed(rest[:size]) == b""
        rest = rest[size:]
    whole = reader()
    whole.feed(body)
    assert one.finish() == whole.finish()


@given(st.binary())
def test_any_bytes_are_a_list_or_an_error(body: bytes) -> None:
    one = reader()
    out = one.feed(body) + one.finish()
    assert not body or json.loads(out).keys() <= {"object", "data", "error"}


# --- the models of pools, listed by the gateway itself --------------------------------------------

POOLED = Settings(
    "/v1",
    "models",
    LIMIT,
    aliases={"ok fast": "ok-small", "ok gone": "of-nobody", "fast": "ok-small"},
    models=("ok-small", "maker/ok-large", "secret-small", "ok-small"),
)


def asked(path: str, settings: Settings = POOLED) -> Answer | Refusal | None:
    found = OpenAi.of(settings).open(head(path, (), "GET")).deframe(b"")
    assert isinstance(found, Deframed), found
    return None if found.answered is None else found.answered(shows)


def document(path: str) -> Any:
    answer = asked(path)
    assert isinstance(answer, Answer)
    assert answer.status == 200
    assert dict(answer.headers)["content-type"] == "application/json"
    return json.loads(answer.body)


def test_the_models_of_all_pools_are_listed_once_with_the_aliases_that_the_caller_may_use() -> None:
    listed = document("models")
    assert names(listed) == ["ok-small", "maker/ok-large", "ok fast"]
    assert listed["object"] == "list"


def test_the_list_is_one_that_the_sdk_reads() -> None:
    page = SyncPage[Model].model_validate(document("models"))
    assert [one.id for one in page.data] == names(document("models"))
    Model.model_validate(document("models/maker/ok-large"), strict=True)


def test_a_model_is_told_by_every_name_that_the_caller_may_use() -> None:
    for name in ("ok-small", "maker/ok-large", "ok%20fast"):
        assert document(f"models/{name}")["id"] == name.replace("%20", " ")


@pytest.mark.parametrize("name", ["secret-small", "secret-smal", "fast", "ok%20gone", "zzz"])
def test_a_model_that_the_caller_must_not_see_is_unknown_and_not_named(name: str) -> None:
    refusal = asked(f"models/{name}")
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.UNKNOWN_MODEL
    assert "secret" not in refusal.message


def test_a_model_that_was_misspelt_is_told_its_name() -> None:
    refusal = asked("models/ok-smal")
    assert isinstance(refusal, Refusal)
    assert '"ok-small"' in refusal.message
    error = json.loads(render(refusal, "audit-1").body)["error"]
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    assert error["type"] == "invalid_request_error"


def test_a_backend_answers_for_itself_where_no_pool_is() -> None:
    assert asked("models", Settings("/v1", "models", LIMIT, aliases={"a": "b"})) is None


@pytest.mark.parametrize("path", ["files", "files/f1", "responses/r1"])
def test_the_gateway_answers_nothing_else(path: str) -> None:
    assert asked(path) is None
