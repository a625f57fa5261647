from gateway.model.engine import EngineLoad
from gateway.picker.engines.trtllm import ENGINE

TEXT = b"""trtllm_num_requests_waiting{model_name="m"} 2.0
trtllm_num_requests_running{model_name="m"} 8.0
trtllm_kv_cache_utilization{model_name="m"} 0.125
trtllm_kv_cache_tokens_per_block{model_name="m"} 32.0
trtllm_kv_cache_max_blocks{model_name="m"} 100.0
trtllm_time_to_first_token_seconds_sum{model_name="m"} 3.0
trtllm_time_to_first_token_seconds_count{model_name="m"} 12.0
"""


def test_everything_that_trtllm_tells_is_read() -> None:
    assert ENGINE.load(TEXT, 5.0) == EngineLoad(
        at=5.0,
        waiting=2,
        running=8,
        kv_usage=0.125,
        cache_tokens=3200,
        block_tokens=32,
        ttft_sum=3.0,
        ttft_count=12.0,
    )
