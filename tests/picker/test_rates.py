from random import Random

import pytest

from gateway.picker.rates import Rates


def taught(count: int, slow: str | None = None) -> Rates:
    """Rates that saw `count` first tokens on each of four endpoints that read 16,000 tokens/s;
    `slow` is three times slower."""
    random, rates = Random(3), Rates()
    for number in range(count):
        for address in ("a", "b", "c", "d"):
            work = random.uniform(100, 20_000)
            seconds = (0.02 + work / 16_000) * (3 if address == slow else 1)
            rates.learn_first(address, seconds * random.uniform(0.8, 1.3), work, 0, float(number))
    return rates


def test_the_rate_of_a_pool_is_learnt() -> None:
    assert 1 / taught(100).per_token == pytest.approx(16_000, rel=0.25)


def test_a_slow_endpoint_is_noticed_within_some_tens_of_requests() -> None:
    rates = taught(40, slow="d")

    assert rates.pace("d", 40.0) / rates.pace("a", 40.0) > 2


def test_a_slow_endpoint_is_believed_to_be_better_when_nothing_was_heard_of_it() -> None:
    rates = taught(40, slow="d")

    assert rates.pace("d", 1000.0) < 1.1


def test_a_new_endpoint_is_taken_to_be_like_the_others() -> None:
    rates = taught(40, slow="d")

    assert rates.pace("new", 40.0) == pytest.approx(rates.pace("a", 40.0), rel=0.15)


def test_an_endpoint_that_left_is_forgotten() -> None:
    rates = taught(40, slow="d")
    rates.forget("d")

    assert rates.pace("d", 40.0) == pytest.approx(rates.pace("a", 40.0), rel=0.15)


def test_time_in_a_queue_does_not_make_an_endpoint_slow() -> None:
    random, rates = Random(4), Rates()
    for number in range(200):
        for address, queue in (("idle", 0), ("busy", 60_000)):
            work = queue + random.uniform(100, 5000)
            rates.learn_first(address, 0.02 + work / 16_000, work, 0, float(number))

    assert rates.pace("busy", 200.0) / rates.pace("idle", 200.0) == pytest.approx(1, abs=0.2)


def test_running_answers_slow_each_other_and_prefill_down() -> None:
    random, rates = Random(5), Rates()
    for number in range(300):
        work, context = random.uniform(1000, 9000), random.uniform(0, 400_000)
        rates.learn_first(
            "a", 0.02 + work * (1 + context / 400_000) / 16_000, work, context, number
        )
        rates.learn_step("a", 0.012 + context * 4e-8, context, float(number))

    assert rates.interference * 400_000 == pytest.approx(1 / 16_000, rel=0.3)
    assert rates.step_per_token == pytest.approx(4e-8, rel=0.3)


def test_only_paces_that_may_have_changed_are_told() -> None:
    rates = Rates()
    rates.learn_step("a", 0.03, 1000, 0.0)
    rates.learn_step("b", 0.03, 1000, 1.0)
    assert rates.changed(1.0) == {"a", "b"}
    assert rates.changed(1.9) == set()
    assert rates.changed(2.0) == {"a"}
    assert rates.changed(3.5) == {"b"}
    rates.forget("a")
    assert rates.changed(3.6) == {"a"}
    assert rates.known_pace("a", 3.6) == 0
    rates.learn_step("a", 0.03, 1000, 3.7)
    assert rates.changed(3.8) == {"a"}


def test_a_pace_that_was_not_told_to_have_changed_has_not() -> None:
    rates, told = Rates(), dict[str, float]()
    for step in range(3000):
        now = step * 0.07
        if step % 11 == 0 or step < 400:
            rates.learn_step(f"e{step % 5}", 0.01 * (1 + step % 7), 1000, now)
        for address in rates.changed(now):
            told[address] = rates.known_pace(address, now)
        for number in range(5):
            address = f"e{number}"
            assert told.get(address, 0.0) == rates.known_pace(address, now)


def test_the_usual_pace_is_the_middle_one_of_those_that_are_there() -> None:
    rates = Rates()
    for number in range(90):
        for address, slow in (("a", 1.0), ("b", 2.0), ("c", 9.0)):
            rates.learn_step(address, 0.02 * slow, 1000, number * 0.1)
    assert rates.usual == pytest.approx(rates.known_pace("b", 9.0))
    rates.forget("b")
    assert rates.pace("new", 9.0) == rates.usual
