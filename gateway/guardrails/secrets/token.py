"""Keys that are known by their form alone, and keys that need the issuer's name before them.

Pure: no I/O, no clock.
"""

from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pattern import Candidate, Pattern, Validate
from gateway.guardrails.secrets.entropy import entropy, is_random
from gateway.guardrails.secrets.placeholder import is_placeholder, is_repetitive

CERTAIN: Final = 0.95
LIKELY: Final = 0.8

START: Final = r"(?:\b|\\[nrt])"
"""A key begins at a word, or after a line break that is written out."""

ASSIGN: Final = (
    r"""["'`\]]{0,2}[ \t]{0,8}(?:=>|:=|={1,3}|:|\|\||,|<-)[ \t]{0,8}(?:\\?["'`]|b["']){0,2}"""
)
"""What stands between the name of a value and the value, in code and configuration."""


def bounded(least: float) -> Validate:
    """A key of this entropy at least (bits a character) that no letter or digit goes on from."""

    def score(candidate: Candidate) -> float | None:
        if candidate.after[:1].isalnum() or is_repetitive(candidate.text):
            return None
        return CERTAIN if entropy(candidate.text) >= least else None

    return score


def random(candidate: Candidate) -> float | None:
    """A value that looks drawn at random and is whole."""
    if candidate.after[:1].isalnum() or candidate.after[:1] in {"(", "["}:
        return None
    if is_placeholder(candidate.text) or not is_random(candidate.text):
        return None
    return LIKELY


def token(  # noqa: PLR0913 (a table's columns)
    category: str,
    summary: str,
    *forms: str,
    least: float = 3.0,
    longest: int = 256,
    opening: str | None = None,
    caseless: bool = False,
) -> Kind:
    """A kind of key that its `forms` (regular expressions without groups that capture) tell.

    `least` is the entropy that it has at least, `longest` its most characters, `opening` how it
    begins where it may be longer than what a stream holds back.
    """
    return Kind(
        category,
        summary,
        tuple(
            Pattern(
                name=f"{category}_{number}" if number else category,
                regex=f"{START}({form})",
                category=category,
                group=1,
                longest=longest,
                opening=opening,
                caseless=caseless,
                validate=bounded(least),
            )
            for number, form in enumerate(forms)
        ),
    )


def keyed(name: str, category: str, words: str, value: str, validate: Validate = random) -> Pattern:
    """A value (a regular expression) that is assigned to a name with one of `words` (alternatives,
    in lower case) in it; case does not matter."""
    return Pattern(
        name=name,
        regex=rf"(?:{words})[\w.\-]{{0,24}}{ASSIGN}({value})",
        category=category,
        group=1,
        caseless=True,
        validate=validate,
    )
