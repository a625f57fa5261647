"""Keys that another parser could read as a protocol key. Pure: no I/O, no clock.

Go's encoding/json matches `METHOD`, `Name` and `param\\u017f` (U+017F) to the fields `method`,
`name` and `params` and lets the last one win; one SDK also dropped U+0000 from keys
(CVE-2026-27896, GHSA-q382-vc8q-7jhj). A policy that reads `name` must therefore know that nothing
beside it folds to `name`.
"""

import unicodedata
from collections.abc import Collection, Iterable
from typing import Final

MAX_MEMBERS: Final = 4_096
"""Members of an object whose keys are folded, at some microseconds each. Callers refuse more."""

MAX_NORMALISED: Final = 128
"""Characters of a key up to which it is normalised: sorting combining marks takes the square of
their number, minutes for a key of a megabyte. No protocol key is that long, and normalising makes
nothing shorter that ends as ASCII."""


def fold(key: str) -> str:
    """The form in which the most lenient known parser compares `key`: NFKC, case-folded, no NUL.

    A key of over MAX_NORMALISED characters is case-folded only.
    """
    bare = key.replace("\0", "")
    if bare.isascii() or len(bare) > MAX_NORMALISED:
        return bare.casefold()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", bare).casefold())


class ProtocolKeys:
    """The keys that one kind of protocol object gives a meaning to."""

    __slots__ = ("_by_fold", "_exact")

    def __init__(self, keys: Iterable[str]) -> None:
        self._exact = frozenset(keys)
        self._by_fold = {fold(key): key for key in self._exact}

    def mimicked(self, keys: Collection[str]) -> str | None:
        """The protocol key to which one of `keys` folds without being it, or None."""
        if self._exact.issuperset(keys):
            return None
        for key in keys:
            if key not in self._exact and (mimicked := self._by_fold.get(fold(key))) is not None:
                return mimicked
        return None


def has_twins(keys: Collection[str]) -> bool:
    """Whether two of the (distinct) `keys` fold to the same form."""
    return len({fold(key) for key in keys}) < len(keys)
