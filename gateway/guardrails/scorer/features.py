"""What the linear scorer counts: the words, pairs and triples of words of a window of normal text.

Pure: no I/O, no clock. Training and scoring take their features from here, so that a weight means
the same in both.
"""

import re
import string
from itertools import pairwise
from typing import Final, TypeAlias

Word: TypeAlias = bytes
Ngram: TypeAlias = tuple[Word, ...]
"""One to three words that follow one another."""

LONGEST_NGRAM: Final = 3

_DROPPED: Final = b"'`"
"""Left out within words: "don't" and "dont" are one word."""


def _table() -> bytes:
    """Letters stay, any digit is 0, every other ASCII character parts words; bytes of other
    scripts stay as they are."""
    kept = string.ascii_letters.encode()
    return bytes(
        byte if byte in kept or byte >= 128 else ord("0") if chr(byte) in string.digits else 32
        for byte in range(256)
    )


_TABLE: Final = _table()
_QUOTES: Final = re.compile("[\u2018\u2019\u00b4]")
_PUNCTUATION: Final = re.compile("[\u0080-\u00a9\u00ab-\u00b1\u2000-\u206f\u3000-\u3003]+")
"""Punctuation and spaces beyond ASCII: they part words, but quotes are left out within them."""

_ESCAPES: Final = re.compile(rb"\\+[nrt]")
"""Line ends and tabs as JSON spells them, which are no letters of the next word."""


def words(text: str) -> list[Word]:
    """The words of a text in lower case, as UTF-8, in order."""
    if not text.isascii():
        text = _PUNCTUATION.sub(" ", _QUOTES.sub("", text))
    encoded = text.lower().encode("utf-8", "surrogatepass")
    if b"\\" in encoded:
        encoded = _ESCAPES.sub(b" ", encoded)
    return encoded.translate(_TABLE, _DROPPED).split()


def ngrams(text: str) -> set[Ngram]:
    """Every n-gram of a text of up to LONGEST_NGRAM words, each once."""
    found = words(text)
    return {
        *zip(found, strict=False),
        *pairwise(found),
        *zip(found, found[1:], found[2:], strict=False),
    }
