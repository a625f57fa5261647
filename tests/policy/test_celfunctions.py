import pytest
from celpy.celtypes import BoolType, DoubleType, IntType, ListType, MapType, StringType
from celpy.evaluation import CELEvalError

from gateway.policy.celfunctions import AND, OPERATORS, OR, Value, equal, failure

TRUE, FALSE, ERROR = BoolType(source=True), BoolType(source=False), failure("e")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (IntType(1), DoubleType(1.0), True),
        (BoolType(source=True), IntType(1), False),
        (StringType("1"), IntType(1), False),
        (None, FALSE, False),
        (None, None, True),
        (ListType([IntType(1)]), ListType([DoubleType(1)]), True),
        (ListType([IntType(1)]), ListType([TRUE]), False),
        (MapType({StringType("a"): None}), MapType({StringType("a"): None}), True),
        (MapType({StringType("a"): None}), MapType(), False),
    ],
)
def test_equality_is_of_numbers_and_of_one_type(one: Value, other: Value, same: bool) -> None:
    assert equal(one, other) is same
    assert equal(other, one) is same


@pytest.mark.parametrize(
    ("one", "other", "both", "either"),
    [
        (TRUE, ERROR, "error", True),
        (FALSE, ERROR, False, "error"),
        (TRUE, StringType("x"), "error", True),
        (ERROR, ERROR, "error", "error"),
        (TRUE, FALSE, False, True),
    ],
)
def test_an_operand_that_decides_beats_an_error(
    one: Value, other: Value, both: bool | str, either: bool | str
) -> None:
    assert _told(AND(one, other)) == _told(AND(other, one)) == both
    assert _told(OR(one, other)) == _told(OR(other, one)) == either


def _told(value: Value) -> bool | str:
    return bool(value) if isinstance(value, BoolType) else "error"


@pytest.mark.parametrize("name", [name for name in OPERATORS if name not in {"_||_", "_&&_"}])
def test_an_error_as_an_operand_is_the_result(name: str) -> None:
    count = {"_?_:_": 3, "!_": 1, "-_": 1, "size": 1}.get(name, 2)
    assert isinstance(OPERATORS[name](*[ERROR] * count), CELEvalError)


def test_whole_numbers_overflow_to_an_error() -> None:
    for name in ("_+_", "_*_"):
        assert isinstance(OPERATORS[name](IntType(2**63 - 1), IntType(2)), CELEvalError)
    assert isinstance(OPERATORS["_/_"](IntType(1), IntType(0)), CELEvalError)
