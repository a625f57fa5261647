import pytest

from tests.engine.msgpack import Value, encoded


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (None, "c0"),
        (False, "c2"),
        (True, "c3"),
        (7, "07"),
        (127, "7f"),
        (128, "cc80"),
        (256, "cd0100"),
        (70_000, "ce00011170"),
        (2**64 - 1, "cfffffffffffffffff"),
        (-1, "ff"),
        (-33, "d3ffffffffffffffdf"),
        (1.5, "cb3ff8000000000000"),
        ("GPU", "a3475055"),
        ("x" * 40, "d928" + "78" * 40),
        (b"ab", "c4026162"),
        ([1, [None]], "920191c0"),
    ],
)
def test_values_are_written_as_the_specification_says(value: Value, data: str) -> None:
    assert encoded(value).hex() == data


def test_long_lists_and_texts_have_their_length_in_front() -> None:
    assert encoded([0] * 16)[:3].hex() == "dc0010"
    assert encoded([0] * 65_536)[:5].hex() == "dd00010000"
    assert encoded("x" * 256)[:3].hex() == "da0100"
    assert encoded(b"x" * 65_536)[:5].hex() == "c600010000"


def test_a_number_that_needs_more_than_64_bits_is_refused() -> None:
    with pytest.raises(OverflowError):
        encoded(2**64)
