"""Records of how requests were served, as JSON lines in a file of bounded size.

All workers of a gateway append to one file, as to that of audit records. When it has half of what
it may have, it becomes `FILE.1`, the former of that name goes, and a new one begins.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import ClassVar

from gateway.adapters.audit_file import AuditFile


class TraceFile(AuditFile):
    """The sink of one worker. `most` is how many bytes the file and its predecessor have together,
    but for what other workers write in the same moment. Raises `OSError`."""

    holds: ClassVar = "records of a trace"

    def __init__(self, path: str, most: int, on_lost: Callable[[int], None]) -> None:
        super().__init__(path, on_lost)
        self._path = Path(path)
        self._half = most // 2

    def _write_all(self, lines: Sequence[bytes]) -> int:
        """In pieces that keep to the bound."""
        lost, at = 0, 0
        while at < len(lines):
            try:
                room = self._room()
            except OSError:
                return lost + len(lines) - at
            end, size = at, 0
            while end < len(lines) and (end == at or size + len(lines[end]) <= room):
                size += len(lines[end])
                end += 1
            lost += super()._write_all(lines[at:end])
            at = end
        return lost

    def _room(self) -> int:
        """Bytes that the file still takes; it is changed for a new one if there are none."""
        self._follow()
        size = os.fstat(self._fd).st_size
        if size >= self._half:
            self._turn()
            size = os.fstat(self._fd).st_size
        return max(self._half - size, 0)

    def _turn(self) -> None:
        """One of the workers moves the file aside; the others find that it was done."""
        with self._alone():
            if self._follow():
                return
            self._path.replace(f"{self._path}.1")
            self._follow()

    def _follow(self) -> bool:
        """Open the file anew if it is another by now, or gone."""
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(self._path.stat(), os.fstat(self._fd)):
                return False
        opened = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        os.close(self._fd)
        self._fd = opened
        return True

    @contextlib.contextmanager
    def _alone(self) -> Generator[None]:
        """While no other worker moves this file."""
        held = os.dup(self._fd)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        finally:
            fcntl.flock(held, fcntl.LOCK_UN)  # closing does not: the file may be open besides
            os.close(held)
