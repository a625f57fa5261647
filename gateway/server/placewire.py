"""What workers and the picker process say to each other: JSON arrays over a Unix socket.

Hashes and counts only; no prompt and no credential goes over it. Of a caller there is the flow,
which is its principal's id unless a hint says otherwise, and a hash of its session. Both ends are
processes of one gateway of one version, so that a frame that cannot be read ends the connection.
"""

import asyncio
import dataclasses
import struct
from itertools import islice
from typing import Any, Final, TypeAlias

import orjson

from gateway.model.demand import Demand
from gateway.model.jsonvalue import JsonValue
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.pipeline.placer import Entry

Answer: TypeAlias = Placement | Dropped | Entry

MAX_FRAME: Final = 4 * 1024 * 1024
"""Bytes. A chain of 64 MiB of prompt has 65,536 hashes of 20 digits at most."""

SCORED: Final = 16
"""Of the endpoints that a placement was compared with: enough to explain it."""

_LENGTH: Final = struct.Struct(">I")


class BrokenLineError(EOFError):
    """The other end is gone, or says what this version does not."""


def frame(message: list[Any]) -> bytes:
    """One message. Raises ValueError for one that is too long."""
    data = orjson.dumps(message)
    if len(data) > MAX_FRAME:
        raise ValueError(f"a message of {len(data)} bytes; at most {MAX_FRAME} are allowed")
    return _LENGTH.pack(len(data)) + data


async def receive(reader: asyncio.StreamReader) -> list[JsonValue]:
    """The next message. Raises `BrokenLineError` at the end."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > MAX_FRAME:
            raise BrokenLineError
        message: JsonValue = orjson.loads(await reader.readexactly(length))
    except (OSError, asyncio.IncompleteReadError, ValueError) as error:
        raise BrokenLineError from error
    if not isinstance(message, list):
        raise BrokenLineError
    return message


def from_demand(demand: Demand) -> list[Any]:
    """A demand as plain values, in the order of its fields."""
    return _values(demand)


def to_demand(values: list[Any]) -> Demand:
    """The inverse. Raises `BrokenLineError`."""
    try:
        demand = Demand(*values)
        subset = None if demand.subset is None else tuple(demand.subset)
        return dataclasses.replace(demand, chain=tuple(demand.chain), subset=subset)
    except TypeError as error:
        raise BrokenLineError from error


def from_served(served: Served) -> list[Any]:
    """An end as plain values, in the order of its fields."""
    return _values(served)


def to_served(values: list[Any]) -> Served:
    """The inverse. Raises `BrokenLineError`."""
    try:
        return Served(*values)
    except TypeError as error:
        raise BrokenLineError from error


def from_answer(answer: Answer) -> list[Any]:
    """What a placer answers as plain values, with its kind in front."""
    match answer:
        case Placement():
            *fields, _scores = _values(answer)
            best = islice(answer.scores.items(), SCORED)
            return ["placement", *fields, {name: dict(parts) for name, parts in best}]
        case Dropped():
            return ["dropped", answer.drop.value, answer.retry_after, answer.waited]
        case Entry():
            return ["entry", *_values(answer)]


def to_answer(values: list[Any]) -> Answer:
    """The inverse. Raises `BrokenLineError`."""
    try:
        kind, *fields = values
        if kind == "placement":
            placement = Placement(*fields)
            return dataclasses.replace(placement, fallbacks=tuple(placement.fallbacks))
        if kind == "entry":
            return Entry(*fields)
        return Dropped(Drop(fields[0]), *fields[1:])
    except (TypeError, ValueError, IndexError) as error:
        raise BrokenLineError from error


def _values(of: Demand | Served | Placement | Entry) -> list[Any]:
    return [getattr(of, field.name) for field in dataclasses.fields(of)]
