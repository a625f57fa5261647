"""A page of models names only those that a caller may use."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocols.anthropic.models import Shown, Unreadable, filtered
from tests.protocols.anthropic.clients import encode

LIMIT = 10_000


def page(*names: str, **members: Any) -> dict[str, Any]:
    """A page as the API sends it."""
    data = [{"type": "model", "id": name, "display_name": "M"} for name in names]
    ends = {"first_id": names[0], "last_id": names[-1]} if names else {}
    return {"data": data, "has_more": True, "first_id": None, "last_id": None} | ends | members


def shown(value: Any, aliases: dict[str, str] | None = None) -> Any:
    """What is left of an answer for a caller that may see what has "ok" in its name."""
    found = filtered(encode(value), LIMIT, lambda name: "ok" in name, aliases or {})
    assert isinstance(found, Shown), found
    return json.loads(found.body)


def test_models_that_are_not_shown_are_left_out_and_named_nowhere() -> None:
    got = shown(page("no-1", "ok-1", "no-2", "ok-2", "no-3"))
    assert [model["id"] for model in got["data"]] == ["ok-1", "ok-2"]
    assert (got["first_id"], got["last_id"], got["has_more"]) == ("ok-1", "ok-2", True)
    assert "no-" not in json.dumps(got)


def test_a_page_without_a_shown_model_has_no_more() -> None:
    assert shown(page("no-1", "no-2")) == page(has_more=False)


def test_what_is_shown_whole_is_not_touched() -> None:
    whole = json.dumps(page("ok-1", "ok-2"), indent=3).encode()
    assert filtered(whole, LIMIT, lambda _: True, {"ok-3": "other"}) == Shown(whole)
    empty = encode(page(has_more=False))
    assert filtered(empty, LIMIT, lambda _: False, {}) == Shown(empty)


def test_ends_that_name_a_model_of_no_page_are_corrected() -> None:
    got = shown(page("ok-1", "ok-2", first_id="no-1", last_id="no-2"))
    assert (got["first_id"], got["last_id"]) == ("ok-1", "ok-2")


def test_ends_that_a_server_leaves_out_stay_out() -> None:
    data = page("no-1", "ok-1")["data"]
    assert shown({"data": data}) == {"data": data[1:]}


def test_everything_else_stays_as_it_was() -> None:
    text = '{ "x":1.50, "data" : [ {"id":"no"} , {"id":"ok", "n":1e2} ],\n"object":"list" }'
    got = filtered(text.encode(), LIMIT, lambda name: name == "ok", {})
    assert got == Shown(b'{ "x":1.50, "data" : [{"id":"ok", "n":1e2}],\n"object":"list" }', 1)


@pytest.mark.parametrize(
    "model",
    [{}, {"id": 1}, {"id": None}, {"ID": "ok"}, {"id": "ok", "Id": "no"}, "ok", ["ok"], None],
)
def test_a_model_that_nothing_could_judge_is_left_out(model: Any) -> None:
    got = shown({"data": [model, {"id": "ok"}]})
    assert got == {"data": [{"id": "ok"}]}


def test_an_alias_is_listed_like_the_model_that_it_stands_for() -> None:
    aliases = {"ok": "ok-1", "ok-b": "no-1", "no": "ok-1", "ok-2": "ok-1", "ok-c": "other"}
    got = shown(page("no-1", "ok-1", "ok-2"), aliases)
    assert [model["id"] for model in got["data"]] == ["ok-1", "ok-2", "ok", "ok-b"]
    assert (got["first_id"], got["last_id"]) == ("ok-1", "ok-2")
    assert {json.dumps(model | {"id": ""}) for model in got["data"]} == {
        '{"type": "model", "id": "", "display_name": "M"}'
    }


def test_an_alias_joins_a_page_that_is_shown_whole() -> None:
    got = shown(page("ok-1"), {"ok": "ok-1"})
    assert [model["id"] for model in got["data"]] == ["ok-1", "ok"]


def test_a_page_of_aliases_alone_names_no_page() -> None:
    got = shown(page("no-1"), {"ok": "no-1"})
    assert [model["id"] for model in got["data"]] == ["ok"]
    assert (got["first_id"], got["last_id"], got["has_more"]) == (None, None, False)


def test_an_error_passes() -> None:
    error = {"type": "error", "error": {"type": "api_error", "message": "no-1"}}
    assert shown(error) == error


UNREADABLE: dict[str, tuple[bytes, Unreadable]] = {
    "no JSON": (b"<p>secret", Unreadable.NOT_JSON),
    "empty": (b"", Unreadable.NOT_JSON),
    "too large": (encode(page("secret" * LIMIT)), Unreadable.NOT_JSON),
    "a duplicate key": (b'{"data":[],"data":[{"id":"secret"}]}', Unreadable.NOT_JSON),
    "a list": (b'[{"id":"secret"}]', Unreadable.NO_LIST),
    "no data": (b'{"models":[{"id":"secret"}]}', Unreadable.NO_LIST),
    "data as an object": (b'{"data":{"id":"secret"}}', Unreadable.NO_LIST),
    "a mimicked key": (b'{"Data":[{"id":"secret"}]}', Unreadable.AMBIGUOUS),
    "an error with data": (
        b'{"type":"error","data":{"id":"secret"}}',
        Unreadable.NO_LIST,
    ),
}


@pytest.mark.parametrize(("data", "why"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_answer_that_is_no_page_cannot_be_judged(data: bytes, why: Unreadable) -> None:
    assert filtered(data, LIMIT, lambda _: True, {}) is why


@given(st.lists(st.sampled_from(["ok-1", "no-1", "ok-2", 'no"\u00e4', "no"])))
def test_whatever_a_page_holds_what_is_left_names_what_is_shown(names: list[str]) -> None:
    got = shown(page(*names))
    left = [name for name in names if "ok" in name]
    assert [model["id"] for model in got["data"]] == left
    assert [got["first_id"], got["last_id"]] == ([left[0], left[-1]] if left else [None, None])
