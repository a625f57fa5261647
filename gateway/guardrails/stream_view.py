"""One form of a text that comes in pieces, searched as it comes. Pure: no I/O, no clock."""

from collections.abc import Iterator
from typing import Final

from gateway.guardrails.matching import BEFORE, SETTLED, Progress, Sighting
from gateway.guardrails.places import Places
from gateway.guardrails.scan import StreamScan
from gateway.guardrails.search import Search, segment
from gateway.guardrails.segments import SEEN, Encoding, Piece, Run

_LEAST: Final = 4_096
"""Bytes that come before old ones are thrown away, so that this is not done for each delta."""


class StreamView:
    """The normal form of a text, or the text as it came, in UTF-8: what was seen of it last, and
    how far each of the patterns `numbers` is in it. `segments` says whether encoded segments are
    looked for."""

    __slots__ = (
        "_at",
        "_keep",
        "_marks",
        "_openings",
        "_progress",
        "_released",
        "_runs",
        "_scan",
        "_search",
        "_segments",
        "_shift",
        "base",
        "busy",
        "data",
        "numbers",
        "size",
    )

    def __init__(self, search: Search, numbers: frozenset[int], *, segments: bool) -> None:
        self._search = search
        self.numbers = numbers
        self._scan: StreamScan = search.scanner.open()
        self._shift = 0  # where the text begins that `_scan` has seen
        self.data = bytearray()
        self.base = 0  # where `data` begins
        self.size = 0
        longest = max((search.matchers[n].longest for n in numbers), default=SETTLED)
        self._keep = longest + 2 * SETTLED + BEFORE
        self._progress = {
            n: Progress(search.matchers[n], always=True) for n in numbers & search.unsupported
        }
        self._runs = {one: Run(one) for one in Encoding} if segments else {}
        self._segments: list[tuple[int, Piece, Encoding]] = []
        self._openings: dict[int, int] = {}
        self._released: dict[int, int] = {}
        self._at: list[int] = []
        self._marks: list[tuple[int, Places | None]] = []
        self.busy = bool(self._progress)
        """Whether anything is in sight that does not count yet."""

    def mark(self, original: int, places: Places | None) -> None:
        """What comes next is from character `original` of the original text on: its places, or
        None where bytes are characters."""
        if places is None and self._marks and self._marks[-1][1] is None:
            return
        self._at.append(self.size)
        self._marks.append((original, places))

    def feed(self, data: bytes) -> bool:
        """Take a piece. Whether there is anything to look at."""
        self.data += data
        self.size += len(data)
        self._scan.scan(data)
        return self.busy or bool(self._scan.hits)

    def split(self, numbers: frozenset[int]) -> "StreamView":
        """From here on `numbers` are looked for in another form of the text, which has been the
        same so far. Returns that one."""
        other = StreamView(self._search, numbers, segments=False)
        other.data, other.base, other.size = bytearray(self.data), self.base, self.size
        other._shift = self.base
        other._scan.scan(bytes(self.data))
        other._scan.hits.clear()  # known already
        other._at, other._marks = list(self._at), list(self._marks)
        for mine, theirs in (
            (self._progress, other._progress),
            (self._openings, other._openings),
            (self._released, other._released),
        ):
            for number in numbers & mine.keys():
                theirs[number] = mine.pop(number)  # type: ignore[assignment]
        other.busy = self.busy
        self.numbers -= numbers
        return other

    def look(self, *, final: bool) -> list[Sighting]:
        """What counts now, in order; all of the rest with `final`."""
        if final:
            self._scan.close()
        run_hits = self._sort_hits()
        now = self.size + SETTLED if final else self.size - 1
        sightings: list[Sighting] = []
        for progress in self._progress.values():
            if progress.waiting:
                sightings += progress.advance(self.data, self.base, now, self.size)
        sightings += self._encoded(run_hits, now, final=final)
        sightings.sort()
        for one in sightings:
            if self._openings.get(one.number, one.end) < one.end:
                self._release(one.number)
        for number, start in list(self._openings.items()):
            if self.size - start > self._search.matchers[number].longest:
                self._release(number)
        self.busy = bool(
            self._segments
            or self._openings
            or any(run.start is not None for run in self._runs.values())
            or any(one.waiting for one in self._progress.values())
        )
        return sightings

    def _sort_hits(self) -> dict[Encoding, list[int]]:
        """Tell everybody what was hit. Returns the hits of encodings."""
        runs: dict[Encoding, list[int]] = {}
        hits, search, shift = self._scan.hits, self._search, self._shift
        for number, end in hits:
            if number in self.numbers:
                if number not in self._progress:
                    self._progress[number] = Progress(search.matchers[number])
                self._progress[number].hit(end + shift)
                continue
            encoding = search.encoding(number)
            if encoding is not None:
                runs.setdefault(encoding, []).append(end + shift)
            elif number in search.openings:
                self._open(search.openings[number].number, end + shift)
        hits.clear()
        return runs

    def _open(self, number: int, end: int) -> None:
        """A long match of a pattern may have begun."""
        matcher = self._search.matchers[number]
        if number not in self.numbers or number in self._openings or matcher.opening is None:
            return
        earliest = max(self.base, self._released.get(number, 0), end - matcher.longest)
        found = matcher.opening.search(self.data, earliest - self.base, end - self.base)
        if found is not None:
            self._openings[number] = found.span()[0] + self.base

    def _release(self, number: int) -> None:
        self._released[number] = self._openings.pop(number) + 1

    def _encoded(
        self, hits: dict[Encoding, list[int]], now: int, *, final: bool
    ) -> Iterator[Sighting]:
        for encoding, run in self._runs.items():
            number = self._search.number_of(encoding)
            told = hits.get(encoding, [])
            if told or run.start is not None:
                for piece in run.advance(told, self.data, self.base, final):
                    self._segments.append((number, piece, encoding))
        if not self._segments:
            return
        waiting = self._segments
        self._segments = [one for one in waiting if one[1].end + SEEN > now]
        for number, piece, encoding in waiting:
            if piece.end + SEEN <= now:
                yield segment(number, piece, encoding, self.data, self.base)

    def begins(self) -> int:
        """Before which byte nothing begins that does not count yet."""
        starts = [self.size, *self._openings.values()]
        starts += [piece.start for _, piece, _ in self._segments]
        starts += [run.start for run in self._runs.values() if run.start is not None]
        for progress in self._progress.values():
            begin = progress.begins(self.data, self.base, self.size) if progress.waiting else None
            if begin is not None:
                starts.append(begin)
        return min(starts)

    def forget(self) -> None:
        """Throw away what nothing can need any more."""
        if len(self.data) < self._keep + _LEAST:
            return
        first = self.size - self._keep
        for start in (
            *(piece.start for _, piece, _ in self._segments),
            *(run.start for run in self._runs.values() if run.start is not None),
        ):
            first = min(first, start)
        first = max(first, self.base)
        del self.data[: first - self.base]
        self.base = first
        older = self._index(first)
        del self._at[:older], self._marks[:older]

    def close(self) -> None:
        """The text has ended, and everything was looked at."""
        self.data = bytearray()
        self._progress.clear()
        self._segments.clear()
        self._openings.clear()
        self.busy = False

    def _index(self, at: int) -> int:
        """Which mark a byte is after."""
        index = len(self._at) - 1
        while index > 0 and self._at[index] > at:
            index -= 1
        return index

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The characters of the original text that some bytes are from."""
        return self._place(start, start + 1)[0], self._place(end - 1, end)[1]

    def _place(self, start: int, end: int) -> tuple[int, int]:
        index = self._index(start)
        at = self._at[index]
        original, places = self._marks[index]
        if places is None:
            return original + start - at, original + end - at
        first, last = places.original(start - at, end - at)
        return original + first, original + last
