"""Levels and actions of findings."""

import pytest

from gateway.model.finding import Action, Level, Levels


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (0.0, None),
        (0.34, None),
        (0.35, Level.LOW),
        (0.6, Level.MEDIUM),
        (0.84, Level.MEDIUM),
        (0.85, Level.HIGH),
        (1.0, Level.HIGH),
    ],
)
def test_a_score_has_the_highest_level_that_it_reaches(score: float, level: Level | None) -> None:
    assert Levels().of(score) is level


def test_blocking_is_stronger_than_masking_annotating_and_logging() -> None:
    ranked = sorted(Action, key=lambda action: action.strength)

    assert ranked == [Action.LOG, Action.ANNOTATE, Action.MASK, Action.BLOCK]
