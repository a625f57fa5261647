"""When key sets are fetched."""

import pytest

from gateway.adapters.jwks_schedule import EARLY_INTERVAL, LAST_RETRY, Schedule


def test_the_first_fetch_is_due_at_once() -> None:
    assert Schedule(300).due <= 0


@pytest.mark.parametrize(("random", "due"), [(0.0, 400.0), (0.5, 385.0)])
def test_a_key_set_is_refreshed_regularly_and_spread(random: float, due: float) -> None:
    schedule = Schedule(300)
    schedule.started(99)
    schedule.succeeded(100, random)
    assert schedule.due == due


def test_failures_back_off_up_to_a_limit_and_a_success_forgets_them() -> None:
    schedule = Schedule(300)
    delays: list[float] = []
    for _ in range(40):
        schedule.failed(0, 0)
        delays.append(schedule.due)
    assert delays[:7] == [1, 2, 4, 8, 16, 32, LAST_RETRY]
    assert delays[-1] == LAST_RETRY
    schedule.succeeded(0, 0)
    schedule.failed(0, 0)
    assert schedule.due == 1


def test_back_off_is_spread_and_never_longer_than_the_regular_interval() -> None:
    schedule = Schedule(3)
    for _ in range(5):
        schedule.failed(0, 0.999)
    assert 1.5 < schedule.due < 3


def test_an_unknown_key_id_brings_the_fetch_forward_but_not_often() -> None:
    schedule = Schedule(300)
    schedule.started(100)
    schedule.succeeded(100, 0)
    schedule.hurry(103)
    schedule.hurry(104)
    assert schedule.due == 100 + EARLY_INTERVAL
    schedule.hurry(200)
    assert schedule.due == 100 + EARLY_INTERVAL


def test_long_after_a_fetch_an_unknown_key_id_is_looked_up_at_once() -> None:
    schedule = Schedule(300)
    schedule.started(100)
    schedule.succeeded(100, 0)
    schedule.hurry(250)
    assert schedule.due == 250


def test_unknown_key_ids_do_not_break_a_back_off() -> None:
    schedule = Schedule(300)
    schedule.started(100)
    for _ in range(7):
        schedule.failed(100, 0)
    schedule.hurry(150)
    assert schedule.due == 100 + LAST_RETRY
