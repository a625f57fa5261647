"""Members of a body have their type, or the request is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.protocols.openai.typed import Members, WrongError
from gateway.wire.keyfold import MAX_MEMBERS

READ: dict[str, Callable[[Members], Any]] = {
    "string": lambda one: one.string("x"),
    "required": lambda one: one.required("x"),
    "integer": lambda one: one.integer("x"),
    "number": lambda one: one.number("x"),
    "boolean": lambda one: one.boolean("x"),
    "object": lambda one: one.object("x"),
    "free": lambda one: one.free("x"),
    "list": lambda one: one.list("x"),
    "objects": lambda one: one.objects("x"),
    "strings": lambda one: one.strings("x"),
}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", "a"),
        ("required", ""),
        ("integer", -(1 << 63)),
        ("integer", (1 << 63) - 1),
        ("number", 1.5),
        ("boolean", False),
        ("free", {"Model": 1}),
        ("list", [1]),
        ("strings", ["a"]),
    ],
)
def test_a_value_of_the_type_is_read(kind: str, value: Any) -> None:
    assert READ[kind](Members({"x": value})) == value


def test_an_integer_is_a_number_as_well() -> None:
    number = Members({"x": 1}).number("x")
    assert isinstance(number, float)
    assert number == 1.0


@pytest.mark.parametrize("kind", ["string", "integer", "number", "boolean", "object", "list"])
def test_null_is_the_same_as_absent(kind: str) -> None:
    assert READ[kind](Members({"x": None})) is None
    assert READ[kind](Members({})) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", 1),
        ("required", None),
        ("integer", True),
        ("integer", 1.0),
        ("integer", 1 << 63),
        ("integer", "1"),
        ("number", True),
        ("number", "1"),
        ("number", float("inf")),
        ("boolean", 0),
        ("boolean", "true"),
        ("object", []),
        ("free", "a"),
        ("list", {}),
        ("objects", [1]),
        ("objects", [None]),
        ("strings", ["a", 1]),
    ],
)
def test_any_other_type_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(WrongError, match=r"^x"):
        READ[kind](Members({"x": value}))


@pytest.mark.parametrize("key", ["Model", "MODEL", "model\0", "\uff4dodel"])
def test_a_key_that_another_parser_takes_for_a_known_one_is_refused(key: str) -> None:
    with pytest.raises(WrongError, match='mistaken for "model"'):
        Members({"model": "a", key: "b"})


def test_unknown_keys_are_the_clients_own() -> None:
    Members({"model": "a", "extra_body": {"Model": 1}})


def test_an_object_has_a_bounded_number_of_members() -> None:
    Members({f"k{at}": None for at in range(MAX_MEMBERS)})
    with pytest.raises(WrongError):
        Members({f"k{at}": None for at in range(MAX_MEMBERS + 1)})


def test_a_message_names_the_place() -> None:
    inner = Members({"a": {"b": [{"c": 1}]}}).object("a")
    assert inner is not None
    with pytest.raises(WrongError, match=r"^a\.b\[0\]\.c must be a string$"):
        inner.objects("b")[0].string("c")
