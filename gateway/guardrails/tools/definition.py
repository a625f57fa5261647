"""The canonical form of a tool's definition, its hash, and how people read it.

Pure: no I/O, no clock. The form is RFC 8785's: members sorted by the UTF-16 code units of their
names (section 3.2.3), nothing between the tokens, numbers as ECMAScript writes them. Integers
beyond 2^53 keep their digits, as backends may read them all.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Final

from gateway.model.jsonvalue import JsonMapping, JsonValue

_WIDEST: Final = 160
"""Characters of a line of a summary; the hash speaks for the rest."""

_SUMMED_UP: Final = frozenset({"name", "title", "description", "inputSchema"})


def canonical(value: JsonValue) -> bytes:
    """`value` in the one form that all documents of the same meaning share. ValueError for a
    number that is none."""
    return "".join(_tokens(value)).encode("utf-8", "surrogatepass")


def _tokens(value: JsonValue) -> Iterator[str]:
    match value:
        case dict():
            yield "{"
            for index, key in enumerate(sorted(value, key=_utf16)):
                yield ("," if index else "") + json.dumps(key, ensure_ascii=False) + ":"
                yield from _tokens(value[key])
            yield "}"
        case list():
            yield "["
            for index, element in enumerate(value):
                yield "," if index else ""
                yield from _tokens(element)
            yield "]"
        case float():
            yield _number(value)
        case _:
            yield json.dumps(value, ensure_ascii=False)


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _number(value: float) -> str:
    """ECMA-262, Number::toString: the shortest digits, which `repr` finds, too; an exponent from
    1e21 and below 1e-6 on."""
    if not isfinite(value):
        raise ValueError("a definition holds a number that is none")
    if value == 0:
        return "0"
    digits, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = digits.partition(".")
    fraction = "" if fraction == "0" else fraction
    sign, power = "-" if value < 0 else "", int(exponent or "0") + len(whole)
    joined = (whole + fraction).lstrip("0")
    power -= len(whole + fraction) - len(joined)
    joined = joined.rstrip("0")
    return sign + _written(joined, power)


def _written(digits: str, power: int) -> str:
    """0.`digits` times ten to `power`."""
    if len(digits) <= power <= 21:
        return digits + "0" * (power - len(digits))
    if 0 < power <= 21:
        return f"{digits[:power]}.{digits[power:]}"
    if -6 < power <= 0:
        return "0." + "0" * -power + digits
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{mantissa}e{power - 1:+d}"


def digest(definition: JsonMapping) -> str:
    """SHA-256 of the whole canonical definition, 64 hex characters."""
    return hashlib.sha256(canonical(dict(definition))).hexdigest()


def member_digests(definition: JsonMapping) -> Mapping[str, str]:
    """16 hex characters for each member, so that one can tell which of them has changed."""
    return {
        key: hashlib.sha256(canonical(value)).hexdigest()[:16]
        for key, value in sorted(definition.items())
    }


def readable(definition: JsonMapping) -> tuple[str, ...]:
    """Lines about a definition for who reviews it: what it says of itself, its arguments, and
    the names of its other members. Control and invisible characters are escaped."""
    return tuple(_lines(definition))


def _lines(definition: JsonMapping) -> Iterator[str]:
    for key in ("title", "description"):
        value = definition.get(key)
        if isinstance(value, str):
            for index, line in enumerate(value.splitlines() or [""]):
                yield from _folded(f"{key}: {line}" if index == 0 else f"  {line}")
    schema = definition.get("inputSchema")
    if isinstance(schema, dict):
        yield from _arguments(schema)
    others = sorted(definition.keys() - _SUMMED_UP)
    for key in others:
        yield _short(f"{key}: {json.dumps(definition[key], ensure_ascii=False, sort_keys=True)}")


def _arguments(schema: JsonMapping) -> Iterator[str]:
    properties, required = schema.get("properties"), schema.get("required")
    needed: list[JsonValue] = required if isinstance(required, list) else []
    for name, value in sorted(properties.items()) if isinstance(properties, dict) else ():
        about: JsonMapping = value if isinstance(value, dict) else {}
        kind = about.get("type")
        told = f"argument {name}: {kind if isinstance(kind, str) else 'any'}"
        told += " (required)" if name in needed else ""
        words = about.get("description")
        yield from _folded(
            f"{told} - {' '.join(words.split())}" if isinstance(words, str) else told
        )


def _folded(line: str) -> Iterator[str]:
    """All of a line: words that a reviewer is not shown are where poison would be."""
    shown = visible(line)
    for start in range(0, max(len(shown), 1), _WIDEST):
        yield ("  " if start else "") + shown[start : start + _WIDEST]


def _short(line: str) -> str:
    shown = visible(line)
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 1] + "…"


def visible(text: str) -> str:
    """`text` with everything that cannot be seen written out as an escape."""
    return "".join(one if one.isprintable() else f"\\u{{{ord(one):x}}}" for one in text)
