from gateway.guardrails.budget import EARNED, Budget


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


def test_a_match_is_refused_when_all_that_may_be_looked_at_were() -> None:
    budget = Budget(sightings=1)
    assert [budget.look("urls"), budget.look("pii")] == [True, False]
    assert budget.refused == ["pii"]


def test_further_messages_earn_a_share_and_never_more_than_there_was_at_first() -> None:
    budget = Budget(calls=4, sightings=4)
    assert all(budget.look("pii") and budget.call("pii") for _ in range(4))
    budget.earn(EARNED // 2)
    assert [budget.look("pii") for _ in range(3)] == [True, True, False]
    assert [budget.call("pii") for _ in range(3)] == [True, True, False]
    budget.earn(10 * EARNED)
    assert [budget.look("pii") for _ in range(5)] == [True, True, True, True, False]


def test_when_too_little_is_left_nothing_more_is_decoded() -> None:
    budget = Budget(decoded=10)
    assert not budget.spent(10, ("pii",))
    assert budget.decode(1, ())
    assert budget.spent(10, ("pii", "secrets"))
    assert budget.refused == ["pii", "secrets"]
