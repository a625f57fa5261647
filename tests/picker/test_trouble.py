import pytest

from gateway.model.engine import EngineLoad
from gateway.model.placement import Served
from gateway.picker.trouble import LONGEST, Troubles, progress


def test_an_endpoint_is_late_by_what_its_request_is_overdue() -> None:
    troubles = Troubles()
    troubles.sent(1, "a", 0.0, 0.1)
    troubles.looked("a", 1.0)

    assert troubles.current(0.6) == {}
    early, later = troubles.current(2.0)["a"], troubles.current(5.0)["a"]
    assert 1 < early < 2
    assert later == pytest.approx(early + 3)


def test_without_news_of_an_endpoint_only_the_length_of_requests_tells() -> None:
    troubles = Troubles()
    for ticket in range(50):
        troubles.sent(ticket, "b", 0.0, 0.1)
        troubles.ended(ticket, 1.0, well=True)
    troubles.sent(100, "a", 1.0, 0.1)

    assert troubles.current(6.0) == {}
    assert troubles.current(20.0)["a"] > 5


def test_any_sign_of_life_ends_it() -> None:
    for sign in ("first token", "counters", "an answer"):
        troubles = Troubles()
        troubles.sent(1, "a", 0.0, 0.1)
        troubles.sent(2, "a", 0.0, 0.1)
        troubles.looked("a", 1.0)
        assert "a" in troubles.current(3.0)
        if sign == "first token":
            troubles.began(1, 4.0)
        elif sign == "counters":
            troubles.lives("a", 4.0)
        else:
            troubles.ended(1, 4.0, well=True)

        assert troubles.current(5.0) == {}, sign
        assert troubles.current(500.0) == {}, sign


def test_failures_in_a_row_keep_it_away_twice_as_long_each_time_and_never_for_ever() -> None:
    troubles, now, waits = Troubles(), 0.0, list[float]()
    for ticket in range(8):
        troubles.sent(ticket, "a", now, 0.1)
        troubles.ended(ticket, now, well=False)
        waits.append(troubles.current(now)["a"])
        now += waits[-1]
        assert troubles.current(now) == {}

    assert waits == [1, 2, 4, 8, 16, LONGEST, LONGEST, LONGEST]
    troubles.sent(100, "a", now, 0.1)
    troubles.ended(100, now, well=True)
    troubles.sent(101, "a", now, 0.1)
    troubles.ended(101, now, well=False)
    assert troubles.current(now) == {"a": 1}


def test_a_burst_that_fails_together_is_one_failure() -> None:
    troubles = Troubles()
    for ticket in range(20):
        troubles.sent(ticket, "a", 0.0, 0.1)
    for ticket in range(20):
        troubles.ended(ticket, 0.5, well=False)

    assert troubles.current(0.5) == {"a": 1}


def test_clients_that_leave_say_nothing_unless_they_waited_too_long() -> None:
    patient, hasty = Troubles(), Troubles()
    for troubles, left in ((patient, 3.0), (hasty, 0.2)):
        troubles.sent(1, "a", 0.0, 0.1)
        troubles.looked("a", left)
        troubles.ended(1, left, well=None)

    assert hasty.current(3.0) == {}
    assert patient.current(3.0) == {"a": 1}


def test_an_overdue_endpoint_is_tried_again_when_nothing_was_sent_there_for_long() -> None:
    troubles = Troubles()
    troubles.sent(1, "a", 0.0, 0.1)
    troubles.looked("a", 1.0)

    assert troubles.current(29.0)["a"] > 20
    assert troubles.current(30.0) == {}
    troubles.sent(2, "a", 31.0, 0.1)
    assert troubles.current(32.0)["a"] > 20


def test_the_next_life_of_an_address_is_not_to_blame_for_the_last() -> None:
    troubles = Troubles()
    troubles.sent(1, "a", 0.0, 0.1)
    troubles.sent(2, "a", 0.0, 0.1)
    troubles.looked("a", 1.0)
    assert troubles.current(3.0)
    troubles.left("a")
    assert troubles.current(3.0) == {}
    troubles.sent(3, "a", 3.0, 0.1)
    troubles.ended(1, 3.1, well=False)

    assert troubles.current(3.2) == {}


def test_a_failure_that_another_endpoint_made_good_counts_against_the_first_alone() -> None:
    troubles = Troubles()
    for ticket, address in ((1, "a"), (2, "b")):
        troubles.sent(ticket, address, 0.0, 0.1)
        troubles.judge(ticket, address, Served(status=503), 0.1)
    assert troubles.current(0.2).keys() == {"a", "b"}
    troubles.sent(3, "a", 0.3, 0.1)
    troubles.judge(3, "a", Served(endpoint="b", status=200), 0.4)
    assert troubles.current(0.5).keys() == {"a"}
    troubles.sent(4, "a", 0.6, 0.1)
    troubles.judge(4, "a", Served(endpoint="a", status=200), 0.7)
    assert troubles.current(0.8) == {}


def test_counters_that_move_are_progress() -> None:
    before, after = EngineLoad(0, generation_tokens=5), EngineLoad(1, generation_tokens=6)

    assert progress(before, after) is True
    assert progress(before, EngineLoad(1, generation_tokens=5)) is False
    assert progress(before, EngineLoad(1, generation_tokens=0)) is True
    assert progress(EngineLoad(0), EngineLoad(1)) is None
