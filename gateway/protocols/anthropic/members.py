"""Typed reading of the members of a JSON object. Pure: no I/O, no clock.

A value of another type than the API gives it is refused, never converted: backends that convert
(0 for "0", 1.0 for 1, "true" for true) would read what policy did not see.
"""

from collections.abc import Iterable
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.protocols.base import MAX_MODEL_NAME
from gateway.wire.keyfold import MAX_MEMBERS, ProtocolKeys

MAX_INTEGER: Final = 2**63 - 1
"""The largest int64."""


class WrongError(Exception):
    """A member is not what it must be. The text is for the caller and quotes no value."""


class Members:
    """The members of one object; `place` is where it is, for the caller ("" for the body).

    An absent member and null are the same, None. Raises `WrongError` for what is no object, has
    over MAX_MEMBERS members, or a key that some reader takes for one of `keys`.
    """

    __slots__ = ("_place", "value")

    def __init__(self, value: JsonValue, place: str, keys: ProtocolKeys) -> None:
        if not isinstance(value, dict):
            raise WrongError(f"{place or 'the body'} must be an object")
        if len(value) > MAX_MEMBERS:
            raise WrongError(f"{place or 'the body'} has over {MAX_MEMBERS} members")
        if (key := keys.mimicked(value)) is not None:
            raise WrongError(f'a key of {place or "the body"} can be mistaken for "{key}"')
        self.value: JsonObject = value
        self._place = place

    def place(self, key: str) -> str:
        """Where a member is, for the caller."""
        return f"{self._place}.{key}" if self._place else key

    def get(self, key: str) -> JsonValue:
        """A member of any type."""
        return self.value.get(key)

    def string(self, key: str) -> str | None:
        """A string."""
        value = self.value.get(key)
        if value is None or isinstance(value, str):
            return value
        raise self._wrong(key, "a string")

    def required_string(self, key: str) -> str:
        """A string that must be there and not be empty."""
        value = self.string(key)
        if not value:
            raise self._wrong(key, "a string that is not empty")
        return value

    def required_model(self) -> str:
        """The name of a model, which must be there: 1 to MAX_MODEL_NAME characters."""
        name = self.required_string("model")
        if len(name) > MAX_MODEL_NAME:
            raise self._wrong("model", f"a string of at most {MAX_MODEL_NAME} characters")
        return name

    def boolean(self, key: str) -> bool | None:
        """True or false."""
        value = self.value.get(key)
        if value is None or isinstance(value, bool):
            return value
        raise self._wrong(key, "true or false")

    def count(self, key: str) -> int | None:
        """An integer from 0 to MAX_INTEGER."""
        value = self.value.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INTEGER:
            raise self._wrong(key, "an integer from 0 to 2^63-1")
        return value

    def number(self, key: str) -> float | None:
        """A number."""
        value = self.value.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._wrong(key, "a number")
        return float(value)

    def items(self, key: str) -> list[JsonValue]:
        """A list, empty where there is none."""
        value = self.value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(key, "a list")
        return value

    def strings(self, key: str) -> list[str] | None:
        """A list of strings."""
        value = self.value.get(key)
        if value is None:
            return None
        found = [one for one in self.items(key) if isinstance(one, str)]
        if len(found) != len(self.items(key)):
            raise self._wrong(key, "a list of strings")
        return found

    def members(self, key: str, keys: ProtocolKeys) -> "Members | None":
        """An object."""
        value = self.value.get(key)
        return None if value is None else Members(value, self.place(key), keys)

    def objects(self, key: str, keys: ProtocolKeys) -> "list[Members]":
        """A list of objects, empty where there is none."""
        return [
            Members(value, f"{self.place(key)}[{index}]", keys)
            for index, value in enumerate(self.items(key))
        ]

    def _wrong(self, key: str, wanted: str) -> WrongError:
        return WrongError(f"{self.place(key)} must be {wanted}")


def each_once(values: Iterable[str]) -> list[JsonValue]:
    """`values` without repetitions, in order, as an attribute."""
    return list[JsonValue](dict.fromkeys(values))
