"""Prompts as runs of tokens, so that a shared prefix of 6,000 tokens costs as much as one of 16.

A prompt is a sequence of segments (identity, length). Two prompts share what they begin with: a
run's key stands for its segment and for everything before it, so that equal keys are equal
prefixes, wherever they occur. All segments but the last are whole blocks of 16 tokens.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

BLOCK: Final = 16
CHARACTERS: Final = 4
"""Tokens of an engine's block, and bytes of a token as routers without a tokeniser estimate it."""

_MASK: Final = (1 << 64) - 1


def mixed(one: int, two: int) -> int:
    """A 64-bit hash of two numbers (the finaliser of SplitMix64), equal in every process."""
    value = (one * 0x9E3779B97F4A7C15 + two + 0x632BE59BD9B4E019) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


class Run(NamedTuple):
    """`tokens` tokens of one segment; `key` stands for them and all that comes before."""

    key: int
    tokens: int


class Prompt:
    """What a request makes its model server read."""

    __slots__ = ("_chains", "runs", "tokens")

    def __init__(self, runs: Sequence[Run], *, whole: bool = True) -> None:
        if whole and any(run.tokens % BLOCK for run in runs[:-1]):
            raise ValueError("every segment but the last must be whole blocks")
        self.runs = tuple(runs)
        self.tokens = sum(run.tokens for run in self.runs)
        self._chains: dict[int, tuple[int, ...]] = {}

    def estimated(self, bytes_per_token: float) -> "Prompt":
        """The prompt as it looks to a router that takes every CHARACTERS bytes for a token, if the
        tokeniser makes a token of every `bytes_per_token`."""
        if bytes_per_token == CHARACTERS:
            return self
        factor, end, runs = bytes_per_token / CHARACTERS, 0, list[Run]()
        before = 0
        for key, tokens in self.runs:
            end += tokens
            runs.append(Run(key, round(end * factor) - before))
            before = round(end * factor)
        return Prompt(runs, whole=False)

    def then(self, segments: Iterable[tuple[int, int]]) -> "Prompt":
        """This prompt and after it `segments` of (identity, tokens)."""
        return Prompt((*self.runs, *_runs(segments, self.runs[-1].key if self.runs else 0)))

    def chain(self, size: int) -> tuple[int, ...]:
        """One hash for each whole block of `size` tokens, each for all up to its end."""
        known = self._chains.get(size)
        if known is None:
            known = self._chains[size] = tuple(_chain(self.runs, size))
        return known


def prompt_of(segments: Iterable[tuple[int, int]]) -> Prompt:
    """A prompt of `segments` of (identity, tokens)."""
    return Prompt(tuple(_runs(segments, 0)))


def _runs(segments: Iterable[tuple[int, int]], key: int) -> Iterable[Run]:
    for identity, tokens in segments:
        if tokens:
            key = mixed(key, identity)
            yield Run(key, tokens)


def _chain(runs: Sequence[Run], size: int) -> Iterable[int]:
    """A block is known by the run that it ends in and by where in it."""
    begin, end = 0, size
    for key, tokens in runs:
        while end <= begin + tokens:
            yield mixed(key, end - begin)
            end += size
        begin += tokens
