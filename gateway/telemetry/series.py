"""The time series of one metric, kept by their labels and bounded in number.

Looking a child up in prometheus_client costs as much as two increments, so children are kept. Each
also costs slots in the memory-mapped file of its worker for as long as the gateway runs, whatever
reloads rename, so that their number has an end.
"""

from typing import Final, Generic, TypeVar

from prometheus_client import Counter, Histogram

from gateway.telemetry.conventions import OTHER

M = TypeVar("M", Counter, Histogram)

COUNTERS: Final = 5_000
"""Series of a counter in a worker: a slot of 300 to 400 bytes each."""
HISTOGRAMS: Final = 500
"""Series of a histogram in a worker: a slot for each bucket, about 6 KB."""


class Series(Generic[M]):
    """The children of `metric`. Beyond the limit everything new is counted in one of `OTHER`s."""

    __slots__ = ("_children", "_limit", "_metric")

    def __init__(self, metric: M, limit: int | None = None) -> None:
        self._metric = metric
        self._limit = limit or (COUNTERS if isinstance(metric, Counter) else HISTOGRAMS)
        self._children: dict[tuple[str, ...], M] = {}

    def __call__(self, *labels: str) -> M:
        """The child with these values, in the order of the metric's labels."""
        child = self._children.get(labels)
        return self._new(labels) if child is None else child

    def _new(self, labels: tuple[str, ...]) -> M:
        if len(self._children) >= self._limit:
            labels = (OTHER,) * len(labels)
        child = self._children[labels] = self._metric.labels(*labels)
        return child
