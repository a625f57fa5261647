from typing import Any

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from gateway.picker.engines import find_engines
from tests.support.engines import ImitatedEngine, engine

PROMPT = "What the meters say after three requests must be what the three were told. " * 4


def served(one: ImitatedEngine, tokens: int) -> dict[str, Any]:
    body = {"model": "base-model", "prompt": PROMPT, "max_tokens": tokens, "ignore_eos": True}
    return httpx.post(f"{one.url}/v1/completions", json=body).raise_for_status().json()["usage"]


def families(one: ImitatedEngine) -> dict[str, Metric]:
    text = httpx.get(f"{one.url}/metrics").raise_for_status().text
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_metrics_agree_with_what_was_served() -> None:
    with engine(speed=50) as one:
        usages = [served(one, tokens) for tokens in (1, 5, 9)]
        metrics = one.metrics()
    prompts = sum(usage["prompt_tokens"] for usage in usages)
    cached = sum(usage["prompt_tokens_details"]["cached_tokens"] for usage in usages)
    assert cached > 0
    assert metrics["vllm:prompt_tokens_total"] == prompts
    assert metrics["vllm:generation_tokens_total"] == 15
    assert metrics["vllm:prefix_cache_queries_total"] == prompts
    assert metrics["vllm:prefix_cache_hits_total"] == cached
    assert metrics["vllm:request_success_total"] == 3
    assert metrics["vllm:time_to_first_token_seconds_count"] == 3
    assert metrics["vllm:inter_token_latency_seconds_count"] == 12
    assert metrics["vllm:request_generation_tokens_sum"] == 15
    assert metrics["vllm:num_requests_running"] == metrics["vllm:num_requests_waiting"] == 0
    parts = ("request_queue_time", "request_prefill_time", "request_decode_time")
    whole = metrics["vllm:e2e_request_latency_seconds_sum"]
    assert sum(metrics[f"vllm:{part}_seconds_sum"] for part in parts) == pytest.approx(whole)


def test_series_of_vllm_have_its_labels() -> None:
    with engine(latency="constant", num_gpu_blocks=77, model="m,alias", max_loras=2) as one:
        found = families(one)
    (running,) = found["vllm:num_requests_running"].samples
    assert running.labels == {"model_name": "m", "engine": "0"}
    (cache,) = found["vllm:cache_config_info"].samples
    assert cache.labels.items() >= {"block_size": "16", "num_gpu_blocks": "77"}.items()
    (adapters,) = found["vllm:lora_requests_info"].samples
    assert adapters.labels == {
        "max_lora": "2",
        "running_lora_adapters": "",
        "waiting_lora_adapters": "",
    }


def test_running_and_waiting_adapters_are_named() -> None:
    body = {"prompt": PROMPT, "max_tokens": 5_000, "ignore_eos": True, "stream": True}
    with engine(lora_modules="x,y", max_loras=1) as one:
        url = f"{one.url}/v1/completions"
        with (
            httpx.stream("POST", url, json={**body, "model": "x"}) as first,
            httpx.stream("POST", url, json={**body, "model": "y"}),
        ):
            lines = first.iter_lines()
            next(lines)
            (adapters,) = families(one)["vllm:lora_requests_info"].samples
    assert adapters.labels["running_lora_adapters"] == "x"
    assert adapters.labels["waiting_lora_adapters"] == "y"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "sglang",
            {
                "sglang:num_queue_reqs": 0,
                "sglang:num_running_reqs": 1,
                "sglang:cache_config_info": 1,
                "sglang:cached_tokens_total": 0,
                "sglang:prompt_tokens_total": 75,
            },
        ),
        (
            "trtllm",
            {
                "trtllm_num_requests_waiting": 0,
                "trtllm_num_requests_running": 1,
                "trtllm_kv_cache_tokens_per_block": 16,
                "trtllm_kv_cache_max_blocks": 4_096,
                "trtllm_time_to_first_token_seconds_count": 1,
            },
        ),
    ],
)
def test_other_engines_have_their_own_names(kind: str, expected: dict[str, float]) -> None:
    body = {"model": "base-model", "prompt": PROMPT, "max_tokens": 5_000, "stream": True}
    with engine(engine=kind) as one:
        url = f"{one.url}/v1/completions"
        with httpx.stream("POST", url, json={**body, "ignore_eos": True}) as stream:
            lines = stream.iter_lines()
            next(lines)
            metrics = one.metrics()
    assert {name: metrics[name] for name in expected} == expected
    usage = {"sglang": "sglang:token_usage", "trtllm": "trtllm_kv_cache_utilization"}[kind]
    assert 0 < metrics[usage] < 0.1
    assert not any(name.startswith("vllm") for name in metrics)


def test_triton_tells_everything_by_labels() -> None:
    with engine(engine="triton", latency="constant") as one:
        found = families(one)
    requests = {
        sample.labels["request_type"]: sample.value
        for sample in found["nv_trt_llm_request_metrics"].samples
    }
    blocks = {
        sample.labels["kv_cache_block_type"]: sample.value
        for sample in found["nv_trt_llm_kv_cache_block_metrics"].samples
    }
    assert requests == {"waiting": 0, "scheduled": 0, "active": 0, "max": 16}
    assert blocks == {"fraction": 0, "tokens_per": 16, "used": 0, "free": 4_096, "max": 4_096}


@pytest.mark.parametrize("kind", ["vllm", "sglang", "trtllm", "triton"])
def test_a_gateway_reads_what_every_kind_tells(kind: str) -> None:
    body = {"model": "base-model", "prompt": PROMPT, "max_tokens": 5_000, "stream": True}
    with engine(engine=kind, num_gpu_blocks=1_000, max_num_seqs=1) as one:
        url = f"{one.url}/v1/completions"
        wanted = {**body, "ignore_eos": True}
        with (
            httpx.stream("POST", url, json=wanted) as first,
            httpx.stream("POST", url, json=wanted),
        ):
            lines = first.iter_lines()
            next(lines)
            load = find_engines()[kind].load(httpx.get(f"{one.url}/metrics").content, 7.0)
    assert load is not None
    assert (load.running, load.waiting, load.cache_tokens) == (1, 1, 16_000)
    assert load.kv_usage is not None
    assert 0 < load.kv_usage < 0.1
