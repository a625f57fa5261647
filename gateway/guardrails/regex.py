"""Regular expressions of users: RE2, with types. Pure: no I/O, no clock."""

from typing import Any, Protocol

import re2  # pyright: ignore[reportMissingTypeStubs]


class Found(Protocol):
    """A match in a text of characters."""

    def start(self, group: int = 0) -> int:
        """Where the group begins; -1 where it took no part."""
        ...

    def end(self, group: int = 0) -> int:
        """Where it ends."""
        ...


class Regex(Protocol):
    """A compiled expression."""

    @property
    def groups(self) -> int:
        """How many groups it has."""
        ...

    def search(self, text: str) -> Found | None:
        """The leftmost match."""
        ...

    def fullmatch(self, text: str) -> Found | None:
        """The match of all of `text`."""
        ...


def compiled(regex: str, *, caseless: bool = False) -> Regex:
    """`regex` in RE2's syntax. ValueError, with RE2's own words, for what is none."""
    library: Any = re2
    options = library.Options()
    options.log_errors = False
    options.case_sensitive = not caseless
    try:
        made: Regex = library.compile(regex, options)
    except library.error as error:
        told = error.args[0] if error.args else error
        raise ValueError(told.decode() if isinstance(told, bytes) else str(told)) from None
    return made
