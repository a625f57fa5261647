"""Words around a number that say what it is. Pure: no I/O, no clock."""

import re
from collections.abc import Callable
from typing import Final

from gateway.guardrails.pattern import Candidate

REACH: Final = 60
"""Characters before and after a candidate in which a word counts."""

_SHORT: Final = 4


def near(*words: str) -> Callable[[Candidate], bool]:
    """Whether one of `words` (lower case) is within reach. Words of four letters or fewer count
    only as words of their own, as parts of a name too ("customer_ssn", "userSSN")."""
    long = tuple(word for word in words if len(word) > _SHORT)
    short = tuple(word for word in words if len(word) <= _SHORT)
    alone = re.compile(_alone(short)) if short else None

    def is_near(candidate: Candidate) -> bool:
        around = f"{candidate.before[-REACH:]}\n{candidate.after[:REACH]}"
        lower = around.lower()
        if any(word in lower for word in long):
            return True
        if alone is None or not any(word in lower for word in short):
            return False
        return alone.search(around) is not None

    return is_near


def _alone(words: tuple[str, ...]) -> str:
    plain = "|".join(map(re.escape, words))
    after = "|".join(form for word in words for form in (word.upper(), word.capitalize()))
    before = "|".join(form for word in words for form in (word, word.capitalize()))
    return (
        rf"(?i:(?<![a-z])(?:{plain})(?![a-z]))|(?<=[a-z])(?:{after})(?![a-z])"
        rf"|(?<![A-Za-z])(?:{before})(?=[A-Z])"
    )
