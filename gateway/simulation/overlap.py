"""Which requests of a trace were under way at the same time on the server that had them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

from gateway.simulation.mooncake import Row

FULL: Final = 0.25
"""The part of the time that requests wait for first tokens, from which on servers that meanwhile
are as busy as ever are taken to have their limit there."""


def others_under_way(rows: Sequence[Row]) -> list[int]:
    """For each row, in order of arrival, how many requests its server had when it came. 0 where the
    trace does not say which server, or how long requests took."""
    ends: dict[int, list[float]] = {}
    found: list[int] = []
    for row in rows:
        served = row.served
        if served is None or served.endpoint is None or served.duration is None:
            found.append(0)
            continue
        going = ends.setdefault(served.endpoint, [])
        while going and going[0] <= row.at:
            heappop(going)
        found.append(len(going))
        heappush(going, row.at + served.duration)
    return found


def most_at_once(rows: Sequence[Row]) -> int | None:
    """How many requests a server has in work at once at most (max_num_seqs), where the trace shows
    a limit: it never answered more at once, and a good part of the time it had more, and answered
    as many or, while it read a prompt, one less. None: it shows none."""
    busy = [span for server in _by_server(rows) for span in _spans(server)]
    most = max((span.answering for span in busy), default=0)
    waiting = sum(span.seconds for span in busy if span.waiting)
    full = sum(
        span.seconds
        for span in busy
        if span.answering >= most - 1 and span.answering + span.waiting > most
    )
    return most if most > 1 and full > FULL * waiting else None


@dataclass(frozen=True, slots=True)
class _Span:
    """Seconds in which a server answers so many, and so many wait for its first token."""

    seconds: float
    answering: int
    waiting: int


def _by_server(rows: Sequence[Row]) -> list[list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        if row.served is not None and row.served.endpoint is not None:
            found.setdefault(row.served.endpoint, []).append(row)
    return list(found.values())


def _spans(rows: Sequence[Row]) -> Iterator[_Span]:
    changes: list[tuple[float, int, int]] = []
    for row in rows:
        served = row.served
        if served is None or served.ttft is None or served.duration is None:
            continue
        first, last = row.at + served.ttft, row.at + max(served.duration, served.ttft)
        changes += (row.at, 0, 1), (first, 1, -1), (last, -1, 0)
    answering = waiting = 0
    before = 0.0
    for at, answered, waited in sorted(changes):
        if answering or waiting:
            yield _Span(at - before, answering, waiting)
        answering, waiting, before = answering + answered, waiting + waited, at
