"""Edits by position change nothing but what they replace."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.wire.jsonspans import Span, elements, member, members, objects, root, spliced

TEXT = ' {"a" : [ 1.0 ,{"b":-0}, "x]" ],"c":{} , "d\\u0065":[]}\n'


def at(span: Span) -> str:
    return TEXT[span.start : span.end]


def test_members_and_elements_are_found_where_they_are() -> None:
    whole = root(TEXT)
    assert at(whole) == TEXT.strip()
    found = members(TEXT, whole)
    assert {key: at(span) for key, span in found.items()} == {
        "a": '[ 1.0 ,{"b":-0}, "x]" ]',
        "c": "{}",
        "de": "[]",
    }
    assert [at(span) for span in elements(TEXT, found["a"])] == ["1.0", '{"b":-0}', '"x]"']
    assert members(TEXT, found["c"]) == {}
    assert elements(TEXT, found["de"]) == []


def test_one_member_is_found_like_all_of_them() -> None:
    whole = root(TEXT)
    for key, span in members(TEXT, whole).items():
        assert member(TEXT, whole, key) == span
    assert member(TEXT, whole, "b") is None
    assert member(TEXT, members(TEXT, whole)["a"], "b") is None


def test_objects_are_the_document_or_the_elements_that_are_some() -> None:
    assert objects(TEXT) == [root(TEXT)]
    text = ' [1, {"a":[{}]} ,"{", [{}], {}]'
    assert [text[one.start : one.end] for one in objects(text)] == ['{"a":[{}]}', "{}"]
    assert objects(" 7 ") == objects("[]") == []


def test_spliced_text_keeps_the_rest() -> None:
    found = members(TEXT, root(TEXT))
    assert spliced(TEXT, [(found["c"], "7"), (found["a"], "[]")]) == (
        ' {"a" : [],"c":7 , "d\\u0065":[]}\n'
    )
    assert spliced(TEXT, []) == TEXT


@settings(max_examples=100)
@given(
    value=st.dictionaries(
        st.text(max_size=4),
        st.lists(st.integers() | st.text(max_size=3) | st.none(), max_size=4),
        max_size=4,
    ),
    indent=st.sampled_from([None, 0, 2]),
)
def test_spans_agree_with_a_parser(value: dict[str, list[object]], indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    for key, span in members(text, root(text)).items():
        assert [json.loads(text[each.start : each.end]) for each in elements(text, span)] == value[
            key
        ]
