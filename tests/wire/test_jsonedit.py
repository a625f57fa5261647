"""Strings are replaced by their places, and nothing else changes."""

import copy
import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.passage import Part, Place, Stage
from gateway.model.refusal import Reason, Refusal
from gateway.wire.content import Plain
from gateway.wire.jsonedit import edited, edited_body
from gateway.wire.jsonstrings import Collector, Spot
from gateway.wire.strictjson import Document, decode

TEXT = ' {"a" : [ 1.0 ,{"b":"x"}, "y" ],"c":"{\\"d\\": [1.50, \\"z\\"]}" , "n":1e2}\n'


def document(text: str) -> Document:
    found = decode(text.encode(), 1 << 20)
    assert isinstance(found, Document)
    return found


def test_a_value_is_replaced_and_every_other_byte_stays() -> None:
    assert edited(TEXT, {Place(("a", 1, "b")): 'q"é'}) == TEXT.replace('"x"', '"q\\"é"')
    assert edited(TEXT, {Place(("a", 2)): ""}) == TEXT.replace('"y"', '""')
    assert edited(TEXT, {}) == TEXT


def test_the_whole_document_may_be_a_string() -> None:
    assert edited(' "x" ', {Place(()): "y"}) == ' "y" '


def test_a_key_and_its_value_are_replaced_in_one_walk() -> None:
    changes = {Place(("a", 1, "b"), key=True): "k", Place(("a", 1, "b")): "v"}
    assert edited(TEXT, changes) == TEXT.replace('{"b":"x"}', '{"k":"v"}')


def test_a_new_key_never_makes_an_object_have_one_twice() -> None:
    text = '{"bob@x":1,"[E]":2,"eve@x":3,"[E] 2":4}'
    changes = {Place((key,), key=True): "[E]" for key in ("bob@x", "eve@x")}
    assert json.loads(edited(text, changes)) == {"[E] 3": 1, "[E]": 2, "[E] 4": 3, "[E] 2": 4}


def test_json_in_a_string_stays_json_to_the_last_digit() -> None:
    changed = edited(TEXT, {Place(("c",), within=("d", 1)): '"quoted"'})
    assert json.loads(changed)["c"] == '{"d": [1.50, "\\"quoted\\""]}'
    keyed = edited(TEXT, {Place(("c",), True, ("d",)): "k", Place(("c",), False, ("d", 1)): "v"})
    assert json.loads(keyed)["c"] == '{"k": [1.50, "v"]}'


def test_base64_stays_base64_also_in_a_data_url() -> None:
    plain = b64encode(b"secret").decode()
    text = json.dumps({"blob": plain, "url": f"DATA:text/plain;base64,{plain}"})
    changes = {Place((key,), base64=True): "né" for key in ("blob", "url")}
    told = b64encode("né".encode()).decode()
    assert json.loads(edited(text, changes)) == {
        "blob": told,
        "url": f"DATA:text/plain;base64,{told}",
    }


def test_a_text_of_several_strings_goes_into_the_first_of_them() -> None:
    text = '{"parts":[{"text":"a"},{"text":"b"},{"data":1},{"text":"c"}]}'
    place = Place(("parts", 0, "text"), rest=(("parts", 1, "text"), ("parts", 3, "text")))
    assert edited(text, {place: "new"}) == (
        '{"parts":[{"text":"new"},{"text":""},{"data":1},{"text":""}]}'
    )


@pytest.mark.parametrize(
    ("dropped", "left"),
    [
        ((), "[ 0, 1 ,2,3 ]"),
        ((0,), "[ 1 ,2,3 ]"),
        ((1,), "[ 0 ,2,3 ]"),
        ((3,), "[ 0, 1 ,2 ]"),
        ((2, 3), "[ 0, 1 ]"),
        ((0, 3), "[ 1 ,2 ]"),
        ((0, 1, 2, 3), "[  ]"),
    ],
)
def test_elements_of_lists_are_left_out_with_their_commas(
    dropped: tuple[int, ...], left: str
) -> None:
    assert edited('{"x":[ 0, 1 ,2,3 ]}', {}, [("x", at) for at in dropped]) == f'{{"x":{left}}}'


def test_what_is_kept_of_a_list_may_be_changed_too() -> None:
    changed = edited('[{"a":"x"},{"a":"y"}]', {Place((1, "a")): "z"}, [(0,)])
    assert changed == '[{"a":"z"}]'


@pytest.mark.parametrize(
    "place",
    [
        Place(("z",)),
        Place(("n",)),
        Place(("a",)),
        Place(("a", 7)),
        Place(("a", "b")),
        Place(("a", 1, "b", "c")),
        Place(("z",), key=True),
        Place(("a", 2), within=("x",)),
        Place(("c",), within=("e",)),
        Place(("a", 2), rest=(("a", 3),)),
    ],
)
def test_a_place_that_is_not_there_is_an_error_and_never_passed_over(place: Place) -> None:
    with pytest.raises(ValueError, match=r"."):
        edited(TEXT, {place: "x"})


@pytest.mark.parametrize("path", [(), ("a",), ("a", 9), ("n", 0)])
def test_only_elements_that_are_there_can_be_left_out(path: tuple[str | int, ...]) -> None:
    with pytest.raises(ValueError, match="place"):
        edited(TEXT, {}, [path])


def test_a_changed_body_is_plain_and_a_wrong_place_refuses_the_request() -> None:
    body = document(TEXT)
    changed = edited_body(body, {Place(("a", 2)): "w"})
    assert changed == Plain(TEXT.replace('"y"', '"w"').encode(), inflated=True)
    refused = edited_body(body, {Place(("q",)): "w"})
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.OWN_FAULT


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


def put(value: Any, place: Place, new: str) -> Any:
    """The same value with another text at a place, made the slow way."""
    if not place.path:
        return new
    value = copy.deepcopy(value)
    holder = value
    for step in place.path[:-1]:
        holder = holder[step]
    if not place.key:
        holder[place.path[-1]] = new
        return value
    changed = {new if key == place.path[-1] else key: one for key, one in holder.items()}
    if len(place.path) == 1:
        return changed
    outer = value
    for step in place.path[:-2]:
        outer = outer[step]
    outer[place.path[-2]] = changed
    return value


@settings(max_examples=200)
@given(
    value=values,
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
    inner=st.booleans(),
    data=st.data(),
)
def test_every_string_of_any_value_can_be_replaced_by_itself(
    value: Any, indent: int | None, ascii_only: bool, inner: bool, data: st.DataObject
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    whole = json.dumps({"json": text}) if inner else text
    out = Collector(Stage.REQUEST)
    spot = Spot(Part.USER, "")
    if inner:
        out.parsed(text, ("json",), spot)
    else:
        out.strings(value, (), spot)
    if not out.found:
        return
    place = data.draw(st.sampled_from([one.place for one in out.found]))
    new = "a text\n that is nowhere else"
    changed = json.loads(edited(whole, {place: new}))
    if not inner:
        assert changed == put(value, place, new)
    elif place.within is None:
        assert changed == {"json": new}
    else:
        assert json.loads(changed["json"]) == put(value, Place(place.within, place.key), new)
    assert edited(whole, {}) == whole
