"""What one gateway says to the others: MessagePack, strict and bounded. Pure: no I/O, no clock."""

from array import array
from collections.abc import Sequence
from typing import Annotated, Final, TypeAlias

import msgspec

VERSION: Final = 1
MAX_BYTES: Final = 320 * 1024
"""Of one message. What a sender makes is below it by its own bounds."""

MAX_EVENTS: Final = 1024
MAX_OPEN: Final = 2048
MAX_POOLS: Final = 64
MAX_ENDPOINTS: Final = 1024
MAX_CHAIN: Final = 48 * 1024
"""Bytes of hashes: 6,144 blocks, of all the chains of a message together."""

PARTS: Final = 16
"""Of a block: answers are told in whole ones of these."""

MOST: Final = 1 << 30
"""The largest count that is told."""

_Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
_Ticket = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
_Place = Annotated[int, msgspec.Meta(ge=0, lt=MAX_ENDPOINTS)]
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Placed(msgspec.Struct, array_like=True, tag=0, frozen=True):
    """A request was given to the endpoint `place` of the message's list: `prefill` uncached tokens
    of `context` tokens of prompt and expected answer, for which `reserve` sixteenths of a block are
    kept. `chain` has 8 bytes for each block of its prompt, or only its beginning, or nothing. Said
    of a request that is known it means that this endpoint answers it instead."""

    ticket: _Ticket
    place: _Place
    prefill: _Count
    context: _Count
    reserve: _Count = 0
    chain: Annotated[bytes, msgspec.Meta(max_length=MAX_CHAIN)] = b""


class Began(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """The request has its first token: `seen` in the answer, or taken for given by now."""

    ticket: _Ticket
    seen: bool


class Ended(msgspec.Struct, array_like=True, tag=2, frozen=True):
    """The request is over. It left an answer of so many sixteenths of a block; `read`: unless the
    endpoint never read it."""

    ticket: _Ticket
    left: _Count = 0
    read: bool = True


Event: TypeAlias = Placed | Began | Ended


class Running(msgspec.Struct, array_like=True, frozen=True):
    """A request that is not over, as in `Placed`. At first it is `prefilling`; `seen` as in
    `Began`."""

    ticket: _Ticket
    place: _Place
    prefill: _Count
    context: _Count
    prefilling: bool
    seen: bool


class Open(msgspec.Struct, array_like=True, frozen=True):
    """Of the tickets `first` to `last` these are not over, and all others are."""

    first: _Ticket
    last: _Ticket
    running: Annotated[list[Running], msgspec.Meta(max_length=MAX_OPEN)]


class PoolNews(msgspec.Struct, array_like=True, frozen=True):
    """Of the pool `name`. `endpoints` are addresses that the rest names by their place; `open` is
    as of after the `events`."""

    name: _Text
    endpoints: Annotated[list[_Text], msgspec.Meta(max_length=MAX_ENDPOINTS)]
    events: Annotated[list[Event], msgspec.Meta(max_length=MAX_EVENTS)]
    open: Open | None = None


class News(msgspec.Struct, array_like=True, frozen=True):
    """One message. `gateway` is random and new with each start, `number` greater than that of the
    message before. A `beat` names every pool of the gateway."""

    version: int
    gateway: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    number: _Ticket
    beat: bool
    pools: Annotated[list[PoolNews], msgspec.Meta(max_length=MAX_POOLS)]


class BadNewsError(ValueError):
    """Bytes that no gateway of this version wrote."""


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(News)


def encode(news: News) -> bytes:
    """The message as bytes."""
    return _ENCODER.encode(news)


def decode(data: bytes) -> News:
    """The inverse. Raises `BadNewsError` for anything that is too long, of another form or version,
    or names an endpoint that its list does not have."""
    if len(data) > MAX_BYTES:
        raise BadNewsError("too long")
    try:
        news = _DECODER.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BadNewsError("not a message of a gateway") from error
    if news.version != VERSION:
        raise BadNewsError("another version")
    for pool in news.pools:
        _check(pool)
    return news


def _check(pool: PoolNews) -> None:
    known = len(pool.endpoints)
    placed = [event for event in pool.events if isinstance(event, Placed)]
    if any(event.place >= known or len(event.chain) % 8 for event in placed):
        raise BadNewsError("an endpoint or a chain that cannot be")
    if pool.open is not None and any(row.place >= known for row in pool.open.running):
        raise BadNewsError("an endpoint that cannot be")


def bounded(count: float) -> int:
    """A count as it can be told."""
    return round(min(max(count, 0), MOST))


def packed(chain: Sequence[int]) -> bytes:
    """64-bit hashes as bytes, the lowest first."""
    hashes = array("Q", chain)
    if _BIG:
        hashes.byteswap()
    return hashes.tobytes()


def unpacked(data: bytes) -> tuple[int, ...]:
    """The inverse; `data` has a multiple of 8 bytes."""
    hashes = array("Q")
    hashes.frombytes(data)
    if _BIG:
        hashes.byteswap()
    return tuple(hashes)


_BIG: Final = array("H", [1]).tobytes() == b"\0\1"
