"""Keys made up from published formats."""

from benchmarks.guardrails.secrets_drawn import FORMS, keys, lookalikes


def test_the_same_seed_makes_the_same_keys() -> None:
    assert list(keys(3, 5)) == list(keys(3, 5))
    assert list(keys(3, 5)) != list(keys(3, 6))
    assert list(lookalikes(9, 5)) == list(lookalikes(9, 5))


def test_every_form_has_its_share() -> None:
    assert len(list(keys(4))) == 4 * len(FORMS)
