"""trtllm-serve of TensorRT-LLM."""

from typing import Final

from gateway.model.engine import EngineLoad
from gateway.picker.engine import Engine
from gateway.picker.exposition import Exposition, product


def _read(told: Exposition, at: float) -> EngineLoad:
    size = told.same("trtllm_kv_cache_tokens_per_block")
    return EngineLoad(
        at=at,
        waiting=told.count("trtllm_num_requests_waiting"),
        running=told.count("trtllm_num_requests_running"),
        kv_usage=told.share("trtllm_kv_cache_utilization"),
        cache_tokens=product(size, told.count("trtllm_kv_cache_max_blocks")),
        block_tokens=size or None,
        ttft_sum=told.total("trtllm_time_to_first_token_seconds_sum"),
        ttft_count=told.total("trtllm_time_to_first_token_seconds_count"),
    )


ENGINE: Final = Engine("trtllm", _read)
