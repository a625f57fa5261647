from gateway.model.engine import EngineLoad
from gateway.picker.engines.triton import ENGINE

TEXT = b"""nv_trt_llm_request_metrics{model="t",request_type="waiting",version="1"} 1
nv_trt_llm_request_metrics{model="t",request_type="scheduled",version="1"} 3
nv_trt_llm_request_metrics{model="t",request_type="max",version="1"} 512
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="fraction",model="t",version="1"} 0.5
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="tokens_per",model="t",version="1"} 64
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="used",model="t",version="1"} 5
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="max",model="t",version="1"} 6239
"""


def test_everything_that_triton_tells_is_read() -> None:
    assert ENGINE.load(TEXT, 5.0) == EngineLoad(
        at=5.0, waiting=1, running=3, kv_usage=0.5, cache_tokens=399_296, block_tokens=64
    )
