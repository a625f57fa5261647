"""Keeps how requests were served, where a pool says so, and tells of the newest ones otherwise."""

import logging
import os
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from gateway.config.pool import Trace
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.server.arrival import HASH_BYTES, enciphered
from gateway.server.picks import Kept, Picks

LOG: Final = logging.getLogger("gatehouse.trace")
TRACE: Final = "trace"
"""The type of the supervisor's question."""

TOLD_LOST: Final = 1_000
TOLD: Final = 4 * 1024 * 1024
"""Bytes of hashes that one answer has at most."""


class Sink(Protocol):
    """Where records go."""

    def write(self, record: JsonObject) -> None: ...
    async def close(self) -> None: ...


OpenTrace = Callable[[str, int, Callable[[int], None]], Sink]
"""Opens the file of a path with so many bytes at most; the callback is told how many records were
lost."""


def no_trace(path: str, most: int, lost: Callable[[int], None]) -> Sink:
    """For a worker that has no files. Raises OSError."""
    del most, lost
    raise OSError(f"no trace can be kept in {path}")


class TraceRecorder:
    """The traces of one worker. `open_sink` opens files, by default none; `lost` counts records for
    which a disk was too slow or too full, of which `on_lost` is told too."""

    def __init__(self, on_lost: Callable[[int], None] | None = None) -> None:
        self.open_sink: OpenTrace = no_trace
        self._on_lost = on_lost
        self.lost = 0
        self._key = os.urandom(32)  # until there is a configuration
        self._pools: Mapping[str, Trace] = {}
        self._sinks: dict[Trace, Sink] = {}

    async def configure(self, pools: Mapping[str, Trace], key: bytes) -> None:
        """Keep the requests of these pools from now on. OSError for a file that cannot be opened;
        all is as before then."""
        wanted = set(pools.values())
        opened: dict[Trace, Sink] = {}
        try:
            for trace in wanted - self._sinks.keys():
                opened[trace] = self.open_sink(trace.file, trace.max_bytes, self._note_lost)
        except OSError:
            for sink in opened.values():
                await sink.close()
            raise
        gone = [self._sinks.pop(trace) for trace in self._sinks.keys() - wanted]
        self._sinks.update(opened)
        self._pools, self._key = pools, key or self._key
        for sink in gone:
            await sink.close()

    def ended(self, kept: Kept) -> None:
        """As `picks.Recorder`."""
        trace = self._pools.get(kept.placement.pool)
        if trace is not None:
            self._sinks[trace].write(record_of(kept, self._key))

    def _note_lost(self, count: int) -> None:
        """Said once in a while: whoever loses one loses many."""
        if self.lost % TOLD_LOST + count >= TOLD_LOST or not self.lost:
            LOG.warning("%d records of a trace were lost", self.lost + count)
        self.lost += count
        if self._on_lost is not None:
            self._on_lost(count)

    def view(self, picks: Picks) -> JsonObject:
        """The newest requests that have ended, as records."""
        records: list[JsonValue] = []
        left = TOLD
        for kept in picks.newest():
            left -= len(kept.arrival.hashes)
            if left < 0:
                break
            records.append(record_of(kept, self._key))
        return {"records": records}

    async def close(self) -> None:
        """Write what waits."""
        for sink in self._sinks.values():
            await sink.close()
        self._sinks = {}
        self._pools = {}


def record_of(kept: Kept, key: bytes) -> JsonObject:
    """How a request that has ended was served: names of the configuration, addresses of model
    servers and numbers. `chain` are the enciphered hashes."""
    placement, served, arrival = kept.placement, kept.served, kept.arrival
    first = None if served is None else served.first_token
    return {
        "at": round(arrival.at, 4),
        "pool": placement.pool,
        "model": kept.model,
        "profile": placement.profile,
        "endpoint": (served.endpoint if served else None) or placement.endpoint,
        "endpoints": arrival.endpoints,
        "status": served.status if served else 0,
        "prompt_bytes": arrival.prompt_bytes,
        "block_bytes": arrival.block_bytes,
        "hash_bytes": HASH_BYTES,
        "chain": enciphered(arrival.hashes, key),
        "believed_tokens": placement.prompt_tokens,
        "believed_cached": placement.cached_tokens,
        "prompt_tokens": served.prompt_tokens if served else None,
        "cached_tokens": served.cached_tokens if served else None,
        "output_tokens": served.output_tokens if served else None,
        "ttft_ms": None if first is None else round((placement.waited + first) * 1000, 1),
        "duration_ms": None if kept.seconds is None else round(kept.seconds * 1000, 1),
        "cache_tokens": kept.cache_tokens,
    }
