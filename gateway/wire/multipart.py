"""multipart/form-data (RFC 7578), read in the only way in which all parsers agree. No I/O.

Parsers differ on preambles, padded or LF-only delimiters, folded or repeated headers, part
lengths, charsets, transfer encodings and `filename*`; whatever they differ on is refused here, so
that a backend cannot find a field that policy did not see. Nothing is copied but what is short:
a part names where its content is.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

MAX_PARTS: Final = 128
MAX_HEADERS: Final = 2_048
"""Bytes of the headers of one part, which have a name and a file name."""

_CONTENT_TYPE: Final = re.compile(
    r"multipart/form-data[ \t]*;[ \t]*boundary=(\"?)([0-9A-Za-z'_+.\-]{1,70})\1", re.IGNORECASE
)
_DISPOSITION: Final = re.compile(
    r"form-data;[ ]?name=\"([^\"\\%]*)\"(?:;[ ]?filename=\"([^\"\\]*)\")?"
)
_HEADER: Final = re.compile(r"([A-Za-z\-]+):[ \t]*(.*?)[ \t]*")
_KNOWN: Final = frozenset(("content-disposition", "content-type", "content-length"))
_CHARSET: Final = "_charset_"
"""The field by which HTML forms set the charset of the others (RFC 7578, 4.6)."""

_END: Final = (b"--", b"--\r\n")
_BREAK: Final = b"\r\n"


class Fault(Enum):
    """Why a body is refused."""

    BOUNDARY = "content-type needs one boundary of letters and digits"
    DELIMITER = "the parts are not separated as RFC 2046 says"
    TOO_MANY = f"over {MAX_PARTS} parts"
    HEADERS = "the headers of a part cannot be read in one way only"
    HEADERS_TOO_LARGE = f"the headers of a part have over {MAX_HEADERS} bytes"
    NAME = "a part has no readable name"
    CHARSET = "a form is in UTF-8"


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `file_name` is None for a plain field, and `content_type`, as the client wrote it,
    is None where it wrote none. The content is body[start:end]."""

    name: str
    file_name: str | None
    content_type: str | None
    start: int
    end: int


def boundary_of(content_type: str) -> str | None:
    """The boundary of a Content-Type line that says multipart/form-data and nothing else."""
    match = _CONTENT_TYPE.fullmatch(content_type.strip(" \t"))
    return None if match is None else match[2]


def parse(body: bytes, content_type: str) -> tuple[Part, ...] | Fault:
    """The parts of `body`, in order; at least one."""
    boundary = boundary_of(content_type)
    if boundary is None:
        return Fault.BOUNDARY
    delimiter = b"--" + boundary.encode("ascii")
    if body.count(delimiter) > MAX_PARTS + 1:
        return Fault.TOO_MANY
    return _parts(body, delimiter)


def _parts(body: bytes, delimiter: bytes) -> tuple[Part, ...] | Fault:
    """Every occurrence of the delimiter has to be one: a lenient parser would cut at it anyway."""
    if not body.startswith(delimiter + _BREAK):
        return Fault.DELIMITER
    parts: list[Part] = []
    start = len(delimiter) + len(_BREAK)
    while (end := body.find(delimiter, start)) != -1:
        if body[end - len(_BREAK) : end] != _BREAK or end - len(_BREAK) < start:
            return Fault.DELIMITER
        part = _part(body, start, end - len(_BREAK))
        if isinstance(part, Fault):
            return part
        parts.append(part)
        start = end + len(delimiter)
        if body[start : start + 5] in _END:
            return tuple(parts)
        if body[start : start + len(_BREAK)] != _BREAK:
            return Fault.DELIMITER
        start += len(_BREAK)
    return Fault.DELIMITER


def _part(body: bytes, start: int, end: int) -> Part | Fault:
    at = body.find(b"\r\n\r\n", start, min(end, start + MAX_HEADERS))
    if at == -1:
        return Fault.HEADERS if end - start < MAX_HEADERS else Fault.HEADERS_TOO_LARGE
    content = at + 4
    headers = _headers(body[start:at])
    if headers is None or not _length_agrees(headers, end - content):
        return Fault.HEADERS
    match = _DISPOSITION.fullmatch(headers.get("content-disposition", ""))
    if match is None or not match[1]:
        return Fault.NAME
    if match[1].lower() == _CHARSET:
        return Fault.CHARSET
    return Part(match[1], match[2], headers.get("content-type"), content, end)


def _length_agrees(headers: dict[str, str], size: int) -> bool:
    """Some parsers believe the Content-Length of a part rather than the delimiter."""
    return headers.get("content-length", str(size)) == str(size)


def _headers(block: bytes) -> dict[str, str] | None:
    """The headers by lower-case name; None when one repeats, folds, is unknown (such as
    Content-Transfer-Encoding, which would change the content) or has control characters."""
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError:
        return None
    headers: dict[str, str] = {}
    for line in text.split("\r\n"):
        if not line.replace("\t", " ").isprintable():
            return None  # before the expression, which only a line end could make slow
        match = _HEADER.fullmatch(line)
        if match is None:
            return None
        name = match[1].lower()
        if name in headers or name not in _KNOWN:
            return None
        headers[name] = match[2]
    return headers
