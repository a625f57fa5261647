from gateway.model.engine import EngineLoad
from gateway.picker.engines.vllm import ENGINE

TEXT = """# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 3.0
vllm:num_requests_running{engine="1",model_name="m"} 4.0
vllm:num_requests_waiting{engine="0",model_name="m"} 0.0
vllm:num_requests_waiting{engine="1",model_name="m"} 2.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.5
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.7
vllm:prefix_cache_queries_total{engine="0",model_name="m"} 1000.0
vllm:prefix_cache_queries_created{engine="0",model_name="m"} 1.7e+09
vllm:prefix_cache_hits_total{engine="0",model_name="m"} 600.0
vllm:prompt_tokens_total{engine="0",model_name="m"} 1200.0
vllm:generation_tokens_total{engine="0",model_name="m"} 345.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.001",model_name="m"} 0.0
vllm:time_to_first_token_seconds_count{engine="0",model_name="m"} 7.0
vllm:time_to_first_token_seconds_sum{engine="0",model_name="m"} 1.4
vllm:cache_config_info{block_size="16",cache_dtype="auto",engine="0",num_gpu_blocks="1000"} 1.0
vllm:cache_config_info{block_size="16",cache_dtype="auto",engine="1",num_gpu_blocks="500"} 1.0
vllm:lora_requests_info{max_lora="4",running_lora_adapters="old",waiting_lora_adapters=""} 1.0e+09
vllm:lora_requests_info{max_lora="4",running_lora_adapters="a,b",waiting_lora_adapters="c"} 2.0e+09
"""


def test_everything_that_vllm_tells_is_read() -> None:
    assert ENGINE.load(TEXT.encode(), 5.0) == EngineLoad(
        at=5.0,
        waiting=2,
        running=7,
        kv_usage=0.6,
        cache_tokens=24_000,
        block_tokens=16,
        max_adapters=4,
        running_adapters=frozenset({"a", "b"}),
        waiting_adapters=frozenset({"c"}),
        prefix_hits=600,
        prefix_queries=1000,
        ttft_sum=1.4,
        ttft_count=7,
        prompt_tokens=1200,
        generation_tokens=345,
    )


def test_an_old_release_names_its_cache_after_the_gpu() -> None:
    load = ENGINE.load(b'vllm:gpu_cache_usage_perc{model_name="m"} 0.25\n', 1.0)
    assert load == EngineLoad(at=1.0, kv_usage=0.25)


def test_a_cache_whose_size_is_not_known_yet_is_not_guessed() -> None:
    text = TEXT.replace('num_gpu_blocks="500"', 'num_gpu_blocks="None"')
    load = ENGINE.load(text.encode(), 1.0)
    assert load is not None
    assert (load.cache_tokens, load.block_tokens) == (None, None)


def test_a_cache_larger_than_any_and_one_of_countless_engines_are_not_known() -> None:
    def cache(line: str, lines: int = 1) -> int | None:
        load = ENGINE.load(f"vllm:num_requests_running 1\n{line * lines}".encode(), 0.0)
        assert load is not None
        return load.cache_tokens

    one = 'vllm:cache_config_info{block_size="16",num_gpu_blocks="%d"} 1\n'
    assert cache(one % 2**36) == 2**40
    assert cache(one % (2**36 + 1)) is None
    assert cache(one % 1, 512) == 512 * 16
    assert cache(one % 1, 513) is None
