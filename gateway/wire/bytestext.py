"""Bytes as the text that their readers see in them. Pure: no I/O, no clock."""

from typing import Final

_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
"""Byte order marks, and what text they begin."""

_CONTROLS: Final = bytes({*range(32), 127} - {*b"\t\n\f\r"})
_RARE: Final = 50
"""In bytes that are text, fewer than one of so many is a control character or none of UTF-8."""

_WIDE: Final = 0.4
"""The share of NULs from which bytes are UTF-16: half of them in most languages of Latin script."""

_MOSTLY: Final = 0.8


def text_in(data: bytes, *, declared: bool = False) -> str | None:
    """Bytes as the text that readers see in them: UTF-16, or UTF-8 in which a few are wrong. None
    where they are no text, unless they are `declared` to be."""
    for mark, coding in _MARKS:
        if data.startswith(mark) and (found := _said(data.decode(coding, "replace"))) is not None:
            return found
    if data.count(0) > len(data) * _WIDE and (found := _wide(data)) is not None:
        return found
    if declared:
        return data.decode("utf-8", "replace")
    strange = len(data) - len(data.translate(None, _CONTROLS))
    return None if strange * _RARE > len(data) else _said(data.decode("utf-8", "replace"))


def _wide(data: bytes) -> str | None:
    """Bytes as UTF-16 without a mark, where that is mostly ASCII."""
    little = data[1::2].count(0) >= data[::2].count(0)
    found = data.decode("utf-16-le" if little else "utf-16-be", "replace")
    plain = found.encode("ascii", "ignore").translate(None, _CONTROLS)
    return found if len(plain) > len(found) * _MOSTLY else None


def _said(text: str) -> str | None:
    """A text, unless too much of it is noise."""
    data = text.encode("utf-8", "replace")
    noise = len(data) - len(data.translate(None, _CONTROLS)) + text.count("\ufffd")
    return None if noise * _RARE > len(text) else text
