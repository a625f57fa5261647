"""What workers and the picker process say to each other: JSON arrays over a Unix socket.

Hashes and counts only; no prompt and no credential goes over it. Of a caller there is the flow,
which is its principal's id unless a hint says otherwise, and a hash of its session. Both ends are
processes of one gateway of one version, so that a frame that cannot be read ends the connection.
"""

import asyncio
import dataclasses
import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from operator import eq
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
            return ["placement", *fields, *_from_scores(answer.scores)]
        case Dropped():
            return ["dropped", answer.drop.value, answer.retry_after, answer.waited]
        case Entry():
            return ["entry", *_values(answer)]


def to_answer(values: list[Any]) -> Answer:
    """The inverse. Raises `BrokenLineError`."""
    try:
        kind, *fields = values
        if kind == "placement":
            *fields, names, table = fields
            placement = Placement(*fields, scores=Scores(names, table))
            return dataclasses.replace(placement, fallbacks=tuple(placement.fallbacks))
        if kind == "entry":
            return Entry(*fields)
        return Dropped(Drop(fields[0]), *fields[1:])
    except (AttributeError, TypeError, ValueError, IndexError) as error:
        raise BrokenLineError from error


class Scores(Mapping[str, Mapping[str, float]]):
    """What endpoints were compared by, as it came: few picks are ever explained. `table` has the
    values of `names` for each address, or its parts by name."""

    __slots__ = ("_names", "_table")

    def __init__(
        self, names: Sequence[str], table: Mapping[str, Sequence[float] | Mapping[str, float]]
    ) -> None:
        """Raises TypeError for what is no table of these names."""
        for row in table.values():
            if len(row) != len(names) and not isinstance(row, Mapping):
                raise TypeError("a row of another length")
        self._names = names
        self._table = table

    def __getitem__(self, address: str) -> Mapping[str, float]:
        row = self._table[address]
        return row if isinstance(row, Mapping) else dict(zip(self._names, row, strict=True))

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def _from_scores(scores: Mapping[str, Mapping[str, float]]) -> tuple[list[str], dict[str, Any]]:
    """The best of them: names once, and values by address, or parts by name where endpoints have
    others."""
    names: list[str] = []
    table: dict[str, Any] = {}
    for address, parts in islice(scores.items(), SCORED):
        names = names or list(parts)
        same = len(parts) == len(names) and all(map(eq, parts, names))
        table[address] = list(parts.values()) if same else dict(parts)
    return names, table


def _values(of: Demand | Served | Placement | Entry) -> list[Any]:
    return [getattr(of, field.name) for field in dataclasses.fields(of)]
