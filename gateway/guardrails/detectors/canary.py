"""A system prompt that comes out again in an answer. Pure: no I/O, no clock.

OWASP LLM07:2025. Two ways to notice: a canary, a token that stands in the prompt and nowhere else,
and runs of words that are those of the prompt, known by their hashes alone.
"""

import base64
import codecs
import re
from collections.abc import Iterator
from hashlib import blake2b
from itertools import accumulate
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from gateway.config.section import Section
from gateway.guardrails.detector import Detector, Prepared, Scored, ScoreWindow
from gateway.guardrails.normal import normalised
from gateway.guardrails.pattern import Pattern
from gateway.model.passage import Part

GRAM: Final = 8
"""Words of a run. Shorter ones are those of everybody."""

_PARTS: Final = frozenset({Part.ASSISTANT, Part.REASONING, Part.TOOL_ARGUMENTS})
_WORD: Final = re.compile(r"[^\W_]+")
_BETWEEN: Final = r"[\s._*|/-]{0,3}"
_RUN: Final = 3
"""Runs of one window from which on chance is no explanation."""

_Token = Annotated[str, Field(min_length=8, max_length=128, pattern=r"^[\x21-\x7e]+$")]
_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class Options(Section):
    """What must not come out."""

    tokens: tuple[_Token, ...] = Field(
        default=(),
        max_length=100,
        description="Random tokens of 8 characters or more that stand in a system prompt.",
    )
    prompt_hashes: tuple[_Hash, ...] = Field(
        default=(),
        max_length=100_000,
        description="Hashes of the prompt's runs of 8 words, in place of the prompt itself.",
    )
    prompt: str = Field(
        default="",
        max_length=256 * 1024,
        description='The prompt itself, "file:prompt.txt"; only hashes of it are kept.',
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.tokens or self.prompt_hashes or self.prompt):
            raise ValueError("nothing to look for: give `tokens`, `prompt` or `prompt_hashes`")
        if self.prompt and not prompt_hashes(self.prompt):
            raise ValueError(f"`prompt` has fewer than {GRAM} words: give a token instead")
        return self


def prompt_hashes(prompt: str) -> tuple[str, ...]:
    """16 hex characters for each run of 8 words of a prompt, sorted, each once: BLAKE2b of the
    words, in lower case and normal form, with one space between them. A run cannot be read out of
    its hash, only guessed."""
    return tuple(sorted({found.hex() for found in _hashes(normalised(prompt).text)}))


def _hashes(text: str) -> Iterator[bytes]:
    words = [word.encode("utf-8", "surrogatepass") for word in _WORD.findall(text.casefold())]
    told = b" ".join(words)
    ends = list(accumulate(len(word) + 1 for word in words))
    starts = [0, *ends]
    for start, end in zip(starts, ends[GRAM - 1 :], strict=False):
        yield blake2b(told[start : end - 1], digest_size=8).digest()


def _prepared(options: Options) -> Prepared:
    tokens = enumerate(dict.fromkeys(options.tokens))
    known = {bytes.fromhex(one) for one in options.prompt_hashes}
    known.update(_hashes(normalised(options.prompt).text))
    return Prepared(
        patterns=tuple(one for number, token in tokens for one in _patterns(number, token)),
        window=_window(frozenset(known)) if known else None,
        parts=_PARTS,
    )


def _patterns(number: int, token: str) -> tuple[Pattern, ...]:
    coded = sorted({*_base64_forms(token), codecs.encode(token, "rot13"), token[::-1]} - {token})
    return (
        Pattern(
            f"token_{number}",
            _BETWEEN.join(map(_escaped, token)),
            "canary",
            score=0.95,
            longest=len(token) * 4,
            caseless=True,
        ),
        Pattern(
            f"coded_{number}",
            "|".join("".join(map(_escaped, one)) for one in coded),
            "canary",
            score=0.9,
            longest=max(map(len, coded)),
        ),
        Pattern(
            f"hex_{number}",
            _BETWEEN.join(f"{ord(one):02x}" for one in token),
            "canary",
            score=0.9,
            longest=len(token) * 5,
            caseless=True,
        ),
    )


def _base64_forms(token: str) -> Iterator[str]:
    """What of the token's base64 is the same whatever stands around it: it may begin at each of
    three places of a group. Shorter than the whole, so nothing else decodes to it by chance only
    where it is long enough."""
    for skipped in range(3):
        raw = b"\0" * skipped + token.encode("ascii")
        coded = base64.b64encode(raw).decode("ascii")
        first = (skipped * 8 + 5) // 6
        yield coded[first : len(raw) * 8 // 6]


def _escaped(one: str) -> str:
    return one if one.isalnum() else f"\\{one}"


def _window(known: frozenset[bytes]) -> ScoreWindow:
    def scored(text: str) -> tuple[Scored, ...]:
        runs = sum(found in known for found in _hashes(text))
        if not runs:
            return ()
        return (Scored("system_prompt", min(0.99, 0.7 + 0.02 * runs) if runs >= _RUN else 0.5),)

    return scored


DETECTOR: Final = Detector(
    name="canary",
    summary="The system prompt in an answer: canary tokens, also coded, and runs of its words.",
    categories={
        "canary": "A canary token, plain, spaced out, in base64, hex, ROT13 or backwards.",
        "system_prompt": "Runs of eight words of the prompt; one is LOW, three are MEDIUM.",
    },
    options=Options,
    prepare=_prepared,
)
