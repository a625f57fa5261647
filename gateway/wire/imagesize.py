"""How large an image is, by the beginning of its file. Pure: no I/O, no clock.

Sources: PNG (ISO/IEC 15948, 11.2.2), GIF89a (18), JPEG (ITU-T T.81, B.2.2), WebP (RFC 9649).
"""

import binascii
from typing import Final

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_END: Final = 24
_GIF: Final = (b"GIF87a", b"GIF89a")
_GIF_END: Final = 10
_JPEG: Final = b"\xff\xd8"
_WEBP_END: Final = 30
_BASE64_HEAD: Final = 40
"""Characters in which the size is, except in a JPEG: its frame follows a preview and a profile."""

_BASE64_JPEG: Final = 88_000
"""Characters of a JPEG that are looked at: one segment of the largest size, and a bit."""

_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG's frame header; the three are tables and an extension."""


def size_of_base64(text: str) -> tuple[int, int] | None:
    """Width and height in pixels of the image that `text` is in base64; None where its beginning
    does not tell."""
    head = _decoded(text[:_BASE64_HEAD])
    if head.startswith(_JPEG):
        return _size_of_jpeg(_decoded(text[:_BASE64_JPEG]))
    return size_of(head)


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of the image that begins with `data`; None if that is not told."""
    if data.startswith(_PNG) and len(data) >= _PNG_END:
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if data.startswith(_GIF) and len(data) >= _GIF_END:
        return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    if data.startswith(_JPEG):
        return _size_of_jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= _WEBP_END:
        return _size_of_webp(data)
    return None


def _size_of_webp(data: bytes) -> tuple[int, int] | None:
    match data[12:16]:
        case b"VP8X":
            return (
                1 + int.from_bytes(data[24:27], "little"),
                1 + int.from_bytes(data[27:30], "little"),
            )
        case b"VP8 ":
            return (
                int.from_bytes(data[26:28], "little") & 0x3FFF,
                int.from_bytes(data[28:30], "little") & 0x3FFF,
            )
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case _:
            return None


def _size_of_jpeg(data: bytes) -> tuple[int, int] | None:
    at = len(_JPEG)
    while at + 9 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in _FRAMES:
            height, width = data[at + 5 : at + 7], data[at + 7 : at + 9]
            return int.from_bytes(width), int.from_bytes(height)
        at += 2 + max(int.from_bytes(data[at + 2 : at + 4]), 2)
    return None


def _decoded(text: str) -> bytes:
    """The bytes of a beginning of base64; none where it is not base64."""
    whole = len(text) - len(text) % 4
    try:
        return binascii.a2b_base64(text[:whole])
    except ValueError:  # no base64, or not ASCII
        return b""
