"""Members of an object have the type that the API gives them, or the request ends."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.model.jsonvalue import JsonObject
from gateway.protocols.anthropic.members import MAX_INTEGER, Members, WrongError, each_once
from gateway.wire.keyfold import MAX_MEMBERS, ProtocolKeys

KEYS = ProtocolKeys(("a",))
GETTERS: dict[str, tuple[Callable[[Members], Any], list[Any], list[Any]]] = {
    "string": (lambda of: of.string("a"), ["", "x"], [0, True, [], {}]),
    "required": (lambda of: of.required_string("a"), ["x"], [0, "", None, [], {}]),
    "boolean": (lambda of: of.boolean("a"), [True, False], [0, 1, "true", []]),
    "count": (
        lambda of: of.count("a"),
        [0, 7, MAX_INTEGER],
        [-1, MAX_INTEGER + 1, 1.0, "1", True, [1]],
    ),
    "number": (lambda of: of.number("a"), [0.0, 1.5, -2.0], ["1", True, [], {}]),
    "items": (lambda of: of.items("a"), [[], [1, None]], [{}, "x", 0]),
    "strings": (lambda of: of.strings("a"), [[], ["x", "y"]], [["x", 1], [None], "x", {}]),
}


@pytest.mark.parametrize(("get", "good", "wrong"), GETTERS.values(), ids=GETTERS)
def test_a_member_is_read_as_its_type_and_no_other(
    get: Callable[[Members], Any], good: list[Any], wrong: list[Any]
) -> None:
    for value in good:
        assert get(Members({"a": value}, "", KEYS)) == value
    for value in wrong:
        with pytest.raises(WrongError, match=r"^x\[0\]\.a must be "):
            get(Members({"a": value}, "x[0]", KEYS))


def test_absent_and_null_are_the_same() -> None:
    absent: list[JsonObject] = [{}, {"a": None}]
    for value in absent:
        of = Members(value, "", KEYS)
        assert of.string("a") is of.boolean("a") is of.count("a") is of.number("a") is None
        assert of.strings("a") is of.members("a", KEYS) is None
        assert of.items("a") == of.objects("a", KEYS) == []


def test_an_integer_is_a_number_and_becomes_a_float() -> None:
    read = Members({"a": 1}, "", KEYS).number("a")
    assert (read, type(read)) == (1.0, float)


@pytest.mark.parametrize("value", [None, [], "x", 1, True])
def test_what_is_no_object_is_wrong(value: Any) -> None:
    with pytest.raises(WrongError, match="the body must be an object"):
        Members(value, "", KEYS)
    with pytest.raises(WrongError, match="must be an object"):
        Members({"a": [value]}, "", KEYS).objects("a", KEYS)


@pytest.mark.parametrize("key", ["A", "a\0", "\uff41"])
def test_a_key_that_a_reader_takes_for_a_known_one_is_wrong(key: str) -> None:
    odd: list[JsonObject] = [{key: 1}, {key: 1, "a": 1}]
    for value in odd:
        with pytest.raises(WrongError, match="mistaken"):
            Members(value, "", KEYS)


def test_an_object_of_too_many_members_is_wrong() -> None:
    many: dict[str, Any] = {str(index): 0 for index in range(MAX_MEMBERS + 1)}
    with pytest.raises(WrongError, match="members"):
        Members(many, "", KEYS)
    many.popitem()
    assert len(Members(many, "", KEYS).value) == MAX_MEMBERS


def test_each_value_comes_once_in_order_of_appearance() -> None:
    assert each_once(["b", "a", "b"]) == ["b", "a"]
