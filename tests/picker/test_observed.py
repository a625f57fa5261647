import pytest

from gateway.model.engine import EngineLoad
from gateway.picker.observed import Watch


def scrape(at: float, count: float, total: float, generated: float = 0.0) -> EngineLoad:
    return EngineLoad(
        at,
        waiting=0,
        running=4,
        ttft_count=count,
        ttft_sum=total,
        generation_tokens=generated,
    )


def test_the_mean_time_to_first_token_is_laid_to_the_mean_work_of_its_placements() -> None:
    watch = Watch()
    assert watch.began("a", scrape(0, 100, 50)) is None
    for work in (1000, 2000, 3000, 2000):
        watch.expected(work, 500)
    began = watch.began("a", scrape(1, 104, 52))

    assert began is not None
    assert (began.seconds, began.work_tokens, began.context_tokens) == (0.5, 2000, 500)


def test_too_few_first_tokens_say_nothing_yet_and_are_kept() -> None:
    watch = Watch()
    watch.began("a", scrape(0, 0, 0))
    watch.expected(100, 0)
    assert watch.began("a", scrape(1, 1, 1)) is None
    for _ in range(3):
        watch.expected(100, 0)

    assert watch.began("a", scrape(2, 4, 8)) is not None


def test_a_server_that_began_anew_is_not_compared_with_its_past() -> None:
    watch = Watch()
    watch.began("a", scrape(0, 100, 50))
    for _ in range(4):
        watch.expected(100, 0)

    assert watch.began("a", scrape(1, 4, 2)) is None


def test_the_time_per_token_comes_from_what_was_generated() -> None:
    watch = Watch()
    assert watch.step(scrape(0, 0, 0, generated=0)) is None
    assert watch.step(scrape(1, 0, 0, generated=200)) == pytest.approx(4 / 200)
    assert watch.step(scrape(2, 0, 0, generated=200)) is None
