"""CEL's functions of texts, numbers and times, as the C++ runtime has them, on cel-python's values.

Pure: no I/O, no clock. Positions count characters (code points), as in CEL.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any, Final, TypeVar

import re2  # pyright: ignore[reportMissingTypeStubs]
from celpy.celtypes import (
    BoolType,
    DoubleType,
    DurationType,
    IntType,
    ListType,
    StringType,
    TimestampType,
)
from celpy.evaluation import CELEvalError

from gateway.policy.celfunctions import OPERATORS, Value, strict

_T = TypeVar("_T")

_SPACES: Final = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER: Final = {code + 32: code for code in _LOWER}
_INT64: Final = 2**63
_ABSENT: Final = object()  # an argument that is not given; None is the value null
_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII
)
_DURATION: Final = re.compile(r"(-?)(?=\d)(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?", re.ASCII)


def _is(kind: type[_T], value: Value) -> _T:
    """The value, which must have the type; bool is none of the numbers."""
    if not isinstance(value, kind):
        raise TypeError("no matching overload")
    return value


def _text(value: Value) -> str:
    return str(_is(StringType, value))


def _position(value: Value, text: str) -> int:
    position = int(_is(IntType, value))
    if not 0 <= position <= len(text):
        raise IndexError("index out of range")
    return position


def _test(test: Callable[[str, str], bool]) -> Callable[..., Value]:
    def tested(text: Value, part: Value) -> Value:
        return BoolType(test(_text(text), _text(part)))

    return strict(tested)


def _changed(change: Callable[[str], str]) -> Callable[..., Value]:
    def changed(text: Value) -> Value:
        return StringType(change(_text(text)))

    return strict(changed)


def matches(text: str, pattern: str) -> bool:
    """Whether the pattern (RE2 syntax) matches some part. Raises ValueError for a bad pattern."""
    library: Any = re2
    options = library.Options()
    options.log_errors = False
    try:
        return library.compile(pattern, options).search(text) is not None
    except library.error as error:
        told = error.args[0] if error.args else error
        raise ValueError(told.decode() if isinstance(told, bytes) else str(told)) from error


def _index(text: Value, part: Value, start: Value = _ABSENT) -> Value:
    whole = _text(text)
    return IntType(whole.find(_text(part), 0 if start is _ABSENT else _position(start, whole)))


def _last_index(text: Value, part: Value, start: Value = _ABSENT) -> Value:
    whole, sought = _text(text), _text(part)
    end = len(whole) if start is _ABSENT else _position(start, whole)
    return IntType(whole.rfind(sought, 0, end + len(sought)))


def _char(text: Value, position: Value) -> Value:
    whole = _text(text)
    start = _position(position, whole)
    return StringType(whole[start : start + 1])


def _substring(text: Value, start: Value, end: Value = _ABSENT) -> Value:
    whole = _text(text)
    first = _position(start, whole)
    last = len(whole) if end is _ABSENT else _position(end, whole)
    if last < first:
        raise IndexError("the end is before the start")
    return StringType(whole[first:last])


def _replace(text: Value, old: Value, new: Value, limit: Value = _ABSENT) -> Value:
    count = -1 if limit is _ABSENT else int(_is(IntType, limit))
    return StringType(_text(text).replace(_text(old), _text(new), max(count, -1)))


def _split(text: Value, separator: Value, limit: Value = _ABSENT) -> Value:
    whole, between = _text(text), _text(separator)
    count = -1 if limit is _ABSENT else int(_is(IntType, limit))
    if count == 0:
        return ListType()
    cuts = count - 1 if count > 0 else -1
    if between:
        parts = whole.split(between, cuts)
    elif cuts < 0 or cuts >= len(whole):
        parts = list(whole) or [""]
    else:
        parts = [*whole[:cuts], whole[cuts:]]
    return ListType([StringType(part) for part in parts])


def _join(parts: Value, separator: Value = _ABSENT) -> Value:
    between = "" if separator is _ABSENT else _text(separator)
    return StringType(between.join(_text(part) for part in _is(ListType, parts)))


def _extreme(larger: bool) -> Callable[..., Value]:
    def better(one: Value, other: Value) -> Value:
        found = OPERATORS["_>_" if larger else "_<_"](other, one)
        return other if isinstance(found, BoolType) and found else one

    def extreme(*values: Value) -> Value:
        only = values[0]
        numbers = [*only] if len(values) == 1 and isinstance(only, ListType) else [*values]
        if not numbers or any(type(one) not in {IntType, DoubleType} for one in numbers):
            raise TypeError("arguments must be numeric")
        return reduce(better, numbers)

    return strict(extreme)


def _magnitude(value: Value) -> Value:
    if type(value) is DoubleType:
        return DoubleType(abs(float(value)))
    size = abs(int(_is(IntType, value)))
    if size >= _INT64:
        raise OverflowError("integer overflow")
    return IntType(size)


def _sign(value: Value) -> Value:
    if type(value) is DoubleType:
        number = float(value)
        return DoubleType(number if number == 0 or math.isnan(number) else math.copysign(1, number))
    number = int(_is(IntType, value))
    return IntType((number > 0) - (number < 0))


def _rounded(rounding: Callable[[float], float]) -> Callable[..., Value]:
    def rounded(value: Value) -> Value:
        number = float(_is(DoubleType, value))
        return DoubleType(rounding(number) if math.isfinite(number) else number)

    return strict(rounded)


def _round(number: float) -> float:
    """To the nearest, halves away from zero."""
    whole = math.trunc(number)
    return whole + math.copysign(1, number) if abs(number - whole) >= 0.5 else float(whole)


def _timestamp(value: Value) -> Value:
    if type(value) is IntType:
        return TimestampType(datetime.fromtimestamp(0, UTC) + timedelta(seconds=int(value)))
    text = _text(value)
    if not _RFC3339.fullmatch(text):
        raise ValueError("not a time as in RFC 3339")
    return TimestampType(datetime.fromisoformat(text))


def _duration(value: Value) -> Value:
    found = _DURATION.fullmatch(_text(value))
    if found is None:
        raise ValueError("not a duration of hours, minutes and seconds")
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    span = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return DurationType(-span if found[1] else span)


def reads(function: str, literal: str) -> bool:
    """Whether timestamp() or duration() can read a literal; the C++ runtime reads more of them
    (fractions below a microsecond, for example)."""
    return not isinstance(EXTENSIONS[function](StringType(literal)), CELEvalError)


def _clock(read: Callable[[datetime], int]) -> Callable[..., Value]:
    """A part of a time in UTC."""

    def part(moment: Value) -> Value:
        return IntType(read(_is(TimestampType, moment).astimezone(UTC)))

    return strict(part)


EXTENSIONS: Final[Mapping[str, Callable[..., Value]]] = {
    "contains": _test(lambda text, part: part in text),
    "startsWith": _test(str.startswith),
    "endsWith": _test(str.endswith),
    "matches": _test(matches),
    "lowerAscii": _changed(lambda text: text.translate(_LOWER)),
    "upperAscii": _changed(lambda text: text.translate(_UPPER)),
    "trim": _changed(lambda text: text.strip(_SPACES)),
    "reverse": _changed(lambda text: text[::-1]),
    "indexOf": strict(_index),
    "lastIndexOf": strict(_last_index),
    "charAt": strict(_char),
    "substring": strict(_substring),
    "replace": strict(_replace),
    "split": strict(_split),
    "join": strict(_join),
    "math.greatest": _extreme(larger=True),
    "math.least": _extreme(larger=False),
    "math.abs": strict(_magnitude),
    "math.sign": strict(_sign),
    "math.ceil": _rounded(math.ceil),
    "math.floor": _rounded(math.floor),
    "math.round": _rounded(_round),
    "math.trunc": _rounded(math.trunc),
    "timestamp": strict(_timestamp),
    "duration": strict(_duration),
    "getFullYear": _clock(lambda moment: moment.year),
    "getMonth": _clock(lambda moment: moment.month - 1),
    "getDate": _clock(lambda moment: moment.day),
    "getDayOfMonth": _clock(lambda moment: moment.day - 1),
    "getDayOfWeek": _clock(lambda moment: moment.isoweekday() % 7),
    "getDayOfYear": _clock(lambda moment: moment.timetuple().tm_yday - 1),
    "getHours": _clock(lambda moment: moment.hour),
    "getMinutes": _clock(lambda moment: moment.minute),
    "getSeconds": _clock(lambda moment: moment.second),
    "getMilliseconds": _clock(lambda moment: moment.microsecond // 1000),
}
"""By the names under which `celpython` and cel-python look them up."""
