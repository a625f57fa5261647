"""Which expressions hit, in a whole text or piece by piece. Pure: no I/O, no clock.

Hyperscan's own objects hold on to nothing that they use, and a scratch serves one scan at a time:
both are seen to here.
"""

import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias, cast

from gateway.guardrails.byte_regex import ByteRegex
from gateway.guardrails.database import Databases
from gateway.guardrails.hyperscan_engine import hyperscan

Hit: TypeAlias = tuple[int, int]
"""The number of an expression, and the byte at which a match of it ends."""

_TAIL: Final = 1_024
"""Bytes of what came before that are searched again for what `plain` finds: more than any match of
those has."""


def _hit(number: int, _start: int, end: int, _flags: int, hits: object) -> None:
    cast("list[Hit]", hits).append((number, end))


class Scanner:
    """Looks for all expressions of a database at once, and for `plain`, which Hyperscan does not
    take, by themselves in texts in pieces. Threads may share it."""

    def __init__(
        self, databases: Databases, plain: Mapping[int, ByteRegex] = MappingProxyType({})
    ) -> None:
        self._databases = databases
        self._plain = dict(plain)
        self._local: Final = threading.local()

    def scan(self, data: bytes) -> list[Hit]:
        """One hit of every expression that matches somewhere."""
        hits: list[Hit] = []
        if self._databases.block is not None:
            scratch = self._scratch("block", self._databases.block)
            self._databases.block.scan(data, _hit, 0, hits, scratch)
        return hits

    def open(self) -> "StreamScan":
        """For a text that comes in pieces, in this thread."""
        database = self._databases.stream
        scratch = None if database is None else self._scratch("stream", database)
        return StreamScan(database, scratch, self._plain)

    def _scratch(self, name: str, database: hyperscan.Database) -> hyperscan.Scratch:
        scratch: hyperscan.Scratch | None = getattr(self._local, name, None)
        if scratch is None:
            scratch = hyperscan.Scratch(database)
            setattr(self._local, name, scratch)
        return scratch


class StreamScan:
    """One text that comes in pieces. `hits` are those of the pieces so far, for its owner to take
    out; ends are bytes from the beginning of the text."""

    __slots__ = ("_database", "_plain", "_scratch", "_seen", "_stream", "_tail", "hits")

    def __init__(
        self,
        database: hyperscan.Database | None,
        scratch: hyperscan.Scratch | None,
        plain: Mapping[int, ByteRegex],
    ) -> None:
        self.hits: list[Hit] = []
        self._plain = plain
        self._tail = b""
        self._seen = 0
        self._database = database
        self._scratch = scratch
        self._stream: hyperscan.Stream | None = None
        if database is not None:
            self._stream = database.stream(_hit, 0, self.hits)
            # Opens the stream. Only ever once: the binding counts on it.
            self._stream.__enter__()

    def scan(self, data: bytes) -> None:
        """Go on with the next piece."""
        if self._stream is not None:
            self._stream.scan(data, 0, self._scratch)
        if self._plain:
            self._scan_plain(data)

    def _scan_plain(self, data: bytes) -> None:
        known, text = len(self._tail), self._tail + data
        before = self._seen - known
        for number, regex in self._plain.items():
            start = 0
            while (found := regex.search(text, start, len(text))) is not None:
                first, last = found.span()
                start = first + 1
                if last > known:
                    self.hits.append((number, last + before))
        self._seen += len(data)
        self._tail = text[-_TAIL:]

    def close(self) -> None:
        """The text has ended: there may be hits at its very end."""
        stream, self._stream = self._stream, None
        if stream is not None:
            # With the database's own scratch: the binding takes no other here.
            stream.close()

    def __del__(self) -> None:
        # What Hyperscan keeps of a stream is not Python's: it is freed by closing only.
        self.close()
