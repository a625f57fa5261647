from gateway.model.engine import EngineLoad
from gateway.picker.engines.sglang import ENGINE

TEXT = """sglang:num_running_reqs{model_name="m",tp_rank="0"} 5.0
sglang:num_queue_reqs{model_name="m",tp_rank="0"} 1.0
sglang:token_usage{model_name="m",tp_rank="0"} 0.28
sglang:cache_config_info{model_name="m",num_pages="2000",page_size="64"} 1.0
sglang:max_total_num_tokens{model_name="m",tp_rank="0"} 99.0
sglang:prompt_tokens_total{model_name="m"} 4096.0
sglang:generation_tokens_total{is_streaming="true",model_name="m"} 10.0
sglang:generation_tokens_total{is_streaming="false",model_name="m"} 5.0
sglang:cached_tokens_total{cache_source="device",model_name="m"} 3000.0
sglang:cached_tokens_total{cache_source="host",model_name="m"} 168.0
sglang:time_to_first_token_seconds_sum{model_name="m"} 2.5
sglang:time_to_first_token_seconds_count{model_name="m"} 10.0
"""


def test_everything_that_sglang_tells_is_read() -> None:
    assert ENGINE.load(TEXT.encode(), 5.0) == EngineLoad(
        at=5.0,
        waiting=1,
        running=5,
        kv_usage=0.28,
        cache_tokens=128_000,
        block_tokens=64,
        prefix_hits=3168,
        prefix_queries=4096,
        ttft_sum=2.5,
        ttft_count=10,
        prompt_tokens=4096,
        generation_tokens=15,
    )


def test_a_total_of_all_sources_is_not_counted_beside_them() -> None:
    text = TEXT + 'sglang:cached_tokens_total{cache_source="total",model_name="m"} 3168.0\n'
    load = ENGINE.load(text.encode(), 5.0)
    assert load is not None
    assert load.prefix_hits == 3168


def test_a_release_without_pages_tells_the_capacity_in_tokens() -> None:
    text = TEXT.replace("cache_config_info", "cache_config")
    load = ENGINE.load(text.encode(), 5.0)
    assert load is not None
    assert (load.cache_tokens, load.block_tokens) == (99, None)


def test_a_cache_larger_than_any_is_not_known() -> None:
    for told, known in ((2**40, 2**40), (2**40 + 1, None)):
        load = ENGINE.load(
            f"sglang:num_running_reqs 1\nsglang:max_total_num_tokens {told}\n".encode(), 0
        )
        assert load is not None
        assert load.cache_tokens == known
