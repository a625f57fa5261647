"""The shape of a decoded JSON document. Pure: no I/O, no clock."""

from collections.abc import Mapping
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, "JsonValue"]
JsonMapping: TypeAlias = Mapping[str, "JsonValue"]
RequestId: TypeAlias = int | str
