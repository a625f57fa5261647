"""The size of an image is in the first bytes of its file, whatever its format."""

import base64
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.imagesize import size_of, size_of_base64

Form = Callable[[int, int], bytes]


def png(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x00\x00\x00;"


def jpeg(width: int, height: int, preview: int = 0) -> bytes:
    """With a preview of that many bytes before the frame, as cameras write it."""
    exif = b"\xff\xe1" + struct.pack(">H", preview + 2) + b"\xff\xc0" * (preview // 2)
    tables = b"\xff\xc4" + struct.pack(">H", 4) + b"\x00\x00"
    frame = b"\xff\xc2" + struct.pack(">HBHHB", 17, 8, height, width, 3) + b"\x00" * 9
    return b"\xff\xd8" + exif + tables + frame


def webp(chunk: bytes, payload: bytes) -> bytes:
    body = b"WEBP" + chunk + struct.pack("<I", len(payload)) + payload
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_extended(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return webp(b"VP8X", b"\x00\x00\x00\x00" + size)


def webp_lossy(width: int, height: int) -> bytes:
    return webp(b"VP8 ", b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height))


def webp_lossless(width: int, height: int) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", bits) + b"\x00" * 10)


FORMATS: list[Form] = [png, gif, jpeg, webp_extended, webp_lossy, webp_lossless]


@pytest.mark.parametrize("form", FORMATS)
@given(st.integers(1, 16_000), st.integers(1, 16_000))
def test_width_and_height_are_found_in_the_file_and_in_its_base64(
    form: Form, width: int, height: int
) -> None:
    data = form(width, height)
    assert size_of(data) == (width, height)
    assert size_of_base64(base64.b64encode(data).decode()) == (width, height)


@pytest.mark.parametrize("preview", [0, 2000, 60_000])
def test_the_frame_of_a_photograph_is_found_behind_its_preview(preview: int) -> None:
    data = base64.b64encode(jpeg(4000, 3000, preview)).decode()
    assert size_of_base64(data) == (4000, 3000)


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_that_ends_too_early_tells_no_size(form: Form) -> None:
    data = form(20, 10)
    found = [size_of(data[:end]) for end in range(len(data))]
    assert set(found) <= {None, (20, 10)}
    assert size_of(data[:8]) is None


@given(st.binary() | st.binary().map(b"\xff\xd8".__add__))
def test_any_other_bytes_are_read_without_a_fault(data: bytes) -> None:
    size_of(data)
    size_of_base64(data.decode("latin-1"))


@pytest.mark.parametrize("text", ["", "https://images.example/a.png", "é", "a", "!!!!"])
def test_what_is_no_base64_tells_no_size(text: str) -> None:
    assert size_of_base64(text) is None
