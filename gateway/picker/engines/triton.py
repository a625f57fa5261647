"""Triton Inference Server with the TensorRT-LLM backend."""

from typing import Final

from gateway.model.engine import EngineLoad
from gateway.picker.engine import Engine
from gateway.picker.exposition import Exposition, product

_REQUESTS: Final = "nv_trt_llm_request_metrics"
_BLOCKS: Final = "nv_trt_llm_kv_cache_block_metrics"


def _read(told: Exposition, at: float) -> EngineLoad:
    size = told.same(_BLOCKS, kv_cache_block_type="tokens_per")
    return EngineLoad(
        at=at,
        waiting=told.count(_REQUESTS, request_type="waiting"),
        running=told.count(_REQUESTS, request_type="scheduled"),
        kv_usage=told.share(_BLOCKS, kv_cache_block_type="fraction"),
        cache_tokens=product(size, told.count(_BLOCKS, kv_cache_block_type="max")),
        block_tokens=size or None,
    )


ENGINE: Final = Engine("triton", _read)
