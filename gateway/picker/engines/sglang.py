"""SGLang."""

from typing import Final

from gateway.model.engine import EngineLoad
from gateway.picker.engine import Engine
from gateway.picker.exposition import Exposition, product, whole


def _read(told: Exposition, at: float) -> EngineLoad:
    info = told.series("sglang:cache_config_info")
    page = whole(info[0].labels.get("page_size", "")) if info else None
    pages = whole(info[0].labels.get("num_pages", "")) if info else None
    tokens = product(page, pages) or product(1, told.count("sglang:max_total_num_tokens"))
    hits = told.total("sglang:cached_tokens_total", cache_source="total")
    return EngineLoad(
        at=at,
        waiting=told.count("sglang:num_queue_reqs"),
        running=told.count("sglang:num_running_reqs"),
        kv_usage=told.share("sglang:token_usage"),
        cache_tokens=tokens,
        block_tokens=page,
        prefix_hits=told.total("sglang:cached_tokens_total") if hits is None else hits,
        prefix_queries=told.total("sglang:prompt_tokens_total"),
        ttft_sum=told.total("sglang:time_to_first_token_seconds_sum"),
        ttft_count=told.total("sglang:time_to_first_token_seconds_count"),
        prompt_tokens=told.total("sglang:prompt_tokens_total"),
        generation_tokens=told.total("sglang:generation_tokens_total"),
    )


ENGINE: Final = Engine("sglang", _read)
