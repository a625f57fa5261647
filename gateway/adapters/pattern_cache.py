"""Compiled pattern databases in a folder.

What is loaded runs as code of the engine: the folder and its files must be ours and nobody else's
to write. Whatever is not, or cannot be read, is as if it were not there; the patterns are compiled
anew then.
"""

import logging
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

LOG: Final = logging.getLogger("gatehouse.guardrails")
LARGEST: Final = 256 * 1024 * 1024
"""Bytes of a database; a larger file is none of ours."""

KEPT: Final = 32
"""Databases that are kept; every change of patterns makes another."""

_SUFFIX: Final = ".patterns"
_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_NAME_LENGTH: Final = 64


class PatternCache:
    """Keeps databases in `folder`, which is made, for its owner alone, when there is something to
    keep. Several processes may share it: a file is whole or not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, key: str) -> bytes | None:
        """What was stored under `key`, hexadecimal digits; None where nothing may be trusted."""
        try:
            folder = self._open_folder()
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                LOG.warning("compiled patterns are not loaded: %s", error.strerror)
            return None
        try:
            return _read(_name(key), folder)
        except FileNotFoundError:
            return None
        except OSError as error:
            LOG.warning("compiled patterns are not loaded: %s", error.strerror)
            return None
        finally:
            os.close(folder)

    def store(self, key: str, data: bytes) -> None:
        """Keep `data`, if that is possible."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = self._open_folder()
        except OSError as error:
            LOG.warning("compiled patterns are not kept: %s", error.strerror)
            return
        try:
            _write(_name(key), data, folder)
            _remove_oldest(folder)
        except OSError as error:
            LOG.warning("compiled patterns are not kept: %s", error.strerror)
        finally:
            os.close(folder)

    def _open_folder(self) -> int:
        """OSError where the folder is a link, or others may write to it."""
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _own(folder)
        except OSError:
            os.close(folder)
            raise
        return folder


class PatternCaches:
    """Several caches, the nearest first: what one of them has is copied to those before it."""

    def __init__(self, caches: Sequence[PatternCache]) -> None:
        self._caches = tuple(caches)

    def load(self, key: str) -> bytes | None:
        """What some cache has under `key`; None where none has it."""
        for number, cache in enumerate(self._caches):
            data = cache.load(key)
            if data is not None:
                for nearer in self._caches[:number]:
                    nearer.store(key, data)
                return data
        return None

    def store(self, key: str, data: bytes) -> None:
        """Keep `data` in each, as far as that is possible."""
        for cache in self._caches:
            cache.store(key, data)


def _name(key: str) -> str:
    """The name of a file. ValueError for what could lead elsewhere."""
    if len(key) != _NAME_LENGTH or not set(key) <= set("0123456789abcdef"):
        raise ValueError("the key of a database is 64 hexadecimal digits")
    return key + _SUFFIX


def _own(fd: int) -> os.stat_result:
    """OSError unless what is open is ours and nobody else's to write."""
    found = os.fstat(fd)
    if found.st_uid != os.geteuid() or found.st_mode & _OTHERS:
        raise PermissionError(1, "others may have written there")
    return found


def _read(name: str, folder: int) -> bytes:
    # A pipe must not be waited for.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    fd = os.open(name, flags, dir_fd=folder)
    with os.fdopen(fd, "rb") as file:
        found = _own(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
            raise PermissionError(1, "what is there is no such file")
        return file.read()


def _write(name: str, data: bytes, folder: int) -> None:
    """Write a file that nobody sees before it is whole."""
    draft = f".{uuid4().hex}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(draft, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft, dir_fd=folder)
        raise


def _remove_oldest(folder: int) -> None:
    """Other processes may do the same at the same time."""
    found: list[tuple[int, str]] = []
    for name in os.listdir(folder):
        if name.endswith(_SUFFIX):
            with suppress(FileNotFoundError):
                changed = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns
                found.append((changed, name))
    for _, name in sorted(found, reverse=True)[KEPT:]:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
