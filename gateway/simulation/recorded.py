"""What a gateway records of the requests that it served, as it is read again."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import orjson

LONGEST_LINE: Final = 256 * 1024
"""Bytes; a recorder keeps 1,024 hashes of 16 digits at most."""

MOST: Final = 1 << 53
NAME_LENGTH: Final = 320


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request that was served. `at` and the times are seconds, `chain` has `hash_bytes` bytes
    for each `block_bytes` of the prompt that were whole. None is what the gateway did not see."""

    at: float
    pool: str
    model: str
    profile: str
    endpoint: str
    endpoints: int
    status: int
    prompt_bytes: int
    block_bytes: int
    hash_bytes: int
    chain: bytes
    believed_tokens: int
    believed_cached: int
    prompt_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    ttft: float | None
    duration: float | None
    cache_tokens: int | None

    @property
    def tokens(self) -> int:
        """Of the prompt: counted by the server, else as the gateway estimated, at least one."""
        told = self.believed_tokens if self.prompt_tokens is None else self.prompt_tokens
        return max(told, 1)

    def hash_at(self, block: int) -> bytes:
        """That of a block, by its number from 0."""
        return self.chain[block * self.hash_bytes : (block + 1) * self.hash_bytes]

    @property
    def blocks(self) -> int:
        """How many have a hash."""
        return len(self.chain) // self.hash_bytes


class RecordError(ValueError):
    """No record of a served request."""


def recorded(value: object) -> Recorded:
    """A record out of its JSON. Raises RecordError."""
    if not isinstance(value, dict):
        raise RecordError("want a JSON object")
    told = cast("dict[str, Any]", value)
    found = Recorded(
        at=_seconds(told, "at", 1.0) or 0.0,
        pool=_name(told, "pool"),
        model=_name(told, "model"),
        profile=_name(told, "profile"),
        endpoint=_name(told, "endpoint"),
        endpoints=_count(told, "endpoints"),
        status=_count(told, "status"),
        prompt_bytes=_count(told, "prompt_bytes"),
        block_bytes=_count(told, "block_bytes"),
        hash_bytes=_count(told, "hash_bytes"),
        chain=_chain(told),
        believed_tokens=_count(told, "believed_tokens"),
        believed_cached=_count(told, "believed_cached"),
        prompt_tokens=_count_or_none(told, "prompt_tokens"),
        cached_tokens=_count_or_none(told, "cached_tokens"),
        output_tokens=_count_or_none(told, "output_tokens"),
        ttft=_seconds(told, "ttft_ms", 1000.0),
        duration=_seconds(told, "duration_ms", 1000.0),
        cache_tokens=_count_or_none(told, "cache_tokens"),
    )
    if not found.block_bytes or not found.hash_bytes or len(found.chain) % found.hash_bytes:
        raise RecordError("chain does not fit block_bytes and hash_bytes")
    return found


def read_records(path: Path) -> Iterator[tuple[int, Recorded | RecordError]]:
    """The lines of a file that a gateway wrote: the number of each, and its record or what is wrong
    with it (a full disk or a kill cuts a line off). Raises OSError."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                _skip(file)
                yield number, RecordError(f"longer than {LONGEST_LINE} bytes")
            elif line.strip():
                yield number, _read(line)


def _read(line: bytes) -> Recorded | RecordError:
    try:
        return recorded(orjson.loads(line))
    except RecordError as error:
        return error
    except orjson.JSONDecodeError:
        return RecordError("no JSON")


def _skip(file: BinaryIO) -> None:
    """To the end of the line."""
    while (more := file.readline(LONGEST_LINE)) and not more.endswith(b"\n"):
        pass


def _chain(told: dict[str, Any]) -> bytes:
    found = told.get("chain")
    if not isinstance(found, str):
        raise RecordError("chain is missing")
    try:
        return bytes.fromhex(found)
    except ValueError as error:
        raise RecordError("chain is not hexadecimal") from error


def _name(told: dict[str, Any], name: str) -> str:
    found = told.get(name)
    if not isinstance(found, str) or len(found) > NAME_LENGTH:
        raise RecordError(f"{name} is no name")
    return found


def _count(told: dict[str, Any], name: str) -> int:
    found = _count_or_none(told, name)
    if found is None:
        raise RecordError(f"{name} is missing")
    return found


def _count_or_none(told: dict[str, Any], name: str) -> int | None:
    found = told.get(name)
    if found is None:
        return None
    if type(found) is not int or not 0 <= found < MOST:
        raise RecordError(f"{name} is no count")
    return found


def _seconds(told: dict[str, Any], name: str, unit: float) -> float | None:
    """`name` in `unit` parts of a second; None: not known, but for the arrival."""
    found = told.get(name)
    if found is None and name != "at":
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise RecordError(f"{name} is no time")
    if not isfinite(found) or not 0 <= found < MOST:
        raise RecordError(f"{name} is no time")
    return found / unit
