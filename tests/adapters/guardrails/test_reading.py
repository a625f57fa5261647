from collections.abc import Callable
from typing import Any

import pytest

from gateway.adapters.guardrails.client import UnusableError
from gateway.adapters.guardrails.reading import (
    as_int64,
    as_list,
    as_number,
    as_object,
    as_text,
    masked_texts,
)
from gateway.model.finding import SkipReason


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (as_object, []),
        (as_object, None),
        (as_list, {}),
        (as_list, "text"),
        (as_text, None),
        (as_text, 1),
        (as_number, "1"),
        (as_number, True),
        (as_int64, "-1"),
        (as_int64, "1.5"),
        (as_int64, "9" * 20),
        (as_int64, "²"),
        (as_int64, -2),
        (as_int64, True),
        (as_int64, 2.5),
    ],
)
def test_what_is_of_another_type_is_unreadable(read: Callable[[Any], object], value: Any) -> None:
    with pytest.raises(UnusableError) as raised:
        read(value)
    assert raised.value.reason is SkipReason.UNREADABLE


def test_integers_of_64_bits_are_strings_or_numbers_or_left_out() -> None:
    assert [as_int64(value) for value in ("12", 12, None)] == [12, 12, 0]


def test_masked_texts_are_as_many_as_were_asked_about() -> None:
    assert masked_texts(["a", "b"], ("x", "y")) == ("a", "b")
    others: list[Any] = [["a"], ["a", "b", "c"], ["a", 1], "ab", None]
    for wrong in others:
        with pytest.raises(UnusableError):
            masked_texts(wrong, ("x", "y"))
