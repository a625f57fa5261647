"""Keys made up from forms: letters and digits in an order that repeats in every run."""

from random import Random

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
HEX = "0123456789abcdef"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def drawn(count: int, alphabet: str = LETTERS, seed: int = 7) -> str:
    """`count` signs of an alphabet."""
    return "".join(Random(seed).choices(alphabet, k=count))
