"""Lists of words of the user's own. Pure: no I/O, no clock."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from gateway.config.section import Section
from gateway.guardrails.detector import Detector, Prepared
from gateway.guardrails.pattern import Pattern
from gateway.guardrails.word_patterns import (
    MOST_WORDS,
    normal_words,
    spelled_words,
    word_patterns,
)

_Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class WordList(Section):
    """Words that make findings of one category."""

    category: _Label = Field(default="word", description="Of the findings; masks show it.")
    words: tuple[str, ...] = Field(
        default=(), max_length=MOST_WORDS, description="Found as whole words, in any case."
    )
    text: str = Field(
        default="",
        max_length=8 * 1024 * 1024,
        description='Further words, one a line, with # for comments: "file:words.txt".',
    )
    score: Annotated[float, Field(gt=0, le=1)] = 0.7
    context: tuple[str, ...] = Field(
        default=(),
        max_length=200,
        description="One of these has to stand within 64 characters of a word. Empty: none.",
    )


class Options(Section):
    """What to look for."""

    lists: Annotated[tuple[WordList, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _something(self) -> Self:
        for index, one in enumerate(self.lists):
            if not one.words and not one.text.strip():
                raise ValueError(f"lists[{index}] has no words: give `words` or `text`")
        return self


def _prepared(options: Options) -> Prepared:
    patterns: list[Pattern] = []
    count = 0
    for index, one in enumerate(options.lists):
        words = normal_words((*one.words, *spelled_words((one.text,))))
        count += len(words)
        patterns += word_patterns(f"list_{index}", one.category, words, one.score, one.context)
    if count > MOST_WORDS:
        raise ValueError(f"the lists have more than {MOST_WORDS:,} words together: leave some out")
    return Prepared(patterns=tuple(patterns))


DETECTOR: Final = Detector(
    name="words",
    summary="Words and phrases of lists of the user's own, also under categories of their own.",
    categories={"word": "A word of a list that names no category."},
    options=Options,
    prepare=_prepared,
)
