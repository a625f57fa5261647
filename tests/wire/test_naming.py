"""A name is replaced where it is meant, and every other byte stays."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.naming import renamed

PATHS = (("model",), ("response", "model"))


def changed(text: str, old: str = "m", new: str = "n", limit: int = 1000) -> str:
    return renamed(text.encode(), limit, PATHS, old, new).decode()


def test_every_path_is_followed_and_nothing_else_is_touched() -> None:
    text = '{ "a": 1.0, "model" : "m", "b":{"model":"m"},"response": {"x":["m"], "model":"m"} }'
    assert changed(text) == (
        '{ "a": 1.0, "model" : "n", "b":{"model":"m"},"response": {"x":["m"], "model":"n"} }'
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '"m"',
        '{"model":"M"}',
        '{"model":["m"]}',
        '{"response":[{"model":"m"}]}',
        '{"model":"m","model":"m"}',
    ],
)
def test_what_does_not_have_the_name_or_is_not_strict_json_stays(text: str) -> None:
    assert changed(text) == text


def test_a_document_over_the_limit_stays() -> None:
    assert changed('{"model":"m"}', limit=12) == '{"model":"m"}'
    assert changed('{"model":"m"}', limit=13) == '{"model":"n"}'


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@given(st.dictionaries(TEXTS, TEXTS | st.integers() | st.lists(TEXTS)), TEXTS, TEXTS, st.booleans())
def test_the_document_is_the_same_but_for_the_name(
    body: dict[str, Any], old: str, new: str, ascii_only: bool
) -> None:
    text = json.dumps(body | {"model": old}, ensure_ascii=ascii_only)
    assert json.loads(changed(text, old, new, 10**6)) == body | {"model": new}
