"""Every string of a value is collected, by what a protocol says of it."""

import json
from base64 import b64encode
from typing import Any

import pytest

from gateway.model.passage import Part, Passage, Place, Stage
from gateway.wire.jsonstrings import (
    Collector,
    Rule,
    Spot,
    each,
    here,
    inner,
    is_text_type,
    mapped,
    medium,
    merged,
    nothing,
    opaque,
    parsed,
    sealed,
    text,
    token,
    tokens,
)
from gateway.wire.strictjson import MAX_VALUES

USER = Spot(Part.USER, "body")


def collected(rule: Rule, value: Any, spot: Spot = USER) -> list[Passage]:
    out = Collector(Stage.REQUEST)
    out.shaped({"m": value}, (), spot, {"m": rule})
    return out.found


def texts(found: list[Passage]) -> list[str]:
    return [one.text for one in found]


def test_strings_of_a_tree_come_in_the_order_of_the_document_with_its_keys() -> None:
    out = Collector(Stage.TOOL_CALL)
    out.strings({"b": ["x", 1, {"c": "y"}], "a": None, "d": "z"}, ("p",), USER)
    assert [(one.text, one.place) for one in out.found] == [
        ("b", Place(("p", "b"), key=True)),
        ("a", Place(("p", "a"), key=True)),
        ("d", Place(("p", "d"), key=True)),
        ("x", Place(("p", "b", 0))),
        ("c", Place(("p", "b", 2, "c"), key=True)),
        ("y", Place(("p", "b", 2, "c"))),
        ("z", Place(("p", "d"))),
    ]
    assert {one.stage for one in out.found} == {Stage.TOOL_CALL}


def test_a_member_that_nobody_knows_is_metadata_with_its_key() -> None:
    out = Collector(Stage.REQUEST)
    out.shaped({"new": {"k": "v"}, "flag": True}, (), USER, {})
    assert [(one.text, one.place.key) for one in out.found] == [
        ("new", True),
        ("k", True),
        ("v", False),
        ("flag", True),
    ]
    assert {(one.part, one.channel) for one in out.found} == {(Part.METADATA, "body/other")}


def test_an_empty_string_a_number_and_null_are_no_passages() -> None:
    assert collected(text(), "") == collected(text(), 7) == collected(text(), None) == []


def test_a_text_has_the_channel_of_its_member_or_of_its_object() -> None:
    assert collected(text(Part.REFUSAL), "x")[0].channel == "body/m"
    assert collected(text(Part.REFUSAL), "x")[0].part is Part.REFUSAL
    assert collected(here(), "x")[0].channel == "body"


def test_shapes_lie_in_one_another_and_elements_have_their_numbers() -> None:
    rule = each(inner({"t": text()}))
    found = collected(rule, [{"t": "a"}, 7, {"t": "b"}, "c"])
    assert [(one.text, one.channel) for one in found] == [
        ("a", "body/m/0/t"),
        ("b", "body/m/2/t"),
        ("c", "body/m/3"),
    ]
    assert collected(each(merged({"t": here()})), {"t": "a"})[0].channel == "body"


def test_of_the_wrong_type_every_string_is_collected_all_the_same() -> None:
    assert texts(collected(inner({"t": text()}), ["a", {"k": "v"}])) == ["a", "k", "v"]
    assert texts(collected(mapped(here()), ["a"])) == ["a"]


def test_of_a_map_keys_are_text() -> None:
    assert texts(collected(mapped(here()), {"k": "v", "n": 1})) == ["k", "v", "n"]


def test_arguments_are_read_into_where_they_are_json() -> None:
    found = collected(parsed(Part.TOOL_ARGUMENTS), '{"cmd": ["rm", 1]}')
    assert [(one.text, one.place) for one in found] == [
        ("cmd", Place(("m",), key=True, within=("cmd",))),
        ("rm", Place(("m",), within=("cmd", 0))),
    ]


@pytest.mark.parametrize(
    "given", ["rm -rf", "{", '{"a":1,"a":2}', "{'a':1}", "[" * 70 + "]" * 70, "\ud800{", "12"]
)
def test_arguments_that_are_no_strict_json_are_one_string(given: str) -> None:
    found = collected(parsed(Part.TOOL_ARGUMENTS), given)
    assert [(one.text, one.place) for one in found] == [(given, Place(("m",)))]


def test_json_in_strings_is_bounded_for_all_of_a_message_together() -> None:
    many = json.dumps(["x"] * (MAX_VALUES // 2 + 10))
    out = Collector(Stage.REQUEST)
    out.shaped({"a": many, "b": many}, (), USER, dict.fromkeys("ab", parsed(Part.USER)))
    assert len([one for one in out.found if one.place.within is not None]) == MAX_VALUES // 2 + 10
    assert [one.text for one in out.found if one.place.within is None] == [many]


@pytest.mark.parametrize("value", ["gpt-4.1", "call_9", "2026-07-28", ["text", "audio"], [], {}])
def test_a_token_is_no_passage(value: Any) -> None:
    assert collected(token, value) == []


@pytest.mark.parametrize("value", ["two words", "x" * 65, "a\n", "bob@example.com", "ignoré"])
def test_what_is_no_token_is_metadata(value: str) -> None:
    (found,) = collected(token, value)
    assert (found.text, found.part, found.channel) == (value, Part.METADATA, "body/other")
    assert texts(collected(token, [value, {"k": "ok"}])) == [value, "k", "ok"]


def test_what_is_no_token_in_an_object_of_tokens_is_metadata() -> None:
    (found,) = collected(tokens, {"a": 1, "b": {"c": "two words", "d": "one"}})
    assert (found.text, found.place.path) == ("two words", ("m", "b", "c"))
    assert collected(tokens, "one") == []


def test_the_bytes_of_a_medium_are_no_passage_and_its_url_and_name_are() -> None:
    image = b64encode(bytes(range(128, 256)) * 4).decode()
    assert collected(medium, f"data:image/png;base64,{image}") == []
    assert collected(medium, image) == []
    assert texts(collected(medium, {"url": "https://e.x/a b", "filename": "n"})) == [
        "https://e.x/a b",
        "n",
    ]


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/octet-stream"])
def test_text_that_comes_as_a_file_is_a_passage(kind: str) -> None:
    url = f"data:{kind};base64,{b64encode(b'say hello').decode()}"
    (found,) = collected(medium, url)
    assert (found.text, found.place) == ("say hello", Place(("m",), base64=True))


def test_text_in_bare_base64_is_a_passage() -> None:
    long = "say hello " * 40
    assert texts(collected(medium, b64encode(long.encode()).decode())) == [long]


def test_one_bad_byte_does_not_hide_what_is_declared_to_be_text() -> None:
    data = b64encode(b"say\xff\0hello").decode()
    assert texts(collected(medium, f"data:text/plain;base64,{data}")) == ["say\ufffd\0hello"]
    out = Collector(Stage.REQUEST)
    out.blob(data, (), USER)
    assert out.found == []
    out.blob(data, (), USER, declared=True)
    assert texts(out.found) == ["say\ufffd\0hello"]


def test_a_data_url_that_is_not_base64_is_a_string_like_others() -> None:
    for url in ("data:text/plain,say%20hello", "data:text/plain;base64,!!", "data:"):
        assert texts(collected(medium, url)) == [url]


def test_a_blob_takes_both_alphabets_and_no_padding() -> None:
    raw = "~~?? é"
    for spelling in (b64encode(raw.encode()).decode(),):
        for one in (spelling, spelling.rstrip("="), spelling.replace("+", "-").replace("/", "_")):
            out = Collector(Stage.REQUEST)
            out.blob(one, ("b",), USER)
            assert [(x.text, x.place.base64) for x in out.found] == [(raw, True)]


def test_a_blob_that_is_no_base64_is_a_string() -> None:
    out = Collector(Stage.REQUEST)
    out.blob("no base64 at all", ("b",), USER)
    out.blob({"k": "v"}, ("c",), USER)
    assert texts(out.found) == ["no base64 at all", "k", "v"]


def test_what_is_sealed_is_a_passage_only_if_it_could_be_read() -> None:
    assert collected(sealed, "EqQB" * 100) == []
    assert texts(collected(sealed, "not sealed at all")) == ["not sealed at all"]
    assert collected(nothing, "whatever it is") == []


def test_types_of_text_are_told_from_others() -> None:
    wanted = ("text/html; charset=utf-8", "Application/JSON", "application/ld+json", "text/x-c")
    assert all(map(is_text_type, wanted))
    assert not any(map(is_text_type, ("image/png", "application/pdf", "text", "")))
    assert opaque("AAAA")
    assert not opaque("AA AA")


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_text_in_another_coding_is_read_as_its_readers_do(coding: str) -> None:
    out = Collector(Stage.REQUEST)
    out.blob(b64encode("say hello".encode(coding)).decode(), (), USER)
    assert texts(out.found) == ["say hello"]


def test_a_few_bytes_of_another_coding_hide_no_text() -> None:
    said = "le caf\u00e9, " * 20
    out = Collector(Stage.REQUEST)
    out.blob(b64encode(said.encode("utf-8") + b"\xe9").decode(), (), USER)
    assert texts(out.found) == [f"{said}\ufffd"]


@pytest.mark.parametrize("data", [b"\xff\xfe" + b"\0\xd8" * 90, b"BM\0\0" * 90, b"\xff\xd8" * 90])
def test_bytes_that_nobody_can_read_are_no_passage(data: bytes) -> None:
    out = Collector(Stage.REQUEST)
    out.blob(b64encode(data).decode(), (), USER)
    assert out.found == []


def test_base64_in_lines_is_read() -> None:
    spelled = b64encode(b"say hello " * 20).decode()
    lines = "\r\n".join(spelled[at : at + 76] for at in range(0, len(spelled), 76))
    out = Collector(Stage.REQUEST)
    out.blob(lines, (), USER)
    assert texts(out.found) == ["say hello " * 20]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (r'{"a": "say\u0020hello",}', '{"a": "say hello",}'),
        (r'{"a": "s\u0061y", "a": ""}', '{"a": "say", "a": ""}'),
        (r'["\ud83d\ude00\n', '["\U0001f600\n'),
        (r"C:\new\u0061", r"C:\new\u0061"),
    ],
)
def test_what_only_lenient_readers_take_for_json_is_read_as_they_do(value: str, said: str) -> None:
    assert texts(collected(parsed(Part.USER), value)) == [said]
