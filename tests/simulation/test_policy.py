"""What a policy sees of an endpoint."""

from gateway.simulation.job import Job
from gateway.simulation.request import Outcome
from tests.simulation.fleet import asking, fleet


def test_between_two_ticks_of_the_scraper_nothing_new_is_seen() -> None:
    one = fleet(1)[0]
    one.scrape(0.06, 0.05)
    one.engine.submit(Job(Outcome(asking(0, (1, 160))), 16), 0.06)
    one.scrape(0.09, 0.05)
    assert one.running == 0
    one.scrape(0.11, 0.05)
    assert one.running == 1
    assert one.at == 0.1


def test_what_changed_after_the_tick_is_not_seen_at_the_tick() -> None:
    """The scrape is taken before a change that comes after its tick."""
    one = fleet(1)[0]
    one.scrape(0.12, 0.05)
    one.engine.submit(Job(Outcome(asking(0, (1, 160))), 16), 0.12)
    one.scrape(0.13, 0.05)
    assert (one.at, one.running) == (0.1, 0)


def test_without_an_interval_everything_is_fresh() -> None:
    one = fleet(1)[0]
    one.engine.submit(Job(Outcome(asking(0, (1, 160))), 16), 0.0)
    one.scrape(0.0, 0.0)
    assert one.running == 1
