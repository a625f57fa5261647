"""What made-up numbers are made of: digits, groups, check digits."""

from collections.abc import Callable, Sequence
from random import Random

Draw = Callable[[Random], str]


def drawn_digits(random: Random, count: int) -> str:
    """So many digits."""
    return "".join(random.choices("0123456789", k=count))


def in_groups(digits: str, sizes: Sequence[int], separator: str) -> str:
    """The digits in groups of these sizes; what is left is the last group."""
    groups: list[str] = []
    for size in sizes:
        groups.append(digits[:size])
        digits = digits[size:]
    return separator.join(group for group in (*groups, digits) if group)


def other_digit(random: Random, digit: str) -> str:
    """Another digit."""
    return random.choice([other for other in "0123456789" if other != digit])


def last_changed(draw: Draw) -> Draw:
    """A value whose last digit is another one, so that its check fails."""

    def wrong(random: Random) -> str:
        text = draw(random)
        place = max(at for at, sign in enumerate(text) if sign.isdigit())
        return text[:place] + other_digit(random, text[place]) + text[place + 1 :]

    return wrong


def with_luhn(payload: str) -> str:
    """With its check digit by Luhn."""
    total = 0
    for place, digit in enumerate(reversed(payload)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return payload + str(-total % 10)
