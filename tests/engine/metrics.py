"""The text of an engine's /metrics, under the names of its kind of engine."""

import time
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from tests.engine.counts import labels_of
from tests.engine.engine import Engine

GAUGES: Final = {
    "vllm": ("vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc"),
    "sglang": ("sglang:num_running_reqs", "sglang:num_queue_reqs", "sglang:token_usage"),
    "trtllm": (
        "trtllm_num_requests_running",
        "trtllm_num_requests_waiting",
        "trtllm_kv_cache_utilization",
    ),
}
TRITON_REQUESTS: Final = "nv_trt_llm_request_metrics"
TRITON_BLOCKS: Final = "nv_trt_llm_kv_cache_block_metrics"


class State(Collector):
    """What an engine is doing at the moment of the scrape."""

    def __init__(self, engine: Engine) -> None:
        """Registers itself with the engine's counters."""
        self._engine = engine
        self._labels = labels_of(engine.settings)
        engine.counts.registry.register(self)

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        kind = self._engine.settings.engine
        if kind == "triton":
            yield from self._triton()
            return
        values = (self._engine.running, self._engine.waiting, self._engine.scheduler.cache.usage)
        for name, value in zip(GAUGES[kind], values, strict=True):
            yield self._family(name, [({}, value)])
        yield from {"vllm": self._vllm, "sglang": self._sglang, "trtllm": self._trtllm}[kind]()

    def text(self) -> bytes:
        """Everything, in the Prometheus text format."""
        return generate_latest(self._engine.counts.registry)

    def _vllm(self) -> Iterator[GaugeMetricFamily]:
        settings = self._engine.settings
        told = {
            "block_size": str(settings.block_size),
            "cache_dtype": "auto",
            "enable_prefix_caching": str(settings.prefix_caching),
            "engine": "0",
            "gpu_memory_utilization": "0.9",
            "num_cpu_blocks": "None",
            "num_gpu_blocks": str(settings.num_gpu_blocks),
        }
        yield _info("vllm:cache_config_info", told, 1.0)
        running, waiting = self._engine.adapters()
        adapters = {
            "max_lora": str(settings.max_loras),
            "running_lora_adapters": ",".join(sorted(running)),
            "waiting_lora_adapters": ",".join(sorted(waiting)),
        }
        yield _info("vllm:lora_requests_info", adapters, time.time())
        yield self._family("vllm:engine_sleep_state", [({}, float(self._engine.sleeping))])

    def _sglang(self) -> Iterator[GaugeMetricFamily]:
        settings = self._engine.settings
        told = {"page_size": str(settings.block_size), "num_pages": str(settings.num_gpu_blocks)}
        yield self._family("sglang:cache_config_info", [(told, 1.0)])
        total = settings.num_gpu_blocks * settings.block_size
        yield self._family("sglang:max_total_num_tokens", [({}, total)])

    def _trtllm(self) -> Iterator[GaugeMetricFamily]:
        settings = self._engine.settings
        yield self._family("trtllm_kv_cache_tokens_per_block", [({}, settings.block_size)])
        yield self._family("trtllm_kv_cache_max_blocks", [({}, settings.num_gpu_blocks)])

    def _triton(self) -> Iterator[GaugeMetricFamily]:
        engine, settings = self._engine, self._engine.settings
        blocks, usage = settings.num_gpu_blocks, engine.scheduler.cache.usage
        requests = {
            "waiting": engine.waiting,
            "scheduled": engine.running,
            "active": engine.running + engine.waiting,
            "max": settings.max_num_seqs,
        }
        cache = {
            "fraction": usage,
            "tokens_per": settings.block_size,
            "used": round(usage * blocks),
            "free": blocks - round(usage * blocks),
            "max": blocks,
        }
        for name, label, values in (
            (TRITON_REQUESTS, "request_type", requests),
            (TRITON_BLOCKS, "kv_cache_block_type", cache),
        ):
            yield self._family(name, [({label: key}, value) for key, value in values.items()])

    def _family(
        self, name: str, samples: Iterable[tuple[dict[str, str], float]]
    ) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, f"{name}.")
        for labels, value in samples:
            family.add_sample(name, {**self._labels, **labels}, value)
        return family


def _info(name: str, labels: dict[str, str], value: float) -> GaugeMetricFamily:
    """A gauge that tells by its labels, which do not have those of the engine's other series."""
    family = GaugeMetricFamily(name, f"{name}.")
    family.add_sample(name, labels, value)
    return family
