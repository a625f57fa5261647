"""Source: OpenTelemetry GenAI, docs/gen-ai/gen-ai-metrics.md and gen-ai-token-metrics.md."""

from collections.abc import Mapping

import pytest
from prometheus_client import CollectorRegistry

from gateway.model.usage import Usage
from gateway.telemetry.genai import FINISH_REASONS, OPT_IN
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.operation import Operation
from tests.telemetry.metered import Metered, operation

WHAT = {
    "route": "triage",
    "gen_ai_operation_name": "chat",
    "gen_ai_provider_name": "openai",
    "gen_ai_request_model": "small",
}
USED = Usage(input=10, output=5, cached=4, reasoning=2, model="small-2026", finish="stop")
DURATION = "gen_ai_server_request_duration_seconds"
FIRST_TOKEN = "gen_ai_server_time_to_first_token_seconds"
TOKENS = "gen_ai_client_token_usage"
INFERENCE = "gen_ai_client_inference"
FIRST_CHUNK = "gen_ai_client_operation_time_to_first_chunk_seconds"


def chat(**changes: str) -> Operation:
    values = {"protocol": "openai", "method": "chat/completions", "target": "small", "version": ""}
    return operation(**values | changes)


def answered(metered: Metered, done: Operation, usage: Usage | None) -> None:
    metered.metrics.answered(done, None, usage)


def test_a_request_is_told_by_operation_provider_and_model() -> None:
    metered = Metered()
    metered.metrics.ended(chat(), 0.5)
    assert metered.labels(f"{DURATION}_sum") == WHAT
    metered.metrics.ended(chat(error="500"), 0.5)
    assert metered.value(f"{DURATION}_count", {**WHAT, "error_type": "500"}) == 1


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("responses", "chat"),
        ("messages", "chat"),
        ("completions", "text_completion"),
        ("embeddings", "embeddings"),
        ("models/list", "models/list"),
    ],
)
def test_operations_have_the_words_of_the_conventions_where_there_are_any(
    method: str, name: str
) -> None:
    metered = Metered()
    metered.metrics.ended(chat(method=method), 0.5)
    assert metered.labels(f"{DURATION}_sum")["gen_ai_operation_name"] == name


def test_tokens_are_told_by_their_type() -> None:
    metered = Metered()
    for _ in range(2):
        answered(metered, chat(), USED)
    for kind, count in (("input", 20), ("output", 10)):
        assert metered.value(f"{TOKENS}_sum", {**WHAT, "gen_ai_token_type": kind}) == count
        assert metered.value(f"{TOKENS}_count", {**WHAT, "gen_ai_token_type": kind}) == 2


def test_an_answer_that_does_not_say_what_it_cost_has_no_usage() -> None:
    metered = Metered()
    answered(metered, chat(), None)
    assert metered.series(TOKENS) == set()


def test_buckets_are_those_of_the_conventions() -> None:
    metered = Metered(latest=True)
    metered.metrics.ended(chat(), 1.0)
    metered.metrics.answered(chat(), 0.2, Usage(input=1))
    generation = [
        0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    ]  # fmt: skip
    assert metered.bounds(DURATION) == metered.bounds(FIRST_CHUNK) == generation
    assert metered.bounds(FIRST_TOKEN) == [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ]  # fmt: skip
    tokens = [
        1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
    ]  # fmt: skip
    assert metered.bounds(f"{INFERENCE}_operation_input_tokens") == tokens
    assert metered.bounds(TOKENS)[: len(tokens)] == tokens


def test_the_first_token_is_told_of_streams_that_succeed() -> None:
    metered = Metered()
    metered.metrics.answered(chat(), 0.2, USED)
    metered.metrics.answered(chat(), None, USED)
    metered.metrics.answered(chat(error="incomplete"), 0.2, USED)
    assert metered.labels(f"{FIRST_TOKEN}_sum") == WHAT
    assert metered.value(f"{FIRST_TOKEN}_count") == 1


@pytest.mark.parametrize("protocol", ["mcp", "a2a"])
def test_other_protocols_cost_no_tokens(protocol: str) -> None:
    metered = Metered(latest=True)
    metered.metrics.answered(chat(protocol=protocol), 0.2, USED)
    assert metered.series("gen_ai") == set()


# --- finish reasons -----------------------------------------------------------------------------

FINISHES = "gatehouse_finish_reasons_total"


@pytest.mark.parametrize(
    ("provider", "reason"),
    [
        (provider, reason)
        for provider, reasons in FINISH_REASONS.items()
        for reason in sorted(reasons)
    ],
)
def test_known_reasons_to_stop_are_counted_by_name(provider: str, reason: str) -> None:
    metered = Metered()
    answered(metered, chat(protocol=provider), Usage(finish=reason))
    assert metered.labels(FINISHES)["finish_reason"] == reason


def test_a_server_cannot_make_up_reasons_to_stop() -> None:
    metered = Metered()
    for number in range(100):
        answered(metered, chat(), Usage(finish=f"made up {number}"))
    answered(metered, chat(protocol="anthropic"), Usage(finish="tool_calls"))
    assert metered.value(FINISHES, {"finish_reason": "_OTHER"}) == 101
    assert len(metered.series(FINISHES)) == 2


def test_an_answer_without_a_reason_is_not_counted() -> None:
    metered = Metered()
    answered(metered, chat(), Usage(input=1))
    assert metered.series(FINISHES) == set()


# --- the newest names ---------------------------------------------------------------------------


def totals(metered: Metered, labels: Mapping[str, str]) -> dict[str, float]:
    kinds = ("input_tokens", "output_tokens", "cache_read_input_tokens", "reasoning_output_tokens")
    return {
        kind: metered.value(f"{INFERENCE}_usage_{kind}_total", {**WHAT, **labels}) for kind in kinds
    }


def test_the_newest_names_come_beside_the_old_ones() -> None:
    metered = Metered(latest=True)
    metered.metrics.answered(chat(), 0.2, USED)
    assert totals(metered, {"gen_ai_token_modality": "unknown"}) == {
        "input_tokens": 10,
        "output_tokens": 5,
        "cache_read_input_tokens": 4,
        "reasoning_output_tokens": 2,
    }
    assert metered.value(f"{INFERENCE}_operation_input_tokens_sum", WHAT) == 10
    assert metered.value(f"{INFERENCE}_operation_output_tokens_sum", WHAT) == 5
    assert metered.value(f"{FIRST_CHUNK}_sum", WHAT) == 0.2
    assert metered.value(f"{TOKENS}_count") == 2


def test_by_the_newest_conventions_an_unknown_cost_is_a_cost_of_nothing() -> None:
    metered = Metered(latest=True)
    answered(metered, chat(error="500"), None)
    assert set(totals(metered, {}).values()) == {0}
    name = f"{INFERENCE}_usage_input_tokens_total"
    assert metered.labels(name) == {**WHAT, "gen_ai_token_modality": "unknown"}
    each = f"{INFERENCE}_operation_input_tokens_count"
    assert metered.value(each, {**WHAT, "error_type": "500"}) == 1


def test_what_infers_nothing_has_no_usage_at_all() -> None:
    metered = Metered(latest=True)
    answered(metered, chat(method="models/list"), None)
    assert metered.series(INFERENCE) == set()


@pytest.mark.parametrize(
    ("wish", "latest"),
    [
        (None, False),
        ("", False),
        ("gen_ai_latest", False),
        ("http", False),
        ("gen_ai_latest_experimental", True),
        ("http/dup, gen_ai_latest_experimental", True),
    ],
)
def test_the_environment_says_whether_they_are_wanted(
    monkeypatch: pytest.MonkeyPatch, wish: str | None, latest: bool
) -> None:
    monkeypatch.delenv(OPT_IN, raising=False)
    if wish is not None:
        monkeypatch.setenv(OPT_IN, wish)
    registry = CollectorRegistry()
    Metrics(registry)
    told = any(family.name.startswith(INFERENCE) for family in registry.collect())
    assert told is latest
