"""Reads single numbers out of a server's metrics, without reading the rest.

The text format of Prometheus (version 0.0.4). A model server tells hundreds of series, most of them
buckets of histograms; of these only lines that begin with a name that is asked for are looked at.
What is not a plain number within bounds is unknown: a wrong number would steer traffic. Pure.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

MOST: Final = 1e15
"""What is larger is no count of tokens, requests or seconds."""

MOST_SERIES: Final = 4_096
"""Of one name; a server with more has lost count itself."""

MOST_ADAPTERS: Final = 1_024
_NUMBER: Final = re.compile(rb"\+?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_LABEL: Final = re.compile(rb'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?')
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Series:
    """One line: its labels as they are written, and its value, None if that is not to be used."""

    written: bytes
    value: float | None

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels by name; empty if they are not written as they should be."""
        found: dict[str, str] = {}
        at = 0
        while at < len(self.written):
            label = _LABEL.match(self.written, at)
            if label is None:
                return {}
            found[label[1].decode()] = _unescaped(label[2].decode(errors="replace"))
            at = label.end()
        return found


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda one: "\n" if one[1] == "n" else one[1], text)


class Exposition:
    """What a server answered."""

    def __init__(self, text: bytes) -> None:
        self._text = b"\n" + text

    def series(self, name: str) -> tuple[Series, ...]:
        """Every line of this name; none if there are too many."""
        found: list[Series] = []
        for one in self._lines(name):
            if len(found) == MOST_SERIES:
                return ()
            found.append(one)
        return tuple(found)

    def _lines(self, name: str) -> Iterator[Series]:
        wanted, text = b"\n" + name.encode(), self._text
        at = text.find(wanted)
        while at >= 0:
            start = at + len(wanted)
            end = text.find(b"\n", start)
            line = text[start : end if end >= 0 else len(text)]
            if line[:1] == b"{":
                labels, _, rest = line[1:].rpartition(b"}")
                yield Series(labels, _value(rest))
            elif line[:1] in {b" ", b"\t"}:
                yield Series(b"", _value(line))
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
        found = self.series(name)
        if not labels:
            return found
        return tuple(one for one in found if labels.items() <= one.labels.items())


_ROUNDED: Final = 1.05


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
    """The names in a label with commas between them; none if there are too many."""
    found = frozenset(name for part in text.split(",") if (name := part.strip()))
    return found if len(found) <= MOST_ADAPTERS else frozenset()


def product(one: float | None, other: float | None) -> int | None:
    """Blocks times the size of one; None if either is unknown or nothing."""
    return round(one * other) if one and other else None
