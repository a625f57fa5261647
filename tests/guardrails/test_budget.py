from gateway.guardrails.budget import Budget


def test_calls_are_refused_when_they_are_spent_and_the_detector_is_named() -> None:
    budget = Budget(calls=2)
    assert [budget.call("pii"), budget.call("pii"), budget.call("secrets")] == [True, True, False]
    assert budget.refused == ["secrets"]


def test_a_segment_that_is_too_much_is_refused_for_every_detector() -> None:
    budget = Budget(decoded=10)
    assert budget.decode(6, ("pii", "secrets"))
    assert not budget.decode(5, ("pii", "secrets"))
    assert budget.refused == ["pii", "secrets"]


def test_a_smaller_segment_still_fits_after_a_refused_one() -> None:
    budget = Budget(decoded=10)
    assert not budget.decode(11, ())
    assert budget.decode(10, ())
