"""All expressions in one Hyperscan database, compiled once and kept. Pure but for the seam.

Hyperscan tells which expressions match, and where a match ends, in one pass over a text. It reads
bytes: an expression that may match more than ASCII is compiled for UTF-8, so that a character is
one to it as it is to RE2. The engine may tell of matches that there are not (RE2 decides), never
the other way round.

Vectorscan, a fork, is not such an engine up to 5.4.12: its search for pairs of bytes passes over
some at the ends of pieces, and within whole texts at the edges of its vectors (pull requests 325,
368 and 402 of VectorCamp/vectorscan). Intel's Hyperscan, which ends with 5.4.2, finds them all.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Protocol, cast

from gateway.guardrails.hyperscan_engine import INSTALLED, hyperscan

_FORMAT: Final = b"gatehouse.patterns/1"
_DIGEST: Final = hashlib.sha256().digest_size
_BLOCK: Final = hyperscan.HS_MODE_BLOCK
_STREAM: Final = hyperscan.HS_MODE_STREAM
_VERSION: Final = re.compile(r"Version: (\d+)\.(\d+)\.(\d+)\b")
_LOSES: Final = ((5, 4, 3), (5, 4, 12))
"""The first and the last version of Vectorscan that loses matches."""


class DatabaseCache(Protocol):
    """Where compiled databases are kept. What is loaded is code to be trusted: whoever can write
    there can make the engine miss everything, or worse."""

    def load(self, key: str) -> bytes | None:
        """What was stored under `key` (64 hexadecimal digits); None where there is nothing that
        may be trusted."""
        ...

    def store(self, key: str, data: bytes) -> None:
        """Keep `data`, if that is possible."""
        ...


@dataclass(frozen=True, slots=True)
class Expression:
    """What to find, as UTF-8. `wide` says that it may match more than ASCII. With `streamed` it is
    not looked for in whole texts."""

    regex: bytes
    caseless: bool = False
    wide: bool = False
    streamed: bool = False

    def flags(self, mode: int) -> int:
        """Hyperscan's flags: in a whole text it is enough to know that there is a match."""
        once = hyperscan.HS_FLAG_SINGLEMATCH if mode == _BLOCK else 0
        caseless = hyperscan.HS_FLAG_CASELESS if self.caseless else 0
        return once | caseless | (hyperscan.HS_FLAG_UTF8 if self.wide else 0)


@dataclass(frozen=True, slots=True)
class Databases:
    """`block` for whole texts and `stream` for texts in pieces, None without expressions. Matches
    have the numbers of the expressions; `unsupported` are those that Hyperscan does not take."""

    block: hyperscan.Database | None = field(repr=False)
    stream: hyperscan.Database | None = field(repr=False)
    unsupported: frozenset[int]


@cache
def engine() -> str:
    """What the engine says of itself: its version, and the processor that it compiles for; "none"
    where there is none."""
    if not INSTALLED:
        return "none"
    probe = hyperscan.Database(mode=_BLOCK)
    compile_expressions(probe, [b"a"], [0], [0])
    return probe.info().decode()


def finds_all(version: str) -> bool:
    """Whether an engine of which `engine` says this finds every match; False for an unknown one."""
    found = _VERSION.search(version)
    if found is None:
        return False
    first, last = _LOSES
    return not first <= tuple(int(one) for one in found.groups()) <= last


def compile_expressions(
    database: hyperscan.Database, regexes: Sequence[bytes], ids: Sequence[int], flags: list[int]
) -> None:
    """Compile into `database`. hyperscan.error for what it does not take."""
    database.compile(expressions=regexes, ids=ids, elements=len(ids), flags=flags)


def databases(expressions: Sequence[Expression], cache: DatabaseCache | None) -> Databases:
    """The databases of some expressions: kept ones, or compiled, which takes a few milliseconds
    for each expression. ValueError where they are too many for one database."""
    if not expressions:
        return Databases(None, None, frozenset())
    key = key_of(expressions)
    kept = cache.load(key) if cache is not None else None
    if kept is not None:
        with suppress(ValueError, hyperscan.error):
            return _unpacked(kept)
    approximate, unsupported = frozenset[int](), frozenset[int]()
    try:
        block, stream = _compiled(expressions, approximate, unsupported)
    except hyperscan.error:
        approximate, unsupported = _misfits(expressions)
        try:
            block, stream = _compiled(expressions, approximate, unsupported)
        except hyperscan.error:
            raise ValueError("there are too many patterns to be searched at once") from None
    if cache is not None:
        cache.store(key, _packed(block, stream, unsupported))
    return Databases(block, stream, unsupported)


def no_databases(expressions: Sequence[Expression]) -> Databases:
    """For an engine that loses matches: nothing is searched by it."""
    return Databases(None, None, frozenset(range(len(expressions))))


def key_of(expressions: Sequence[Expression]) -> str:
    """What the databases depend on, as 64 hexadecimal digits: the expressions and the engine, with
    the processor that it compiles for."""
    hashed = hashlib.sha256(_FORMAT + engine().encode())
    for one in expressions:
        hashed.update(repr((one.regex, one.caseless, one.wide, one.streamed)).encode())
    return hashed.hexdigest()


def _compiled(
    expressions: Sequence[Expression], approximate: frozenset[int], unsupported: frozenset[int]
) -> tuple[hyperscan.Database | None, hyperscan.Database | None]:
    taken = [n for n in range(len(expressions)) if n not in unsupported]
    whole = [n for n in taken if not expressions[n].streamed]
    return (
        _database(expressions, whole, _BLOCK, approximate),
        _database(expressions, taken, _STREAM, approximate),
    )


def _database(
    expressions: Sequence[Expression], ids: list[int], mode: int, approximate: frozenset[int]
) -> hyperscan.Database | None:
    if not ids:
        return None
    database = hyperscan.Database(mode=mode)
    prefilter = hyperscan.HS_FLAG_PREFILTER
    flags = [expressions[n].flags(mode) | (prefilter * (n in approximate)) for n in ids]
    compile_expressions(database, [expressions[n].regex for n in ids], ids, flags)
    return database


def _misfits(expressions: Sequence[Expression]) -> tuple[frozenset[int], frozenset[int]]:
    """Expressions that are too large to be taken exactly, and those that are not taken at all."""
    inexact = {n for n in range(len(expressions)) if not _fits(expressions, n, frozenset())}
    unfit = {n for n in inexact if not _fits(expressions, n, frozenset((n,)))}
    return frozenset(inexact - unfit), frozenset(unfit)


def _fits(expressions: Sequence[Expression], n: int, approximate: frozenset[int]) -> bool:
    try:
        for mode in (_BLOCK, _STREAM):
            _database(expressions, [n], mode, approximate)
    except hyperscan.error:
        return False
    return True


def _packed(
    block: hyperscan.Database | None, stream: hyperscan.Database | None, unsupported: frozenset[int]
) -> bytes:
    whole, pieces = (b"" if one is None else hyperscan.dumpb(one) for one in (block, stream))
    head = json.dumps({"block": len(whole), "unsupported": sorted(unsupported)}).encode()
    data = head + b"\n" + whole + pieces
    return hashlib.sha256(data).digest() + data


def _unpacked(packed: bytes) -> Databases:
    """ValueError or hyperscan.error for what is damaged or was compiled for another processor."""
    data = packed[_DIGEST:]
    if hashlib.sha256(data).digest() != packed[:_DIGEST]:
        raise ValueError("the databases are damaged")
    head, _, rest = data.partition(b"\n")
    told: dict[str, object] = json.loads(head)
    length, unsupported = told["block"], told["unsupported"]
    numbers = cast("list[object]", unsupported) if isinstance(unsupported, list) else []
    if not isinstance(length, int):
        raise ValueError("the databases are damaged")  # noqa: TRY004  as for all other damage
    return Databases(
        _loaded(rest[:length], _BLOCK),
        _loaded(rest[length:], _STREAM),
        frozenset(n for n in numbers if isinstance(n, int)),
    )


def _loaded(data: bytes, mode: int) -> hyperscan.Database | None:
    if not data:
        return None
    database = hyperscan.loadb(data, mode)
    # The binding closes streams with this one, and loads a database without.
    database.scratch = hyperscan.Scratch(database)
    return database
