from gateway.adapters.guardrails.breaker import Breaker


def fail(breaker: Breaker, times: int, now: float) -> None:
    for _ in range(times):
        ticket = breaker.begin(now)
        assert ticket is not None
        breaker.failed(ticket, now)


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker(failures=3, window=10, rest=5)
    fail(breaker, 3, now)
    return breaker


def test_it_opens_after_so_many_failures_in_the_window() -> None:
    breaker = Breaker(failures=3, window=10, rest=5)
    fail(breaker, 2, 0)
    assert not breaker.open
    fail(breaker, 1, 10)
    assert breaker.open
    assert breaker.begin(10) is None


def test_failures_that_are_older_than_the_window_do_not_count() -> None:
    breaker = Breaker(failures=3, window=10, rest=5)
    fail(breaker, 2, 0)
    fail(breaker, 1, 10.1)
    assert not breaker.open


def test_after_the_rest_one_call_tries() -> None:
    breaker = opened()
    assert breaker.begin(4.9) is None
    assert breaker.begin(5) is not None
    assert breaker.begin(5) is None


def test_a_try_that_succeeds_closes_it() -> None:
    breaker = opened()
    ticket = breaker.begin(5)
    assert ticket is not None
    breaker.succeeded(ticket)
    assert not breaker.open
    fail(breaker, 2, 5)
    assert not breaker.open, "failures from before count no more"


def test_a_try_that_fails_opens_it_for_another_rest() -> None:
    breaker = opened()
    fail(breaker, 1, 5)
    assert breaker.begin(9.9) is None
    assert breaker.begin(10) is not None


def test_a_try_that_is_abandoned_lets_another_one_try() -> None:
    breaker = opened()
    ticket = breaker.begin(5)
    assert ticket is not None
    breaker.abandoned(ticket)
    assert breaker.open
    assert breaker.begin(5) is not None


def test_calls_from_before_it_opened_say_nothing_later() -> None:
    breaker = Breaker(failures=1, window=10, rest=5)
    slow, late = breaker.begin(0), breaker.begin(0)
    assert slow is not None
    assert late is not None
    fail(breaker, 1, 0)
    breaker.succeeded(slow)
    assert breaker.open
    assert breaker.begin(5) is not None
    breaker.failed(late, 5)
    breaker.abandoned(late)
    assert breaker.begin(5) is None, "the one that tries is still on its way"
