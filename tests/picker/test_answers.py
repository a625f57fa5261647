import pytest

from gateway.picker.answers import Answers


def test_the_newest_answers_say_how_long_the_next_one_is() -> None:
    answers = Answers()
    before = answers.expected(None)
    answers.learn(1000)
    assert answers.expected(None) == pytest.approx((before + 1000) / 2)
    for _ in range(500):
        answers.learn(80)
    assert answers.expected(None) == pytest.approx(80, rel=0.01)


def test_no_answer_is_longer_than_its_limit() -> None:
    answers = Answers()
    assert answers.expected(16) == 16
    assert answers.expected(100_000) == answers.expected(None)
