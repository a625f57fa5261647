"""A trace in Mooncake's format, one JSON object a line: timestamp (ms), input_length,
output_length, hash_ids (one per 512 tokens, equal ids are equal prefixes).

The conversation trace of kvcache-ai/Mooncake (FAST'25) is in this format. Lines that `gatehouse
trace export` wrote say besides how the request was served.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from gateway.simulation.prompt import BLOCK, Prompt, prompt_of
from gateway.simulation.request import Request

TRACE_BLOCK: Final = 512
LARGEST_BLOCK: Final = 16_384
LONGEST_LINE: Final = 1024 * 1024
"""Bytes of a line; a prompt of a million tokens has 16 kB."""

MOST_LINES: Final = 1_000_000
MOST_TOKENS: Final = 10_000_000
"""Of one prompt, and of one answer."""

LATEST: Final = 1e13
"""Milliseconds: three centuries."""

NAME_LENGTH: Final = 256
_TAIL: Final = 1
"""No block of several tokens stands for this segment: those are multiples of their size."""


@dataclass(frozen=True, slots=True)
class Serving:
    """How a gateway served a request, as far as the trace says: seconds to the first token and to
    the end, `cached` tokens that the server reported, by which profile, in which pool, among how
    many endpoints, each of which keeps `cache_tokens`, on which of them. `counted`: a server
    counted the tokens of the answer, nobody estimated them."""

    ttft: float | None = None
    duration: float | None = None
    cached: int | None = None
    profile: str | None = None
    pool: str | None = None
    endpoints: int | None = None
    cache_tokens: int | None = None
    endpoint: int | None = None
    counted: bool = True


class Row(NamedTuple):
    """One request of a trace: seconds, tokens in and out, its blocks of `size` tokens, and how it
    was served (None: the trace does not say). What is beyond the last block is like nothing else;
    the last one may be longer than what is left. `tail` tokens after it are as in other prompts
    that have the same blocks, as far as both go."""

    at: float
    tokens: int
    output: int
    blocks: tuple[int, ...]
    served: Serving | None = None
    size: int = TRACE_BLOCK
    tail: int = 0


class TraceError(ValueError):
    """A file that is no trace; the message names the line."""


def read_trace(path: Path) -> list[Row]:
    """The rows of a file. Raises TraceError, or OSError."""
    rows: list[Row] = []
    for number, line in _lines(path):
        try:
            row = _row(_object(line))
        except _FaultError as error:
            raise TraceError(f"{path}:{number}: {error}") from error
        if rows and row.at < rows[-1].at:
            raise TraceError(
                f"{path}:{number}: timestamp is before that of the line above; sort the lines by it"
            )
        rows.append(row)
    if not rows:
        raise TraceError(f"{path}:1: no requests; want a JSON object a line")
    return rows


def requests_of(rows: Sequence[Row], speed: float = 1.0) -> list[Request]:
    """The requests of one or more rows, the first at 0 seconds, `speed` times as fast. New ones at
    every call: a simulation moves them."""
    cuts = compressed([row.blocks for row in rows])
    return [
        Request(
            number,
            (row.at - rows[0].at) / speed,
            _prompt(row, cut, -1 - number),
            row.output,
            -1 - number,
        )
        for number, (row, cut) in enumerate(zip(rows, cuts, strict=True))
    ]


def compressed(prompts: Sequence[tuple[int, ...]]) -> list[list[int]]:
    """For each prompt the places where a run ends: after blocks that not all go on alike, so that
    a run is as long as it can be while every shared prefix is whole runs."""
    following: dict[int, set[int]] = {}
    ending: set[int] = set()
    for blocks in prompts:
        for one, two in pairwise(blocks):
            following.setdefault(one, set()).add(two)
        ending.update(blocks[-2:])
    return [
        [
            place + 1
            for place, block in enumerate(blocks)
            if block in ending or len(following.get(block, ())) != 1
        ]
        for blocks in prompts
    ]


def _prompt(row: Row, cuts: Sequence[int], own: int) -> Prompt:
    """`own` stands for what no other prompt has."""
    segments: list[tuple[int, int]] = []
    begin, size = 0, row.size
    for cut in cuts:
        tokens = min(cut * size, row.tokens) - begin * size
        segments.append((row.blocks[cut - 1] * size + tokens % size, tokens))
        begin = cut
    segments.append((_TAIL, row.tail))
    segments.append((own, max(row.tokens - begin * size - row.tail, 0)))
    return prompt_of(segments)


class _FaultError(ValueError):
    """What is wrong with a line."""


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise TraceError(f"{path}:{number}: longer than {LONGEST_LINE} bytes")
            if number > MOST_LINES:
                raise TraceError(f"{path}:{number}: more than {MOST_LINES} lines; cut the file")
            yield number, line


def _object(line: bytes) -> dict[str, Any]:
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _FaultError("not a request of a trace: no JSON") from error
    if not isinstance(value, dict):
        raise _FaultError("not a request of a trace: want a JSON object")
    return cast("dict[str, Any]", value)


def _row(value: dict[str, Any]) -> Row:
    at = _number(value, "timestamp", LATEST)
    tokens = _whole(value, "input_length", MOST_TOKENS)
    output = _whole(value, "output_length", MOST_TOKENS)
    if at is None or tokens is None or output is None:
        missing = next(
            name
            for name in ("timestamp", "input_length", "output_length")
            if value.get(name) is None
        )
        own = "; this is what a gateway records: gatehouse trace export makes a trace of it"
        raise _FaultError(f"{missing} is missing{own if 'prompt_bytes' in value else ''}")
    if tokens < 1:
        raise _FaultError("input_length is 0; a request has at least one token")
    found = value.get("hash_ids")
    if not isinstance(found, list):
        raise _FaultError("hash_ids is missing; want a list of whole numbers")
    blocks = cast("list[object]", found)
    wanted = -(-tokens // TRACE_BLOCK)
    if len(blocks) != wanted:
        raise _FaultError(
            f"hash_ids do not cover input_length: want {wanted}, one for each {TRACE_BLOCK} tokens"
        )
    row = Row(at / 1000, tokens, max(output, 1), tuple(map(_id, blocks)), _serving(value))
    return _by_prefix(row, value) if "prefix_ids" in value else row


def _by_prefix(row: Row, value: dict[str, Any]) -> Row:
    """With what an export of our own knows better than by 512 tokens: ids of the whole blocks at
    the beginning of a prompt, the tokens of one, and how many after them are nothing new."""
    size, found = _whole(value, "prefix_tokens", LARGEST_BLOCK), value["prefix_ids"]
    if not size or size % BLOCK:
        raise _FaultError(f"prefix_tokens must be a multiple of {BLOCK} up to {LARGEST_BLOCK}")
    if not isinstance(found, list) or len(cast("list[object]", found)) * size > row.tokens:
        raise _FaultError("prefix_ids must be a list that is not longer than input_length")
    ids = tuple(map(_id, cast("list[object]", found)))
    tail = _whole(value, "prefix_tail", row.tokens - len(ids) * size) or 0
    if tail % BLOCK:
        raise _FaultError(f"prefix_tail must be a multiple of {BLOCK}")
    return row._replace(blocks=ids, size=size, tail=tail)


def _id(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 64:
        raise _FaultError("ids must be whole numbers from 0 to 2^64 - 1")
    return value


def _serving(value: dict[str, Any]) -> Serving | None:
    ttft, duration = _number(value, "ttft_ms", LATEST), _number(value, "duration_ms", LATEST)
    found = Serving(
        ttft=None if ttft is None else ttft / 1000,
        duration=None if duration is None else duration / 1000,
        cached=_whole(value, "cached_tokens", MOST_TOKENS),
        profile=_name(value, "profile"),
        pool=_name(value, "pool"),
        endpoints=_whole(value, "endpoints", MOST_TOKENS),
        cache_tokens=_whole(value, "cache_tokens", 1 << 53),
        endpoint=_whole(value, "endpoint", MOST_TOKENS),
        counted=not _estimates(value, "output_length"),
    )
    return None if found in {Serving(), Serving(counted=False)} else found


def _estimates(value: dict[str, Any], name: str) -> bool:
    """Whether no server counted it."""
    found = value.get("estimated", [])
    if not isinstance(found, list):
        raise _FaultError("estimated must be a list of names")
    return name in cast("list[object]", found)


def _number(value: dict[str, Any], name: str, most: float) -> float | None:
    found = value.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise _FaultError(f"{name} must be a number")
    if not 0 <= found <= most or not isfinite(found):
        raise _FaultError(f"{name} must be from 0 to {most:g}")
    return float(found)


def _whole(value: dict[str, Any], name: str, most: int) -> int | None:
    found = _number(value, name, most)
    if found is None:
        return None
    if type(value[name]) is not int:
        raise _FaultError(f"{name} must be a whole number")
    return int(found)


def _name(value: dict[str, Any], name: str) -> str | None:
    found = value.get(name)
    if found is None:
        return None
    if not isinstance(found, str) or not 0 < len(found) <= NAME_LENGTH or not found.isprintable():
        raise _FaultError(f"{name} must be a name of at most {NAME_LENGTH} printable characters")
    return found
