"""What HTTP says of a body: its media type and its coding. Pure: no I/O, no clock.

Backends differ widely here (some run any content type, some inflate, some ignore the header), so
one reading is enforced: an exact media type, UTF-8, and a body that is plain when it goes on.
"""

import zlib
from dataclasses import dataclass
from enum import Enum
from typing import Final

ACCEPTED_CODINGS: Final = "gzip, deflate"
"""For the Accept-Encoding header of a 415 answer (RFC 9110, 12.5.3)."""


class CodingFault(Enum):
    """Why a coded body cannot be read."""

    UNKNOWN = "content coding not supported"
    BROKEN = "the body is not what content-encoding says"
    TOO_LARGE = "too large"


@dataclass(frozen=True, slots=True)
class Plain:
    """A body without content coding; `inflated` when the header no longer describes it."""

    body: bytes
    inflated: bool


def is_media_type(content_type: str, wanted: str) -> bool:
    """Whether a Content-Type line is exactly `wanted` (lower case), in UTF-8 or without charset.

    Any other parameter is refused: nobody needs one, and parsers disagree on their syntax.
    """
    if content_type == wanted:
        return True
    media_type, *parameters = content_type.split(";")
    if media_type.strip(" \t").lower() != wanted:
        return False
    return all(_is_utf8_charset(parameter) for parameter in parameters)


def _is_utf8_charset(parameter: str) -> bool:
    name, _, value = parameter.strip(" \t").partition("=")
    return name.lower() == "charset" and value.lower() in {"utf-8", '"utf-8"'}


_WINDOW_BITS: Final = {"gzip": 31, "x-gzip": 31, "deflate": zlib.MAX_WBITS}


def plain_body(body: bytes, encoding: str | None, limit: int) -> Plain | CodingFault:
    """`body` without the coding that the Content-Encoding line `encoding` names.

    At most `limit` bytes are ever inflated. One coding only: "gzip, gzip" is refused.
    """
    coding = "identity" if encoding is None else encoding.strip(" \t").lower()
    if coding == "identity":
        return Plain(body, inflated=False) if len(body) <= limit else CodingFault.TOO_LARGE
    if coding not in _WINDOW_BITS:
        return CodingFault.UNKNOWN
    inflater = zlib.decompressobj(_WINDOW_BITS[coding])
    try:
        inflated = inflater.decompress(body, limit + 1)
    except zlib.error:
        return CodingFault.BROKEN
    if len(inflated) > limit:
        return CodingFault.TOO_LARGE
    if not inflater.eof or inflater.unused_data:
        return CodingFault.BROKEN  # truncated, or a second member that some readers skip
    return Plain(inflated, inflated=True)
