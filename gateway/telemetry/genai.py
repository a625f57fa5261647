"""Metrics of model servers by the conventions of OpenTelemetry (semantic-conventions-genai,
gen-ai-metrics.md and gen-ai-token-metrics.md), translated to Prometheus as its exporters do it.

Token usage has two forms there. The histogram gen_ai.client.token.usage is what dashboards know;
OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental adds those that replace it.
"""

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from gateway.model.usage import Usage
from gateway.telemetry import buckets
from gateway.telemetry.conventions import OTHER, genai_operation_name
from gateway.telemetry.operation import Operation
from gateway.telemetry.series import Series

OPT_IN: Final = "OTEL_SEMCONV_STABILITY_OPT_IN"
LATEST: Final = "gen_ai_latest_experimental"

INFERENCE: Final = frozenset({"chat", "text_completion", "embeddings", "generate_content"})
"""Operations that cost tokens."""

FINISH_REASONS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "openai": frozenset(
            {
                "stop",
                "length",
                "tool_calls",
                "content_filter",
                "function_call",
                "completed",
                "incomplete",
                "max_output_tokens",
                "failed",
                "cancelled",
                "queued",
                "in_progress",
            }
        ),
        "anthropic": frozenset(
            {
                "end_turn",
                "max_tokens",
                "stop_sequence",
                "tool_use",
                "pause_turn",
                "refusal",
                "model_context_window_exceeded",
                "compaction",
            }
        ),
    }
)
"""By provider. A server is free to say anything, so the rest is `OTHER`."""

_WHAT: Final = ("route", "gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")


def latest_wanted() -> bool:
    """Whether the environment asks for the newest names."""
    return LATEST in {one.strip() for one in os.environ.get(OPT_IN, "").split(",")}


class GenAiMetrics:
    """Durations, tokens and ends of what model servers answer."""

    def __init__(self, registry: CollectorRegistry, *, latest: bool) -> None:
        self.duration = Histogram(
            "gen_ai_server_request_duration_seconds",
            "Requests to models whose end the gateway saw.",
            [*_WHAT, "error_type"],
            buckets=buckets.GENERATION,
            registry=registry,
        )
        self.first_token = Histogram(
            "gen_ai_server_time_to_first_token_seconds",
            "From a request to the first piece of its stream.",
            _WHAT,
            buckets=buckets.FIRST_TOKEN,
            registry=registry,
        )
        self.tokens = Histogram(
            "gen_ai_client_token_usage",
            "Tokens of an answer.",
            [*_WHAT, "gen_ai_token_type"],
            buckets=buckets.TOKENS,
            registry=registry,
        )
        self.finishes = Counter(
            "gatehouse_finish_reasons_total",
            "Why models stopped.",
            [*_WHAT, "finish_reason"],
            registry=registry,
        )
        self._latest = LatestTokenMetrics(registry) if latest else None
        self._duration = Series(self.duration)
        self._first_token = Series(self.first_token)
        self._tokens = Series(self.tokens)
        self._finishes = Series(self.finishes)

    def ended(self, done: Operation, seconds: float) -> None:
        """A request ended this long after it came."""
        self._duration(*_what(done), done.error).observe(seconds)

    def began(self, done: Operation, seconds: float) -> None:
        """The first piece of a stream came this long after the request, which succeeded."""
        what = _what(done)
        self._first_token(*what).observe(seconds)
        if self._latest is not None:
            self._latest.began(what, seconds)

    def used(self, done: Operation, usage: Usage | None) -> None:
        """What an answer that was read says that it cost; None where it does not say."""
        what = _what(done)
        if self._latest is not None and what[1] in INFERENCE:
            self._latest.used(what, usage, done.error)
        if usage is None:
            return
        self._tokens(*what, "input").observe(usage.input)
        self._tokens(*what, "output").observe(usage.output)
        if usage.finish:
            known = usage.finish in FINISH_REASONS.get(done.protocol, ())
            self._finishes(*what, usage.finish if known else OTHER).inc()


class LatestTokenMetrics:
    """The metrics that replace gen_ai.client.token.usage, and the time to the first chunk.

    An answer that does not say what it cost counts as 0 tokens, as the conventions want it. Their
    cache_write counter is not here: what was written to a cache is a part of `Usage.input`.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._first_chunk = Series(
            Histogram(
                "gen_ai_client_operation_time_to_first_chunk_seconds",
                "From a request to the first piece of its stream.",
                _WHAT,
                buckets=buckets.GENERATION,
                registry=registry,
            )
        )
        self._totals = {
            kind: Series(
                Counter(
                    f"gen_ai_client_inference_usage_{kind}_total",
                    "Tokens.",
                    [*_WHAT, "gen_ai_token_modality"],
                    registry=registry,
                )
            )
            for kind in (
                "input_tokens",
                "output_tokens",
                "cache_read_input_tokens",
                "reasoning_output_tokens",
            )
        }
        self._each = {
            kind: Series(
                Histogram(
                    f"gen_ai_client_inference_operation_{kind}",
                    "Tokens of an answer.",
                    [*_WHAT, "error_type"],
                    buckets=buckets.TOKENS,
                    registry=registry,
                )
            )
            for kind in ("input_tokens", "output_tokens")
        }

    def began(self, what: tuple[str, str, str, str], seconds: float) -> None:
        """The first piece of a stream came."""
        self._first_chunk(*what).observe(seconds)

    def used(self, what: tuple[str, str, str, str], usage: Usage | None, error: str) -> None:
        """What an answer cost. Its modality is not known: providers split by it in many ways."""
        known = usage or Usage()
        for kind, count in (
            ("input_tokens", known.input),
            ("output_tokens", known.output),
            ("cache_read_input_tokens", known.cached),
            ("reasoning_output_tokens", known.reasoning),
        ):
            self._totals[kind](*what, "unknown").inc(count)
        self._each["input_tokens"](*what, error).observe(known.input)
        self._each["output_tokens"](*what, error).observe(known.output)


def _what(done: Operation) -> tuple[str, str, str, str]:
    return (done.route, genai_operation_name(done.method), done.protocol, done.target)
