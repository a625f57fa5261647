"""vLLM. Counters of its prefix cache are in tokens; old releases name the share of the cache in use
after the GPU."""

from collections.abc import Mapping
from typing import Final

from gateway.model.engine import EngineLoad
from gateway.picker.engine import Engine
from gateway.picker.exposition import Exposition, Series, names, product, whole


def _read(told: Exposition, at: float) -> EngineLoad:
    adapters = _newest(told.series("vllm:lora_requests_info"))
    usage = told.share("vllm:kv_cache_usage_perc")
    return EngineLoad(
        at=at,
        waiting=told.count("vllm:num_requests_waiting"),
        running=told.count("vllm:num_requests_running"),
        kv_usage=told.share("vllm:gpu_cache_usage_perc") if usage is None else usage,
        max_adapters=whole(adapters.get("max_lora", "")),
        running_adapters=names(adapters.get("running_lora_adapters", "")),
        waiting_adapters=names(adapters.get("waiting_lora_adapters", "")),
        prefix_hits=told.total("vllm:prefix_cache_hits_total"),
        prefix_queries=told.total("vllm:prefix_cache_queries_total"),
        ttft_sum=told.total("vllm:time_to_first_token_seconds_sum"),
        ttft_count=told.total("vllm:time_to_first_token_seconds_count"),
        prompt_tokens=told.total("vllm:prompt_tokens_total"),
        generation_tokens=told.total("vllm:generation_tokens_total"),
        **_cache(told),
    )


def _cache(told: Exposition) -> dict[str, int | None]:
    """Capacity over all engines of the server, whose blocks are of one size."""
    engines = [one.labels for one in told.labelled("vllm:cache_config_info")]
    sizes = {whole(labels.get("block_size", "")) for labels in engines}
    blocks = [whole(labels.get("num_gpu_blocks", "")) for labels in engines]
    known = [count for count in blocks if count is not None]
    if len(sizes) != 1 or len(known) != len(blocks):
        return {}
    (size,) = sizes
    return {"block_tokens": size, "cache_tokens": product(size, sum(known))}


def _newest(series: tuple[Series, ...]) -> Mapping[str, str]:
    """Each state of the adapters leaves a series behind, whose value is when it was so."""
    newest = max(series, key=lambda one: -1 if one.value is None else one.value, default=None)
    return {} if newest is None else newest.labels


ENGINE: Final = Engine("vllm", _read)
