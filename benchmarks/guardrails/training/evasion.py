"""Ways to write a text so that a filter reads something else than a model does."""

import base64
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

Disguise = Callable[[str], str]

_HOMOGLYPHS: Final = str.maketrans("aeopcxyisAEOPCXHKMTB", "аеорсхуіѕАЕОРСХНКМТВ")  # noqa: RUF001 - Cyrillic is the point
_LEET: Final = str.maketrans("aeiostAEIOST", "431057431057")


def _each(after: str) -> Disguise:
    """`after` between any two characters."""
    return after.join


def _shifted(first_upper: int, first_lower: int) -> Disguise:
    """ASCII letters as those of another alphabet of Unicode."""
    table = {ord("A") + n: first_upper + n for n in range(26)} | {
        ord("a") + n: first_lower + n for n in range(26)
    }
    return lambda text: text.translate(table)


def _tagged(text: str) -> str:
    return "".join(chr(0xE0000 + ord(char)) if " " <= char <= "~" else char for char in text)


def _url(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


DISGUISES: Final[Mapping[str, Disguise]] = {
    "none": str,
    "zero-width": _each("\u200b"),
    "soft hyphen": _each("\u00ad"),
    "tags": _tagged,
    "full width": _shifted(0xFF21, 0xFF41),
    "diacritics": lambda text: "".join(
        f"{char}\u0301" if char.isalpha() and char.isascii() else char for char in text
    ),
    "homoglyphs": lambda text: text.translate(_HOMOGLYPHS),
    "math bold": _shifted(0x1D400, 0x1D41A),
    "bidi": lambda text: "\u202d" + "\u2066".join(text) + "\u202c",
    "base64": _base64,
    "URL encoding": _url,
    "URL encoding of what needs it": quote,
    "spaced letters": _each(" "),
    "leet": lambda text: text.translate(_LEET),
}
"""By their names; "none" is the text itself."""
