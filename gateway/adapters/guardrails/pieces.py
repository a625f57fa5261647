"""Asks about each text of a question alone, long ones in pieces that overlap.

For services that judge one text at a time, and whose limits or quality ask for short ones. A text
is asked about once, however often it stands in a question, and what was said of a piece is kept:
the next turn of a conversation repeats the ones before it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from gateway.adapters.guardrails.cache import VerdictCache, key_of
from gateway.config.providers import ProviderCache
from gateway.guardrails.provider import (
    PASSED,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
)

OVERLAP: Final = 500
"""Characters that two pieces have in common."""

_STRENGTH: Final = tuple(ProviderAction)

T = TypeVar("T")


def cut(text: str, size: int) -> list[tuple[int, str]]:
    """The pieces of a text, at most `size` characters each (more than OVERLAP), with the offset of
    each; two neighbours share OVERLAP characters."""
    if len(text) <= size:
        return [(0, text)]
    starts = range(0, len(text) - OVERLAP, size - OVERLAP)
    return [(start, text[start : start + size]) for start in starts]


def rejoined(text: str, pieces: Sequence[tuple[int, str]], masked: Sequence[str]) -> str | None:
    """The text whose pieces were masked; None where a mask is in what two pieces share, so that
    nobody can say where the one ends and the other begins."""
    whole = masked[0]
    for (before, piece), (start, _), part in zip(pieces, pieces[1:], masked[1:], strict=False):
        shared = text[start : before + len(piece)]
        if not (whole.endswith(shared) and part.startswith(shared)):
            return None
        whole += part[len(shared) :]
    return whole


async def all_of(calls: Iterable[Awaitable[T]]) -> list[T]:
    """The results of calls that run at the same time. When one raises, the others are cancelled."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


class Pieces:
    """Asks `judge` about every piece, of `size` characters at most. It is given a question with one
    text; what it says of anything but that text alone is not kept apart in the cache."""

    def __init__(
        self,
        judge: Callable[[Question], Awaitable[ProviderVerdict]],
        size: int,
        kept: ProviderCache,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._judge = judge
        self._size = size
        self._clock = clock
        self._cache = VerdictCache(kept.entries, kept.ttl)

    async def judge(self, question: Question) -> ProviderVerdict:
        """The verdict on all texts."""
        cuts = [cut(text, self._size) if text.strip() else [] for text in question.texts]
        distinct = list({piece: None for pieces in cuts for _, piece in pieces})
        verdicts = dict(
            zip(distinct, await all_of(self._piece(question, p) for p in distinct), strict=True)
        )
        return combined(question.texts, cuts, verdicts)

    async def _piece(self, question: Question, piece: str) -> ProviderVerdict:
        alone = replace(question, texts=(piece,), parts=question.parts[:1])
        key = key_of(b"piece", replace(alone, name=""))
        known = self._cache.get(key, self._clock())
        if known is None:
            known = await self._judge(alone)
            self._cache.put(key, known, self._clock())
        return known


def combined(
    texts: tuple[str, ...],
    cuts: Sequence[Sequence[tuple[int, str]]],
    verdicts: dict[str, ProviderVerdict],
) -> ProviderVerdict:
    """One verdict from those on the pieces of `texts`. A mask that cannot be put back blocks."""
    if not verdicts:
        return PASSED
    findings: dict[ProviderFinding, None] = {}
    masked: list[str | None] = []
    for index, (text, pieces) in enumerate(zip(texts, cuts, strict=True)):
        for start, piece in pieces:
            moved = (_moved(found, index, start) for found in verdicts[piece].findings)
            findings.update(dict.fromkeys(moved))
        masked.append(_masked(text, pieces, verdicts))
    action = max((one.action for one in verdicts.values()), key=_STRENGTH.index)
    if action is ProviderAction.MASK and None in masked:
        action = ProviderAction.BLOCK
    return ProviderVerdict(
        action,
        tuple(findings),
        tuple(text or "" for text in masked) if action is ProviderAction.MASK else None,
        next((one.skipped for one in verdicts.values() if one.skipped is not None), None),
    )


def _moved(found: ProviderFinding, index: int, start: int) -> ProviderFinding:
    span = None if found.span is None else (found.span[0] + start, found.span[1] + start)
    return replace(found, text=index, span=span)


def _masked(
    text: str, pieces: Sequence[tuple[int, str]], verdicts: dict[str, ProviderVerdict]
) -> str | None:
    if not any(verdicts[piece].texts for _, piece in pieces):
        return text
    parts = [(verdicts[piece].texts or (piece,))[0] for _, piece in pieces]
    return rejoined(text, pieces, parts)
