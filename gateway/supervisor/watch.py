"""Notices that a file or folder changed, by polling stat: it works on every file system and over
atomic renames and mounted secrets, where notification APIs miss events."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

Fingerprint: TypeAlias = dict[str, tuple[int, int, int]]


def fingerprint(paths: Iterable[Path]) -> Fingerprint:
    """(inode, size, mtime in ns) of each file; folders count with every file below them."""
    seen: Fingerprint = {}
    for path in paths:
        for file in _files(path):
            try:
                stat = file.stat()
            except OSError:
                continue  # vanished between listing and stat: its absence is the change
            seen[str(file)] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return seen


def _files(path: Path) -> list[Path]:
    try:
        return sorted(path.rglob("*")) if path.is_dir() else [path]
    except OSError:
        return []  # a folder that vanishes while it is listed


class Watch:
    """Tells whether any of `paths` changed since the last call."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._last = {path: fingerprint((path,)) for path in paths}

    def replace(self, paths: Iterable[Path]) -> None:
        """Watch these from now on. One that was watched before keeps what was last seen of it, so
        that a change made while the last one was being dealt with is not lost; a new one counts as
        it is now."""
        before = self._last
        self._last = {
            path: before[path] if path in before else fingerprint((path,)) for path in paths
        }

    def changed(self) -> bool:
        """True once for each change."""
        before = self._last
        self._last = {path: fingerprint((path,)) for path in before}
        return self._last != before
