"""Texts that a regular expression matches, or nearly: what it says, written out at random."""

import re
from collections.abc import Iterable
from random import Random
from typing import Any, Final, cast

# The standard library's own parser has no public name.
_PARSER: Final[Any] = cast("Any", re)._parser  # noqa: SLF001
_OF_CATEGORIES: Final = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_SPACE": " \n\t",
    "CATEGORY_WORD": "abcXYZ019_",
    "CATEGORY_NOT_SPACE": "abc;:.1é",
    "CATEGORY_NOT_WORD": " -;é",
    "CATEGORY_NOT_DIGIT": "ab é",
}
_OTHERS: Final = "abcdefghXYZ0189 -_.,;/\n\"'é漢"
_MORE: Final = 12
"""Repeats beyond the least, at most, but for those that are tried to their end."""


def sample(regex: str, random: Random) -> str:
    """A text made by an expression in RE2's syntax; boundaries and ends of lines are left out."""
    return "".join(_texts(_PARSER.parse(regex.replace(r"\z", r"\Z")), random))


def _texts(  # noqa: C901  one case for each thing
    tree: Iterable[tuple[Any, Any]], random: Random
) -> Iterable[str]:
    for code, value in tree:
        match str(code):
            case "LITERAL":
                yield chr(value)
            case "NOT_LITERAL":
                yield random.choice([one for one in _OTHERS if one != chr(value)])
            case "ANY":
                yield random.choice("ab .é")
            case "IN":
                yield _one_of(value, random)
            case "BRANCH":
                yield from _texts(random.choice(value[1]), random)
            case "SUBPATTERN":
                yield from _texts(value[3], random)
            case "MAX_REPEAT" | "MIN_REPEAT":
                for _ in range(_times(int(value[0]), int(value[1]), random)):
                    yield from _texts(value[2], random)
            case "AT":
                pass
            case other:
                raise ValueError(f"{other} is not known")


def _times(least: int, most: int, random: Random) -> int:
    most = min(most, least + 80)
    kind = random.random()
    if kind < 0.25:
        return least
    return most if kind < 0.4 else random.randint(least, min(most, least + _MORE))


def _one_of(items: Iterable[tuple[Any, Any]], random: Random) -> str:
    found: list[str] = []
    negated = False
    for code, value in items:
        match str(code):
            case "NEGATE":
                negated = True
            case "LITERAL":
                found.append(chr(value))
            case "RANGE":
                found += [chr(one) for one in range(value[0], min(value[1], value[0] + 300) + 1)]
            case _:
                found += _OF_CATEGORIES[str(value)]
    if negated:
        found = [one for one in _OTHERS if one not in found] or ["\x07"]
    return random.choice(found)
