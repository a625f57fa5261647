"""The path of a URL, read in the only way in which all backends agree. Pure: no I/O, no clock.

Frameworks differ on what they do before they match: some decode twice, merge "//", resolve "..",
cut ";parameters" (servlets) or take "\\" for "/". Envoy matches the bytes as they came and passes
them on. Whatever two readers could take for different paths is refused here.
"""

import re
import unicodedata
from typing import Final
from urllib.parse import unquote_to_bytes

MAX_PATH: Final = 4_096
"""Bytes of a path without its query; more is no path of any protocol."""

_SEGMENT: Final = r"(?:[A-Za-z0-9\-._~!$&'()*+,=:@]|%[0-9A-Fa-f]{2})+"
_STRICT: Final = re.compile(rf"(?:/{_SEGMENT})+")
"""RFC 3986, 3.3 without empty segments and without ";"."""

_AMBIGUOUS: Final = frozenset("/\\;?#%")
"""Characters that change the meaning of a path once they are decoded, or decoded twice."""


def segments(path: str, base: str) -> tuple[str, ...] | None:
    """The decoded segments of `path` below `base`, the route's path; () for `base` itself.

    The query, from the first "?", is left out. None where the path is not strictly readable or
    not below `base`, which is compared as it is written: empty segments (also a trailing slash),
    ".", "..", controls, an encoded "/", "\\", ";", "?", "#" or "%", what is not UTF-8 or changes
    under NFKC, and characters that RFC 3986 wants encoded.
    """
    plain, _, _ = path.partition("?")
    prefix = base.rstrip("/")
    if not plain.startswith(prefix) or len(plain) > MAX_PATH:
        return None
    below = plain[len(prefix) :]
    if not below or (not prefix and below == "/"):
        return ()
    if _STRICT.fullmatch(below) is None:
        return None
    found = tuple(_decoded(segment) for segment in below[1:].split("/"))
    return None if None in found else tuple(part for part in found if part is not None)


def _decoded(segment: str) -> str | None:
    """A segment without percent-encoding, None when another reader could see something else."""
    if "%" not in segment:
        return None if segment in {".", ".."} else segment
    try:
        text = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        return None
    if text in {".", ".."} or not _AMBIGUOUS.isdisjoint(text) or text != text.strip():
        return None
    if not text.isprintable() or not unicodedata.is_normalized("NFKC", text):
        return None
    return text


_PARAMETER: Final = r"(?:[A-Za-z0-9\-._~!$'()*+,:@/?\[\]]|%[0-9A-Fa-f]{2})"
_QUERY: Final = re.compile(rf"{_PARAMETER}+(?:={_PARAMETER}*)?")


def parameters(path: str) -> dict[str, tuple[str, ...]] | None:
    """The decoded parameters of the query of `path`, each with its values in order.

    None where two readers could disagree: empty ones ("&&"), ";" (which old parsers take for "&"),
    a second "=", controls, and what is not UTF-8.
    """
    _, found, query = path.partition("?")
    if not found or not query:
        return {}
    values: dict[str, tuple[str, ...]] = {}
    for pair in query.split("&"):
        if _QUERY.fullmatch(pair) is None:
            return None
        name, _, value = pair.partition("=")
        try:
            key, text = (
                unquote_to_bytes(part.replace("+", " ")).decode("utf-8") for part in (name, value)
            )
        except UnicodeDecodeError:
            return None
        if not (key + text).isprintable():
            return None
        values[key] = (*values.get(key, ()), text)
    return values
