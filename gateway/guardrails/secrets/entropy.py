"""How random a text looks. Pure: no I/O, no clock."""

import re
from collections import Counter
from math import log2
from typing import Final

_HEX: Final = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EDGE: Final = re.compile(r"[A-Za-z][0-9]|[0-9][A-Za-z]")
_CASE: Final = re.compile(r"[a-z][A-Z]")
_WORDY: Final = re.compile(r"[A-Za-z][a-z]*\d{0,2}|[A-Z]+\d{0,2}|\d{1,4}|")
_SEPARATORS: Final = re.compile(r"[-_./:+=~@#]+")
_MIXED: Final = 3.5
_HEXADECIMAL: Final = 2.9
_SHORTEST_HEX: Final = 16


def entropy(text: str) -> float:
    """Shannon's entropy of the characters, in bits a character: 0 for "aaaa", 4 at most for
    hexadecimal digits, 6 at most for base64. 0 for no text."""
    size = len(text)
    counts = Counter(text).values()
    return -sum(count / size * log2(count / size) for count in counts)


def is_random(text: str) -> bool:
    """Whether a text of 16 characters or more was most likely drawn at random: a UUID,
    hexadecimal digits, or letters and digits in no order. Names of things, versions and words
    joined by dots or dashes are not."""
    if _UUID.fullmatch(text):
        return entropy(text) >= _HEXADECIMAL
    edges = len(_EDGE.findall(text))
    if _HEX.fullmatch(text):
        return len(text) >= _SHORTEST_HEX and edges >= 4 and entropy(text) >= _HEXADECIMAL
    if entropy(text) < _MIXED or not (edges >= 3 or (edges and len(_CASE.findall(text)) >= 3)):
        return False
    return not all(_WORDY.fullmatch(word) for word in _SEPARATORS.split(text))
