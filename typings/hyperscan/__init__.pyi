# The part of hyperscan 0.6 that is used; the package has no types of its own.
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self, TypeAlias

HS_MODE_BLOCK: Final[int]
HS_MODE_STREAM: Final[int]
HS_FLAG_CASELESS: Final[int]
HS_FLAG_PREFILTER: Final[int]
HS_FLAG_SINGLEMATCH: Final[int]
HS_FLAG_UTF8: Final[int]

MatchHandler: TypeAlias = Callable[[int, int, int, int, object], bool | None]

class error(Exception): ...  # noqa: N801, N818

class Scratch:
    def __init__(self, database: Database | None = None) -> None: ...

class Database:
    scratch: Scratch
    def __init__(self, scratch: Scratch | None = None, mode: int = 0) -> None: ...
    def compile(
        self,
        expressions: Sequence[bytes],
        ids: Sequence[int] | None = None,
        elements: int | None = None,
        flags: Sequence[int] | int = 0,
    ) -> None: ...
    def info(self) -> bytes: ...
    def scan(
        self,
        data: bytes,
        match_event_handler: MatchHandler,
        flags: int = 0,
        context: object = None,
        scratch: Scratch | None = None,
    ) -> None: ...
    def stream(
        self,
        match_event_handler: MatchHandler | None = None,
        flags: int = 0,
        context: object = None,
    ) -> Stream: ...

class Stream:
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def scan(self, data: bytes, flags: int = 0, scratch: Scratch | None = None) -> None: ...
    def close(self) -> None: ...

def dumpb(database: Database) -> bytes: ...
def loadb(buf: bytes, mode: int) -> Database: ...
