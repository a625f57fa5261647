"""Regular expressions that are searched in UTF-8: RE2, with types. Pure: no I/O, no clock."""

import re
from typing import Any, Final, Protocol

import re2  # pyright: ignore[reportMissingTypeStubs]


class Span(Protocol):
    """A match; its numbers are bytes."""

    def span(self, group: int = 0) -> tuple[int, int]:
        """Where the group is; (-1, -1) where it took no part."""
        ...


class ByteRegex(Protocol):
    """A compiled expression. It judges boundaries and ends of lines by all of `text`, whatever
    part of it is searched, and takes linear time."""

    @property
    def groups(self) -> int:
        """How many groups it has."""
        ...

    def search(self, text: bytes | bytearray, pos: int, endpos: int) -> Span | None:
        """The leftmost match, by the order of alternatives, between the two bytes."""
        ...

    def match(self, text: bytes | bytearray, pos: int, endpos: int) -> Span | None:
        """The match that begins at `pos`."""
        ...


def byte_regex(regex: str, *, caseless: bool = False, groups: bool = True) -> ByteRegex:
    """`regex` in RE2's syntax; without `groups` no match knows where they are, which is faster.
    ValueError, with RE2's own words, for what is none."""
    library: Any = re2
    options = library.Options()
    options.log_errors = False
    options.case_sensitive = not caseless
    options.never_capture = not groups
    try:
        made: ByteRegex = library.compile(regex.encode(), options)
    except (library.error, UnicodeEncodeError) as error:
        told = error.args[0] if error.args else error
        raise ValueError(told.decode() if isinstance(told, bytes) else str(told)) from None
    return made


_WIDE: Final = frozenset("DSWPpXCNQx0123456789")
"""Escapes of what may not be ASCII."""


def is_ascii_only(regex: str) -> bool:
    """Whether `regex` can only match ASCII, so that a byte is a character to it. False where that
    takes more than a look."""
    if not regex.isascii() or "[^" in regex or "[:^" in regex:
        return False
    in_class = escaped = False
    for sign in regex:
        if escaped:
            if sign in _WIDE:
                return False
            escaped = False
        elif sign == "\\":
            escaped = True
        elif sign == "." and not in_class:
            return False
        elif sign in "[]":
            in_class = sign == "["
    return True


_REPEAT: Final = re.compile(
    r"\\[pPx]\{[^}]*\}|\\.|\[(?:\\.|\[:[^\]]*:\]|[^\]\\])+\]|\{(\d+)(,(\d*))?\}", re.DOTALL
)


def relaxed(regex: str, most: int) -> str:
    """A regex that matches where `regex` does, and perhaps elsewhere, with no repeat that counts
    beyond `most`: counting is what an automaton is large for."""

    def shorter(found: re.Match[str]) -> str:
        least, comma, last = found.groups()
        if least is None:
            return found[0]
        highest = int(last) if last else int(least)
        if highest <= most or (comma and not last and int(least) <= most):
            return found[0]
        return f"{{{min(int(least), most)},}}"

    return regex if r"\Q" in regex else _REPEAT.sub(shorter, regex)
