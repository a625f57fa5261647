"""Keys that another parser could read as a protocol key. Pure: no I/O, no clock.

Go's encoding/json matches `METHOD`, `Name` and `param\\u017f` (U+017F) to the fields `method`,
`name` and `params` and lets the last one win; one SDK also dropped U+0000 from keys
(CVE-2026-27896, GHSA-q382-vc8q-7jhj). A policy that reads `name` must therefore know that nothing
beside it folds to `name`.
"""

import unicodedata
from collections.abc import Iterable


def fold(key: str) -> str:
    """The form in which the most lenient known parser compares `key`: NFKC, case-folded, no NUL."""
    if key.isascii():
        return key.replace("\0", "").casefold()
    once = unicodedata.normalize("NFKC", key.replace("\0", "")).casefold()
    return unicodedata.normalize("NFKC", once)


class ProtocolKeys:
    """The keys that one kind of protocol object gives a meaning to."""

    __slots__ = ("_by_fold", "_exact")

    def __init__(self, keys: Iterable[str]) -> None:
        self._exact = frozenset(keys)
        self._by_fold = {fold(key): key for key in self._exact}

    def mimicked(self, keys: Iterable[str]) -> str | None:
        """The protocol key to which one of `keys` folds without being it, or None."""
        for key in keys:
            if key not in self._exact and (mimicked := self._by_fold.get(fold(key))) is not None:
                return mimicked
        return None


def has_twins(keys: Iterable[str]) -> bool:
    """Whether two of the (distinct) `keys` fold to the same form."""
    seen: set[str] = set()
    for key in keys:
        folded = fold(key)
        if folded in seen:
            return True
        seen.add(folded)
    return False
