"""Reads single numbers out of a server's metrics, without reading the rest.

The text format of Prometheus (version 0.0.4). A model server tells hundreds of series, most of them
buckets of histograms; of these only lines that begin with a name that is asked for are looked at.
What is not a plain number within bounds is unknown: a wrong number would steer traffic. Pure.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

MOST: Final = 1e15
"""What is larger is no count of tokens, requests or seconds."""

MOST_SERIES: Final = 4_096
"""Of one name; a server with more has lost count itself."""

MOST_LABELLED: Final = 512
"""Of one name whose labels are read: one for each engine of a server, or a few for each model."""

MOST_LINE: Final = 16 * 1024
"""Bytes of a line. A longer one is not looked at."""

MOST_LABELS: Final = 64
"""Of one line. One with more is not looked at."""

MOST_ADAPTERS: Final = 64
MOST_ADAPTER_NAME: Final = 256
"""Characters."""

MOST_CACHE_TOKENS: Final = 2**40
"""All memory that a server can have holds fewer."""

_NUMBER: Final = re.compile(rb"\+?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_LABEL: Final = re.compile(rb'([a-zA-Z_][a-zA-Z0-9_]*+)="([^"\\]*+(?:\\.[^"\\]*+)*+)",?+')
# Possessive: what is not written so takes no more than one look at each byte.
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Series:
    """One line: its labels as they are written, and its value, None if that is not to be used."""

    written: bytes
    value: float | None

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels by name; empty if they are not written as they should be."""
        return {
            name.decode(): _unescaped(value.decode(errors="replace"))
            for name, value in _pairs(self.written) or ()
        }


def _pairs(written: bytes) -> list[tuple[bytes, bytes]] | None:
    """Names and values; None where they are not written as they should be, or are too many."""
    found: list[tuple[bytes, bytes]] = []
    at = 0
    while at < len(written):
        label = _LABEL.match(written, at)
        if label is None or len(found) == MOST_LABELS:
            return None
        found.append((label[1], label[2]))
        at = label.end()
    return found


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda one: "\n" if one[1] == "n" else one[1], text)


class Exposition:
    """What a server answered."""

    def __init__(self, text: bytes) -> None:
        self._text = b"\n" + text
        self._found: dict[str, tuple[Series, ...]] = {}

    def series(self, name: str) -> tuple[Series, ...]:
        """Every line of this name; none if there are too many."""
        if name not in self._found:
            found = tuple(islice(self._lines(name), MOST_SERIES + 1))
            self._found[name] = found if len(found) <= MOST_SERIES else ()
        return self._found[name]

    def labelled(self, name: str) -> tuple[Series, ...]:
        """The same for series whose labels are to be read, each of which takes its time."""
        found = self.series(name)
        return found if len(found) <= MOST_LABELLED else ()

    def _lines(self, name: str) -> Iterator[Series]:
        wanted, text = b"\n" + name.encode(), self._text
        at = text.find(wanted)
        while at >= 0:
            start = at + len(wanted)
            end = text.find(b"\n", start)
            end = end if end >= 0 else len(text)
            if end - at <= MOST_LINE and (one := _series(text[start:end])) is not None:
                yield one
            at = text.find(wanted, start)

    def total(self, name: str, **labels: str) -> float | None:
        """The sum over all series with these labels, one for each engine of a data-parallel server.
        None if there is none, or if one of them is not known."""
        values = [one.value for one in self._having(name, labels)]
        known = [value for value in values if value is not None]
        return sum(known) if values and len(known) == len(values) else None

    def count(self, name: str, **labels: str) -> int | None:
        """The same as a whole number."""
        value = self.total(name, **labels)
        return None if value is None else round(value)

    def same(self, name: str, **labels: str) -> int | None:
        """The whole number that all series with these labels agree on; None if they do not."""
        values = {one.value for one in self._having(name, labels)}
        if len(values) != 1:
            return None
        (value,) = values
        return None if value is None else round(value)

    def share(self, name: str, **labels: str) -> float | None:
        """The mean over all series with these labels, 0 to 1. Above 1 by rounding is 1; None if it
        is more, or as for `total`."""
        values = self._having(name, labels)
        total = self.total(name, **labels)
        if total is None or total / len(values) > _ROUNDED:
            return None
        return min(total / len(values), 1.0)

    def _having(self, name: str, labels: Mapping[str, str]) -> tuple[Series, ...]:
        if not labels:
            return self.series(name)
        return tuple(one for one in self.labelled(name) if labels.items() <= one.labels.items())


_ROUNDED: Final = 1.05


def _series(line: bytes) -> Series | None:
    """What follows a name; None if that is the rest of another name, or has too many labels."""
    if line[:1] in {b" ", b"\t"}:
        return Series(b"", _value(line))
    if line[:1] != b"{":
        return None
    labels, _, rest = line[1:].rpartition(b"}")
    if labels.count(b'="') > MOST_LABELS and _pairs(labels) is None:
        return None
    return Series(labels, _value(rest))


def _value(text: bytes) -> float | None:
    """The first word of the rest of a line; a time stamp may follow."""
    word, *_ = text.split(maxsplit=1) or [b""]
    if not _NUMBER.fullmatch(word):
        return None
    value = float(word)
    return value if value <= MOST else None


def whole(text: str) -> int | None:
    """A positive whole number that a label tells; None for anything else."""
    if not text.isascii() or not text.isdigit() or len(text) > len("1000000000000"):
        return None
    return int(text) or None


def names(text: str) -> frozenset[str]:
    """The names in a label with commas between them; none if there are too many, or if one is too
    long."""
    found = frozenset(name for part in text.split(",") if (name := part.strip()))
    if len(found) > MOST_ADAPTERS or any(len(name) > MOST_ADAPTER_NAME for name in found):
        return frozenset()
    return found


def product(one: float | None, other: float | None) -> int | None:
    """Tokens of a cache: blocks times the size of one. None if either is unknown or nothing, or if
    that is over MOST_CACHE_TOKENS."""
    tokens = round(one * other) if one and other else 0
    return tokens if 0 < tokens <= MOST_CACHE_TOKENS else None
