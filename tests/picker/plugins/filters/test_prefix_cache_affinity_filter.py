from gateway.picker.profile import Candidate
from tests.picker.plugins.case import DEMAND, candidate, filter_, kept

NAME = "prefix-cache-affinity-filter"


def servers(busy_tokens: int) -> list[Candidate]:
    return [
        candidate("warm", cached=900, prefill_tokens=busy_tokens),
        candidate("warmer", cached=1000, prefill_tokens=busy_tokens + 500),
        candidate("half", cached=500, prefill_tokens=100_000),
        candidate("cold", prefill_tokens=1000),
    ]


def test_only_endpoints_with_the_prompt_cached_stay() -> None:
    assert kept(NAME, servers(0)) == ["warm", "warmer"]


def test_the_threshold_itself_is_enough() -> None:
    assert kept(NAME, [candidate("a", cached=800), candidate("b", cached=799)]) == ["a"]


def test_all_stay_when_nobody_has_enough_cached() -> None:
    cold = [candidate("a", cached=799), candidate("b")]
    assert kept(NAME, cold) == ["a", "b"]


def test_stickiness_ends_when_the_best_sticky_one_is_too_far_behind_the_best_other() -> None:
    """18 s at 15,928 tokens/s are 286,704 tokens, and the cold one has 1,000 in front of it."""
    assert kept(NAME, servers(287_704)) == ["warm", "warmer"]
    assert kept(NAME, servers(287_705)) == ["warm", "warmer", "half", "cold"]


def test_a_penalty_of_zero_always_sticks() -> None:
    assert kept(NAME, servers(10_000_000), max_ttft_penalty_ms=0) == ["warm", "warmer"]


def test_a_faster_server_bears_more_tokens() -> None:
    found = kept(NAME, servers(400_000), peak_prefill_throughput=40_000)
    assert found == ["warm", "warmer"]


def test_exploring_now_and_then_keeps_all() -> None:
    explorer = filter_(NAME, seed=7, exploration_probability=0.25)
    wide = sum(len(explorer.keep(DEMAND, servers(0), 0.0)) == 4 for _ in range(2000))
    assert 440 <= wide <= 560
