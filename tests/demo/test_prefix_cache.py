import pytest

from demo.prefix_cache import BLOCK_WORDS, PrefixCache
from gateway.picker.engines.vllm import ENGINE

LONG = [f"word-{number}" for number in range(100)]
WHOLE = 100 // BLOCK_WORDS * BLOCK_WORDS


def test_the_beginning_of_a_prompt_is_found_again_in_whole_blocks() -> None:
    cache = PrefixCache()
    assert cache.read("a", LONG) == 0
    assert cache.read("a", [*LONG, "more"]) == WHOLE
    assert cache.read("a", [*LONG[:40], "other", *LONG[41:]]) == 32


@pytest.mark.parametrize("other", [["first", *LONG], LONG[1:]])
def test_the_same_words_after_others_are_not_found(other: list[str]) -> None:
    cache = PrefixCache()
    cache.read("a", LONG)
    assert cache.read("a", other) == 0


def test_models_have_caches_of_their_own() -> None:
    cache = PrefixCache()
    cache.read("a", LONG)
    assert cache.read("b", LONG) == 0


def test_what_was_not_used_for_longest_is_pushed_out_from_its_end() -> None:
    cache = PrefixCache(blocks=8)
    cache.read("a", LONG)
    cache.read("a", [f"new-{number}" for number in range(64)])
    assert cache.read("a", LONG) == 4 * BLOCK_WORDS


def test_the_gateway_reads_its_metrics_as_those_of_vllm() -> None:
    cache = PrefixCache(blocks=10)
    for _ in range(2):
        cache.read("a", LONG)
    cache.running, cache.answered = 3, 7
    load = ENGINE.load(cache.metrics().encode(), 1.0)
    assert load is not None
    assert (load.running, load.waiting, load.kv_usage) == (3, 0, 0.0)
    assert (load.block_tokens, load.cache_tokens) == (BLOCK_WORDS, 10 * BLOCK_WORDS)
    assert (load.prefix_queries, load.prefix_hits) == (200, WHOLE)
    assert (load.prompt_tokens, load.generation_tokens) == (200, 7)
