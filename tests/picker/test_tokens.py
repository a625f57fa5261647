import pytest

from gateway.picker.tokens import TokenEstimate


def test_before_anything_is_known_a_token_has_four_bytes() -> None:
    assert TokenEstimate().tokens("m", 4000) == 1000


def test_what_servers_report_is_learnt_for_each_model() -> None:
    estimate = TokenEstimate()
    for _ in range(50):
        estimate.learn("chinese", 3000, 2000)
        estimate.learn("english", 10_000, 2000)

    assert estimate.bytes_per_token("chinese") == pytest.approx(1.5, rel=0.02)
    assert estimate.bytes_per_token("english") == pytest.approx(5, rel=0.02)


def test_a_change_is_learnt_after_much_evidence_for_the_opposite() -> None:
    estimate = TokenEstimate()
    for size in (8000, 4000):
        for _ in range(300):
            estimate.learn("m", size, 2000)

    assert estimate.bytes_per_token("m") == pytest.approx(2, rel=0.02)


@pytest.mark.parametrize(("size", "tokens"), [(100, 0), (100, -5), (10, 1000), (100_000, 10)])
def test_counts_that_no_text_can_have_teach_nothing(size: int, tokens: int) -> None:
    estimate = TokenEstimate()
    estimate.learn("m", size, tokens)

    assert estimate.bytes_per_token("m") == 4


def test_models_are_forgotten_when_there_are_too_many() -> None:
    estimate = TokenEstimate()
    estimate.learn("old", 200_000, 100_000)
    for number in range(300):
        estimate.learn(f"m{number}", 400_000, 100_000)

    assert estimate.bytes_per_token("old") == estimate.bytes_per_token("unknown")
