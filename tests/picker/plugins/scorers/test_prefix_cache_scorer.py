import pytest

from tests.picker.plugins.case import candidate, scores


def test_the_score_is_the_cached_share_of_the_prompt() -> None:
    servers = [candidate(f"e{n}", cached=n, prompt=1000) for n in (0, 250, 1000)]
    assert scores("prefix-cache-scorer", servers) == [0.0, 0.25, 1.0]


def test_an_empty_prompt_scores_zero() -> None:
    assert scores("prefix-cache-scorer", [candidate("a", prompt=0)]) == [0.0]


def test_the_length_of_the_match_can_count_by_its_square() -> None:
    servers = [
        candidate("a", cached=2048, prompt=4096),
        candidate("b", cached=16_384, prompt=32_768),
    ]
    found = scores("prefix-cache-scorer", servers, match_length_weight=0.4)
    assert found == pytest.approx([0.4 * 0.0625 + 0.6 * 0.5, 0.4 * 1.0 + 0.6 * 0.5])
