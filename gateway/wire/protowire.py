"""Protocol Buffers wire format, read in the only way in which all parsers agree. No I/O, no clock.

Parsers merge or overwrite what is repeated, skip what they do not know, cut integers to size, and
differ on how long an integer may be written. Whatever they could differ on within the fields that
a schema names is refused; fields that it does not name are checked for their form and left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

Value: TypeAlias = int | bytes
"""Of a varint or fixed-width field the unsigned number, of a length-delimited one its bytes."""

_MAX_NUMBER: Final = (1 << 29) - 1
_MAX_VARINT_BYTES: Final = 10
_MAX_UINT64: Final = (1 << 64) - 1


class WireType(Enum):
    """How a field's value is written. Groups (3 and 4) are not read: proto3 has none."""

    VARINT = 0
    FIXED64 = 1
    LENGTH = 2
    FIXED32 = 5


_WIDTHS: Final = {WireType.FIXED64: 8, WireType.FIXED32: 4}
_TYPES: Final[Mapping[int, WireType]] = {kind.value: kind for kind in WireType}


class Field(NamedTuple):
    """One occurrence of a field."""

    type: WireType
    value: Value


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why bytes are no message. Never quotes a value."""

    message: str


class _Broken(Exception):  # noqa: N818  a signal to `fields`, never seen outside
    pass


def fields(data: bytes, limit: int) -> Mapping[int, tuple[Field, ...]] | Unreadable:
    """The fields of one message by number, each with its occurrences in order, `limit` of all
    together.

    Refused are truncation, unknown wire types, illegal field numbers, and integers that are
    written longer than they need to be.
    """
    found: dict[int, list[Field]] = {}
    at = count = 0
    try:
        while at < len(data):
            count += 1
            if count > limit:
                return Unreadable("a message has too many fields")
            number, field, at = _field(data, at)
            found.setdefault(number, []).append(field)
    except _Broken as broken:
        return Unreadable(str(broken))
    return {number: tuple(values) for number, values in found.items()}


def text(value: bytes) -> str | Unreadable:
    """A string field's value; it must be UTF-8."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return Unreadable("a string is not UTF-8")


def int32(value: int) -> int | Unreadable:
    """An int32 field's value; one that a parser would cut to size is refused."""
    signed = value - (1 << 64) if value >> 63 else value
    if -(1 << 31) <= signed < 1 << 31:
        return signed
    return Unreadable("a number does not fit its field")


def _field(data: bytes, at: int) -> tuple[int, Field, int]:
    tag, at = _varint(data, at)
    kind = _TYPES.get(tag & 7)
    if kind is None:
        raise _Broken("a field has an unknown wire type")
    if not 0 < tag >> 3 <= _MAX_NUMBER:
        raise _Broken("a field has an illegal number")
    if kind is WireType.VARINT:
        value, at = _varint(data, at)
        return tag >> 3, Field(kind, value), at
    if kind is WireType.LENGTH:
        length, at = _varint(data, at)
        piece, at = _piece(data, at, length)
        return tag >> 3, Field(kind, piece), at
    piece, at = _piece(data, at, _WIDTHS[kind])
    return tag >> 3, Field(kind, int.from_bytes(piece, "little")), at


def _piece(data: bytes, at: int, length: int) -> tuple[bytes, int]:
    if length > len(data) - at:
        raise _Broken("a message is truncated")
    return data[at : at + length], at + length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(_MAX_VARINT_BYTES):
        if at + index >= len(data):
            raise _Broken("a message is truncated")
        byte = data[at + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            if (byte == 0 and index) or value > _MAX_UINT64:
                break
            return value, at + index + 1
    raise _Broken("an integer is written longer than it needs to be")
