"""As much of MessagePack as KV events need (https://github.com/msgpack/msgpack/blob/master/spec.md).

No dependency has an encoder, and events need eight of its types.
"""

import struct
from collections.abc import Sequence
from typing import TypeAlias

Value: TypeAlias = "bool | int | float | str | bytes | Sequence[Value] | None"


def encoded(value: Value) -> bytes:
    """The bytes of a value; OverflowError for what has no place in 64 bits."""
    match value:
        case None:
            data = b"\xc0"
        case bool():
            data = b"\xc3" if value else b"\xc2"
        case int():
            data = _integer(value)
        case float():
            data = struct.pack(">Bd", 0xCB, value)
        case str():
            text = value.encode()
            data = _head(len(text), 0xA0, 32, (0xD9, 0xDA, 0xDB)) + text
        case bytes():
            data = _head(len(value), 0, 0, (0xC4, 0xC5, 0xC6)) + value
        case _:
            items = b"".join(map(encoded, value))
            data = _head(len(value), 0x90, 16, (None, 0xDC, 0xDD)) + items
    return data


def _integer(value: int) -> bytes:
    if 0 <= value < 128 or -32 <= value < 0:
        return struct.pack(">B", value & 0xFF)
    if value < 0:
        return b"\xd3" + value.to_bytes(8, "big", signed=True)
    for code, size in ((0xCC, 1), (0xCD, 2), (0xCE, 4)):
        if value < 1 << (8 * size):
            return bytes([code]) + value.to_bytes(size, "big")
    return b"\xcf" + value.to_bytes(8, "big")


def _head(length: int, small: int, below: int, codes: tuple[int | None, int, int]) -> bytes:
    if length < below:
        return bytes([small + length])
    for code, size in zip(codes, (1, 2, 4), strict=True):
        if code is not None and length < 1 << (8 * size):
            return bytes([code]) + length.to_bytes(size, "big")
    raise OverflowError(f"{length} is too long")
