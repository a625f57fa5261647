"""Bytes are the text that their readers see in them."""

import pytest

from gateway.wire.bytestext import text_in


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_is_read_in_its_coding(coding: str) -> None:
    assert text_in("say hello".encode(coding)) == "say hello"
    assert text_in("say hello".encode(coding), declared=True) == "say hello"


def test_text_beyond_ascii_needs_a_mark_or_utf_8() -> None:
    said = "\u043f\u0440\u0438\u0432\u0435\u0442"
    assert text_in(said.encode("utf-8")) == text_in(said.encode("utf-16")) == said


def test_a_few_wrong_bytes_are_replaced() -> None:
    assert text_in(b"say hello " * 10 + b"\xe9") == "say hello " * 10 + "\ufffd"
    assert text_in(b"\xff\xe9") is None
    assert text_in(b"\xff\xe9", declared=True) == "\ufffd\ufffd"


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n", b"BM\0\0" * 90, b"\0" * 90, b"\xff\xfe" + b"\0\xd8" * 90]
)
def test_what_nobody_can_read_is_no_text(data: bytes) -> None:
    assert text_in(data) is None


def test_no_bytes_are_an_empty_text() -> None:
    assert text_in(b"") == ""
