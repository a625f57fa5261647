"""vLLM's KV events, decoded: MessagePack of [time, events, data parallel rank]. Pure.

An event is an array that begins with its name, or a map that has it as "type" (vLLM PR 42892).
"""

from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

from msgspec import Meta as Bound
from msgspec import MsgspecError, Raw, Struct
from msgspec.msgpack import Decoder

MAX_EVENTS: Final = 10_000
MAX_BLOCKS: Final = 100_000
MAX_TOKENS: Final = 1_000_000
MAX_BYTES: Final = 4 * 1024 * 1024
"""Bounds of one batch, far above what an engine computes in a step: read, it takes 30 times that
memory at worst, and whoever waits for a pick waits for it."""

_FULL_ATTENTION: Final = (None, 0)
"""Groups of layers that keep all of a prompt; of others nothing can be said here."""

Hash: TypeAlias = int | bytes
"""How an engine names a block: a number, or a digest of 32 bytes."""

_Blocks: TypeAlias = Annotated[
    list[int | Annotated[bytes, Bound(max_length=64)]], Bound(max_length=MAX_BLOCKS)
]
_Tokens: TypeAlias = Annotated[
    list[Annotated[int, Bound(ge=0, lt=1 << 32)]], Bound(max_length=MAX_TOKENS)
]
_Medium: TypeAlias = Annotated[str, Bound(max_length=32)] | None
_Name: TypeAlias = Annotated[str, Bound(max_length=256)] | None

NOTHING: Final = Raw(b"\xc0")
"""MessagePack's nil."""


class Stored(Struct, array_like=True, tag="BlockStored", frozen=True):
    """Blocks came into a cache, each after the one before it, the first after `parent` (None: it is
    the beginning of a prompt). `token_ids` are theirs, `block_size` for each. `extra_keys` is not
    decoded: it may be anything."""

    block_hashes: _Blocks
    parent_block_hash: int | Annotated[bytes, Bound(max_length=64)] | None
    token_ids: _Tokens
    block_size: Annotated[int, Bound(ge=1, le=4096)]
    lora_id: int | None = None
    medium: _Medium = None
    lora_name: _Name = None
    extra_keys: Raw = NOTHING
    group_idx: int | None = None


class Removed(Struct, array_like=True, tag="BlockRemoved", frozen=True):
    """Blocks have left a cache."""

    block_hashes: _Blocks
    medium: _Medium = None
    group_idx: int | None = None


class Cleared(Struct, array_like=True, tag="AllBlocksCleared", frozen=True):
    """Every block has left."""


class _StoredMap(Struct, tag_field="type", tag="BlockStored"):
    block_hashes: _Blocks
    token_ids: _Tokens
    block_size: Annotated[int, Bound(ge=1, le=4096)]
    parent_block_hash: int | Annotated[bytes, Bound(max_length=64)] | None = None
    lora_id: int | None = None
    medium: _Medium = None
    lora_name: _Name = None
    extra_keys: Raw = NOTHING
    group_idx: int | None = None


class _RemovedMap(Struct, tag_field="type", tag="BlockRemoved"):
    block_hashes: _Blocks
    medium: _Medium = None
    group_idx: int | None = None


class _ClearedMap(Struct, tag_field="type", tag="AllBlocksCleared"):
    pass


class _Envelope(Struct, array_like=True):
    ts: float
    events: Annotated[list[Raw], Bound(max_length=MAX_EVENTS)]


Event: TypeAlias = Stored | Removed | Cleared

_ENVELOPE: Final = Decoder(_Envelope)
_ARRAYS: Final = Decoder(Stored | Removed | Cleared)
_MAPS: Final = Decoder(_StoredMap | _RemovedMap | _ClearedMap)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one message said: `at` is the engine's wall clock in seconds, 0 where the message could
    not be read. `malformed` counts events, or messages, that are not as they should be; such an
    event is left out, and with it the blocks that it was about."""

    at: float
    events: tuple[Event, ...]
    malformed: int = 0


def read_batch(payload: bytes) -> Batch:
    """The batch of a message. Whatever the bytes are, it does not raise."""
    if len(payload) > MAX_BYTES:
        return Batch(0.0, (), 1)
    try:
        envelope = _ENVELOPE.decode(payload)
    except (MsgspecError, ValueError, RecursionError):
        return Batch(0.0, (), 1)
    events: list[Event] = []
    malformed, left = 0, MAX_BLOCKS
    for raw in envelope.events:
        event = _read(raw) if left >= 0 else None
        left -= 0 if event is None or isinstance(event, Cleared) else len(event.block_hashes)
        if event is None or left < 0:
            malformed += 1
        elif isinstance(event, Cleared) or event.group_idx in _FULL_ATTENTION:
            events.append(event)
    return Batch(envelope.ts, tuple(events), malformed)


def _read(raw: Raw) -> Event | None:
    """An event of either form; None for one that is malformed, or of a kind not known here."""
    try:
        first = bytes(raw)[:1]
        array = b"\x90" <= first <= b"\x9f" or first in (b"\xdc", b"\xdd")
        event = _ARRAYS.decode(raw) if array else _plain(_MAPS.decode(raw))
    except (MsgspecError, ValueError, RecursionError):
        return None
    if isinstance(event, Stored) and len(event.token_ids) != (
        len(event.block_hashes) * event.block_size
    ):
        return None
    return event


def _plain(event: _StoredMap | _RemovedMap | _ClearedMap) -> Event:
    if isinstance(event, _ClearedMap):
        return Cleared()
    if isinstance(event, _RemovedMap):
        return Removed(event.block_hashes, event.medium, event.group_idx)
    return Stored(
        event.block_hashes,
        event.parent_block_hash,
        event.token_ids,
        event.block_size,
        event.lora_id,
        event.medium,
        event.lora_name,
        event.extra_keys,
        event.group_idx,
    )
