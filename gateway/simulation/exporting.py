"""From what a gateway recorded to a trace in Mooncake's format.

Ids of blocks and of endpoints are numbers in the order in which they first occur: there is nothing
in them of the hash that they stand for, or of the address.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Final

from gateway.model.jsonvalue import JsonObject
from gateway.simulation.mooncake import LARGEST_BLOCK, MOST_TOKENS, TRACE_BLOCK
from gateway.simulation.prompt import BLOCK
from gateway.simulation.recorded import Recorded

START: Final = 4.0
LEAST: Final = 1.0
MOST: Final = 12.0
"""Bytes of a token where no server counted any, and what is believed of those that did."""

USUAL_OUTPUT: Final = 128
"""Tokens of an answer where no server counted any."""


def exported(records: Iterable[Recorded]) -> Iterator[JsonObject]:
    """A line for each request that was answered well, in order of arrival, the first at 0 ms.

    Beside Mooncake's four keys there are `model`, `pool`, `profile`, `endpoint`, `endpoints`, what
    the gateway believed to be cached, and whatever was seen of the answer. `prefix_ids` are as
    `hash_ids`, for each whole `prefix_tokens`, which is as fine as the gateway knows; of the
    `prefix_tail` tokens after them servers said that they are nothing new. `estimated` names those
    of the four that no server counted.
    """
    ordered = sorted((one for one in records if 200 <= one.status < 300), key=lambda one: one.at)
    ratios, pace = _bytes_per_token(ordered), _Pace.of(ordered)
    blocks, prefixes, endpoints = _Numbers(), _Prefixes(ordered, ratios), _Numbers()
    for one in ordered:
        tokens = _tokens(one)
        row: JsonObject = {
            "timestamp": round((one.at - ordered[0].at) * 1000),
            "input_length": tokens,
            "output_length": _output(one, pace),
            "hash_ids": [*_ids(one, tokens, ratios[one.model], blocks)],
            "model": one.model,
            "pool": one.pool,
            "profile": one.profile,
            "endpoint": endpoints.of((one.pool, one.endpoint)),
            "endpoints": one.endpoints,
            "believed_cached": one.believed_cached,
        }
        row.update(prefixes.of(one))
        row.update(_measured(one))
        if estimated := [*_estimated(one)]:
            row["estimated"] = [*estimated]
        yield row


class _Numbers:
    """Ordinals of things, and of what is like nothing else."""

    def __init__(self) -> None:
        self._known: dict[object, int] = {}
        self._next = 0

    def new(self) -> int:
        self._next += 1
        return self._next - 1

    def of(self, thing: object) -> int:
        number = self._known.get(thing)
        if number is None:
            number = self._known[thing] = self.new()
        return number


@dataclass(frozen=True, slots=True)
class _Pace:
    """Tokens of an answer: by its duration where servers have counted others, else as usual."""

    per_second: float | None

    @classmethod
    def of(cls, records: Sequence[Recorded]) -> "_Pace":
        known = [(one.output_tokens, one.duration) for one in records if one.output_tokens]
        tokens = sum(tokens for tokens, seconds in known if seconds)
        seconds = sum(seconds for _, seconds in known if seconds)
        return cls(tokens / seconds if seconds else None)

    def tokens(self, duration: float | None) -> int:
        if self.per_second is None or duration is None:
            return USUAL_OUTPUT
        return max(round(self.per_second * duration), 1)


def _bytes_per_token(records: Sequence[Recorded]) -> dict[str, float]:
    """Of each model: what its servers counted, else what the gateway believed of it."""
    found: dict[str, float] = {}
    models: dict[str, list[Recorded]] = {}
    for one in records:
        models.setdefault(one.model, []).append(one)
    for model, own in models.items():
        told = [one for one in own if one.prompt_tokens] or own
        size = sum(one.prompt_bytes for one in told)
        tokens = sum(one.prompt_tokens or one.believed_tokens for one in told)
        found[model] = min(max(size / tokens if tokens else START, LEAST), MOST)
    return found


def _ids(one: Recorded, tokens: int, ratio: float, numbers: _Numbers) -> Iterator[int]:
    """One for each 512 tokens that have begun. A block is known by the hash whose end is nearest to
    its own; what lies beyond the last hash, or is no whole block, is like nothing else."""
    for place in range(-(-tokens // TRACE_BLOCK)):
        end = (place + 1) * TRACE_BLOCK
        nearest = max(round(end * ratio / one.block_bytes), 1)
        if end <= tokens and nearest <= one.blocks:
            yield numbers.of((one.model, one.hash_at(nearest - 1), place))
        else:
            yield numbers.new()


class _Prefixes:
    """What prompts have in common, about as fine as the gateway and the servers told."""

    def __init__(self, records: Sequence[Recorded], ratios: Mapping[str, float]) -> None:
        self._numbers = _Numbers()
        self._sizes = {
            (model, block): min(max(round(block / ratios[model] / BLOCK), 1) * BLOCK, LARGEST_BLOCK)
            for model, block in {(one.model, one.block_bytes) for one in records}
        }
        told: dict[object, list[int]] = {}
        for one in records:
            if (tail := self._told(one)) is not None:
                told.setdefault(self._end(one), []).append(tail)
        self._usual = {end: median_low(tails) for end, tails in told.items()}

    def of(self, one: Recorded) -> JsonObject:
        """The keys of a request; none where nothing of its prompt has a hash."""
        size, count = self._size(one), self._count(one)
        if not count:
            return {}
        told = self._told(one)
        tail = self._usual.get(self._end(one), 0) if told is None else told
        rest = (_tokens(one) - count * size) // BLOCK * BLOCK
        return {
            "prefix_tokens": size,
            "prefix_ids": [
                self._numbers.of((one.model, one.hash_at(place), place)) for place in range(count)
            ],
            "prefix_tail": min(tail, rest),
        }

    def _size(self, one: Recorded) -> int:
        """Tokens of a block that has a hash, in whole blocks of an engine."""
        return self._sizes[one.model, one.block_bytes]

    def _count(self, one: Recorded) -> int:
        return min(one.blocks, _tokens(one) // self._size(one))

    def _end(self, one: Recorded) -> object:
        """What prompts with the same blocks have in common."""
        count = self._count(one)
        return one.model, count, one.hash_at(count - 1) if count else b""

    def _told(self, one: Recorded) -> int | None:
        """Tokens after the last hash that were cached, and so nothing new; None: not seen, as where
        the server did not have all before them."""
        if one.cached_tokens is None or not (count := self._count(one)):
            return None
        beyond = one.cached_tokens - count * self._size(one)
        return None if beyond < 0 else beyond // BLOCK * BLOCK


def _tokens(one: Recorded) -> int:
    return min(one.tokens, MOST_TOKENS)


def _output(one: Recorded, pace: _Pace) -> int:
    counted = one.output_tokens
    return min(pace.tokens(one.duration) if counted is None else counted, MOST_TOKENS)


def _measured(one: Recorded) -> Iterator[tuple[str, float | int]]:
    if one.ttft is not None:
        yield "ttft_ms", round(one.ttft * 1000, 1)
    if one.duration is not None:
        yield "duration_ms", round(one.duration * 1000, 1)
    if one.cached_tokens is not None:
        yield "cached_tokens", one.cached_tokens
    if one.cache_tokens is not None:
        yield "cache_tokens", one.cache_tokens


def _estimated(one: Recorded) -> Iterator[str]:
    if one.prompt_tokens is None:
        yield "input_length"
    if one.output_tokens is None:
        yield "output_length"
