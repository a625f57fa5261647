"""What an engine counts as it works: the counters and histograms among its metrics."""

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from tests.engine.scheduler import Step
from tests.engine.sequence import Sequence
from tests.engine.settings import Settings

SHORT: Final = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5),
    *(10.0, 20.0, 40.0, 80.0, 160.0, 640.0, 2560.0),
)
"""vLLM's buckets of the time to the first token, in seconds."""
GAP: Final = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5),
    *(10.0, 20.0, 40.0, 80.0),
)
"""vLLM's buckets of the time between tokens, in seconds."""
WHOLE: Final = (
    *(0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0),
    *(120.0, 240.0, 480.0, 960.0, 1920.0, 7680.0),
)
"""vLLM's buckets of the time of a request and of its parts, in seconds."""
SIZES: Final = tuple(float(digit * 10**power) for power in range(6) for digit in (1, 2, 5))
"""vLLM's buckets of numbers of tokens."""

COUNTERS: Final = (
    "prompt_tokens",
    "generation_tokens",
    "prefix_cache_queries",
    "prefix_cache_hits",
    "num_preemptions",
)
HISTOGRAMS: Final = {
    "time_to_first_token_seconds": SHORT,
    "inter_token_latency_seconds": GAP,
    "time_per_output_token_seconds": GAP,
    "request_time_per_output_token_seconds": GAP,
    "e2e_request_latency_seconds": WHOLE,
    "request_queue_time_seconds": WHOLE,
    "request_prefill_time_seconds": WHOLE,
    "request_decode_time_seconds": WHOLE,
    "request_inference_time_seconds": WHOLE,
    "request_prompt_tokens": SIZES,
    "request_generation_tokens": SIZES,
    "request_params_max_tokens": SIZES,
    "iteration_tokens_total": SIZES,
}
SUCCESS: Final = "request_success"
EVERYTHING: Final = {name: name for name in (*COUNTERS, *HISTOGRAMS, SUCCESS)}
TOLD: Final[Mapping[str, Mapping[str, str]]] = {
    "vllm": EVERYTHING,
    "sglang": {
        "prompt_tokens": "prompt_tokens",
        "generation_tokens": "generation_tokens",
        "prefix_cache_hits": "cached_tokens",
        "time_to_first_token_seconds": "time_to_first_token_seconds",
        "inter_token_latency_seconds": "inter_token_latency_seconds",
        "e2e_request_latency_seconds": "e2e_request_latency_seconds",
    },
    "trtllm": {
        "time_to_first_token_seconds": "time_to_first_token_seconds",
        "time_per_output_token_seconds": "time_per_output_token_seconds",
        "e2e_request_latency_seconds": "e2e_request_latency_seconds",
        "request_queue_time_seconds": "request_queue_time_seconds",
        SUCCESS: SUCCESS,
    },
    "triton": {},
}
"""What each kind of engine tells, and under which name after its prefix."""
PREFIXES: Final = {"vllm": "vllm:", "sglang": "sglang:", "trtllm": "trtllm_", "triton": "nv_"}


def labels_of(settings: Settings) -> dict[str, str]:
    """The labels that each of the engine's series has."""
    model = settings.models[0]
    return {
        "vllm": {"engine": "0", "model_name": model},
        "sglang": {"engine_type": "unified", "model_name": model, "tp_rank": "0", "pp_rank": "0"},
        "trtllm": {"engine_type": "undefined", "model_name": model},
        "triton": {"model": "tensorrt_llm", "version": "1"},
    }[settings.engine]


class Counts:
    """Counters of one engine. Seconds are real ones, whatever the engine's speed."""

    def __init__(self, settings: Settings) -> None:
        """Counters at zero; those that the kind of engine does not tell are in no registry."""
        self.registry = CollectorRegistry()
        self._labels = labels_of(settings)
        self._told, self._prefix = TOLD[settings.engine], PREFIXES[settings.engine]
        self._counters = {name: self._counter(name) for name in COUNTERS}
        self._histograms = {
            name: self._histogram(name, buckets) for name, buckets in HISTOGRAMS.items()
        }
        self._success = Counter(
            self._prefix + SUCCESS,
            "Requests that ended, by how.",
            (*self._labels, "finished_reason"),
            registry=self.registry if SUCCESS in self._told else None,
        )
        for reason in ("stop", "length", "abort"):
            self._success.labels(**self._labels, finished_reason=reason)
        self._preemptions = 0
        self._scheduled: set[Sequence] = set()

    def scheduled(self, sequence: Sequence) -> None:
        """A request is part of a step; only its first time counts."""
        if sequence in self._scheduled:
            return
        self._scheduled.add(sequence)
        self._counters["prefix_cache_queries"].inc(sequence.text.prompt_tokens)
        self._counters["prefix_cache_hits"].inc(sequence.cached or 0)

    def grown(self, sequence: Sequence, now: float) -> None:
        """A request has new tokens: its first ones, or those since the last call."""
        counters, histograms = self._counters, self._histograms
        if not sequence.first_at:
            sequence.first_at = sequence.last_at = now
            histograms["time_to_first_token_seconds"].observe(now - sequence.arrived)
            counters["prompt_tokens"].inc(sequence.text.prompt_tokens)
            counters["generation_tokens"].inc(0 if sequence.pooling else sequence.generated)
            return
        gap = now - sequence.last_at
        sequence.last_at = now
        counters["generation_tokens"].inc()
        histograms["inter_token_latency_seconds"].observe(gap)
        histograms["time_per_output_token_seconds"].observe(gap)

    def step(self, step: Step, preemptions: int) -> None:
        """A step ended; `preemptions` is how many there have been since the beginning."""
        self._histograms["iteration_tokens_total"].observe(sum(step.shares.values()))
        self._counters["num_preemptions"].inc(preemptions - self._preemptions)
        self._preemptions = preemptions

    def ended(self, sequence: Sequence) -> None:
        """A request is over; parts of its time are only told of those that were not aborted."""
        self._scheduled.discard(sequence)
        reason = "abort" if sequence.aborted else sequence.reason
        self._success.labels(**self._labels, finished_reason=reason).inc()
        if sequence.aborted:
            return
        decoding = sequence.last_at - sequence.first_at
        seen = {
            "e2e_request_latency_seconds": sequence.last_at - sequence.arrived,
            "request_queue_time_seconds": sequence.scheduled_at - sequence.arrived,
            "request_prefill_time_seconds": sequence.first_at - sequence.scheduled_at,
            "request_decode_time_seconds": decoding,
            "request_inference_time_seconds": sequence.last_at - sequence.scheduled_at,
            "request_prompt_tokens": sequence.text.prompt_tokens,
            "request_generation_tokens": sequence.generated,
            "request_params_max_tokens": sequence.limit,
        }
        if sequence.generated > 1:
            seen["request_time_per_output_token_seconds"] = decoding / (sequence.generated - 1)
        for name, value in seen.items():
            self._histograms[name].observe(value)

    def _counter(self, name: str) -> Counter:
        told = self._told.get(name)
        registry = self.registry if told else None
        family = Counter(
            self._prefix + (told or name), f"{name}.", tuple(self._labels), registry=registry
        )
        return family.labels(**self._labels)

    def _histogram(self, name: str, buckets: tuple[float, ...]) -> Histogram:
        told = self._told.get(name)
        registry = self.registry if told else None
        family = Histogram(
            self._prefix + (told or name),
            f"{name}.",
            tuple(self._labels),
            registry=registry,
            buckets=buckets,
        )
        return family.labels(**self._labels)
