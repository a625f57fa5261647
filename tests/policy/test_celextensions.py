import pytest
from celpy.celtypes import DoubleType, IntType, ListType, StringType
from celpy.evaluation import CELEvalError

from gateway.policy.celextensions import EXTENSIONS, matches, reads


def test_a_bad_pattern_is_an_error_that_the_compiler_can_tell() -> None:
    assert matches("abc", "b")
    with pytest.raises(ValueError, match="missing"):
        matches("", "[")


@pytest.mark.parametrize(
    ("function", "literal", "readable"),
    [
        ("timestamp", "2026-01-01T00:00:00Z", True),
        ("timestamp", "2026-01-01T00:00:00.123456+02:00", True),
        ("timestamp", "2026-01-01T00:00:00.123456789Z", False),
        ("timestamp", "2026-13-01T00:00:00Z", False),
        ("timestamp", "2026-01-01", False),
        ("duration", "-1h30m", True),
        ("duration", "1.5h", False),
        ("duration", "", False),
        ("duration", "-", False),
    ],
)
def test_times_are_read_strictly(function: str, literal: str, readable: bool) -> None:
    assert reads(function, literal) is readable


def test_positions_beyond_the_text_are_an_error() -> None:
    text = StringType("abc")
    assert EXTENSIONS["charAt"](text, IntType(3)) == ""
    assert isinstance(EXTENSIONS["charAt"](text, IntType(4)), CELEvalError)
    assert isinstance(EXTENSIONS["substring"](text, IntType(2), IntType(1)), CELEvalError)


def test_null_is_an_argument_of_the_wrong_type_and_not_an_absent_one() -> None:
    assert EXTENSIONS["join"](ListType()) == ""
    assert isinstance(EXTENSIONS["join"](ListType(), None), CELEvalError)


@pytest.mark.parametrize(
    ("number", "nearest"), [(2.5, 3.0), (-2.5, -3.0), (0.49999999999999994, 0)]
)
def test_halves_round_away_from_zero(number: float, nearest: float) -> None:
    assert EXTENSIONS["math.round"](DoubleType(number)) == DoubleType(nearest)
