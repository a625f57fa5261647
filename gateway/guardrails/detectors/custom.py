"""Patterns that users write themselves. Pure: no I/O, no clock."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self, cast

from pydantic import Field, model_validator
from stdnum import iban, luhn, verhoeff
from stdnum.iso7064 import mod_97_10

from gateway.config.section import Section
from gateway.guardrails.database import compile_expressions
from gateway.guardrails.detector import Detector, Prepared
from gateway.guardrails.hyperscan_engine import INSTALLED, hyperscan
from gateway.guardrails.normal import normalised
from gateway.guardrails.pattern import LONGEST, Candidate, Pattern, Validate
from gateway.guardrails.regex import compiled
from gateway.guardrails.regex_width import width
from gateway.guardrails.word_patterns import near_words, normal_words, word_patterns

_Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
_Check = Literal["luhn", "iban", "verhoeff", "mod97", "entropy", "ip"]
_RANDOM: Final = 3.5
"""Bits a character from which on a text counts as random."""


class CustomPattern(Section):
    """One thing to look for: a regular expression or words."""

    name: _Label
    category: _Label = Field(default="custom", description="Of the findings; masks show it.")
    regex: str | None = Field(
        default=None,
        min_length=1,
        max_length=2_000,
        description="RE2, on text in its normal form (letters without accents, none hidden).",
    )
    words: tuple[str, ...] = Field(default=(), max_length=5_000)
    group: int = Field(default=0, ge=0, le=50, description="Which group of `regex` is the finding.")
    caseless: bool = False
    validator: _Check | None = Field(
        default=None,
        description="What else must hold: a check digit, an address, or the entropy of randomness.",
    )
    context: tuple[str, ...] = Field(
        default=(),
        max_length=200,
        description="One of these has to stand within 64 characters. Empty: none.",
    )
    score: Annotated[float, Field(gt=0, le=1)] = 0.7
    longest: int | None = Field(
        default=None,
        ge=1,
        le=LONGEST,
        description="Characters of the longest match, where `regex` has no bound of its own.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.regex is None) == (not self.words):
            raise ValueError(f"pattern {self.name}: give either `regex` or `words`")
        if self.words and (self.validator or self.longest or self.group):
            raise ValueError(f"pattern {self.name}: only a `regex` takes validator, longest, group")
        return self


class Options(Section):
    """What to look for."""

    patterns: Annotated[tuple[CustomPattern, ...], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        counted = Counter(one.name for one in self.patterns)
        twice = next((name for name, count in counted.items() if count > 1), None)
        if twice is not None:
            raise ValueError(f"two patterns are named {twice}: rename one")
        return self


def _prepared(options: Options) -> Prepared:
    return Prepared(patterns=tuple(found for one in options.patterns for found in _patterns(one)))


def _patterns(one: CustomPattern) -> tuple[Pattern, ...]:
    if one.regex is None:
        words = normal_words(one.words)
        return word_patterns(one.name, one.category, words, one.score, one.context)
    regex = _normal(one.name, one.regex)
    longest = _checked(one, regex)
    return (
        Pattern(
            one.name,
            regex,
            one.category,
            score=one.score,
            group=one.group,
            longest=longest,
            caseless=one.caseless,
            validate=_validate(one),
            costly=one.validator == "iban",
        ),
    )


def _normal(name: str, regex: str) -> str:
    """The expression for the text that it is searched in, whose letters have no accents."""
    made = "".join(one if one.isascii() else normalised(one).text for one in regex)
    strange = next(
        (
            one
            for one in regex
            if not one.isascii()
            and normalised(one).text.isascii()
            and not normalised(one).text.isalnum()
        ),
        None,
    )
    if strange is not None:
        raise ValueError(
            f"pattern {name}: U+{ord(strange):04X} is never in text as it is searched: "
            "leave it out, or write the ASCII character that stands for it"
        )
    return made


def _checked(one: CustomPattern, regex: str) -> int:
    """The characters of the longest match. ValueError, for the author, for what cannot be used."""
    told = f"pattern {one.name}"
    try:
        groups = compiled(regex, caseless=one.caseless).groups
    except ValueError as error:
        raise ValueError(f"{told}: not an RE2 expression: {error}") from error
    if one.group > groups:
        raise ValueError(f"{told}: there is no group {one.group}, only {groups}")
    least, most = width(regex)
    if least == 0:
        raise ValueError(f"{told}: matches the empty text: make something of it required")
    longest = one.longest or most
    if longest is None:
        raise ValueError(
            f"{told}: a repeat without an end (*, + or {{n,}}): write {{1,200}}, or say `longest`"
        )
    if longest > LONGEST:
        raise ValueError(f"{told}: may match {longest:,} characters; {LONGEST:,} is the most")
    _check_engine(told, regex)
    return longest


def _check_engine(told: str, regex: str) -> None:
    """Whether Hyperscan takes it, too: it knows less than RE2, and not as large."""
    if not INSTALLED:
        return
    try:
        database = hyperscan.Database(mode=hyperscan.HS_MODE_STREAM)
        compile_expressions(database, [regex.encode()], [0], [hyperscan.HS_FLAG_SINGLEMATCH])
    except hyperscan.error as error:
        raise ValueError(f"{told}: cannot be searched for in streams: simplify it") from error


def _validate(one: CustomPattern) -> Validate | None:
    if one.validator is None and not one.context:
        return None
    check: Callable[[str], bool] = CHECKS[one.validator] if one.validator else _anything
    near, score = near_words(one.context), one.score

    def validate(found: Candidate) -> float | None:
        return score if check(found.text) and near(found) else None

    return validate


def _anything(_text: str) -> bool:
    return True


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_random(text: str) -> bool:
    """Shannon's entropy of the characters, of 8 or more. A short text cannot have much of it, so
    there nearly all that is possible is asked for."""
    if len(text) < 8:
        return False
    counts = Counter(text).values()
    bits = -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
    return bits >= min(_RANDOM, 0.95 * math.log2(len(text)))


def _digits(text: str) -> str:
    return text.replace(" ", "").replace("-", "").replace(".", "")


_LUHN: Final = cast("Any", luhn)
_IBAN: Final = cast("Any", iban)
_VERHOEFF: Final = cast("Any", verhoeff)
_MOD97: Final = cast("Any", mod_97_10)

CHECKS: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {
        "luhn": lambda text: bool(_LUHN.is_valid(_digits(text))),
        "iban": lambda text: bool(_IBAN.is_valid(text)),
        "verhoeff": lambda text: bool(_VERHOEFF.is_valid(_digits(text))),
        "mod97": lambda text: bool(_MOD97.is_valid(_digits(text))),
        "entropy": _is_random,
        "ip": _is_ip,
    }
)

DETECTOR: Final = Detector(
    name="custom",
    summary="Patterns of the user's own: RE2 or words, with validators and context.",
    categories={"custom": "What a pattern finds that names no category."},
    options=Options,
    prepare=_prepared,
)
