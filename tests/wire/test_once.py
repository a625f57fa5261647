"""Behaviour of a value that is made when it is first asked for."""

import gc
import weakref

import pytest

from gateway.wire.once import Once


class Held:
    """Something that can be seen to go."""


def test_a_value_is_made_when_it_is_first_asked_for_and_never_again() -> None:
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    once = Once(make)
    assert not made
    assert (once(), once(), made) == (1, 1, [1])


def test_what_made_the_value_is_freed_with_what_it_held() -> None:
    held = Held()
    gone = weakref.ref(held)
    once = Once(lambda held=held: id(held))
    del held
    gc.collect()
    assert gone() is not None
    once()
    gc.collect()
    assert gone() is None


def test_a_value_that_could_not_be_made_is_tried_again() -> None:
    tries = iter([ValueError("not yet"), None])

    def make() -> str:
        error = next(tries)
        if error is not None:
            raise error
        return "made"

    once = Once(make)
    with pytest.raises(ValueError, match="not yet"):
        once()
    assert once() == "made"
