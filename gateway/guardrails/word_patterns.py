"""Patterns that find whole words and phrases of a list. Pure: no I/O, no clock.

Fifty thousand words compile in seconds as literals, and in minutes with an assertion at each of
their ends; so what stands beside a word is looked at after it was found.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from gateway.guardrails.normal import normalised
from gateway.guardrails.pattern import CONTEXT, Candidate, Pattern

MOST_WORDS: Final = 50_000
MOST_PHRASES: Final = 2_000
LONGEST_WORD: Final = 100
_A_GROUP: Final = 100
"""Words of one pattern: few enough to compile fast, many enough to be few patterns."""

_SPACELESS: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]"
)
_SPACE: Final = r"(?:\s|\\[nrt]){1,4}"
_BREAK: Final = re.compile(r"\\[nrt]\Z")
"""The end of a line as JSON spells it, which is no letter of the word after it."""


def normal_words(words: Iterable[str]) -> tuple[str, ...]:
    """Each word once, in its normal form and in lower case, with single spaces, sorted. Empty ones
    are left out. ValueError for more or longer ones than can be found."""
    found = {" ".join(normalised(word).text.casefold().split()) for word in words}
    found.discard("")
    too_long = next((word for word in found if len(word) > LONGEST_WORD), None)
    if too_long is not None:
        raise ValueError(f"a word has more than {LONGEST_WORD} characters: shorten it")
    if len(found) > MOST_WORDS:
        raise ValueError(f"there are more than {MOST_WORDS:,} words: leave some out")
    if sum(not word.isalnum() for word in found) > MOST_PHRASES:
        raise ValueError(
            f"there are more than {MOST_PHRASES:,} phrases (what is not letters and digits alone): "
            "leave some out"
        )
    return tuple(sorted(found))


def word_patterns(
    name: str, category: str, words: Iterable[str], score: float, context: Sequence[str] = ()
) -> tuple[Pattern, ...]:
    """Patterns, named `name` with a number, that find `words` (of `normal_words`) as whole words in
    any case, as findings of `category` with `score`; with `context` only where one of those words
    is within 64 characters."""
    near = near_words(context)
    known = sorted(words)
    plain = sorted((word for word in known if word.isalnum()), key=len, reverse=True)
    groups = [plain[start : start + _A_GROUP] for start in range(0, len(plain), _A_GROUP)]
    groups += [[word] for word in known if not word.isalnum()]

    def validate(found: Candidate) -> float | None:
        return score if is_whole(found) and near(found) else None

    return tuple(
        Pattern(
            f"{name}_{number}",
            "|".join(dict.fromkeys(spelling for word in group for spelling in _spellings(word))),
            category,
            score=score,
            longest=_longest(group),
            caseless=True,
            validate=validate,
        )
        for number, group in enumerate(groups)
    )


def near_words(context: Sequence[str]) -> Callable[[Candidate], bool]:
    """Whether one of the words stands beside a match; always where there are none."""
    if not context:
        return lambda _found: True
    words = sorted(map(re.escape, normal_words(context)), key=len, reverse=True)
    regex = re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)")

    def near(found: Candidate) -> bool:
        before, after = found.before[-CONTEXT:], found.after[:CONTEXT]
        return bool(regex.search(before.casefold()) or regex.search(after.casefold()))

    return near


def is_whole(found: Candidate) -> bool:
    """Whether no letter or digit stands right beside the match. Scripts that write no spaces have
    no such border."""
    before = "" if _BREAK.search(found.before) else found.before[-1:]
    text, after = found.text, found.after[:1]
    return not (_joined(before, text[:1]) or _joined(text[-1:], after))


def _joined(one: str, other: str) -> bool:
    if not (_is_word(one) and _is_word(other)):
        return False
    return not (_SPACELESS.match(one) and _SPACELESS.match(other))


def _is_word(one: str) -> bool:
    return one == "_" or one.isalnum()


def _spellings(word: str) -> Iterator[str]:
    """What to look for. The engine knows upper case of ASCII letters only."""
    parts = word.split(" ")
    variants = [parts]
    if not word.isascii():
        variants += [[part.upper() for part in parts], [part.title() for part in parts]]
    for variant in variants:
        yield _SPACE.join(map(_escaped, variant))


def _escaped(word: str) -> str:
    return "".join(
        one if one.isalnum() or not one.isascii() or one == "_" else f"\\{one}" for one in word
    )


def _longest(group: Iterable[str]) -> int:
    return max(len(word) + 7 * word.count(" ") for word in group)


def spelled_words(texts: Iterable[str]) -> tuple[str, ...]:
    """The words of texts with one word a line; what follows a `#` at the begin of a word is a
    comment."""
    lines = (line for text in texts for line in text.splitlines())
    return tuple(word for line in lines if (word := re.sub(r"(?:^|\s)#.*", "", line).strip()))
