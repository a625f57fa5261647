"""What is changed is changed in its place, and nothing else is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocols.openai.rewrite import (
    asks_usage,
    named,
    renamed,
    renamed_part,
    with_usage,
)
from gateway.wire.jsonspans import spliced
from gateway.wire.multipart import Fault, parse
from tests.protocols.openai.clients import ALIASES, form


def renamed_text(text: str) -> str:
    return spliced(text, renamed(text, json.loads(text), ALIASES))


def counted_text(text: str) -> str:
    return spliced(text, with_usage(text, json.loads(text)))


def test_an_alias_is_replaced_in_its_place() -> None:
    text = '{ "a": 1.0,"model" : "fast" , "b":{"model":"fast"}, "c": 1e400}'
    assert renamed_text(text) == text.replace('"fast" ,', '"demo-small" ,')


def test_any_other_model_stays() -> None:
    for text in ('{"model":"demo-small"}', '{"model":"Fast"}', '{"model":null}', "{}"):
        assert renamed_text(text) == text


def test_names_of_any_letters_are_replaced() -> None:
    assert json.loads(renamed_text('{"model":"n\\u00e4h"}')) == {"model": "demo/é"}


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ('{"a":1}', '{"stream_options":{"include_usage":true},"a":1}'),
        ("{}", '{"stream_options":{"include_usage":true}}'),
        (' { "a":1}', ' {"stream_options":{"include_usage":true}, "a":1}'),
        ('{"stream_options":null}', '{"stream_options":{"include_usage":true}}'),
        ('{"stream_options":{}}', '{"stream_options":{"include_usage":true}}'),
        ('{"stream_options":{"x":1}}', '{"stream_options":{"include_usage":true,"x":1}}'),
        (
            '{"stream_options":{"x":1, "include_usage": false}}',
            '{"stream_options":{"x":1, "include_usage": true}}',
        ),
        (
            '{"stream_options":{"include_usage":null}}',
            '{"stream_options":{"include_usage":true}}',
        ),
    ],
)
def test_a_stream_is_made_to_say_what_it_cost(text: str, changed: str) -> None:
    assert not asks_usage(json.loads(text))
    assert counted_text(text) == changed
    assert asks_usage(json.loads(changed))


members = st.dictionaries(
    st.sampled_from(["model", "stream_options", "a", 'b"'])
    | st.text(st.characters(exclude_categories=["Cs"])),
    st.integers() | st.text(st.characters(exclude_categories=["Cs"])) | st.just({"model": "fast"}),
)


@given(members)
def test_everything_else_stays_as_it_was(body: dict[str, Any]) -> None:
    body["stream_options"] = {"x": 1}
    body["model"] = "fast"
    text = json.dumps(body)
    edits = [*renamed(text, body, ALIASES), *with_usage(text, body)]
    options = {"x": 1, "include_usage": True}
    assert json.loads(spliced(text, edits)) == {
        **body,
        "model": "demo-small",
        "stream_options": options,
    }


def test_an_alias_in_a_form_is_replaced_in_its_place() -> None:
    body, lines = form({"file": ("a", b"fast", "x/y")}, language="fast", model="fast")
    parts = parse(body, lines[0][1])
    assert not isinstance(parts, Fault)
    changed = renamed_part(body, parts, ALIASES)
    assert changed is not None
    again = parse(changed, lines[0][1])
    assert not isinstance(again, Fault)
    found = {one.name: changed[one.start : one.end] for one in again}
    assert found == {"file": b"fast", "language": b"fast", "model": b"demo-small"}
    assert renamed_part(body, parts, {}) is None


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ('{"a":[1.0],"model" : "fast" ,"b":{"model":"x"}}', None),
        ('{"b":{"model":"x"}, "model":null}', '{"b":{"model":"x"}, "model":"n\\u00e9"}'),
        (' {"a":1}', ' {"model":"n\\u00e9","a":1}'),
        ("{}", '{"model":"n\\u00e9"}'),
    ],
)
def test_any_model_can_be_named_in_its_place(text: str, changed: str | None) -> None:
    wanted = changed or text.replace('"fast"', '"n\\u00e9"')
    assert spliced(text, named(text, json.loads(text), "né")) == wanted
    assert named(wanted, json.loads(wanted), "né") == []


@given(members, st.text(st.characters(exclude_categories=["Cs"])), st.booleans())
def test_a_model_and_the_wish_for_usage_can_be_written_together(
    body: dict[str, Any], model: str, has_model: bool
) -> None:
    body = {key: one for key, one in body.items() if key not in {"model", "stream_options"}}
    body |= {"model": "fast"} if has_model else {"stream": True}
    text = json.dumps(body)
    edits = [*named(text, body, model), *with_usage(text, body)]
    options = {"include_usage": True}
    assert json.loads(spliced(text, edits)) == {**body, "model": model, "stream_options": options}
