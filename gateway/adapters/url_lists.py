"""Reads lists of bad hosts and URLs from files, again whenever they change."""

import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from gateway.guardrails.urls.lists import UrlBook, UrlSet, url_set
from gateway.model.problem import Place, Problem

LOG: Final = logging.getLogger("gatehouse.urls")
MAX_BYTES: Final = 256 * 1024 * 1024

_Stamp = tuple[int, int, int]


class UrlLists:
    """Keeps the lists of a book as their files are. A file that cannot be read, or is gone for a
    moment, takes nothing away: what it said before stays in force. Threads may share it."""

    def __init__(self, book: UrlBook) -> None:
        self._book = book
        self._stamps: dict[str, _Stamp] = {}
        self._faults: dict[str, str] = {}
        self._turn = threading.Lock()

    @property
    def unread(self) -> frozenset[str]:
        """The files of lists that could never be read: nothing can be judged by them."""
        return frozenset(one.path for one in self._book.lists() if one.urls is None)

    def refresh(self) -> tuple[Problem, ...]:
        """Read what is new or has changed. Gives what is wrong with files as they are now: an
        error for one that cannot be used, a warning for lines that name nothing. Blocks."""
        with self._turn:
            return self._refresh()

    def _refresh(self) -> tuple[Problem, ...]:
        wanted = {found.path: found for found in self._book.lists()}
        self._stamps = {path: one for path, one in self._stamps.items() if path in wanted}
        problems: list[Problem] = []
        for path, found in wanted.items():
            try:
                stamp = _stamp(path)
                if found.urls is not None and self._stamps.get(path) == stamp:
                    continue
                found.urls, warnings = _read(path)
            except (OSError, ValueError) as error:
                problems.append(_problem(path, 1, _why(error)))
            else:
                self._stamps[path] = stamp
                problems.extend(warnings)
        self._tell(problems)
        return tuple(problems)

    def _tell(self, problems: Iterable[Problem]) -> None:
        """Say each fault once, not at every look."""
        faults = {one.place.file: str(one) for one in problems if one.severity == "error"}
        for path, why in faults.items():
            if self._faults.get(path) != why:
                LOG.error("the list before stays in force: %s", why)
        self._faults = faults


def _stamp(path: str) -> _Stamp:
    seen = os.stat(path)  # noqa: PTH116  a Path would be made anew at each look
    if seen.st_size > MAX_BYTES:
        raise ValueError(f"the file has more than {MAX_BYTES >> 20} MiB")
    return (seen.st_ino, seen.st_size, seen.st_mtime_ns)


def _read(path: str) -> tuple[UrlSet, list[Problem]]:
    with Path(path).open(encoding="utf-8-sig", newline=None) as lines:
        found, bad = url_set(lines)
    message = "the line is no host, address or URL"
    told = [_problem(path, number, message, "warning") for number in bad[:20]]
    return found, told


def _problem(path: str, line: int, message: str, severity: str = "error") -> Problem:
    place = Place(path, line, 1)
    if severity == "error":
        return Problem(place, "(root)", message)
    return Problem(place, "(root)", message, "write one host or URL", "warning")


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "the file is not UTF-8"
    if isinstance(error, OSError):
        return f"cannot read the file: {error.strerror}"
    return str(error)
