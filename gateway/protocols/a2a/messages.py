"""Request messages of the gRPC binding as the ProtoJSON of their version. Pure: no I/O, no clock.

Source: a2a.proto of 1.0 (package lf.a2a.v1) and of 0.3 (package a2a.v1). The tables name every
field of the requests. A singular field that occurs twice, two members of one choice, and a value of
another wire type are refused; a field without a name is left out, as every proto3 reader does.
"""

import math
import struct
from base64 import b64encode
from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.operation import (
    CREATE_PUSH,
    DELETE_PUSH,
    EXTENDED_CARD,
    GET_PUSH,
    LIST_PUSH,
    SEND,
    STREAM,
    SUBSCRIBE,
    V03,
    V10,
)
from gateway.wire import protowire
from gateway.wire.protowire import Field, Unreadable, WireType

MAX_DEPTH: Final = 64
MAX_FIELDS: Final = 30_000
"""Fields of one request at all levels together, each some microseconds."""


class Kind(Enum):
    """What a field holds."""

    STRING = "string"
    BYTES = "bytes"
    INT32 = "int32"
    BOOL = "bool"
    STRUCT = "struct"
    VALUE = "value"
    MESSAGE = "message"


_WIRE: Final = {
    Kind.INT32: WireType.VARINT,
    Kind.BOOL: WireType.VARINT,
}


class Named(NamedTuple):
    """A field by its name in ProtoJSON."""

    name: str
    kind: Kind = Kind.STRING
    repeated: bool = False
    inner: "Table | None" = None


Table = Mapping[int, Named]

_AUTHENTICATION: Final[Table] = {}
_PUSH_10: Final[Table] = {
    1: Named("tenant"),
    2: Named("id"),
    3: Named("taskId"),
    4: Named("url"),
    5: Named("token"),
    6: Named("authentication", Kind.MESSAGE, inner=_AUTHENTICATION),
}
_CONFIGURATION_10: Final[Table] = {
    1: Named("acceptedOutputModes", repeated=True),
    2: Named("taskPushNotificationConfig", Kind.MESSAGE, inner=_PUSH_10),
    3: Named("historyLength", Kind.INT32),
    4: Named("returnImmediately", Kind.BOOL),
}
_PART_10: Final[Table] = {
    1: Named("text"),
    2: Named("raw", Kind.BYTES),
    3: Named("url"),
    4: Named("data", Kind.VALUE),
    5: Named("metadata", Kind.STRUCT),
    6: Named("filename"),
    7: Named("mediaType"),
}
_MESSAGE_10: Final[Table] = {
    1: Named("messageId"),
    2: Named("contextId"),
    3: Named("taskId"),
    4: Named("role", Kind.INT32),
    5: Named("parts", Kind.MESSAGE, repeated=True, inner=_PART_10),
    6: Named("metadata", Kind.STRUCT),
    7: Named("extensions", repeated=True),
    8: Named("referenceTaskIds", repeated=True),
}
_SEND_10: Final[Table] = {
    1: Named("tenant"),
    2: Named("message", Kind.MESSAGE, inner=_MESSAGE_10),
    3: Named("configuration", Kind.MESSAGE, inner=_CONFIGURATION_10),
    4: Named("metadata", Kind.STRUCT),
}
_PUSH_ID_10: Final[Table] = {1: Named("tenant"), 2: Named("taskId"), 3: Named("id")}

_PUSH_03: Final[Table] = {
    1: Named("id"),
    2: Named("url"),
    3: Named("token"),
    4: Named("authentication", Kind.MESSAGE, inner=_AUTHENTICATION),
}
_CONFIGURATION_03: Final[Table] = {
    1: Named("acceptedOutputModes", repeated=True),
    2: Named("pushNotification", Kind.MESSAGE, inner=_PUSH_03),
    3: Named("historyLength", Kind.INT32),
    4: Named("blocking", Kind.BOOL),
}
_FILE_03: Final[Table] = {
    1: Named("fileWithUri"),
    2: Named("fileWithBytes", Kind.BYTES),
    3: Named("mimeType"),
    4: Named("name"),
}
_PART_03: Final[Table] = {
    1: Named("text"),
    2: Named("file", Kind.MESSAGE, inner=_FILE_03),
    3: Named("data", Kind.MESSAGE, inner={1: Named("data", Kind.STRUCT)}),
    4: Named("metadata", Kind.STRUCT),
}
_MESSAGE_03: Final[Table] = {
    1: Named("messageId"),
    2: Named("contextId"),
    3: Named("taskId"),
    4: Named("role", Kind.INT32),
    5: Named("content", Kind.MESSAGE, repeated=True, inner=_PART_03),
    6: Named("metadata", Kind.STRUCT),
    7: Named("extensions", repeated=True),
}
_SEND_03: Final[Table] = {
    1: Named("message", Kind.MESSAGE, inner=_MESSAGE_03),
    2: Named("configuration", Kind.MESSAGE, inner=_CONFIGURATION_03),
    3: Named("metadata", Kind.STRUCT),
}
_CONFIG_03: Final[Table] = {
    1: Named("name"),
    2: Named("pushNotificationConfig", Kind.MESSAGE, inner=_PUSH_03),
}
_NAME_03: Final[Table] = {1: Named("name")}

REQUESTS: Final[Mapping[str, Mapping[str, Table]]] = {
    V10: {
        SEND: _SEND_10,
        STREAM: _SEND_10,
        "GetTask": {1: Named("tenant"), 2: Named("id"), 3: Named("historyLength", Kind.INT32)},
        "ListTasks": {
            1: Named("tenant"),
            2: Named("contextId"),
            3: Named("status", Kind.INT32),
            4: Named("pageSize", Kind.INT32),
            5: Named("pageToken"),
            6: Named("historyLength", Kind.INT32),
            8: Named("includeArtifacts", Kind.BOOL),
        },
        "CancelTask": {1: Named("tenant"), 2: Named("id"), 3: Named("metadata", Kind.STRUCT)},
        SUBSCRIBE: {1: Named("tenant"), 2: Named("id")},
        CREATE_PUSH: _PUSH_10,
        GET_PUSH: _PUSH_ID_10,
        DELETE_PUSH: _PUSH_ID_10,
        LIST_PUSH: {
            1: Named("taskId"),
            2: Named("pageSize", Kind.INT32),
            3: Named("pageToken"),
            4: Named("tenant"),
        },
        EXTENDED_CARD: {1: Named("tenant")},
    },
    V03: {
        SEND: _SEND_03,
        STREAM: _SEND_03,
        "GetTask": {1: Named("name"), 2: Named("historyLength", Kind.INT32)},
        "CancelTask": _NAME_03,
        SUBSCRIBE: _NAME_03,
        CREATE_PUSH: {
            1: Named("parent"),
            2: Named("configId"),
            3: Named("config", Kind.MESSAGE, inner=_CONFIG_03),
        },
        GET_PUSH: _NAME_03,
        DELETE_PUSH: _NAME_03,
        LIST_PUSH: {1: Named("parent"), 2: Named("pageSize", Kind.INT32), 3: Named("pageToken")},
        EXTENDED_CARD: {},
    },
}
"""By version and operation the fields of its request."""

_ENUMS: Final = frozenset({"role", "status"})
"""Fields whose 0 is their absence."""

_RENAMED: Final = {(V03, LIST_PUSH): ("parent", "name")}
"""A resource name is `name` in the params of every other operation on one."""


def params_of(method: str, version: str, message: bytes) -> JsonObject:
    """A request message as params; raises WrongError where readers could differ on it."""
    params = _Reader().message(message, REQUESTS[version][method], MAX_DEPTH)
    old, new = _RENAMED.get((version, method), ("", ""))
    if old in params:
        params[new] = params.pop(old)
    return params


class _Reader:
    """Reads one request. `depth` is how many messages may still lie within one another."""

    def __init__(self) -> None:
        self._left = MAX_FIELDS

    def message(self, data: bytes, table: Table, depth: int) -> JsonObject:
        """The fields of a message that have names."""
        found: JsonObject = {}
        for number, values in self._fields(data, depth).items():
            named = table.get(number)
            if named is None:
                continue
            read = [self._value(value, named, depth) for value in values]
            found[named.name] = read if named.repeated else _single(read)
        return {name: value for name, value in found.items() if value != 0 or name not in _ENUMS}

    def _fields(self, data: bytes, depth: int) -> Mapping[int, tuple[Field, ...]]:
        if depth == 0:
            raise WrongError("the message is nested too deeply")
        fields = protowire.fields(data, self._left)
        if isinstance(fields, Unreadable):
            raise WrongError(fields.message)
        self._left -= sum(map(len, fields.values()))
        return fields

    def _value(self, field: Field, named: Named, depth: int) -> JsonValue:
        value = field.value
        if field.type is not _WIRE.get(named.kind, WireType.LENGTH):
            raise WrongError(f"{named.name} has another type")
        if isinstance(value, int):
            return _boolean(value) if named.kind is Kind.BOOL else _read(protowire.int32(value))
        match named.kind:
            case Kind.MESSAGE:
                return self.message(value, named.inner or {}, depth - 1)
            case Kind.STRUCT:
                return self._struct(value, depth - 1)
            case Kind.VALUE:
                return self._any(value, depth - 1)
            case Kind.BYTES:
                return b64encode(value).decode("ascii")
            case _:
                return _read(protowire.text(value))

    def _struct(self, data: bytes, depth: int) -> JsonObject:
        """A google.protobuf.Struct: repeated entries of a key and a value."""
        found: JsonObject = {}
        for entry in _lengths(self._fields(data, depth), 1):
            parts = self._fields(entry, depth - 1)
            key = str(_read(protowire.text(_length(parts, 1))))
            if key in found:
                raise WrongError("an object has the same key twice")
            found[key] = self._any(_length(parts, 2), depth - 1)
        return found

    def _list(self, data: bytes, depth: int) -> list[JsonValue]:
        return [self._any(one, depth - 1) for one in _lengths(self._fields(data, depth), 1)]

    def _any(self, data: bytes, depth: int) -> JsonValue:
        """A google.protobuf.Value: exactly one of its six forms."""
        fields = self._fields(data, depth)
        present = [number for number in fields if number <= 6]
        if len(present) != 1 or len(fields[present[0]]) > 1:
            raise WrongError("a value has not exactly one form")
        field = fields[present[0]][0]
        match present[0], field.type, field.value:
            case 1, WireType.VARINT, 0:
                return None
            case 2, WireType.FIXED64, int(bits):
                return _number(bits)
            case 3, WireType.LENGTH, bytes(text):
                return _read(protowire.text(text))
            case 4, WireType.VARINT, int(truth):
                return _boolean(truth)
            case 5 | 6, WireType.LENGTH, bytes(inner):
                read = self._struct if present[0] == 5 else self._list
                return read(inner, depth - 1)
            case _:
                raise WrongError("a value has another type")


def _single(values: list[JsonValue]) -> JsonValue:
    if len(values) != 1:
        raise WrongError("a field occurs more than once")
    return values[0]


def _read(value: str | int | Unreadable) -> str | int:
    if isinstance(value, Unreadable):
        raise WrongError(value.message)
    return value


def _boolean(value: int) -> bool:
    if value > 1:
        raise WrongError("a boolean is neither 0 nor 1")
    return value == 1


def _number(bits: int) -> float:
    number: float = struct.unpack("<d", bits.to_bytes(8, "little"))[0]
    if not math.isfinite(number):
        raise WrongError("a number is not finite")
    return number


def _lengths(fields: Mapping[int, tuple[Field, ...]], number: int) -> list[bytes]:
    found: list[bytes] = []
    for field in fields.get(number, ()):
        if not isinstance(field.value, bytes):
            raise WrongError("a value has another type")
        found.append(field.value)
    return found


def _length(fields: Mapping[int, tuple[Field, ...]], number: int) -> bytes:
    found = _lengths(fields, number)
    if len(found) > 1:
        raise WrongError("a field occurs more than once")
    return found[0] if found else b""
