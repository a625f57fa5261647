"""The `params` of a message as attributes, by the table of `attributes`. Pure: no I/O, no clock."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from gateway.model.jsonvalue import JsonMapping, JsonObject, JsonValue
from gateway.protocols.mcp.attributes import (
    EVERY_METHOD,
    PROTOCOL_VERSION_KEY,
    ROWS,
    Attribute,
    Type,
)
from gateway.wire.keyfold import MAX_MEMBERS, ProtocolKeys, has_twins

_OTHER_META_KEYS: Final = (PROTOCOL_VERSION_KEY, "traceparent", "tracestate", "baggage")

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why `params` are refused. Never quotes a value."""

    message: str


class _Place(NamedTuple):
    """An object on the way to an attribute, and the keys that mean something in it.

    Objects below an attribute are the user's data, where a key such as "Name" is legitimate.
    """

    path: Path
    keys: ProtocolKeys


class _Field(NamedTuple):
    """An attribute, as the member `key` of the object at `place`."""

    attribute: Attribute
    place: Path
    key: str
    checked: Callable[[JsonValue], JsonValue]


class _Plan(NamedTuple):
    """How the params of one method are read. A place comes after the one that it lies in."""

    places: tuple[_Place, ...]
    fields: tuple[_Field, ...]


def attributes_of(method: str, params: JsonObject) -> dict[str, JsonValue] | Wrong:
    """The attributes that `params` carry for `method`, with exactly their declared types.

    A method outside of the table has those of EVERY_METHOD only. Tokens become strings, numbers
    floats; an absent value has no entry.
    """
    plan = _PLANS.get(method, _ANY_PLAN)
    objects = _objects(plan.places, params)
    if isinstance(objects, Wrong):
        return objects
    found: dict[str, JsonValue] = {}
    for attribute, place, key, checked in plan.fields:
        value = objects[place].get(key)
        if value is None:
            if attribute.required:
                return Wrong(f"params.{'.'.join(attribute.path)} is required")
            continue
        typed = checked(value)
        if typed is None:
            return Wrong(f"params.{'.'.join(attribute.path)} must be {attribute.type.value}")
        found[attribute.name] = typed
    return found


def _objects(places: tuple[_Place, ...], params: JsonObject) -> "dict[Path, JsonMapping] | Wrong":
    """The object at each place, empty where there is none."""
    objects: dict[Path, JsonMapping] = {}
    for path, keys in places:
        members = objects[path[:-1]].get(path[-1]) if path else params
        if not isinstance(members, dict):
            if members is not None:
                return Wrong(f"params.{'.'.join(path)} must be {Type.OBJECT.value}")
            members = {}
        if len(members) > MAX_MEMBERS:
            return Wrong(f"params has an object of over {MAX_MEMBERS} members")
        if (key := keys.mimicked(members)) is not None:
            return Wrong(f'a key can be mistaken for "{key}"')
        objects[path] = members
    return objects


def _string(value: JsonValue) -> JsonValue:
    return value if isinstance(value, str) else None


def _strings(value: JsonValue) -> JsonValue:
    is_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return value if is_list else None


def _object(value: JsonValue) -> JsonValue:
    return value if isinstance(value, dict) else None


def _arguments(value: JsonValue) -> JsonValue:
    return value if isinstance(value, dict) and _has_distinct_names(value) else None


def _string_map(value: JsonValue) -> JsonValue:
    if not isinstance(value, dict) or not _has_distinct_names(value):
        return None
    return value if all(isinstance(item, str) for item in value.values()) else None


def _token(value: JsonValue) -> JsonValue:
    is_token = isinstance(value, (str, int)) and not isinstance(value, bool)
    return str(value) if is_token else None


def _number(value: JsonValue) -> JsonValue:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    number = float(value)
    return number if math.isfinite(number) else None  # 1e999, which readers differ on


def _bool(value: JsonValue) -> JsonValue:
    return value if isinstance(value, bool) else None


def _has_distinct_names(members: JsonMapping) -> bool:
    return len(members) <= MAX_MEMBERS and not has_twins(members)


_CHECKED: Final[Mapping[Type, Callable[[JsonValue], JsonValue]]] = {
    Type.STRING: _string,
    Type.STRINGS: _strings,
    Type.OBJECT: _object,
    Type.ARGUMENTS: _arguments,
    Type.STRING_MAP: _string_map,
    Type.TOKEN: _token,
    Type.NUMBER: _number,
    Type.BOOL: _bool,
}
"""A value as the type, None when it is not of it."""


def _plan(attributes: tuple[Attribute, ...]) -> _Plan:
    keys: dict[Path, set[str]] = {(): set(), ("_meta",): set(_OTHER_META_KEYS)}
    for attribute in attributes:
        for depth, key in enumerate(attribute.path):
            keys.setdefault(attribute.path[:depth], set()).add(key)
    return _Plan(
        tuple(_Place(path, ProtocolKeys(known)) for path, known in keys.items()),
        tuple(_Field(one, one.path[:-1], one.path[-1], _CHECKED[one.type]) for one in attributes),
    )


_PLANS: Final = {method: _plan(row) for method, row in ROWS.items()}
_ANY_PLAN: Final = _plan(EVERY_METHOD)
