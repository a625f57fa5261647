"""The one message of a unary gRPC request, out of its frame. Pure: no I/O, no clock.

Source: gRPC over HTTP/2, "Length-Prefixed-Message": one byte that says whether the message is
compressed, four of length, big-endian, then the message.
"""

from enum import Enum
from typing import Final

_PREFIX: Final = 5


class FrameFault(Enum):
    """Why a body is not one readable message."""

    COMPRESSED = "compressed gRPC messages are not accepted"
    BROKEN = "not exactly one gRPC message"


def unframed(body: bytes) -> bytes | FrameFault:
    """The message of `body`, which must hold exactly one, uncompressed."""
    if len(body) < _PREFIX:
        return FrameFault.BROKEN
    if body[0] == 1:
        return FrameFault.COMPRESSED
    if body[0] != 0 or int.from_bytes(body[1:_PREFIX]) != len(body) - _PREFIX:
        return FrameFault.BROKEN
    return body[_PREFIX:]
