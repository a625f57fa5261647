"""Operators and functions with the semantics of the C++ runtime, on cel-python's values.

Pure: no I/O, no clock. cel-python's own differ: errors inside of containers pass for values,
true == 1, numbers of different types do not compare. So every function that `celtypes` lets
through is here or in `celextensions`, and none of the library's is used.
"""

import math
import operator
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from celpy.celtypes import (
    BoolType,
    DoubleType,
    DurationType,
    IntType,
    ListType,
    MapType,
    StringType,
    TimestampType,
)
from celpy.evaluation import CELEvalError

Value: TypeAlias = object
"""A value of cel-python, or the error that stands in its place."""

_NUMBERS: Final = (IntType, DoubleType)
_ORDERED: Final = (BoolType, StringType, TimestampType, DurationType)
_SCALARS: Final = (*_ORDERED, type(None))
_KEYS: Final = (StringType, BoolType, *_NUMBERS)
_INT64: Final = 2**63


def failure(text: str) -> CELEvalError:
    """An error as a value, which is how cel-python passes errors on."""
    return CELEvalError(text)


def strict(function: Callable[..., Value]) -> Callable[..., Value]:
    """An error as an argument is the result, and whatever cannot be done is an error."""

    def checked(*values: Value) -> Value:
        for value in values:
            if isinstance(value, CELEvalError):
                return value
        try:
            return function(*values)
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            return failure(str(error) or type(error).__name__)

    return checked


def equal(one: Value, other: Value) -> bool:
    """Numbers compare across types, other types are never equal, containers by their elements."""
    if isinstance(one, _NUMBERS) and isinstance(other, _NUMBERS):
        return _same_number(one, other)
    for kind in _SCALARS:
        if isinstance(one, kind) or isinstance(other, kind):
            return isinstance(one, kind) and isinstance(other, kind) and _plain_equal(one, other)
    if isinstance(one, ListType) and isinstance(other, ListType):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, MapType) and isinstance(other, MapType):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    return False


def _plain_equal(one: Value, other: Value) -> bool:
    return one == other


def _same_number(one: IntType | DoubleType, other: IntType | DoubleType) -> bool:
    if isinstance(one, IntType) and isinstance(other, IntType):
        return int(one) == int(other)
    return float(one) == float(other)


def _order(compare: Callable[[Any, Any], bool]) -> Callable[..., Value]:
    def ordered(one: Value, other: Value) -> Value:
        if isinstance(one, _NUMBERS) and isinstance(other, _NUMBERS):
            both_int = isinstance(one, IntType) and isinstance(other, IntType)
            number = int if both_int else float
            return BoolType(compare(number(one), number(other)))
        for kind in _ORDERED:
            if isinstance(one, kind) and isinstance(other, kind):
                return BoolType(compare(one, other))
        raise TypeError("no matching overload")

    return strict(ordered)


def _logical(absorbing: bool) -> Callable[[Value, Value], Value]:
    """&& and ||: one operand that decides beats an error in the other."""

    def combined(one: Value, other: Value) -> Value:
        for value in (one, other):
            if isinstance(value, BoolType) and bool(value) is absorbing:
                return value
        for value in (one, other):
            if not isinstance(value, BoolType):
                is_error = isinstance(value, CELEvalError)
                return value if is_error else failure("no matching overload")
        return BoolType(not absorbing)

    return combined


AND: Final = _logical(absorbing=False)
OR: Final = _logical(absorbing=True)


def _not(value: Value) -> Value:
    if not isinstance(value, BoolType):
        raise TypeError("no matching overload")
    return BoolType(not value)


def _choose(condition: Value, one: Value, other: Value) -> Value:
    if isinstance(condition, CELEvalError):
        return condition
    if not isinstance(condition, BoolType):
        return failure("no matching overload")
    return one if condition else other


def _int(value: int) -> IntType:
    if not -_INT64 <= value < _INT64:
        raise OverflowError("integer overflow")
    return IntType(value)


def _negate(value: Value) -> Value:
    if isinstance(value, IntType):
        return _int(-int(value))
    if not isinstance(value, DoubleType):
        raise TypeError("no matching overload")
    return DoubleType(-float(value))


def _arithmetic(
    whole: Callable[[int, int], int], real: Callable[[float, float], float] | None
) -> Callable[[Value, Value], Value]:
    def computed(one: Value, other: Value) -> Value:
        if isinstance(one, IntType) and isinstance(other, IntType):
            return _int(whole(int(one), int(other)))
        if real is not None and isinstance(one, DoubleType) and isinstance(other, DoubleType):
            return DoubleType(real(float(one), float(other)))
        raise TypeError("no matching overload")

    return computed


def _quotient(one: int, other: int) -> int:
    if other == 0:
        raise ZeroDivisionError("divide by zero")
    result = abs(one) // abs(other)
    return result if (one < 0) == (other < 0) else -result


def _remainder(one: int, other: int) -> int:
    return one - other * _quotient(one, other)


def _ratio(one: float, other: float) -> float:
    """IEEE 754 division."""
    if other != 0:
        return one / other
    if one == 0 or math.isnan(one):
        return math.nan
    return math.copysign(math.inf, one) * math.copysign(1.0, other)


_SUM: Final = _arithmetic(operator.add, operator.add)
_DIFFERENCE: Final = _arithmetic(operator.sub, operator.sub)


def _add(one: Value, other: Value) -> Value:
    match one, other:
        case StringType(), StringType():
            return StringType(str(one) + str(other))
        case ListType(), ListType():
            return ListType([*one, *other])
        case TimestampType(), DurationType():
            return TimestampType(_moment(one) + _span(other))
        case DurationType(), TimestampType():
            return TimestampType(_moment(other) + _span(one))
        case DurationType(), DurationType():
            return DurationType(_span(one) + _span(other))
        case _:
            return _SUM(one, other)


def _subtract(one: Value, other: Value) -> Value:
    match one, other:
        case TimestampType(), TimestampType():
            return DurationType(_moment(one) - _moment(other))
        case TimestampType(), DurationType():
            return TimestampType(_moment(one) - _span(other))
        case DurationType(), DurationType():
            return DurationType(_span(one) - _span(other))
        case _:
            return _DIFFERENCE(one, other)


def _moment(value: TimestampType) -> datetime:
    """A plain datetime: arithmetic of the library's own type returns that type."""
    return datetime.combine(value.date(), value.timetz())


def _span(value: DurationType) -> timedelta:
    return timedelta(days=value.days, seconds=value.seconds, microseconds=value.microseconds)


def _in(item: Value, container: Value) -> Value:
    if isinstance(container, ListType):
        return BoolType(any(equal(item, one) for one in container))
    if not isinstance(container, MapType) or not isinstance(item, _KEYS):
        raise TypeError("no matching overload")
    return BoolType(isinstance(item, StringType) and item in container)


def _item(container: Value, key: Value) -> Value:
    if isinstance(container, ListType) and isinstance(key, _NUMBERS) and float(key) == int(key):
        if not 0 <= int(key) < len(container):
            raise IndexError("index out of range")
        return container[int(key)]
    if not isinstance(container, MapType) or not isinstance(key, _KEYS):
        raise TypeError("no matching overload")
    if not isinstance(key, StringType) or key not in container:
        raise KeyError("key not found in map")
    return container[key]


def size(value: Value) -> Value:
    """Characters, elements or keys."""
    if isinstance(value, StringType | ListType | MapType):
        return IntType(len(value))
    raise TypeError("no matching overload")


def _equals(one: Value, other: Value) -> Value:
    return BoolType(equal(one, other))


def _differs(one: Value, other: Value) -> Value:
    return BoolType(not equal(one, other))


OPERATORS: Final[Mapping[str, Callable[..., Value]]] = {
    "!_": strict(_not),
    "-_": strict(_negate),
    "_+_": strict(_add),
    "_-_": strict(_subtract),
    "_*_": strict(_arithmetic(operator.mul, operator.mul)),
    "_/_": strict(_arithmetic(_quotient, _ratio)),
    "_%_": strict(_arithmetic(_remainder, None)),
    "_<_": _order(operator.lt),
    "_<=_": _order(operator.le),
    "_>_": _order(operator.gt),
    "_>=_": _order(operator.ge),
    "_==_": strict(_equals),
    "_!=_": strict(_differs),
    "_in_": strict(_in),
    "_||_": OR,
    "_&&_": AND,
    "_?_:_": _choose,
    "_[_]": strict(_item),
    "size": strict(size),
}
"""By the names under which cel-python looks them up."""
