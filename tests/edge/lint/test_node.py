import pytest

from gateway.config import yamltree
from gateway.config.yamltree import Tree
from gateway.edge.lint.node import Node


def node(text: str) -> Node:
    (tree,) = yamltree.parse(text, "own.yaml")
    assert isinstance(tree, Tree)
    return Node("own.yaml", tree, tree.value)


@pytest.mark.parametrize("key", ["max_stream_duration", "maxStreamDuration"])
def test_a_field_is_found_in_both_spellings(key: str) -> None:
    found = node(f"route:\n  {key}: 5s")["route.max_stream_duration"]
    assert (found.seconds, found.place.line, str(found)) == (5, 2, f"route.{key}")


def test_keys_of_maps_are_taken_as_they_are_written() -> None:
    assert node("a_b: 1").entry("aB").value is None
    assert node("gatehouse.ext_proc: 1").entry("gatehouse.ext_proc").number == 1


def test_what_is_not_there_has_the_place_of_what_encloses_it() -> None:
    absent = node("a:\n  b: 1\nc:\n- d: 1")["c"]
    assert absent["x.y"].place.line == 3
    assert absent.items[0]["y"].place.line == 4
    assert not absent["x.y"].given
    assert str(absent["x.y"]) == "c.x.y"


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("0.25s", 0.25), ("5", None), ("5m", None), ('"15s"', 15)]
)
def test_durations_are_those_of_protobuf(text: str, seconds: float | None) -> None:
    assert node(f"a: {text}")["a"].seconds == seconds


@pytest.mark.parametrize(("text", "number"), [("7", 7), ('"7"', 7), ("true", None), ("x", None)])
def test_numbers_may_be_written_as_text(text: str, number: int | None) -> None:
    assert node(f"a: {text}")["a"].number == number


def test_a_type_is_the_last_word_of_its_url() -> None:
    assert node('"@type": type.googleapis.com/envoy.x.v3.Router').type == "Router"
    assert node("a: 1").type == ""


def test_a_value_of_another_kind_is_as_good_as_none() -> None:
    value = node("a: [1, {b: 2}]")
    assert value["a.b"].value is None
    assert value["a"].entries == {}
    assert value["a"].text == ""
    assert [str(one) for one in value.walk()] == ["(root)", "a", "a[0]", "a[1]", "a[1].b"]
