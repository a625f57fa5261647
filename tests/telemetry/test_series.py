from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram

from gateway.telemetry.series import COUNTERS, HISTOGRAMS, Series


def series_of(registry: CollectorRegistry) -> set[tuple[tuple[str, str], ...]]:
    return {
        tuple(sorted(sample.labels.items()))
        for family in registry.collect()
        for sample in family.samples
        if sample.name.endswith(("_total", "_sum"))
    }


def test_the_same_labels_are_one_series() -> None:
    registry = CollectorRegistry()
    series = Series(Counter("asked", "", ["who", "what"], registry=registry))
    for _ in range(3):
        series("a", "b").inc()
    assert registry.get_sample_value("asked_total", {"who": "a", "what": "b"}) == 3
    assert len(series_of(registry)) == 1


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1))
def test_what_is_over_the_limit_is_counted_together_and_never_lost(
    labels: list[tuple[str, str]],
) -> None:
    registry = CollectorRegistry()
    series = Series(Counter("asked", "", ["who", "what"], registry=registry), limit=5)
    for one in labels:
        series(*one).inc()
    assert len(series_of(registry)) <= 5 + 1
    total = sum(
        sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "asked_total"
    )
    assert total == len(labels)


def test_a_series_that_was_there_before_the_limit_goes_on_alone() -> None:
    registry = CollectorRegistry()
    series = Series(Counter("asked", "", ["who"], registry=registry), limit=1)
    for who in ("a", "b", "c", "a"):
        series(who).inc()
    assert registry.get_sample_value("asked_total", {"who": "a"}) == 2
    assert registry.get_sample_value("asked_total", {"who": "_OTHER"}) == 2


def test_a_counter_has_a_limit() -> None:
    registry = CollectorRegistry()
    series = Series(Counter("asked", "", ["who"], registry=registry))
    for number in range(COUNTERS + 50):
        series(str(number))
    assert len(series_of(registry)) == COUNTERS + 1


def test_a_histogram_has_one_too() -> None:
    registry = CollectorRegistry()
    series = Series(Histogram("took", "", ["who"], registry=registry))
    for number in range(HISTOGRAMS + 50):
        series(str(number))
    assert len(series_of(registry)) == HISTOGRAMS + 1
