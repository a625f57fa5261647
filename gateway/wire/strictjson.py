"""One JSON document from bytes, read in the only way in which all parsers agree. No I/O, no clock.

Parsers differ on duplicate keys, byte order marks, UTF-16, lone surrogates, NaN and depth; whatever
they differ on is refused here, so that a backend cannot read something that policy did not see.
The C scanner of the standard library does the work; what it is lenient about is checked around it.
Nothing is raised: a document that is refused is a `Malformed`.
"""

import json
import re
from dataclasses import dataclass
from enum import Enum
from itertools import chain, islice
from typing import Final, NoReturn

from gateway.model.jsonvalue import JsonValue

MAX_DEPTH: Final = 64
"""Arrays and objects within one another. Go stops at 10,000, Node nowhere, ProtoJSON at 100."""

MAX_DIGITS: Final = 300
"""Digits of one number: every integer then fits the range of a double, and none is slow to read."""

MAX_VALUES: Final = 100_000
"""Commas and opening brackets in one document: at least as many as it has values, at all levels
together. Reading costs up to a microsecond each and blocks whoever else waits for the worker: 4 MB
of nothing but brackets would take more than a second."""

_DIGIT_RUNS: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_RUN: Final = b"0" * (MAX_DIGITS + 1)
_STRIDE: Final = MAX_DIGITS // 2
_TWO_DIGITS: Final = re.compile(rb"[0-9]{2}")
_STRING: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_STRING_OR_LONG_NUMBER: Final = re.compile(rf"{_STRING}|([0-9]{{{MAX_DIGITS + 1}}})", re.DOTALL)
_MAYBE_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_MANY_VALUES: Final = re.compile(
    # between two of them are no more than a key and a string, or the scanner stops there anyhow
    rf'(?:[^",\[{{]*+(?:{_STRING}[^",\[{{]*+){{0,2}}+[,\[{{]){{{MAX_VALUES + 1}}}+'.encode(),
    re.DOTALL,
)
_STRING_OR_ESCAPED_KEY: Final = re.compile(rf'"[^"\\]*+"|({_STRING})(?:[ \t\r\n]*+(:))?', re.DOTALL)
"""A string; the second group is there where it has an escape and is a key."""

_SPACE: Final = " \t\r\n"
_AFTER_KEY: Final = re.compile(r':(?<=[" \t\r\n]:)(?<![^\\]\\":)')
"""A colon after a key, or one in a text that may be taken for it: not after an escaped quote."""

_NEAR: Final = 16
"""Characters before a colon that are searched for the end of its key."""

_LOOKED_AT: Final = 4096
"""Such colons that are looked at: of more the slower way, which no text makes slower, says it."""

_CONTAINERS: Final = frozenset((dict, list))


class Fault(Enum):
    """Why a document is refused."""

    TOO_LARGE = "too large"
    TOO_MANY = "too many values"
    ENCODING = "not UTF-8"
    SYNTAX = "not one JSON document"
    DUPLICATE_KEY = "an object has the same key twice"
    DEPTH = "nested too deeply"
    NUMBER = "a number has too many digits"
    SURROGATE = "a string has half of a surrogate pair"


@dataclass(frozen=True, slots=True)
class Malformed:
    """A refused document."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Document:
    """A document that every known parser reads alike.

    `text` has the same tokens as the bytes that were read, with keys free of needless escapes;
    numbers, unknown members, order and white space are exactly those received.
    `canonical_safe` says that the received bytes are `text` and may go on untouched.
    """

    value: JsonValue
    text: str
    canonical_safe: bool


class _Duplicate(Exception):  # noqa: N818  a signal to `decode`, never seen outside
    pass


def decode(data: bytes, limit: int) -> Document | Malformed:
    """Read `data`, at most `limit` bytes, as one strict JSON document (RFC 8259, I-JSON's rules).

    Integers stay exact. Fractions become floats in `value`; their tokens survive in `text`.
    """
    if len(data) > limit:
        return Malformed(Fault.TOO_LARGE)
    brackets = _count(data, b"[") + _count(data, b"{")  # those in strings, too
    if _has_too_many_values(data, brackets):
        return Malformed(Fault.TOO_MANY)
    scanned = _scanned(data)
    if isinstance(scanned, Malformed):
        return scanned
    text, value = scanned
    fault = _content_fault(data, text, value, brackets)
    if fault is not None:
        return Malformed(fault)
    plain = _plain_keys(text)
    return Document(value, plain, canonical_safe=plain is text)


def _scanned(data: bytes) -> tuple[str, JsonValue] | Malformed:
    """The text of `data` and its value, with only the scanner's faults found."""
    try:
        text = data.decode("utf-8")  # strict: no overlong forms, no encoded surrogates
        return text, _DECODER.decode(text)
    except UnicodeDecodeError:
        return Malformed(Fault.ENCODING)
    except json.JSONDecodeError:
        return Malformed(_syntax_fault(data))
    except _Duplicate:
        return Malformed(Fault.DUPLICATE_KEY)
    except RecursionError:
        return Malformed(Fault.DEPTH)
    except ValueError:
        return Malformed(Fault.NUMBER)  # the interpreter's own limit of digits


def _has_too_many_values(data: bytes, brackets: int) -> bool:
    if len(data) <= MAX_VALUES:
        return False
    return _count(data, b",") + brackets > MAX_VALUES and _MANY_VALUES.match(data) is not None


def _count(data: bytes, byte: bytes) -> int:
    """How many of `byte` there are, up to one more than MAX_VALUES. To leave them out takes a tenth
    of the time that `bytes.count` takes, which looks at each byte by itself."""
    return len(data) - len(data.replace(byte, b"", MAX_VALUES + 1))


def dumps(value: JsonValue) -> bytes:
    """`value` as compact ASCII JSON, which no reader can take for another encoding."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _syntax_fault(data: bytes) -> Fault:
    """A byte order mark, or NULs between the characters, is a wrong encoding, not a wrong comma."""
    if data.startswith(b"\xef\xbb\xbf") or b"\0" in data[:4]:
        return Fault.ENCODING
    return Fault.SYNTAX


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Duplicate
    return members


def _no_constant(token: str) -> NoReturn:
    raise json.JSONDecodeError(f"{token} is not JSON", token, 0)


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
_SPELL: Final = json.JSONEncoder(ensure_ascii=False)


def _content_fault(data: bytes, text: str, value: JsonValue, brackets: int) -> Fault | None:
    """What the scanner accepts and we do not; each check first asks cheaply if it can apply."""
    if brackets > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        return Fault.DEPTH
    if _has_long_run(data) and any(one[1] for one in _STRING_OR_LONG_NUMBER.finditer(text)):
        return Fault.NUMBER
    if b"\\" in data and _MAYBE_SURROGATE.search(data) and not _encodable(value):
        return Fault.SURROGATE
    return None


def _has_long_run(data: bytes) -> bool:
    """Whether there are more than MAX_DIGITS digits in a row: such a run has two neighbours of
    those that are looked at first."""
    if _TWO_DIGITS.search(data[::_STRIDE]) is None:
        return False
    return _LONG_RUN in data.translate(_DIGIT_RUNS)


def _deeper_than(value: JsonValue, limit: int) -> bool:
    level: list[JsonValue] = [value]
    for _ in range(limit):
        level = [
            child
            for node in level
            if isinstance(node, (dict, list))
            for child in (node.values() if isinstance(node, dict) else node)
            if type(child) in _CONTAINERS
        ]
        if not level:
            return False
    return True


def _encodable(value: JsonValue) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _may_escape_a_key(text: str) -> bool:
    """Whether `text`, which is JSON, may have a key with an escape in it; False is certain. Colons
    are looked at one by one: a prompt has far fewer of them than it has escapes."""
    colons = _AFTER_KEY.finditer(text)
    for match in islice(colons, _LOOKED_AT):
        end = match.start() - 1
        if text[end] != '"':
            near = text[max(end - _NEAR, 0) : end].rstrip(_SPACE)
            if near and near[-1] != '"':
                continue  # a colon in a text
            if not near:
                return True
            end = max(end - _NEAR, 0) + len(near) - 1
        before = text.rfind('"', 0, end)  # where the key begins, if nothing in it is escaped
        if "\\" in text[max(before - 1, 0) : end]:
            return True
    return next(colons, None) is not None


def _plain_keys(text: str) -> str:
    """`text` itself if no key has an escape, else with each key in its shortest spelling.

    A parser that compares raw keys (or an operator's grep) then finds what policy saw.
    """
    if "\\" not in text or not _may_escape_a_key(text):
        return text
    found = [one.span(1) for one in _STRING_OR_ESCAPED_KEY.finditer(text) if one[2]]
    tokens = [text[start:end] for start, end in found]
    plain = [_SPELL.encode(key) for key in json.loads(f"[{','.join(tokens)}]")]
    if plain == tokens:
        return text
    ends = [0, *(end for _, end in found)]
    before = [text[end:start] for end, (start, _) in zip(ends, found, strict=False)]
    return "".join((*chain.from_iterable(zip(before, plain, strict=True)), text[ends[-1] :]))
