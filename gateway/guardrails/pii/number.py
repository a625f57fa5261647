"""Numbers that name a person or an account, with their check digits. Pure: no I/O, no clock."""

import re
from collections.abc import Callable
from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pattern import Candidate, Pattern
from gateway.guardrails.pii.context import near

SURE: Final = 0.9
"""The check digits and rules hold, and nothing else is written like that."""
TOLD: Final = 0.85
"""The rules hold, and a word near it says what it is."""
LIKELY: Final = 0.7
"""The rules hold for a form that little else has."""
FORM: Final = 0.5
"""Only the form speaks for it."""
FAINT: Final = 0.4
"""As likely something else."""

_BEFORE: Final = re.compile(
    r"(?:[0-9][-./+]|[0-9A-Za-z]|\b[A-Z]{2}[0-9]{2}(?:[ \-]?[A-Z0-9]{4}){0,7}[ \-])\Z"
)
BREAK: Final = re.compile(r"\\[nrt]\Z")
"""The end of a line as JSON spells it, which is no letter of what comes after it."""

_AFTER: Final = re.compile(r"[-./+]?[0-9]|[A-Za-z]")
_SEPARATORS: Final = re.compile(r"[ .\-/]")

BEGIN: Final = r"(?:\b|_|\\[nrt])"
END: Final = r"(?:\b|_)"


def compact(text: str) -> str:
    """The number without spaces, dots, dashes and slashes."""
    return _SEPARATORS.sub("", text)


def is_embedded(candidate: Candidate) -> bool:
    """Whether it is part of a longer number or word: of a decimal fraction, a version, a UUID, an
    IBAN in groups."""
    if _AFTER.match(candidate.after):
        return True
    return _BEFORE.search(candidate.before) is not None and not BREAK.search(candidate.before)


def number(  # noqa: PLR0913 (a table's columns)
    category: str,
    summary: str,
    form: str | tuple[str, ...],
    valid: Callable[[str], bool],
    words: tuple[str, ...],
    *,
    alone: Callable[[str], float | None] | None = None,
    worth: float = TOLD,
) -> Kind:
    """A kind of number.

    `form` is a regular expression without capturing groups, or several of them; `valid` judges
    what is left without separators. With one of `words` near it the score is `worth` or what it
    has without, if that is more. `alone` gives from the text as written the score without such a
    word, None where it is no finding then; without `alone` a word has to be near.
    """
    told = near(*words)

    def score(candidate: Candidate) -> float | None:
        own = alone(candidate.text) if alone else None
        is_told = told(candidate)
        if (own is None and not is_told) or is_embedded(candidate):
            return None
        if not valid(compact(candidate.text)):
            return None
        return max(own or 0.0, worth) if is_told else own

    forms = (form,) if isinstance(form, str) else form
    return Kind(
        category,
        summary,
        tuple(
            Pattern(
                name=f"{category}_{place}" if place else category,
                regex=f"{BEGIN}({one}){END}",
                category=category,
                group=1,
                longest=64,
                validate=score,
            )
            for place, one in enumerate(forms)
        ),
    )


def always(score: float) -> Callable[[str], float | None]:
    """The score of every form, with or without a word near it."""
    return lambda _: score
