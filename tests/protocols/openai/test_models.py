"""A caller sees the models that it may use, under every name by which it may use them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocols.base import Reading
from gateway.protocols.openai.models import ListReader
from tests.protocols.openai.clients import encode

LIMIT = 10_000


def reader(aliases: dict[str, str] | None = None) -> ListReader:
    """A caller that may use what has "ok" in its name."""
    reading = Reading(
        shows=lambda method, name: method == "models/list" and "ok" in name,
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
