"""Rules in families: one that matches may be chance, two different ones hardly are.

A family is what is said ("ignore your instructions"), in any wording and language. A match alone
is a finding of its span; with another family close to it, its score is higher. Pure: no I/O, no
clock.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.guardrails.pattern import Candidate, Pattern
from gateway.guardrails.regex import compiled

ALONE: Final = 0.5
"""Score of a match."""

TOGETHER: Final = 0.8
"""Score of a match with another family within `CONTEXT` characters, or in the same window."""

_ANY_SPACE: Final = r"\s+"
_SPACE: Final = r"\s{1,3}"

_ESCAPED: Final = r"\\{1,3}[nrt]"
"""A line end or a tab as JSON spells it: tools answer with texts in JSON in a text, and the models
that read that see lines."""

_TOKENS: Final = re.compile(r"\\[sb]|\\.|\[[^\]]*\]", re.DOTALL)
"""An escape, or a class of characters that names no bracket."""


@dataclass(frozen=True, slots=True)
class Family:
    """`regexes` by their names, in the syntax of `Pattern.regex`, in any case; `\\s+` stands for up
    to three spaces. They are written for normal text: without diacritics. They name characters
    rather than leaving some out, since what may match any byte costs a stream's database dear."""

    category: str
    summary: str
    regexes: Mapping[str, str]

    def bounded(self) -> dict[str, str]:
        """The expressions that are searched for, by the names of their patterns."""
        return {
            f"{self.category}_{name}": _in_json(regex.replace(_ANY_SPACE, _SPACE))
            for name, regex in self.regexes.items()
        }


def _in_json(regex: str) -> str:
    """An expression that finds the same within JSON in a text."""
    return _TOKENS.sub(_spelled, regex)


def _spelled(token: re.Match[str]) -> str:
    found = token[0]
    if found in {r"\s", r"\b"}:
        return f"(?:{found}|{_ESCAPED})"
    spaced = found[0] == "[" and found[1] != "^" and r"\s" in found
    return rf"[\\{found[1:]}" if spaced else found


class Finder:
    """Tells which of some families a normal text has. A call takes tens of microseconds: it is not
    for every text."""

    __slots__ = ("_each",)

    def __init__(self, families: Sequence[Family]) -> None:
        self._each = {
            family.category: compiled(
                "|".join(f"(?:{regex})" for regex in family.bounded().values()), caseless=True
            )
            for family in families
        }

    def categories(self, text: str) -> frozenset[str]:
        """The categories of the families."""
        return frozenset(name for name, regex in self._each.items() if regex.search(text))

    def has_other(self, text: str, category: str) -> bool:
        """Whether there is a family of another category."""
        each = self._each.items()
        return any(name != category and regex.search(text) is not None for name, regex in each)


def patterns(families: Sequence[Family], finder: Finder) -> tuple[Pattern, ...]:
    """What is searched in every text: each match is scored by what `finder` sees around it."""
    return tuple(
        Pattern(
            name,
            regex,
            family.category,
            longest=384,
            caseless=True,
            validate=_among(family.category, finder),
            costly=True,
        )
        for family in families
        for name, regex in family.bounded().items()
    )


def _among(category: str, finder: Finder) -> Callable[[Candidate], float]:
    def score(candidate: Candidate) -> float:
        around = f"{candidate.before}{candidate.text}{candidate.after}"
        return TOGETHER if finder.has_other(around, category) else ALONE

    return score
