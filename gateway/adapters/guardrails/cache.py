"""Keeps verdicts by a hash of what was asked. No I/O, no clock.

Masked texts are all that it holds of what passed; they stay in memory, bounded and for a time.
"""

import hashlib
from collections import OrderedDict
from typing import Final

from gateway.guardrails.provider import ProviderVerdict, Question

MAX_CHARACTERS: Final = 4 * 1024 * 1024
"""Of the masked texts of all verdicts together."""


def key_of(version: bytes, question: Question) -> bytes:
    """The SHA-256 of a question and of the `version` of whoever is asked. No two questions have
    the same input: every field comes after its length."""
    digest = hashlib.sha256()
    fields = (
        question.direction.value,
        question.stage.value,
        question.model,
        question.name,
        *(part.value for part in question.parts),
        *question.texts,
    )
    for data in (version, *(field.encode("utf-8", "surrogatepass") for field in fields)):
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


class VerdictCache:
    """The last `entries` verdicts, each for `ttl` seconds. Times are seconds of one clock."""

    def __init__(self, entries: int, ttl: float, characters: int = MAX_CHARACTERS) -> None:
        self._entries = entries
        self._ttl = ttl
        self._limit = characters
        self._kept: OrderedDict[bytes, tuple[float, ProviderVerdict]] = OrderedDict()
        self._characters = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: bytes, now: float) -> ProviderVerdict | None:
        """A verdict that is still fresh."""
        found = self._kept.get(key)
        if found is None:
            return None
        expires, verdict = found
        if expires <= now:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return verdict

    def put(self, key: bytes, verdict: ProviderVerdict, now: float) -> None:
        """Keep a verdict; one that was skipped, in part or whole, is none to keep."""
        size = _characters(verdict)
        if verdict.skipped is not None or size > self._limit or not self._entries:
            return
        if key in self._kept:
            self._drop(key)
        self._kept[key] = (now + self._ttl, verdict)
        self._characters += size
        while len(self._kept) > self._entries or self._characters > self._limit:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: bytes) -> None:
        _, verdict = self._kept.pop(key)
        self._characters -= _characters(verdict)


def _characters(verdict: ProviderVerdict) -> int:
    return sum(map(len, verdict.texts or ()))
