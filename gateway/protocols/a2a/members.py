"""The members of one object of the protocol, each of its declared type. Pure: no I/O, no clock.

ProtoJSON readers take `message_id` for `messageId` and let the last of the two win; Go readers take
`MESSAGEID`, too. A2A 1.0, section 5.5, wants camelCase, so every other spelling of a member that
means something is refused, alone or as a twin. Null is the same as absent, as in ProtoJSON.
"""

from collections.abc import Iterable
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.wire.keyfold import MAX_MEMBERS, ProtocolKeys

_INT32: Final = 1 << 31


class WrongError(Exception):
    """Why params are refused; the text is for the caller and never quotes a value."""


class Keys:
    """The keys that a protocol object gives a meaning to. `never` are further names that some
    reader takes for one of them."""

    __slots__ = ("_exact", "_folded", "_never")

    def __init__(self, *names: str, never: Iterable[str] = ()) -> None:
        self._exact = frozenset(names)
        self._folded = ProtocolKeys(names)
        self._never = frozenset(never)

    def check(self, members: JsonObject, where: str) -> None:
        """Raises WrongError where a key could be mistaken for one of these."""
        if len(members) > MAX_MEMBERS:
            raise WrongError(f"{where} has over {MAX_MEMBERS} members")
        if self._exact.issuperset(members):
            return
        joined = [key.replace("_", "") for key in members if "_" in key]
        twin = self._folded.mimicked(members) or self._folded.mimicked(joined)
        if twin is None:
            twin = next((key for key in joined if key in self._exact), None)
        if twin is not None:
            raise WrongError(f'{where} has a key that can be mistaken for "{twin}"')
        if not self._never.isdisjoint(members):
            raise WrongError(f"{where} has a member that its version of A2A does not have")


class Members:
    """An object whose keys were checked. `where` is its path for the caller, e.g. "params"."""

    __slots__ = ("_values", "where")

    def __init__(self, value: JsonValue, where: str, keys: Keys) -> None:
        """Raises WrongError where `value` is neither an object nor null."""
        if value is not None and not isinstance(value, dict):
            raise WrongError(f"{where} must be an object")
        self._values: JsonObject = value or {}
        self.where = where
        keys.check(self._values, where)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def value(self, key: str) -> JsonValue:
        """Any value, None where there is none."""
        return self._values.get(key)

    def inner(self, key: str, keys: Keys) -> "Members":
        """The object at `key`, empty where there is none."""
        return Members(self._values.get(key), f"{self.where}.{key}", keys)

    def string(self, key: str, *, required: bool = False) -> str:
        """A string, "" where there is none, which is the same to ProtoJSON."""
        value = self._values.get(key)
        if value is not None and not isinstance(value, str):
            raise WrongError(f"{self.where}.{key} must be a string")
        if required and not value:
            raise WrongError(f"{self.where}.{key} is required")
        return value or ""

    def strings(self, key: str) -> list[str]:
        """A list of strings, empty where there is none."""
        found: list[str] = []
        for item in self.items(key):
            if not isinstance(item, str):
                raise WrongError(f"{self.where}.{key} must be a list of strings")
            found.append(item)
        return found

    def items(self, key: str) -> list[JsonValue]:
        """A list, empty where there is none."""
        value = self._values.get(key)
        if value is not None and not isinstance(value, list):
            raise WrongError(f"{self.where}.{key} must be a list")
        return value or []

    def object(self, key: str) -> JsonObject | None:
        """An object that is the user's own, None where there is none."""
        value = self._values.get(key)
        if value is not None and not isinstance(value, dict):
            raise WrongError(f"{self.where}.{key} must be an object")
        return value

    def integer(self, key: str) -> int | None:
        """A 32-bit integer, None where there is none. Text and fractions, which some readers take
        for integers, are refused."""
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not -_INT32 <= value < _INT32:
            raise WrongError(f"{self.where}.{key} must be a 32-bit integer")
        return value

    def boolean(self, key: str) -> bool | None:
        """True or false, None where there is none."""
        value = self._values.get(key)
        if value is not None and not isinstance(value, bool):
            raise WrongError(f"{self.where}.{key} must be true or false")
        return value

    def choice(self, key: str, names: tuple[str, ...], others: Iterable[str] = ()) -> str:
        """One of `names`, by name or by number (its index, as in ProtoJSON), or one of `others`;
        "" where there is none."""
        value = self._values.get(key)
        if value is None:
            return ""
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < len(names):
            return names[value]
        if isinstance(value, str) and (value in names[1:] or value in others):
            return value
        raise WrongError(f"{self.where}.{key} is unknown")
