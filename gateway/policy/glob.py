"""Patterns with `*`, alone and as an index over many. Pure: no I/O, no clock.

`*` stands for any run of characters, none included; every other character for itself. Matching is
linear in the value (no regular expression, hence no backtracking that a client could provoke).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

WILDCARD: Final = "*"
_ANY_TEXT: Final = "\x00"  # cannot occur in a pattern, so only a wildcard matches it


@dataclass(frozen=True, slots=True)
class Glob:
    """One pattern."""

    text: str
    _parts: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_parts", tuple(self.text.split(WILDCARD)))

    @property
    def exact(self) -> bool:
        """Whether the pattern matches one value only."""
        return len(self._parts) == 1

    @property
    def prefix(self) -> str:
        """What every matching value begins with."""
        return self._parts[0]

    def matches(self, value: str) -> bool:
        """Whether the whole of `value` matches; taking each inner part as early as possible is
        enough, since a later place never leaves more room for the rest."""
        if self.exact:
            return value == self.text
        head, *inner, tail = self._parts
        position, end = len(head), len(value) - len(tail)
        if position > end or not (value.startswith(head) and value.endswith(tail)):
            return False
        for part in inner:
            found = value.find(part, position, end)
            if found < 0:
                return False
            position = found + len(part)
        return True

    def covers(self, other: "Glob") -> bool:
        """Whether every value of `other` matches this one. False is not proof of the contrary:
        a wildcard of `other` is only taken to be covered by a single wildcard here."""
        return self.matches(other.sample)

    @property
    def sample(self) -> str:
        """A value of this pattern that stands for all of them."""
        return self.text.replace(WILDCARD, _ANY_TEXT)

    def overlaps(self, other: "Glob") -> bool:
        """Whether some value matches both. Costs the product of the two lengths."""
        row = _reach_by_wildcards(other.text)
        for char in self.text:
            row = _advance(row, char, other.text)
        return row[-1]


def _reach_by_wildcards(text: str) -> list[bool]:
    """Which prefixes of `text` match the empty string."""
    row = [True]
    for char in text:
        row.append(row[-1] and char == WILDCARD)
    return row


def _advance(row: list[bool], char: str, text: str) -> list[bool]:
    """Which prefixes of `text` share a value with a pattern that is one `char` longer than the
    pattern for which `row` says so."""
    following = [row[0] and char == WILDCARD]
    for position, other in enumerate(text):
        wild = WILDCARD in (char, other)
        both = row[position] and (wild or char == other)
        following.append(both or (wild and (row[position + 1] or following[position])))
    return following


def any_matches(globs: Iterable[Glob], value: str) -> bool:
    """Whether one of the patterns matches."""
    return any(glob.matches(value) for glob in globs)


class GlobIndex:
    """From a value to the rules whose patterns it matches, as a bit mask.

    Exact patterns are one look-up; the others are kept by their literal prefix, so that a value
    meets only patterns that begin as it does. `rest` are rules that do not constrain the value.
    """

    __slots__ = ("_exact", "_prefixes", "rest")

    def __init__(self, entries: Iterable[tuple[Glob, int]], rest: int = 0) -> None:
        exact: dict[str, int] = {}
        prefixes: dict[int, dict[str, list[tuple[Glob, int]]]] = {}
        for glob, mask in entries:
            if glob.exact:
                exact[glob.text] = exact.get(glob.text, 0) | mask
            else:
                by_prefix = prefixes.setdefault(len(glob.prefix), {})
                by_prefix.setdefault(glob.prefix, []).append((glob, mask))
        self._exact = exact
        self._prefixes = tuple(prefixes.items())
        self.rest = rest

    def lookup(self, value: str) -> int:
        """The mask of the rules that match `value`, those without a constraint included."""
        mask = self.rest | self._exact.get(value, 0)
        for length, by_prefix in self._prefixes:
            for glob, bits in by_prefix.get(value[:length], ()):
                if bits & ~mask and glob.matches(value):
                    mask |= bits
        return mask

    def covering(self, globs: Iterable[Glob] | None) -> int:
        """The mask of the rules whose patterns cover all of `globs` (None: no constraint)."""
        if globs is None:
            return self.rest
        mask = -1
        for glob in globs:
            mask &= self.lookup(glob.sample)
        return mask
