import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.grpcframe import FrameFault, unframed


def framed(message: bytes, flag: int = 0) -> bytes:
    return bytes([flag]) + len(message).to_bytes(4) + message


@given(message=st.binary(max_size=64))
def test_the_message_of_a_frame_comes_out(message: bytes) -> None:
    assert unframed(framed(message)) == message


@given(message=st.binary(max_size=64))
def test_a_compressed_message_is_refused(message: bytes) -> None:
    assert unframed(framed(message, 1)) is FrameFault.COMPRESSED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0\0\0\0",
        framed(b"abc")[:-1],
        framed(b"abc") + b"d",
        framed(b"abc") + framed(b"abc"),
        framed(b"abc", 2),
        framed(b"abc", 0x80),
    ],
)
def test_anything_but_one_whole_message_is_refused(body: bytes) -> None:
    assert unframed(body) is FrameFault.BROKEN


@given(body=st.binary(max_size=64))
def test_any_bytes_are_a_message_or_a_fault(body: bytes) -> None:
    found = unframed(body)
    assert isinstance(found, FrameFault) or framed(found) == body
